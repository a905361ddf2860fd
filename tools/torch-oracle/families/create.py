"""Tensors made from a rule."""

import torch

from cases import BF16, BOOL, F16, F32, F64, I8, I32, I64, U8, Family, inf, nan, view

T = torch.Tensor


def build():
    family = Family("create", 5)
    d = family.draw
    f = d.floats

    def add(op, fn, *order, **args):
        """A factory that takes the arguments in `order` by position; the sample is named after all of them."""

        def call(**given):
            return fn(*(given[k] for k in order), **{k: v for k, v in given.items() if k not in order})

        family.add(op, call, " ".join(f"{k} {str(v).removeprefix('torch.')}" for k, v in args.items()), [], args)

    for start, end, step in [(0, 5, 1), (2, 9, 3), (5, 0, -2), (0, 0, 1), (-3, 3, 2), (1, 2, 5)]:
        add("arange", torch.arange, "start", "end", "step", start=start, end=end, step=step)
        for dtype in [F32, F64, I32, U8] if start >= 0 and end >= 0 else [F32, F64, I8]:
            add("arange", torch.arange, "start", "end", "step", start=start, end=end, step=step, dtype=dtype)
    for start, end, step in [(0, 1, 0.25), (1, 2.5, 0.5), (0, 1, 0.1), (-1.5, 1, 0.7), (2, 0.5, -0.3), (0.5, 0.5, 1), (0, 3e4, 9999.5)]:
        add("arange", torch.arange, "start", "end", "step", start=start, end=end, step=step, dtype=F32)
        add("arange", torch.arange, "start", "end", "step", start=start, end=end, step=step, dtype=F64)
    add("arange", torch.arange, "start", "end", "step", start=0.5, end=3, step=1)
    for dtype in [F16, BF16]:
        add("arange", torch.arange, "start", "end", "step", start=0, end=2, step=0.375, dtype=dtype)

    for start, end, steps in [(0, 1, 5), (0, 1, 4), (-10, 10, 7), (3, -2, 6), (2, 2, 3), (0, 1, 1), (0, 1, 0), (0, 1, 2), (-0.1, 0.7, 10), (1, 1e6, 9)]:
        for dtype in [F32, F64]:
            add("linspace", torch.linspace, "start", "end", "steps", start=start, end=end, steps=steps, dtype=dtype)
    for start, end, steps in [(0, 10, 5), (0, 10, 11), (-5, 5, 3)]:
        add("linspace", torch.linspace, "start", "end", "steps", start=start, end=end, steps=steps, dtype=I64)
    add("linspace", torch.linspace, "start", "end", "steps", start=0, end=3, steps=4)
    for start, end, steps, more in [(0, 3, 4, {}), (-2, 2, 5, {}), (0, 1, 4, {"base": 2}), (3, -1, 6, {"base": 0.5}), (0, 1, 1, {}), (0, 1, 0, {}), (0.1, 0.9, 9, {"base": 2.718281828459045})]:
        for dtype in [F32, F64]:
            add("logspace", torch.logspace, "start", "end", "steps", start=start, end=end, steps=steps, **more, dtype=dtype)

    for n, m in [(3, 3), (2, 3), (3, 2), (0, 2), (1, 1), (3, 0)]:
        add("eye", torch.eye, "n", "m", n=n, m=m)
    add("eye", torch.eye, "n", n=3)
    for dtype in [F64, F16, I64, U8, BOOL]:
        add("eye", torch.eye, "n", "m", n=2, m=3, dtype=dtype)

    for size, value in [([2, 3], 1.5), ([], -2.0), ([0, 2], 1.0), ([2], inf), ([2], nan), ([3], -0.0), ([2], True), ([2], 0.1)]:
        add("full", torch.full, "size", "fill_value", size=size, fill_value=value)
    for dtype in [F64, F16, BF16, I64, I32, I8, U8, BOOL]:
        add("full", torch.full, "size", "fill_value", size=[2], fill_value=3, dtype=dtype)
    add("full", torch.full, "size", "fill_value", size=[1], fill_value=0.1, dtype=F64)
    add("full", torch.full, "size", "fill_value", size=[1], fill_value=0.1, dtype=F16)
    for op in ["zeros", "ones"]:
        for size in [[2, 3], [], [0], [1, 0, 2]]:
            add(op, getattr(torch, op), "size", size=size)
        for dtype in [F64, I64, BOOL, BF16]:
            add(op, getattr(torch, op), "size", size=[2], dtype=dtype)

    sources = [("float64", f(2, 3)), ("float32", f(2, dtype=F32)), ("int64", d.ints(2)), ("bool", d.bools(2)), ("0-d", f()), ("empty", f(0, 2)), ("transpose", view(f(2, 3), "transpose"))]
    for label, x in sources:
        for op, fn in [("zerosLike", torch.zeros_like), ("onesLike", torch.ones_like)]:
            family.add(op, fn, label, [x], grad=False)
            family.add(op, fn, f"{label} as float32", [x], {"dtype": F32}, grad=False)
        family.add("fullLike", torch.full_like, label, [x], {"fill_value": 1}, grad=False)
        family.add("fullLike", torch.full_like, f"{label} as float64", [x], {"fill_value": -1.5, "dtype": F64}, grad=False)
        family.add("newZeros", T.new_zeros, label, [x], {"size": [2, 2]}, grad=False)
        family.add("newOnes", T.new_ones, label, [x], {"size": [3]}, grad=False)
        family.add("newFull", T.new_full, label, [x], {"size": [], "fill_value": 1}, grad=False)
        family.add("newFull", T.new_full, f"{label} as int32", [x], {"size": [2], "fill_value": 7, "dtype": I32}, grad=False)

    def fill(x, value):
        return x.clone().fill_(value)

    for label, x, value in [("number", f(2, 3), 1.5), ("tensor", f(2, 3), torch.tensor(0.25, dtype=F64)), ("int64", d.ints(3), 4), ("bool", d.bools(3), 2), ("cast", d.ints(2), torch.tensor(2.75)),
                            ("transpose", view(f(2, 3), "transpose"), -1), ("0-d", f(), 2), ("empty", f(0), 1), ("nan", f(2, dtype=F32), nan)]:  # fmt: skip
        family.add("fill", fill, label, [x, value], grad=label != "cast", inplace=T.fill_)

    for op, fn in [("trilIndices", torch.tril_indices), ("triuIndices", torch.triu_indices)]:
        for row, col, more in [(3, 3, {}), (3, 4, {"offset": 1}), (4, 3, {"offset": -1}), (2, 3, {"offset": 5}), (2, 3, {"offset": -5}), (0, 3, {}), (3, 0, {}), (3, 2, {"dtype": I32})]:
            add(op, fn, "row", "col", row=row, col=col, **more)

    for data, dtype in [([[1, 2], [3, 4]], F32), ([0.1, -2.5], F64), ([1, 0, 3], BOOL), ([], F32), ([[]], F32), (2.5, F16), ([250, 3], U8), ([True, False], F32), ([2.9, -2.9], I64), ([0.1, 1e-9, 70000.0], F16), ([0.1, 3e38], BF16)]:
        add("tensor", torch.tensor, "data", data=data, dtype=dtype)
    return family
