"""Convolutions."""

import torch.nn.functional as F

from cases import BF16, F32, F64, I64, Family, inf, nan, view

FORWARD = {"conv1d": F.conv1d, "conv2d": F.conv2d, "conv3d": F.conv3d}
TRANSPOSED = {"convTranspose1d": F.conv_transpose1d, "convTranspose2d": F.conv_transpose2d, "convTranspose3d": F.conv_transpose3d}


def build():
    family = Family("conv", 7)
    d = family.draw
    f = lambda *shape, **k: d.floats(*shape, low=-2, high=2, **k)  # noqa: E731

    def add(op, label, shape, weight, bias, args=None, dtype=F64):
        fn = FORWARD.get(op) or TRANSPOSED[op]
        draw = (lambda *s: d.ints(*s, dtype=dtype)) if dtype == I64 else (lambda *s: f(*s, dtype=dtype))
        family.add(op, fn, label, [draw(*shape), draw(*weight), None if bias is None else draw(bias)], args)

    add("conv1d", "bias", (2, 3, 5), (4, 3, 3), 4)
    add("conv1d", "no bias", (2, 3, 5), (4, 3, 3), None)
    for label, args in [
        ("stride", {"stride": 2}), ("stride passes elements over", {"stride": 3}), ("padding", {"padding": 2}), ("list", {"stride": [2], "padding": [1]}),
        ("dilation", {"dilation": 2}), ("all", {"stride": 2, "padding": 3, "dilation": 2}), ("same", {"padding": "same"}), ("same dilated", {"padding": "same", "dilation": 3}),
        ("valid", {"padding": "valid"}),
    ]:  # fmt: skip
        add("conv1d", label, (2, 2, 6), (3, 2, 3), 3, args)
    add("conv1d", "same uneven", (1, 2, 5), (2, 2, 4), None, {"padding": "same"})
    add("conv1d", "same kernel 2", (1, 2), (1, 1, 2), None, {"padding": "same"})
    add("conv1d", "groups", (2, 4, 5), (6, 2, 3), 6, {"groups": 2})
    add("conv1d", "depthwise", (1, 3, 5), (3, 1, 3), 3, {"groups": 3, "padding": 1})
    add("conv1d", "unbatched", (3, 5), (4, 3, 3), 4, {"padding": 1})
    add("conv1d", "kernel 1", (2, 3, 4), (2, 3, 1), 2)
    add("conv1d", "kernel as long as the input", (2, 3, 4), (2, 3, 4), 2)
    add("conv1d", "no batch", (0, 3, 4), (2, 3, 2), 2)
    add("conv1d", "float32", (2, 3, 9), (4, 3, 3), 4, {"stride": 2, "padding": 1}, F32)
    add("conv1d", "int64", (2, 3, 5), (2, 3, 3), 2, {"padding": 1}, I64)
    for kind in ["transpose", "slice"]:
        family.add("conv1d", F.conv1d, kind, [view(f(2, 3, 5), kind), view(f(2, 3, 3), kind), f(2)], {"padding": 1})
    special = f(1, 1, 6)
    special[0, 0, 1], special[0, 0, 4] = nan, inf
    family.add("conv1d", F.conv1d, "infinite and NaN", [special, f(1, 1, 2), None], grad=False)

    add("conv2d", "bias", (2, 2, 4, 5), (3, 2, 3, 2), 3)
    for label, args in [
        ("stride", {"stride": 2}), ("strides", {"stride": [2, 1]}), ("padding", {"padding": [1, 2]}), ("dilation", {"dilation": [2, 1]}), ("same", {"padding": "same"}),
        ("all", {"stride": [3, 2], "padding": [2, 1], "dilation": [1, 2]}),
    ]:  # fmt: skip
        add("conv2d", label, (1, 2, 5, 5), (2, 2, 3, 2), 2, args)
    add("conv2d", "groups", (1, 4, 3, 3), (4, 2, 2, 2), 4, {"groups": 2})
    add("conv2d", "depthwise", (1, 2, 4, 4), (4, 1, 3, 3), None, {"groups": 2, "padding": 1, "stride": 2})
    add("conv2d", "unbatched", (2, 4, 4), (3, 2, 3, 3), 3)
    add("conv2d", "pointwise", (2, 3, 2, 2), (4, 3, 1, 1), 4)
    add("conv2d", "float32", (2, 3, 6, 6), (4, 3, 3, 3), 4, {"padding": 1}, F32)
    add("conv2d", "larger", (1, 8, 9, 9), (8, 8, 3, 3), 8, {"padding": 1}, F32)
    add("conv2d", "bfloat16", (1, 2, 4, 4), (2, 2, 3, 3), 2, {"padding": 1}, BF16)
    add("conv2d", "int64", (1, 2, 3, 3), (2, 2, 2, 2), 2, {}, I64)
    family.add("conv2d", F.conv2d, "expanded", [view(f(1, 2, 3, 3).expand(2, 2, 3, 3), "expand"), f(2, 2, 2, 2), f(2)])

    add("conv3d", "bias", (1, 2, 3, 4, 3), (2, 2, 2, 2, 2), 2)
    add("conv3d", "all", (1, 2, 4, 3, 5), (2, 1, 2, 1, 2), 2, {"stride": [2, 1, 2], "padding": [1, 0, 1], "dilation": [1, 1, 2], "groups": 2})
    add("conv3d", "same", (1, 1, 3, 2, 3), (1, 1, 2, 1, 3), None, {"padding": "same"})
    add("conv3d", "unbatched float32", (2, 3, 3, 3), (2, 2, 2, 2, 2), 2, {"padding": 1}, F32)

    add("convTranspose1d", "bias", (2, 3, 4), (3, 2, 3), 2)
    for label, args in [
        ("stride", {"stride": 2}), ("stride beyond kernel", {"stride": 5}), ("padding", {"padding": 1}), ("output padding", {"stride": 2, "output_padding": 1}), ("dilation", {"dilation": 2}),
        ("padding and output padding", {"stride": 3, "padding": 1, "output_padding": 2}), ("stride and dilation", {"stride": 2, "dilation": 2}), ("coprime", {"stride": 3, "dilation": 2, "padding": 2}),
        ("common divisor", {"stride": 4, "dilation": 6, "padding": 3, "output_padding": 1}), ("output padding by dilation", {"stride": 1, "dilation": 3, "output_padding": 2}),
    ]:  # fmt: skip
        add("convTranspose1d", label, (2, 2, 4), (2, 3, 3), 3, args)
    add("convTranspose1d", "groups", (2, 4, 3), (4, 3, 2), 6, {"groups": 2, "stride": 2})
    add("convTranspose1d", "unbatched", (2, 3), (2, 3, 2), None, {"stride": 2})
    add("convTranspose1d", "float32", (2, 3, 5), (3, 2, 4), 2, {"stride": 2, "padding": 1}, F32)
    add("convTranspose1d", "int64", (1, 2, 3), (2, 2, 2), 2, {"stride": 2}, I64)
    add("convTranspose1d", "no batch", (0, 2, 3), (2, 2, 2), 2)
    family.add("convTranspose1d", F.conv_transpose1d, "transpose", [view(f(2, 3, 4), "transpose"), view(f(3, 2, 3), "transpose"), f(2)], {"stride": 2})
    add("convTranspose2d", "bias", (2, 2, 3, 2), (2, 3, 2, 3), 3)
    add("convTranspose2d", "all", (1, 4, 3, 2), (4, 2, 3, 2), 4, {"stride": [2, 3], "padding": [1, 0], "output_padding": [1, 0], "groups": 2, "dilation": [1, 2]})
    add("convTranspose2d", "upsampling", (1, 2, 3, 3), (2, 2, 4, 4), 2, {"stride": 2, "padding": 1}, F32)
    add("convTranspose2d", "unbatched", (2, 2, 3), (2, 1, 2, 2), 1, {"stride": 2})
    add("convTranspose3d", "bias", (1, 2, 2, 3, 2), (2, 2, 2, 2, 2), 2)
    add("convTranspose3d", "all", (1, 2, 2, 2, 2), (2, 1, 2, 3, 1), 2, {"stride": [2, 1, 2], "padding": [1, 1, 0], "output_padding": [1, 0, 1], "groups": 2})
    return family
