"""Pooling over windows."""

import torch
import torch.nn.functional as F

from cases import BF16, F32, F64, Family, inf, nan, view


def build():
    family = Family("pool", 8)
    d = family.draw

    def both(fn):
        """Values and indices: autograd must not see the indices."""
        return lambda x, **args: fn(x, **args)

    maxima = {"maxPool1d": F.max_pool1d, "maxPool2d": F.max_pool2d, "maxPool3d": F.max_pool3d}
    shapes = {1: (2, 2, 7), 2: (2, 2, 5, 6), 3: (1, 2, 4, 3, 5)}
    for op, fn in maxima.items():
        n = int(op[-2])
        for label, args in [
            ("kernel", {"kernel_size": 2}), ("stride", {"kernel_size": 3, "stride": 1}), ("padding", {"kernel_size": 3, "stride": 2, "padding": 1}),
            ("ceil", {"kernel_size": 2, "ceil_mode": True}), ("ceil padding", {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
            ("dilation", {"kernel_size": 2, "dilation": 2, "stride": 1}), ("indices", {"kernel_size": 2, "stride": 1, "padding": 1, "return_indices": True}),
        ]:  # fmt: skip
            family.add(op, both(fn), label, [d.distinct(*shapes[n])], args)
        family.add(op, both(fn), "unbatched", [d.distinct(*shapes[n][1:])], {"kernel_size": 2, "return_indices": True})
        family.add(op, both(fn), "float32", [d.distinct(*shapes[n], dtype=F32)], {"kernel_size": 3, "stride": 2})
        family.add(op, both(fn), "ties", [d.ints(*shapes[n], low=0, high=2).to(F64)], {"kernel_size": 2, "stride": 1, "return_indices": True})
    lists = d.distinct(1, 1, 5, 7)
    family.add("maxPool2d", F.max_pool2d, "lists", [lists], {"kernel_size": [2, 3], "stride": [1, 2], "padding": [1, 0], "dilation": [2, 1], "return_indices": True})
    family.add("maxPool2d", F.max_pool2d, "transpose", [view(d.distinct(1, 2, 4, 5), "transpose")], {"kernel_size": 2, "return_indices": True})
    family.add("maxPool2d", F.max_pool2d, "slice", [view(d.distinct(1, 2, 4, 5), "slice")], {"kernel_size": 2})
    family.add("maxPool2d", F.max_pool2d, "bfloat16", [d.distinct(1, 2, 4, 4, dtype=BF16)], {"kernel_size": 2})
    family.add("maxPool2d", F.max_pool2d, "no batch", [torch.zeros(0, 2, 4, 4, dtype=F64)], {"kernel_size": 2})
    special = torch.tensor([[[nan, 1, nan, 2, -inf, -inf, inf, 0, -inf, -inf, -inf]]], dtype=F64)
    for op, x in [("maxPool1d", special), ("maxPool2d", special.reshape(1, 1, 1, -1).expand(1, 1, 2, 11).contiguous())]:
        family.add(op, maxima[op], "special", [x], {"kernel_size": 2, "stride": 1, "padding": 1, "return_indices": True}, grad=False)

    means = {"avgPool1d": F.avg_pool1d, "avgPool2d": F.avg_pool2d, "avgPool3d": F.avg_pool3d}
    for op, fn in means.items():
        n = int(op[-2])
        for label, args in [
            ("kernel", {"kernel_size": 2}), ("stride", {"kernel_size": 3, "stride": 1}), ("padding", {"kernel_size": 3, "stride": 2, "padding": 1}),
            ("pad not counted", {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}), ("ceil", {"kernel_size": 2, "ceil_mode": True}),
            ("ceil padding", {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True}),
            ("ceil pad not counted", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
        ]:  # fmt: skip
            family.add(op, fn, label, [d.floats(*shapes[n])], args)
        family.add(op, fn, "unbatched", [d.floats(*shapes[n][1:])], {"kernel_size": 2})
        family.add(op, fn, "float32", [d.floats(*shapes[n], dtype=F32)], {"kernel_size": 3, "stride": 2, "padding": 1})
        family.add(op, fn, "transpose", [view(d.floats(*shapes[n]), "transpose")], {"kernel_size": 2})
        if n > 1:
            family.add(op, fn, "divisor", [d.floats(*shapes[n])], {"kernel_size": 2, "stride": 1, "divisor_override": 3})
            family.add(op, fn, "divisor ceil", [d.floats(*shapes[n])], {"kernel_size": 2, "ceil_mode": True, "divisor_override": -2})
    family.add("avgPool2d", F.avg_pool2d, "lists", [d.floats(1, 1, 5, 7)], {"kernel_size": [2, 3], "stride": [1, 2], "padding": [1, 0]})
    family.add("avgPool2d", F.avg_pool2d, "no batch", [torch.zeros(0, 2, 4, 4, dtype=F64)], {"kernel_size": 2})
    family.add("avgPool1d", F.avg_pool1d, "special", [special], {"kernel_size": 2, "stride": 1, "padding": 1}, grad=False)

    adaptive = {
        "adaptiveMaxPool1d": F.adaptive_max_pool1d, "adaptiveMaxPool2d": F.adaptive_max_pool2d, "adaptiveMaxPool3d": F.adaptive_max_pool3d,
        "adaptiveAvgPool1d": F.adaptive_avg_pool1d, "adaptiveAvgPool2d": F.adaptive_avg_pool2d, "adaptiveAvgPool3d": F.adaptive_avg_pool3d,
    }  # fmt: skip
    for op, fn in adaptive.items():
        n = int(op[-2])
        maximum = "Max" in op
        for label, shape, size in [
            ("one", shapes[n], 1), ("uneven", shapes[n], 3), ("more than there are", shapes[n], [9, 4, 7][:n]), ("unbatched", shapes[n][1:], 2), ("none", (1, 2, *[4] * n), 0),
            ("even", (1, 2, *[4] * n), 2),
        ]:  # fmt: skip
            family.add(op, fn, label, [d.distinct(*shape)], {"output_size": size})
            if maximum:
                family.add(op, fn, f"{label} indices", [d.distinct(*shape)], {"output_size": size, "return_indices": True})
        if n > 1:
            family.add(op, fn, "kept", [d.distinct(*shapes[n])], {"output_size": [2, *[None] * (n - 1)]})
        family.add(op, fn, "float32", [d.distinct(*shapes[n], dtype=F32)], {"output_size": 2})
        family.add(op, fn, "transpose", [view(d.distinct(*shapes[n]), "transpose")], {"output_size": 2})
    family.add("adaptiveMaxPool1d", F.adaptive_max_pool1d, "special", [special], {"output_size": 4, "return_indices": True}, grad=False)

    for op, fn, n in [("lpPool1d", F.lp_pool1d, 1), ("lpPool2d", F.lp_pool2d, 2)]:
        for label, args in [
            ("2", {"norm_type": 2, "kernel_size": 2}), ("stride", {"norm_type": 2, "kernel_size": 3, "stride": 1}), ("3", {"norm_type": 3, "kernel_size": 2}),
            ("1", {"norm_type": 1, "kernel_size": 2}), ("ceil", {"norm_type": 2, "kernel_size": 2, "ceil_mode": True}), ("1.5", {"norm_type": 1.5, "kernel_size": 2}),
        ]:  # fmt: skip
            family.add(op, fn, label, [d.floats(*shapes[n], low=0.25)], args)
        family.add(op, fn, "signs", [d.floats(*shapes[n])], {"norm_type": 2, "kernel_size": 2})
        family.add(op, fn, "unbatched", [d.floats(*shapes[n][1:], low=0.25)], {"norm_type": 2, "kernel_size": 2})
        family.add(op, fn, "float32", [d.floats(*shapes[n], low=0.25, dtype=F32)], {"norm_type": 2, "kernel_size": 2})

    unpools = {"maxUnpool1d": F.max_unpool1d, "maxUnpool2d": F.max_unpool2d, "maxUnpool3d": F.max_unpool3d}
    for op, fn in unpools.items():
        n = int(op[-2])
        pool = maxima[f"maxPool{n}d"]
        for label, shape, args in [
            ("kernel", (1, 2, *[4] * n), {"kernel_size": 2}), ("unbatched", (2, *[4] * n), {"kernel_size": 2}), ("stride", (1, 1, *[5] * n), {"kernel_size": 2, "stride": 3}),
            ("output size", (1, 1, *[5] * n), {"kernel_size": 2, "output_size": [5] * n}),
        ]:  # fmt: skip
            given = {k: v for k, v in args.items() if k != "output_size"}
            values, indices = pool(d.distinct(*shape), **given, return_indices=True)
            family.add(op, fn, label, [values, indices], args)
    return family
