"""Attention of several heads. Outputs are [output, weights]."""

import torch
from torch import nn

from cases import F64, inf
from layer_cases import Layers, size


class MultiheadAttention(nn.MultiheadAttention):
    """With what came after PyTorch 1.13: is_causal says that attn_mask is the causal mask, and masks of floats add up."""

    def forward(self, query, key, value, is_causal=False, attn_mask=None, key_padding_mask=None, **options):
        if key_padding_mask is not None and attn_mask is not None and (key_padding_mask.is_floating_point() or attn_mask.is_floating_point()):
            attn_mask, key_padding_mask = (added(m) for m in (attn_mask, key_padding_mask))
            batch = key_padding_mask.shape[0]
            attn_mask = attn_mask.expand(batch * self.num_heads, *attn_mask.shape[-2:])
            attn_mask = attn_mask + key_padding_mask.repeat_interleave(self.num_heads, 0)[:, None]
            key_padding_mask = None
        return super().forward(query, key, value, attn_mask=attn_mask, key_padding_mask=key_padding_mask, **options)


def added(mask):
    return mask if mask.is_floating_point() else torch.zeros(mask.shape, dtype=F64).masked_fill(mask, -inf)


def build():
    layers = Layers()
    add = lambda *args, **rest: layers.add(MultiheadAttention, *args, **rest)  # noqa: E731
    draw = layers.draw("MultiheadAttention")
    forbidden = torch.tensor([[False, True, False], [False, False, True]])
    padding = torch.tensor([[False, False, True], [False, True, False]])
    causal = torch.ones(3, 3, dtype=torch.bool).triu(1)
    qkv = [size(2, 2, 4), size(3, 2, 4), size(3, 2, 4)]
    first = [size(2, 2, 4), size(2, 3, 4), size(2, 3, 4)]
    same = [size(2, 3, 4)] * 3
    add(qkv, [4, 2])
    add(first, [4, 2], batch_first=True, call={"need_weights": False})
    add([size(2, 4), size(3, 4), size(3, 4)], [4, 2], call={"average_attn_weights": False})
    add([size(2, 4), size(3, 4), size(3, 4)], [4, 2], batch_first=True, call={"key_padding_mask": padding[0], "attn_mask": forbidden})
    add(qkv, [4, 1], bias=False, call={"attn_mask": forbidden})
    add([size(2, 2, 4), size(3, 2, 3), size(3, 2, 2)], [4, 2], kdim=3, vdim=2, call={"need_weights": False, "key_padding_mask": padding})
    add([size(1, 1, 2), size(2, 1, 3), size(2, 1, 2)], [2, 1], kdim=3, bias=False)
    add(qkv, [4, 2], add_bias_kv=True, call={"attn_mask": draw.floats(2, 3), "average_attn_weights": False})
    add(first, [4, 2], add_zero_attn=True, batch_first=True, call={"key_padding_mask": padding, "attn_mask": forbidden, "need_weights": False})
    add(first, [4, 2], add_bias_kv=True, add_zero_attn=True, batch_first=True, call={"key_padding_mask": padding})
    add(first, [4, 2], batch_first=True, call={"attn_mask": draw.bools(4, 2, 3) & forbidden, "need_weights": False})
    add(first, [4, 2], batch_first=True, call={"attn_mask": draw.floats(4, 2, 3), "key_padding_mask": padding, "need_weights": False})
    add(first, [4, 2], batch_first=True, call={"attn_mask": forbidden, "key_padding_mask": draw.floats(2, 3)})
    add(first, [4, 2], batch_first=True, call={"key_padding_mask": draw.floats(2, 3), "need_weights": False})
    add(same, [4, 2], batch_first=True, call={"attn_mask": causal, "is_causal": True, "need_weights": False})
    add(same, [4, 2], batch_first=True, call={"attn_mask": causal, "is_causal": True, "key_padding_mask": padding})
    add(qkv, [4, 2], dropout=0.5, train=False)
    return layers
