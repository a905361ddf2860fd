"""Dropouts. What is dropped is random: here are only evaluation mode, and the chances that leave nothing to be drawn."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    for make, sizes in [
        (nn.Dropout, [2, 3]),
        (nn.Dropout1d, [1, 2, 3]),
        (nn.Dropout2d, [1, 2, 2, 2]),
        (nn.Dropout3d, [1, 2, 2, 1, 2]),
        (nn.AlphaDropout, [2, 3]),
        (nn.FeatureAlphaDropout, [1, 2, 3]),
    ]:
        layers.add(make, [size(*sizes)], train=False)
        layers.add(make, [size(*sizes)], [0.125], train=False, inplace=True)
        layers.add(make, [size(*sizes)], [1e-5], train=False)
        layers.add(make, [size(*sizes)], [0])
        layers.add(make, [size(*sizes)], [1])
        layers.add(make, [size(0, *sizes[1:])], [0.25], inplace=True)
    return layers
