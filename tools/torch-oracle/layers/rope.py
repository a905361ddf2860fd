"""Rotary positional embeddings. torch.nn has none: this is the class of torchtune's documentation, by complex numbers."""

import torch
from torch import nn

from cases import F64
from layer_cases import Layers, size


class RotaryPositionalEmbeddings(nn.Module):
    def __init__(self, dim, max_seq_len=4096, base=10000):
        super().__init__()
        self.dim, self.max_seq_len, self.base = dim, max_seq_len, base

    def forward(self, x, input_pos=None):
        positions = torch.arange(x.shape[1])[None] if input_pos is None else torch.atleast_2d(input_pos)
        speeds = self.base ** (-torch.arange(0, self.dim, 2, dtype=F64) / self.dim)
        angles = positions[..., None, None] * speeds
        turns = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * turns).flatten(3)


def build():
    layers = Layers()
    layers.add(RotaryPositionalEmbeddings, [size(2, 3, 2, 4)], [4])
    layers.add(RotaryPositionalEmbeddings, [size(1, 2, 1, 6)], [6], max_seq_len=16, base=100)
    layers.add(RotaryPositionalEmbeddings, [size(2, 2, 1, 2)], [2], max_seq_len=8, call={"input_pos": torch.tensor([[0, 3], [7, 1]])})
    layers.add(RotaryPositionalEmbeddings, [size(2, 1, 2, 2)], [2], call={"input_pos": torch.tensor([4095])})
    return layers
