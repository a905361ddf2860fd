"""Tables of vectors, and forward(indices)."""

import torch
from torch import nn

from layer_cases import Layers


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
    return layers
