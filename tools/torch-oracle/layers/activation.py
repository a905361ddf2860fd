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
    # NaN aside, of which versions of PyTorch make different gradients
    numbers = special[1:]
    writing = [nn.SiLU, nn.ReLU6, nn.Mish, nn.SELU, nn.Hardsigmoid, nn.Hardswish, nn.LeakyReLU, nn.ELU, nn.CELU, nn.Hardtanh]
    for make in writing:
        layers.add(make, [size(2, 3)])
        layers.add(make, [numbers])
        layers.add(make, [size(2, 3)], inplace=True)
    for make in [nn.GELU, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink, nn.Hardshrink, nn.Softshrink]:
        layers.add(make, [size(2, 3)])
        layers.add(make, [numbers])
    layers.add(nn.GELU, [size(2, 3)], approximate="tanh")
    layers.add(nn.LeakyReLU, [size(2, 3)], negative_slope=0.25, inplace=True)
    layers.add(nn.ELU, [size(2, 3)], alpha=2.0)
    layers.add(nn.CELU, [size(2, 3)], alpha=2.0)
    layers.add(nn.Hardtanh, [size(2, 3)], min_val=-0.5, max_val=1.5)
    layers.add(nn.Hardshrink, [size(2, 3)], lambd=1.5)
    layers.add(nn.Softshrink, [size(2, 3)], lambd=1.5)
    # floats, as newer versions print the defaults
    layers.add(nn.Softplus, [size(2, 3)], beta=1.0, threshold=20.0)
    layers.add(nn.Softplus, [size(2, 3)], beta=2.5, threshold=1.5)
    layers.add(nn.RReLU, [size(2, 3)], train=False)
    layers.add(nn.RReLU, [size(2, 3)], train=False, lower=0.25, upper=0.5, inplace=True)
    layers.add(nn.Threshold, [size(2, 3)], [0.5, 20])
    layers.add(nn.Threshold, [size(2, 3)], [-1, 0.5], inplace=True)
    layers.add(nn.GLU, [size(2, 4)])
    layers.add(nn.GLU, [size(2, 4, 3)], [1])
    layers.add(nn.PReLU, [size(2, 3)])
    layers.add(nn.PReLU, [size(2, 3, 2)], [3], init=0.5)
    layers.add(nn.PReLU, [numbers])
    layers.add(nn.Softmin, [size(2, 3)], [1])
    layers.add(nn.Softmax2d, [size(1, 3, 2, 2)])
    layers.add(nn.Softmax2d, [size(3, 1, 2)])
    return layers
