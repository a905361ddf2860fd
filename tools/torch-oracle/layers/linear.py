"""Linear layers."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.Linear, [size(2, 5)], [5, 3])
    layers.add(nn.Linear, [size(2, 3, 2)], [2, 3])
    layers.add(nn.Linear, [size(4)], [4, 2], bias=False)
    layers.add(nn.Linear, [size(0, 2)], [2, 3])
    layers.add(nn.Identity, [size(2, 3)], [54], unused=1)
    layers.add(nn.Bilinear, [size(2, 3), size(2, 2)], [3, 2, 2])
    layers.add(nn.Bilinear, [size(2, 1, 2), size(2, 1, 3)], [2, 3, 1], bias=False)
    layers.add(nn.Bilinear, [size(2), size(1)], [2, 1, 3])
    layers.add(nn.Bilinear, [size(0, 2), size(0, 3)], [2, 3, 2])
    return layers
