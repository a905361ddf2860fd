"""Padding layers."""

from torch import nn
from torch.nn import functional as F

from layer_cases import Layers, size


class ZeroPad1d(nn.ConstantPad1d):
    """Of PyTorch 2.1."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad3d(nn.ConstantPad3d):
    """Of PyTorch 2.1."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class Circular(nn.Module):
    """Of PyTorch 2.1."""

    def __init__(self, padding):
        super().__init__()
        self.padding = padding if isinstance(padding, tuple) else (padding,) * (2 * self.dims)

    def forward(self, x):
        return F.pad(x, self.padding, "circular")

    def extra_repr(self):
        return f"{self.padding}"


class CircularPad1d(Circular):
    dims = 1


class CircularPad2d(Circular):
    dims = 2


class CircularPad3d(Circular):
    dims = 3


def build():
    layers = Layers()
    inputs = {1: size(1, 2, 3), 2: size(1, 1, 3, 2), 3: size(1, 1, 2, 3, 2)}
    uneven = {1: (2, 0), 2: (1, 0, 2, 1), 3: (1, 0, 2, 1, 0, 1)}
    cropped = {1: (-1, 2), 2: (1, -1, 0, 2), 3: (-1, 1, 0, 1, 1, 0)}
    constant = [nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d]
    for n, make in enumerate(constant, 1):
        layers.add(make, [inputs[n]], [2, 3.5])
        layers.add(make, [inputs[n]], [cropped[n], -1e-5])
    for n, make in enumerate([ZeroPad1d, nn.ZeroPad2d, ZeroPad3d], 1):
        layers.add(make, [inputs[n]], [1])
        layers.add(make, [size(*inputs[n][1:])], [cropped[n]])
    for family in [
        [nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d],
        [nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d],
        [CircularPad1d, CircularPad2d, CircularPad3d],
    ]:
        for n, make in enumerate(family, 1):
            circular = family[0] is CircularPad1d
            layers.add(make, [inputs[n]], [1])
            # PyTorch 1.13 pads no single sample around
            layers.add(make, [inputs[n] if circular else size(*inputs[n][1:])], [uneven[n]])
    return layers
