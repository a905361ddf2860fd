"""Normalisations: forward(input), with running statistics in some."""

import torch
from torch import nn

from layer_cases import Layers, size

SIZES = {
    "1d": [size(4, 3), size(2, 3, 4)],
    "2d": [size(2, 3, 2, 2)],
    "3d": [size(2, 3, 2, 1, 2)],
}


class RMSNorm(nn.Module):
    """torch.nn.RMSNorm as PyTorch 2.4 documents it."""

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__()
        self.normalized_shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", nn.Parameter(torch.ones(self.normalized_shape)) if elementwise_affine else None)

    def forward(self, x):
        dims = [-1 - i for i in range(len(self.normalized_shape))]
        eps = torch.finfo(x.dtype).eps if self.eps is None else self.eps
        y = x * torch.rsqrt(x.pow(2).mean(dims, keepdim=True) + eps)
        return y if self.weight is None else y * self.weight

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def build():
    layers = Layers()
    for rank, sizes in SIZES.items():
        make = getattr(nn, f"BatchNorm{rank}")
        for x in sizes:
            layers.add(make, [x], [3])
        layers.add(make, [sizes[0]], [3], train=False)
        layers.add(make, [sizes[0]], [3], affine=False, eps=1e-3)
    for options in [{"momentum": 0.5}, {"momentum": None}, {"track_running_stats": False}]:
        layers.add(nn.BatchNorm1d, [size(4, 3)], [3], **options)
    layers.add(nn.BatchNorm1d, [size(4, 3)], [3], train=False, affine=False, track_running_stats=False)

    for rank, sizes in SIZES.items():
        make = getattr(nn, f"InstanceNorm{rank}")
        batch = sizes[-1]
        layers.add(make, [batch], [3], affine=True)
        layers.add(make, [size(*batch[1:])], [3])
        layers.add(make, [batch], [3], eps=1e-3, momentum=0.5, track_running_stats=True)
        layers.add(make, [batch], [3], train=False, affine=True, track_running_stats=True)

    layers.add(nn.LayerNorm, [size(2, 3, 4)], [4])
    layers.add(nn.LayerNorm, [size(2, 3, 4)], [[3, 4]], eps=0.1)
    layers.add(nn.LayerNorm, [size(2, 3)], [3], elementwise_affine=False)
    layers.add(nn.LayerNorm, [size(0, 3)], [3])
    layers.add(RMSNorm, [size(2, 3, 4)], [4])
    layers.add(RMSNorm, [size(2, 3, 4)], [[3, 4]], eps=0.1)
    layers.add(RMSNorm, [size(2, 3)], [3], elementwise_affine=False)

    layers.add(nn.GroupNorm, [size(2, 4, 3)], [2, 4])
    layers.add(nn.GroupNorm, [size(2, 4)], [2, 4], eps=0.1)
    layers.add(nn.GroupNorm, [size(1, 4, 2, 2)], [4, 4], affine=False)

    layers.add(nn.LocalResponseNorm, [size(2, 5, 3)], [3])
    layers.add(nn.LocalResponseNorm, [size(2, 4, 2, 2)], [2], alpha=0.5, beta=0.5, k=2.0)
    layers.add(nn.LocalResponseNorm, [size(1, 4, 1, 2, 2)], [3])
    return layers
