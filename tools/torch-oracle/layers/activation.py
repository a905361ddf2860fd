"""Activations: most have no parameters, and one input."""

from torch import nn

from cases import inf, nan
from layer_cases import Layers, doubles, size


def build():
    layers = Layers()
    special = doubles(nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 20.5, -2.5)
    for make in [nn.ReLU, nn.Sigmoid, nn.Tanh]:
        layers.add(make, [size(2, 3)])
        layers.add(make, [special])
    layers.add(nn.ReLU, [size(2, 3)], inplace=True)
    for make in [nn.Softmax, nn.LogSoftmax]:
        layers.add(make, [size(2, 3)], [1])
        layers.add(make, [size(2, 3, 2)], [-2])
    for make in [nn.GELU, nn.SiLU, nn.LeakyReLU]:
        layers.add(make, [size(2, 3)])
        layers.add(make, [special])
    layers.add(nn.GELU, [size(2, 3)], approximate="tanh")
    layers.add(nn.SiLU, [size(2, 3)], inplace=True)
    layers.add(nn.LeakyReLU, [size(2, 3)], negative_slope=0.25, inplace=True)
    return layers
