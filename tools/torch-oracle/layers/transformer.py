"""Layers of transformers, and stacks of them. Dropout is off: what random numbers decide is tested elsewhere."""

import torch
from torch import nn

from layer_cases import Layers, Made, size


def without_bias(layer, nhead, batch_first):
    """The layer as PyTorch makes it with `bias=False`, which came after 1.13."""
    for name, part in list(layer.named_children()):
        if isinstance(part, nn.MultiheadAttention):
            setattr(layer, name, nn.MultiheadAttention(part.embed_dim, nhead, part.dropout, bias=False, batch_first=batch_first))
        elif isinstance(part, nn.Linear):
            setattr(layer, name, nn.Linear(part.in_features, part.out_features, bias=False))
        elif isinstance(part, nn.LayerNorm):
            part.register_parameter("bias", None)


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    def __init__(self, d_model, nhead, bias=True, **options):
        super().__init__(d_model, nhead, **options)
        if not bias:
            without_bias(self, nhead, options.get("batch_first", False))

    def forward(self, src, is_causal=False, **masks):
        return super().forward(src, **masks)


class TransformerDecoderLayer(nn.TransformerDecoderLayer):
    def __init__(self, d_model, nhead, bias=True, **options):
        super().__init__(d_model, nhead, **options)
        if not bias:
            without_bias(self, nhead, options.get("batch_first", False))

    def forward(self, tgt, memory, tgt_is_causal=False, memory_is_causal=False, **masks):
        return super().forward(tgt, memory, **masks)


def repeated(modules):
    """The text of a ModuleList as PyTorch 2 prints it: runs of equal layers in one line."""
    texts = [repr(m) for m in modules]
    runs = []
    for i, text in enumerate(texts):
        if runs and runs[-1][2] == text:
            runs[-1][1] = i
        else:
            runs.append([i, i, text])
    lines = [f"({a}): {t}" if a == b else f"({a}-{b}): {b - a + 1} x {t}" for a, b, t in runs]
    return "ModuleList(\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n)"


def build():
    nn.ModuleList.__repr__ = repeated
    layers = Layers()
    causal = nn.Transformer.generate_square_subsequent_mask(3).double()
    padding = torch.tensor([[False, False, True], [False, False, False]])
    small = {"dim_feedforward": 3, "dropout": 0}

    make = TransformerEncoderLayer
    layers.add(make, [size(3, 2, 4)], [4, 2], **small | {"dim_feedforward": 4})
    layers.add(make, [size(2, 3, 4)], [4, 2], **small, batch_first=True, norm_first=True, activation="gelu", call={"src_mask": causal, "is_causal": True})
    layers.add(make, [size(2, 3, 4)], [4, 2], **small, batch_first=True, layer_norm_eps=0.1, call={"src_key_padding_mask": padding})
    layers.add(make, [size(3, 4)], [4, 1], **small, bias=False, call={"src_mask": causal})
    layers.add(make, [size(3, 4)], [4, 4], **small, activation=Made(nn.GELU), batch_first=True)
    layers.add(make, [size(2, 2, 2)], [2, 1], dim_feedforward=2, train=False)

    make = TransformerDecoderLayer
    layers.add(make, [size(3, 2, 4), size(2, 2, 4)], [4, 2], **small | {"dim_feedforward": 4})
    call = {"tgt_mask": causal, "tgt_is_causal": True, "memory_key_padding_mask": padding}
    layers.add(make, [size(2, 3, 2), size(2, 3, 2)], [2, 1], **small, batch_first=True, norm_first=True, activation="gelu", call=call)
    call = {"tgt_key_padding_mask": padding, "memory_mask": torch.tensor([[0.5, -1.0]] * 3).double()}
    layers.add(make, [size(3, 2, 2), size(2, 2, 2)], [2, 1], **small, bias=False, call=call)
    layers.add(make, [size(3, 2), size(2, 2)], [2, 1], **small, layer_norm_eps=0.01)

    layer = Made(nn.TransformerEncoderLayer, 2, 1, **small, batch_first=True)
    layers.add(nn.TransformerEncoder, [size(2, 3, 2)], [layer, 2], parts=True)
    layers.add(nn.TransformerEncoder, [size(2, 3, 2)], [layer, 1], norm=Made(nn.LayerNorm, 2), call={"mask": causal, "src_key_padding_mask": padding})
    layer = Made(nn.TransformerDecoderLayer, 2, 1, **small)
    layers.add(nn.TransformerDecoder, [size(3, 2, 2), size(2, 2, 2)], [layer, 2], parts=True)
    layers.add(nn.TransformerDecoder, [size(3, 2), size(3, 2)], [layer, 1], norm=Made(nn.LayerNorm, 2), call={"tgt_mask": causal})

    sizes = {"d_model": 4, "nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1}
    layers.add(nn.Transformer, [size(2, 2, 4), size(3, 2, 4)], parts=True, **sizes, **small | {"dim_feedforward": 4})
    call = {"src_mask": causal, "tgt_mask": causal, "memory_mask": causal, "src_key_padding_mask": padding, "memory_key_padding_mask": padding}
    # two features are too few here: a normalisation of two numbers that are nearly equal loses digits
    layers.add(nn.Transformer, [size(2, 3, 4), size(2, 3, 4)], **sizes, **small, norm_first=True, batch_first=True, activation="gelu", call=call)
    sizes = {"d_model": 2, "nhead": 2, "num_encoder_layers": 2, "num_decoder_layers": 1}
    layers.add(nn.Transformer, [size(3, 2), size(2, 2)], **sizes, **small, train=False)
    return layers
