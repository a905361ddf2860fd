"""Windows of images as columns, and back."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.Unfold, [size(2, 2, 3, 3)], [2])
    layers.add(nn.Unfold, [size(1, 4, 3)], [(2, 1)], dilation=(2, 1), padding=1, stride=(1, 2))
    layers.add(nn.Fold, [size(1, 8, 4)], [(3, 3), 2])
    layers.add(nn.Fold, [size(2, 6)], [(4, 3), (2, 1)], dilation=(2, 1), padding=(1, 0), stride=(2, 1))
    layers.add(nn.Fold, [size(0, 4, 4)], [4, (2, 2)], stride=2)
    return layers
