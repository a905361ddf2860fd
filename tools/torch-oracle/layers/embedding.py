"""Tables of vectors, and forward(indices)."""

import torch
from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    indices = torch.tensor([[1, 2, 1], [4, 0, 2]])
    layers.add(nn.Embedding, [indices], [5, 3])
    layers.add(nn.Embedding, [torch.tensor(3)], [5, 3])
    layers.add(nn.Embedding, [torch.zeros(0, 2, dtype=torch.int64)], [5, 3])
    layers.add(nn.Embedding, [indices], [5, 3], padding_idx=2)
    layers.add(nn.Embedding, [indices], [5, 3], padding_idx=-1, scale_grad_by_freq=True)
    layers.add(nn.Embedding, [indices], [5, 3], max_norm=0.75)
    layers.add(nn.Embedding, [indices], [5, 3], max_norm=1.5, norm_type=1.0)

    flat, offsets = torch.tensor([1, 2, 1, 4, 0, 2, 2]), torch.tensor([0, 3, 3, 5])
    for mode in ["mean", "sum", "max"]:
        layers.add(nn.EmbeddingBag, [indices], [5, 3], mode=mode)
        layers.add(nn.EmbeddingBag, [flat, offsets], [5, 3], mode=mode)
        layers.add(nn.EmbeddingBag, [flat, offsets], [5, 3], mode=mode, padding_idx=2)
        layers.add(nn.EmbeddingBag, [indices, None], [5, 3], mode=mode, padding_idx=1)
    layers.add(nn.EmbeddingBag, [flat, torch.tensor([0, 2, 7])], [5, 3], include_last_offset=True)
    # as often each, since PyTorch's kernel takes the counts of other rows
    layers.add(nn.EmbeddingBag, [torch.tensor([1, 2, 1, 2]), torch.tensor([0, 3])], [5, 3], mode="sum", scale_grad_by_freq=True)
    layers.add(nn.EmbeddingBag, [indices], [5, 3], max_norm=1.5, norm_type=1.0)
    layers.add(nn.EmbeddingBag, [flat, offsets, size(7)], [5, 3], mode="sum")
    layers.add(nn.EmbeddingBag, [indices, None, size(2, 3)], [5, 3], mode="sum", padding_idx=2)
    return layers
