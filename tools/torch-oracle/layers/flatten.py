"""Layers that change shapes only."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.Flatten, [size(2, 3, 2)])
    layers.add(nn.Flatten, [size(2, 3, 2, 1)], [0, 2])
    layers.add(nn.Flatten, [size(2)], [0])
    return layers
