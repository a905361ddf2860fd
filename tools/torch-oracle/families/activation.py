"""Activations."""

import functools

import torch
from torch.nn import functional as F

from cases import BF16, F16, F32, Family, special, view

# (our name, the function, options beside the default ones)
ACTIVATIONS = [
    ("gelu", F.gelu, {"approximate": "tanh"}), ("silu", F.silu, {}), ("mish", F.mish, {}),
    ("softplus", F.softplus, {"beta": 3.0, "threshold": 2.0}), ("logSigmoid", F.logsigmoid, {}), ("elu", F.elu, {"alpha": 0.75}),
    ("selu", F.selu, {}), ("celu", F.celu, {"alpha": 0.75}), ("leakyRelu", F.leaky_relu, {"negative_slope": 0.25}),
    ("hardtanh", F.hardtanh, {"min_val": -0.5, "max_val": 2.0}), ("relu6", F.relu6, {}), ("hardsigmoid", F.hardsigmoid, {}),
    ("hardswish", F.hardswish, {}), ("hardshrink", F.hardshrink, {"lambd": 1.0}), ("softshrink", F.softshrink, {"lambd": 1.0}),
]  # fmt: skip
WRITING = {"silu", "mish", "elu", "selu", "celu", "leakyRelu", "hardtanh", "relu6", "hardsigmoid", "hardswish"}


def build():
    family = Family("activation", 31)
    d = family.draw
    for op, fn, options in ACTIVATIONS:
        inplace = functools.partial(fn, inplace=True) if op in WRITING else None

        def add(label, x, args=None, op=op, fn=fn, inplace=inplace, **more):
            family.add(op, fn, label, [x], args, inplace=inplace, **more)

        add("float64", d.floats(2, 3, low=-4, high=8))
        add("float32", d.floats(2, 3, dtype=F32))
        if options:
            add("options", d.floats(2, 3), options)
        add("special float64", special(torch.float64))
        add("far", torch.tensor([-800.0, -50.0, 25.0, 800.0], dtype=torch.float64))
        add("0-d", d.floats())
        add("empty", torch.zeros(0, 3))
        add("transpose", view(d.floats(2, 3), "transpose"))
        for dtype in [F16, BF16]:
            add(str(dtype)[6:], d.floats(4, dtype=dtype), grad=False, optional=True)
    return family
