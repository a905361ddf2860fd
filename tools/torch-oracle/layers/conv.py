"""Convolutions and transposed convolutions."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    layers.add(nn.Conv1d, [size(2, 2, 6)], [2, 3, 3])
    layers.add(nn.Conv1d, [size(2, 7)], [2, 2, (2,)], stride=2, padding=1, dilation=2, groups=2, bias=False)
    layers.add(nn.Conv1d, [size(1, 1, 5)], [1, 2, 4], padding="same", dilation=1)
    layers.add(nn.Conv1d, [size(1, 2, 4)], [2, 1, 3], padding=2, padding_mode="circular")

    layers.add(nn.Conv2d, [size(2, 1, 5, 4)], [1, 2, 3])
    layers.add(nn.Conv2d, [size(1, 2, 6, 5)], [2, 4, (3, 2)], stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)
    layers.add(nn.Conv2d, [size(2, 4, 4)], [2, 1, 2], padding="same", bias=False)
    layers.add(nn.Conv2d, [size(1, 1, 4, 3)], [1, 2, 2], padding="valid")
    layers.add(nn.Conv2d, [size(0, 1, 4, 3)], [1, 2, 2], stride=2)
    for mode in ["reflect", "replicate", "circular"]:
        layers.add(nn.Conv2d, [size(1, 1, 3, 4)], [1, 1, 2], padding=(1, 2), padding_mode=mode)
    layers.add(nn.Conv2d, [size(1, 3, 4)], [1, 1, (2, 3)], padding="same", padding_mode="reflect", dilation=(2, 1))
    layers.add(nn.Conv2d, [size(1, 1, 3, 4)], [1, 1, 2], padding="valid", padding_mode="replicate")
    layers.add(nn.Conv2d, [size(1, 1, 3, 4)], [1, 1, 2], padding=0, padding_mode="circular")

    layers.add(nn.Conv3d, [size(1, 2, 3, 3, 2)], [2, 2, 2])
    layers.add(nn.Conv3d, [size(2, 2, 3, 3)], [2, 2, (1, 2, 3)], stride=(1, 2, 1), padding=(0, 1, 1), groups=2, bias=False)
    layers.add(nn.Conv3d, [size(1, 1, 2, 3, 2)], [1, 1, 2], padding=1, padding_mode="replicate")
    layers.add(nn.Conv3d, [size(1, 1, 2, 3, 2)], [1, 1, 2], padding="same", dilation=(1, 2, 1))

    layers.add(nn.ConvTranspose1d, [size(2, 2, 3)], [2, 3, 3])
    layers.add(nn.ConvTranspose1d, [size(2, 3)], [2, 4, (2,)], stride=3, padding=1, output_padding=2, groups=2, dilation=2)
    layers.add(nn.ConvTranspose1d, [size(1, 1, 3)], [1, 1, 3], stride=2, call={"output_size": [8]})
    layers.add(nn.ConvTranspose2d, [size(1, 2, 2, 3)], [2, 2, 2])
    layers.add(nn.ConvTranspose2d, [size(2, 3, 2)], [2, 2, (3, 2)], stride=(2, 1), padding=(1, 0), groups=2, bias=False)
    layers.add(nn.ConvTranspose2d, [size(1, 1, 2, 2)], [1, 1, 2], stride=2, output_padding=(1, 0), padding_mode="zeros")
    layers.add(nn.ConvTranspose2d, [size(1, 1, 2, 3)], [1, 2, 3], stride=2, padding=1, call={"output_size": [1, 2, 4, 5]})
    layers.add(nn.ConvTranspose2d, [size(1, 2, 2)], [1, 1, 2], stride=3, dilation=2, call={"output_size": [1, 7, 8]})
    layers.add(nn.ConvTranspose3d, [size(1, 2, 2, 1, 2)], [2, 2, 2])
    layers.add(nn.ConvTranspose3d, [size(1, 2, 1, 2)], [1, 1, (1, 2, 2)], stride=(2, 1, 2), output_padding=(1, 0, 1), bias=False)
    layers.add(nn.ConvTranspose3d, [size(1, 1, 1, 2, 2)], [1, 1, 2], stride=2, call={"output_size": (3, 4, 5)})
    return layers
