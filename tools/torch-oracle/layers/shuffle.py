"""Channels to pixels and back, and channels among each other."""

from torch import nn

from layer_cases import Layers, size


class ChannelShuffle(nn.ChannelShuffle):
    """With a derivative, which PyTorch 1.13 lacks."""

    def forward(self, x):
        n, channels, *sizes = x.shape
        return x.reshape(n, self.groups, channels // self.groups, *sizes).transpose(1, 2).reshape(x.shape)


def build():
    layers = Layers()
    layers.add(nn.PixelShuffle, [size(1, 4, 2, 3)], [2])
    layers.add(nn.PixelShuffle, [size(9, 1, 2)], [3])
    layers.add(nn.PixelUnshuffle, [size(1, 1, 2, 4)], [2])
    layers.add(nn.PixelUnshuffle, [size(2, 3, 3)], [3])
    layers.add(ChannelShuffle, [size(1, 4, 1, 2)], [2])
    layers.add(ChannelShuffle, [size(1, 6, 2, 1)], [3])
    return layers
