"""Layers that change shapes only."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.Flatten, [size(2, 3, 2)])
    layers.add(nn.Flatten, [size(2, 3, 2, 1)], [0, 2])
    layers.add(nn.Flatten, [size(2)], [0])
    layers.add(nn.Unflatten, [size(2, 6)], [1, (2, 3)])
    layers.add(nn.Unflatten, [size(6, 2)], [-2, (-1, 2)])
    layers.add(nn.Unflatten, [size(3)], [0, (3,)])
    return layers
