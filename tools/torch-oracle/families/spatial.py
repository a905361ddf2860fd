"""Padding, windows as columns, resizing and sampling of images."""

import warnings

import torch
import torch.nn.functional as F

from cases import BOOL, F16, F32, F64, I64, U8, Family, Draw, inf, nan, view

T = torch.Tensor


def add_pads(family):
    d = Draw(901)
    f = d.floats

    def pad(label, x, pad, grad=True, **args):
        name = " ".join([label, args.get("mode", "constant"), str(list(pad)), str(list(x.shape))])
        family.add("pad", F.pad, name, [x], {"pad": list(pad), **args}, grad=grad)

    pad("both sides", f(2, 3), (1, 2))
    pad("two dims", f(2, 3), (1, 0, 2, 1), value=1.5)
    pad("three dims", f(2, 2, 2), (1, 1, 0, 1, 1, 0), value=-2.0)
    pad("crops", f(3, 4), (-1, -2), value=3.0)
    pad("crops and pads", f(3, 4), (-1, 2, 1, -1))
    pad("crops to nothing", f(2, 3), (-2, -1))
    pad("none", f(2, 3), ())
    pad("0-d", f(), ())
    pad("1-d", f(3), (1, 1))
    pad("empty", torch.zeros(2, 0, dtype=F64), (1, 1), value=2.0)
    pad("infinite value", f(2, 2), (1, 0), value=-inf)
    pad("NaN value", f(2, 2), (1, 0), value=nan)
    pad("special", torch.tensor([[nan, inf, -inf]], dtype=F32), (1, 1))
    pad("float32", f(2, 3, dtype=F32), (2, 1), value=0.1)
    pad("float16", f(2, 3, dtype=F16), (2, 1), value=0.1)
    pad("int64", d.ints(2, 3), (1, 1), value=7)
    pad("int64 fraction", d.ints(2, 3), (1, 1), value=-1.5)
    pad("uint8", d.ints(2, 3, low=0, high=9, dtype=U8), (1, 1), value=255)
    pad("bool", d.bools(2, 3), (1, 1), value=1)
    pad("transpose", view(f(3, 4), "transpose"), (1, 2, 0, 1))
    pad("slice", view(f(3, 4), "slice"), (1, 2))
    pad("expand", view(f(3, 4), "expand"), (1, 2))
    for mode in ["reflect", "replicate", "circular"]:
        batch = (1,) if mode == "circular" else ()
        pad("1-d", f(*batch, 2, 4), (2, 1), mode=mode)
        pad("batch", f(2, 2, 5), (3, 4), mode=mode)
        pad("2-d", f(*batch, 2, 3, 4), (2, 1, 1, 2), mode=mode)
        pad("2-d batch", f(2, 1, 3, 3), (1, 2, 0, 1), mode=mode)
        pad("3-d", f(*batch, 1, 3, 2, 3), (1, 2, 1, 0, 2, 1), mode=mode)
        pad("3-d batch", f(1, 2, 2, 2, 3), (1, 1, 0, 1, 1, 1), mode=mode)
        pad("all", f(*batch, 1, 4), (3, 3), mode=mode)
        pad("float32", f(*batch, 2, 3, 4, dtype=F32), (1, 2, 2, 1), mode=mode)
        pad("transpose", view(f(1, 2, 3, 4), "transpose"), (1, 2, 2, 1), mode=mode)
        pad("slice", view(f(1, 2, 4), "slice"), (2, 1), mode=mode)
        pad("crops", f(1, 2, 5), (-1, 2), mode=mode)
        pad("crops both", f(1, 2, 5), (-1, -2), mode=mode)
        pad("crops the end", f(1, 2, 5), (2, -1), mode=mode)
        pad("special", torch.tensor([[[nan, inf, -inf, 1.0]]], dtype=F32), (2, 1), mode=mode)
        pad("no batch", torch.zeros(0, 2, 4, dtype=F64), (2, 1), mode=mode)
    pad("int64", d.ints(1, 2, 4), (2, 1), mode="circular")
    pad("bool", d.bools(1, 2, 4), (2, 1), mode="circular")


def add_columns(family):
    d = Draw(902)
    f = d.floats

    def both(label, x, kernel_size, **args):
        name = " ".join([label, str(list(x.shape)), str(kernel_size), *(f"{k} {v}" for k, v in args.items())])
        family.add("im2col", F.unfold, name, [x], {"kernel_size": kernel_size, **args})
        columns = F.unfold(x, kernel_size, **args)
        columns = d.floats(*columns.shape, dtype=x.dtype)
        size = list(x.shape[-2:])
        family.add("col2im", F.fold, name, [columns], {"output_size": size, "kernel_size": kernel_size, **args})

    both("plain", f(2, 2, 3, 4), 2)
    both("unbatched", f(2, 3, 4), 2)
    both("pair", f(1, 2, 4, 5), [2, 3])
    both("padding", f(1, 1, 3, 3), 2, padding=1)
    both("paddings", f(1, 1, 3, 3), [3, 2], padding=[2, 1])
    both("stride", f(1, 2, 5, 5), 2, stride=2)
    both("strides", f(1, 1, 5, 6), 2, stride=[3, 2])
    both("dilation", f(1, 1, 5, 5), 2, dilation=2)
    both("dilations", f(1, 1, 4, 5), 2, dilation=[2, 3], padding=[1, 0])
    both("all", f(2, 2, 6, 5), [3, 2], dilation=[1, 2], padding=[1, 2], stride=[2, 1])
    both("one", f(1, 1, 1, 1), 1)
    both("whole", f(1, 2, 3, 3), 3)
    both("beyond", f(1, 1, 2, 2), 1, padding=2, stride=2)
    both("float32", f(1, 2, 4, 4, dtype=F32), 3, padding=1)
    both("no batch", torch.zeros(0, 2, 3, 3, dtype=F64), 2)
    both("special", torch.tensor([[[[nan, inf], [-inf, 1.0]]]], dtype=F32), 2, padding=1)
    family.add("im2col", F.unfold, "transpose", [view(f(1, 2, 3, 4), "transpose")], {"kernel_size": 2})
    family.add("im2col", F.unfold, "slice", [view(f(1, 2, 3, 4), "slice")], {"kernel_size": 2, "padding": 1})
    family.add("im2col", F.unfold, "float16", [f(1, 1, 3, 3, dtype=F16)], {"kernel_size": 2}, grad=False, optional=True)
    family.add("col2im", F.fold, "transpose", [view(f(1, 4, 6), "transpose")], {"output_size": [3, 4], "kernel_size": 2})
    family.add("col2im", F.fold, "slice", [view(f(1, 4, 6), "slice")], {"output_size": [3, 4], "kernel_size": 2})
    family.add("col2im", F.fold, "number", [f(1, 4, 4)], {"output_size": 3, "kernel_size": 2})
    family.add("col2im", F.fold, "special", [torch.tensor([[[nan, inf, 1.0, 2.0]] * 4], dtype=F32)], {"output_size": 3, "kernel_size": 2})


def add_resizes(family):
    d = Draw(903)
    f = d.floats

    def resize(label, x, optional=False, **args):
        name = " ".join([label, str(list(x.shape)), *(f"{k} {v}" for k, v in args.items())])
        family.add("interpolate", F.interpolate, name, [x], args, optional=optional)

    shapes = {1: (2, 2, 5), 2: (1, 2, 4, 3), 3: (1, 1, 3, 2, 3)}
    names = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}
    sizes = {1: [[8], [3], [5], [1], [13]], 2: [[7, 5], [2, 2], [4, 3], [1, 1], [4, 7], [9, 2]], 3: [[5, 3, 4], [2, 1, 2], [3, 2, 3]]}
    for dims, shape in shapes.items():
        for mode in [*names[dims], "nearest", "nearest-exact"]:
            options = [{"align_corners": False}, {"align_corners": True}] if mode in names[dims] else [{}]
            for option in options:
                for size in sizes[dims]:
                    resize("size", f(*shape), size=size, mode=mode, **option)
                for scale in [2, 0.7, 1.6]:
                    resize("factor", f(*shape), scale_factor=scale, mode=mode, **option)
                resize("recomputed", f(*shape), scale_factor=1.6, mode=mode, recompute_scale_factor=True, **option)
                resize("float32", f(*shape, dtype=F32), scale_factor=1.6, mode=mode, **option)
                resize("float32 size", f(*shape, dtype=F32), size=[6, 7, 5][:dims], mode=mode, **option)
                resize("transpose", view(f(*shape), "transpose"), scale_factor=2, mode=mode, **option)
                resize("slice", view(f(*shape), "slice"), scale_factor=2, mode=mode, **option)
                resize("no batch", torch.zeros(0, *shape[1:], dtype=F64), scale_factor=2, mode=mode, **option)
                special = torch.zeros(1, 1, *[2] * dims, dtype=F32)
                special.view(-1)[: 2] = torch.tensor([inf, nan])
                if mode in ["linear", "nearest", "nearest-exact"]:
                    resize("special", special, scale_factor=2, mode=mode, **option)
    resize("one of one", f(1, 1, 1, 1), size=[3, 3], mode="bilinear", align_corners=True)
    resize("one of one", f(1, 1, 1, 1), size=[3, 3], mode="bicubic")
    resize("one number", f(1, 1, 2, 3), size=4)
    resize("factors", f(1, 1, 2, 3), scale_factor=[1.5, 2.5], mode="bilinear")
    resize("factors", f(1, 1, 2, 3), scale_factor=[1.5, 2.5])
    resize("large", f(1, 1, 40), size=[97], mode="linear")
    resize("large", f(1, 1, 97, dtype=F32), size=[40], mode="nearest")
    resize("large", f(1, 1, 97), size=[300], mode="nearest")
    resize("large", f(1, 1, 30), size=[100], mode="nearest-exact")
    resize("uint8", d.ints(1, 1, 2, 3, low=0, high=200, dtype=U8), scale_factor=2, optional=True)
    resize("uint8", d.ints(1, 1, 3, low=0, high=200, dtype=U8), scale_factor=2, optional=True)


def add_areas(family):
    d = Draw(906)
    f = d.floats
    for shape, sizes in [((2, 2, 5), [[3], [8], [5], [1]]), ((1, 2, 4, 6), [[2, 3], [3, 4], [1, 1], [7, 5]]), ((1, 1, 3, 4, 2), [[2, 2, 1], [3, 3, 3]])]:
        for size in sizes:
            family.add("interpolate", F.interpolate, f"area {list(shape)} {size}", [f(*shape)], {"size": size, "mode": "area"})
        family.add("interpolate", F.interpolate, f"area factor {list(shape)}", [f(*shape)], {"scale_factor": 0.7, "mode": "area"})
    family.add("interpolate", F.interpolate, "area float32", [f(1, 2, 4, 6, dtype=F32)], {"scale_factor": 0.5, "mode": "area"})


def add_shuffles(family):
    d = Draw(904)
    f = d.floats
    for op, fn, key, cases in [
        ("pixelShuffle", F.pixel_shuffle, "upscale_factor", [((2, 8, 2, 3), 2), ((9, 1, 2), 3), ((2, 1, 4, 2, 2), 2), ((1, 3, 2, 2), 1), ((0, 4, 2, 2), 2)]),
        ("pixelUnshuffle", F.pixel_unshuffle, "downscale_factor", [((2, 2, 4, 6), 2), ((1, 3, 6), 3), ((2, 1, 1, 2, 4), 2), ((1, 3, 2, 2), 1)]),
        ("channelShuffle", F.channel_shuffle, "groups", [((2, 6, 2, 2), 2), ((1, 6, 3), 3), ((1, 4, 2, 1, 2), 4), ((1, 4, 2, 2), 1), ((4, 2, 2), 2)]),
    ]:  # fmt: skip
        for shape, n in cases:
            family.add(op, fn, f"{list(shape)} by {n}", [f(*shape)], {key: n})
        shape, n = cases[0]
        family.add(op, fn, "float32", [f(*shape, dtype=F32)], {key: n})
        family.add(op, fn, "int64", [d.ints(*shape)], {key: n})
        family.add(op, fn, "bool", [d.bools(*shape)], {key: n}, optional=True)
        family.add(op, fn, "transpose", [view(f(*shape), "transpose")], {key: n})
        family.add(op, fn, "slice", [view(f(*shape), "slice")], {key: n})


def add_grids(family):
    d = Draw(905)
    f = d.floats

    def sample(label, x, grid, **args):
        name = " ".join([label, *(str(v) for v in args.values())])
        family.add("gridSample", F.grid_sample, name, [x, grid], args)

    for mode in ["bilinear", "nearest", "bicubic"]:
        for padding_mode in ["zeros", "border", "reflection"]:
            for align_corners in [False, True]:
                args = {"mode": mode, "padding_mode": padding_mode, "align_corners": align_corners}
                # positions off the whole pixels and the edges, where derivatives jump
                sample("within", f(1, 2, 3, 4), f(1, 2, 3, 2, low=-0.9, high=0.9).add(0.0123), **args)
                sample("beyond", f(2, 1, 3, 4), f(2, 3, 3, 2, low=-4, high=4).add(0.0123), **args)
                # PyTorch's float32 gradient of the positions is off by 1e-5 in cubics, from its own in float64
                family.add("gridSample", F.grid_sample, f"float32 {mode} {padding_mode} {align_corners}", [f(1, 2, 4, 4, dtype=F32), f(1, 3, 2, 2, low=-1.5, high=1.5, dtype=F32).add(0.0123)], args, grad=[0] if mode == "bicubic" else True)
                special = torch.tensor([[nan, 0.1], [0.1, nan], [1e30, 0.1], [0.1, -1e30], [inf, -0.1], [-0.1, -inf]], dtype=F64)
                family.add("gridSample", F.grid_sample, f"special {mode} {padding_mode} {align_corners}", [f(1, 1, 3, 4), special.view(1, 2, 3, 2)], args, grad=[])
                if mode != "bicubic":
                    sample("volume", f(1, 2, 2, 3, 3), f(1, 2, 2, 2, 3, low=-1.6, high=1.6).add(0.0123), **args)
                    # a NaN at a border is the first position by PyTorch's documentation, in images and on GPUs; in volumes on the CPU the last
                    at = torch.tensor([[nan if padding_mode == "zeros" else inf, 0.1, 0.2], [0.1, inf, 0.2], [0.3, 0.1, -inf]], dtype=F64)
                    if padding_mode != "reflection":
                        family.add("gridSample", F.grid_sample, f"special volume {mode} {padding_mode} {align_corners}", [f(1, 1, 2, 2, 2), at.view(1, 1, 1, 3, 3)], args, grad=[])
    sample("defaults", f(1, 1, 3, 3), f(1, 2, 2, 2, low=-1, high=1).add(0.0123), align_corners=False)
    corners = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [0.0, 1.0], [-1.0, 0.0]], dtype=F64).view(1, 2, 2, 2)
    for padding_mode in ["zeros", "border", "reflection"]:
        for align_corners in [False, True]:
            args = {"mode": "bilinear", "padding_mode": padding_mode, "align_corners": align_corners}
            family.add("gridSample", F.grid_sample, f"corners {padding_mode} {align_corners}", [f(1, 1, 3, 3), corners], args, grad=[0])
    sample("one pixel", f(1, 2, 1, 1), f(1, 2, 2, 2, low=-1.5, high=1.5).add(0.0123), mode="bilinear", padding_mode="reflection", align_corners=True)
    sample("one pixel", f(1, 2, 1, 1), f(1, 2, 2, 2, low=-1.5, high=1.5).add(0.0123), mode="bilinear", padding_mode="border", align_corners=False)
    sample("halves", f(1, 1, 3, 3), torch.tensor([[-0.5, 0.5], [0.5, -0.5]], dtype=F64).view(1, 1, 2, 2), mode="nearest", padding_mode="zeros", align_corners=True)
    sample("transpose", view(f(1, 2, 3, 4), "transpose"), view(f(1, 2, 3, 2, low=-1, high=1).add(0.0123), "transpose"), align_corners=True)
    sample("no batch", torch.zeros(0, 2, 3, 4, dtype=F64), torch.zeros(0, 2, 2, 2, dtype=F64), align_corners=True)
    sample("no positions", f(1, 2, 3, 4), torch.zeros(1, 0, 2, 2, dtype=F64), align_corners=True)

    for align_corners in [False, True]:
        args = {"align_corners": align_corners}
        for label, theta, size in [
            ("image", f(2, 2, 3), [2, 3, 3, 4]), ("volume", f(1, 3, 4), [1, 1, 2, 3, 2]), ("one", f(1, 2, 3), [1, 1, 1, 1]),
            ("float32", f(2, 2, 3, dtype=F32), [2, 1, 5, 4]), ("transpose", view(f(2, 2, 3), "transpose"), [2, 1, 2, 3]),
        ]:  # fmt: skip
            family.add("affineGrid", F.affine_grid, f"{label} {align_corners}", [theta], {"size": size, **args})


def build():
    warnings.filterwarnings("ignore", message=".*(align_corners|grid_sample|recompute).*")
    family = Family("spatial", 9)
    add_pads(family)
    add_columns(family)
    add_resizes(family)
    add_shuffles(family)
    add_grids(family)
    add_areas(family)
    return family
