"""Pooling over windows."""

from math import prod

import torch
from torch import nn
from torch.nn import functional as F

from layer_cases import Layers, size


class LPPool3d(nn.modules.pooling._LPPoolNd):
    """Of PyTorch 2.2."""

    def forward(self, x):
        means = F.avg_pool3d(x.pow(self.norm_type), self.kernel_size, self.stride, 0, self.ceil_mode)
        elements = prod(self.kernel_size) if isinstance(self.kernel_size, tuple) else self.kernel_size**3
        return (torch.sign(means) * F.relu(torch.abs(means))).mul(elements).pow(1.0 / self.norm_type)


class FractionalMaxPool2d(nn.FractionalMaxPool2d):
    """The random samples under a name that no underscore begins."""

    def __init__(self, kernel_size, random_samples, **options):
        super().__init__(kernel_size, _random_samples=random_samples, **options)


class FractionalMaxPool3d(nn.FractionalMaxPool3d):
    def __init__(self, kernel_size, random_samples, **options):
        super().__init__(kernel_size, _random_samples=random_samples, **options)


def build():
    layers = Layers()
    for make, sizes, kernel, stride in [
        (nn.MaxPool1d, [2, 2, 6], (3,), (2,)),
        (nn.MaxPool2d, [1, 2, 4, 5], (2, 3), (1, 2)),
        (nn.MaxPool3d, [1, 1, 4, 3, 4], (2, 1, 2), (1, 2, 2)),
    ]:
        # numbers without ties
        distinct = lambda *shape: layers.draw(make.__name__).distinct(*shape)  # noqa: B023, E731
        layers.add(make, [distinct(*sizes)], [2])
        layers.add(make, [distinct(*sizes[1:])], [kernel], stride=stride)
        layers.add(make, [distinct(*sizes)], [3 if make is not nn.MaxPool3d else 2], stride=2, padding=1, ceil_mode=True)
        layers.add(make, [distinct(*sizes)], [2], stride=1, dilation=2, return_indices=True)

    for make, sizes in [(nn.MaxUnpool1d, [1, 2, 2]), (nn.MaxUnpool2d, [1, 2, 2, 2]), (nn.MaxUnpool3d, [1, 1, 2, 1, 2])]:
        n = len(sizes) - 2
        pool = getattr(F, f"max_pool{n}d")
        for batch in [slice(None), 0]:
            source = layers.draw(make.__name__).distinct(*[2 * s if d > 1 else s for d, s in enumerate(sizes)])[batch]
            layers.add(make, [*pool(source, 2, return_indices=True)], [2])
        source = layers.draw(make.__name__).distinct(*[2 * s + 1 if d > 1 else s for d, s in enumerate(sizes)])
        values, indices = pool(source, (2,) * n, stride=2, return_indices=True)
        layers.add(make, [values, indices], [(2,) * n], stride=2, padding=0, call={"output_size": list(source.shape[2:])})
        layers.add(make, [values, indices], [2], call={"output_size": list(source.shape)})

    layers.add(nn.AvgPool1d, [size(2, 2, 5)], [2])
    layers.add(nn.AvgPool1d, [size(2, 5)], [(3,)], stride=2, padding=1, ceil_mode=True, count_include_pad=False)
    layers.add(nn.AvgPool2d, [size(1, 2, 4, 5)], [2])
    layers.add(nn.AvgPool2d, [size(2, 5, 4)], [(3, 2)], stride=(2, 1), padding=1, ceil_mode=True)
    layers.add(nn.AvgPool2d, [size(1, 1, 5, 4)], [3], stride=2, padding=(1, 1), count_include_pad=False)
    layers.add(nn.AvgPool2d, [size(1, 1, 3, 4)], [2], divisor_override=3)
    layers.add(nn.AvgPool3d, [size(1, 2, 2, 3, 2)], [2])
    layers.add(nn.AvgPool3d, [size(1, 2, 3, 3)], [(2, 3, 2)], stride=(1, 2, 2), padding=(0, 1, 1), divisor_override=5)
    layers.add(nn.AvgPool3d, [size(1, 1, 2, 3, 2)], [2], stride=2, padding=1, ceil_mode=True, count_include_pad=False)

    layers.add(nn.AdaptiveAvgPool1d, [size(2, 2, 5)], [3])
    layers.add(nn.AdaptiveAvgPool1d, [size(2, 5)], [1])
    layers.add(nn.AdaptiveAvgPool2d, [size(1, 2, 4, 5)], [2])
    layers.add(nn.AdaptiveAvgPool2d, [size(2, 4, 5)], [(3, None)])
    layers.add(nn.AdaptiveAvgPool2d, [size(1, 2, 3, 2)], [(1, 1)])
    layers.add(nn.AdaptiveAvgPool3d, [size(1, 2, 2, 3, 2)], [2])
    layers.add(nn.AdaptiveAvgPool3d, [size(1, 3, 2, 2)], [(2, None, 1)])
    for make, sizes, output in [
        (nn.AdaptiveMaxPool1d, [2, 2, 5], 3),
        (nn.AdaptiveMaxPool2d, [1, 2, 4, 5], (3, None)),
        (nn.AdaptiveMaxPool3d, [1, 2, 2, 3, 2], (2, 2, None)),
    ]:
        layers.add(make, [layers.draw(make.__name__).distinct(*sizes)], [2])
        layers.add(make, [layers.draw(make.__name__).distinct(*sizes[1:])], [output], return_indices=True)

    layers.add(nn.LPPool1d, [size(2, 2, 6)], [2, 3])
    layers.add(nn.LPPool1d, [layers.draw("LPPool1d").floats(2, 5, low=0.5)], [1.5, 2], stride=3, ceil_mode=True)
    layers.add(nn.LPPool2d, [size(1, 2, 4, 4)], [2, 2])
    layers.add(nn.LPPool2d, [layers.draw("LPPool2d").floats(1, 4, 5, low=0.5)], [3, (2, 3)], stride=(1, 2), ceil_mode=True)
    layers.add(LPPool3d, [size(1, 1, 2, 4, 2)], [2, 2])
    layers.add(LPPool3d, [layers.draw("LPPool3d").floats(1, 2, 3, 2, low=0.5)], [3, (1, 2, 2)], stride=1)

    for make, sizes, kernel, output in [
        (FractionalMaxPool2d, [1, 2, 6, 5], (3, 2), (3, 2)),
        (FractionalMaxPool3d, [1, 1, 4, 4, 5], (2, 1, 3), (2, 3, 2)),
    ]:
        draw = layers.draw(make.__name__)
        n = len(sizes) - 2
        samples = lambda: torch.rand(*sizes[:2], n, generator=draw.generator, dtype=torch.float64)  # noqa: B023, E731
        layers.add(make, [draw.distinct(*sizes)], [2], output_size=2, random_samples=samples())
        layers.add(make, [draw.distinct(*sizes)], [kernel], output_size=output, random_samples=samples(), return_indices=True)
        layers.add(make, [draw.distinct(*sizes[1:])], [2], output_ratio=(0.5,) * (n - 1) + (0.6,), random_samples=samples())
    return layers
