"""Distances and similarities: forward(x1, x2)."""

import torch
from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.CosineSimilarity, [size(2, 3), size(2, 3)])
    layers.add(nn.CosineSimilarity, [size(2, 3, 2), size(3, 1)], dim=-2, eps=0.5)
    layers.add(nn.CosineSimilarity, [torch.zeros(2, 3).double(), size(2, 3)])
    layers.add(nn.PairwiseDistance, [size(2, 3), size(2, 3)])
    layers.add(nn.PairwiseDistance, [size(3), size(2, 3)], p=1.0, eps=0.25, keepdim=True)
    return layers
