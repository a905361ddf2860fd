"""Resizing images."""

from torch import nn

from layer_cases import Layers, size


class Shown:
    """Prints as PyTorch does from 2.0 on: the mode in quotes."""

    def extra_repr(self):
        what = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{what}, mode={self.mode!r}"


class Upsample(Shown, nn.Upsample):
    pass


class UpsamplingNearest2d(Shown, nn.UpsamplingNearest2d):
    pass


class UpsamplingBilinear2d(Shown, nn.UpsamplingBilinear2d):
    pass


def build():
    layers = Layers()
    layers.add(Upsample, [size(1, 2, 2, 3)], scale_factor=2)
    layers.add(Upsample, [size(1, 2, 3)], size=5)
    layers.add(Upsample, [size(1, 1, 2, 2)], size=(3, 1), mode="nearest-exact")
    layers.add(Upsample, [size(1, 1, 2, 2, 1)], scale_factor=(1.5, 2, 2))
    layers.add(Upsample, [size(1, 1, 3)], scale_factor=2.5, mode="linear", recompute_scale_factor=True)
    layers.add(Upsample, [size(1, 1, 2, 3)], scale_factor=2, mode="bilinear")
    layers.add(Upsample, [size(1, 1, 2, 3)], size=(3, 5), mode="bilinear", align_corners=True)
    layers.add(Upsample, [size(1, 1, 3, 3)], size=4, mode="bicubic", align_corners=False)
    layers.add(Upsample, [size(1, 1, 2, 2, 2)], scale_factor=1.5, mode="trilinear")
    layers.add(Upsample, [size(1, 1, 4, 3)], size=2, mode="area")
    for make in [UpsamplingNearest2d, UpsamplingBilinear2d]:
        layers.add(make, [size(1, 1, 2, 3)], scale_factor=2)
        layers.add(make, [size(1, 1, 2, 2)], size=(3, 4))
    return layers
