"""What torch.nn.utils and torch.nn.init do: gradients clipped, starting values."""

import torch
from torch import nn

from cases import Draw, camel, inf, nan
from encode import number, tensor


def clipped(grads, max_norm, norm_type):
    """The norm that clip_grad_norm_ gives, and the gradients after it."""
    params = [torch.zeros_like(g).requires_grad_() for g in grads]
    for p, g in zip(params, grads):
        p.grad = g.clone()
    total = nn.utils.clip_grad_norm_(params, max_norm, norm_type)
    return {
        "maxNorm": number(float(max_norm)),
        "normType": number(float(norm_type)),
        "grads": [tensor(g) for g in grads],
        "total": tensor(total),
        "after": [tensor(p.grad) for p in params],
    }


def clip_norms():
    draw = Draw(31)
    grads = [draw.floats(2, 3), draw.floats(4), draw.floats()]
    strange = [torch.tensor([1.0, nan], dtype=torch.float64), torch.tensor([2.0], dtype=torch.float64)]
    endless = [torch.tensor([1.0, -inf], dtype=torch.float64), torch.tensor([2.0], dtype=torch.float64)]
    orders = [1, 2, 3, 0.5, inf]
    return [
        *[clipped(grads, 1.5, order) for order in orders],
        *[clipped(grads, 1000, order) for order in [2, inf]],
        *[clipped(grads, limit, 2) for limit in [0, inf]],
        *[clipped(given, 1, order) for given in [strange, endless] for order in [2, inf]],
        clipped([torch.zeros(3, dtype=torch.float64)], 1, 2),
        clipped([g.float() for g in grads], 1.5, 2),
    ]


def clip_values():
    given = torch.tensor([-3, -0.5, 0, 0.25, 2, nan, inf, -inf], dtype=torch.float64)
    found = []
    for limit in [0.5, 0, inf]:
        p = torch.zeros_like(given).requires_grad_()
        p.grad = given.clone()
        nn.utils.clip_grad_value_([p], limit)
        found.append({"clipValue": number(float(limit)), "grad": tensor(given), "after": tensor(p.grad)})
    return found


# what is drawn, and of which shape
STARTS = [
    ("uniform_", [40, 50], [], {}),
    ("uniform_", [40, 50], [-3, 0.5], {}),
    ("normal_", [40, 50], [], {}),
    ("normal_", [40, 50], [2, 0.5], {}),
    ("trunc_normal_", [40, 50], [], {}),
    ("trunc_normal_", [40, 50], [], {"std": 0.02}),
    ("trunc_normal_", [40, 50], [], {"mean": 1, "std": 2, "a": 0, "b": 1.5}),
    ("xavier_uniform_", [40, 50], [], {}),
    ("xavier_uniform_", [10, 6, 5, 7], [], {"gain": 1.5}),
    ("xavier_normal_", [40, 50], [], {}),
    ("xavier_normal_", [10, 6, 5, 7], [], {"gain": 1.5}),
    ("kaiming_uniform_", [40, 50], [], {}),
    ("kaiming_uniform_", [10, 6, 5, 7], [], {"mode": "fan_out", "nonlinearity": "relu"}),
    ("kaiming_uniform_", [40, 50], [], {"a": 2.25}),
    ("kaiming_normal_", [40, 50], [], {}),
    ("kaiming_normal_", [10, 6, 5, 7], [], {"mode": "fan_out", "nonlinearity": "tanh"}),
    ("orthogonal_", [40, 50], [], {}),
    ("orthogonal_", [50, 8, 5], [], {"gain": 2.5}),
    ("sparse_", [40, 50], [0.25], {}),
    ("sparse_", [40, 50], [0.3], {"std": 2}),
]


def starts():
    found = []
    for name, shape, args, options in STARTS:
        torch.manual_seed(0)
        fill = getattr(nn.init, name)
        values = torch.stack([fill(torch.empty(shape), *args, **options) for _ in range(20)]).double()
        found.append({
            "init": camel(name.removesuffix("_")) + "_",
            "shape": shape,
            "args": [number(float(v)) for v in args],
            "options": {camel(k): number(float(v)) if isinstance(v, (int, float)) else v for k, v in options.items()},
            "mean": number(round(values.mean().item(), 6)),
            "deviation": number(round(values.std(unbiased=False).item(), 6)),
            "least": number(round(values.min().item(), 6)),
            "largest": number(round(values.max().item(), 6)),
        })  # fmt: skip
    return found


# what is filled without chance
FILLS = [
    ("constant_", [2, 3], [0.25], {}),
    ("ones_", [2, 3], [], {}),
    ("zeros_", [3], [], {}),
    ("eye_", [3, 3], [], {}),
    ("eye_", [2, 4], [], {}),
    ("eye_", [4, 2], [], {}),
    ("dirac_", [2, 3, 3], [], {}),
    ("dirac_", [3, 2, 4], [], {}),
    ("dirac_", [4, 2, 3], [], {"groups": 2}),
    ("dirac_", [6, 1, 2, 3], [], {"groups": 3}),
    ("dirac_", [2, 2, 2, 3], [], {}),
    ("dirac_", [2, 1, 2, 3, 2], [], {"groups": 2}),
    ("xavier_normal_", [2, 0], [], {}),
    ("kaiming_uniform_", [2, 0], [], {}),
    ("orthogonal_", [0, 2], [], {}),
]


def fills():
    return [
        {
            "init": camel(name.removesuffix("_")) + "_",
            "args": [number(float(v)) for v in args],
            "options": {camel(k): v for k, v in options.items()},
            "filled": tensor(getattr(nn.init, name)(torch.rand(shape), *args, **options)),
        }
        for name, shape, args, options in FILLS
    ]


NONLINEARITIES = [
    *["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"],
    *["sigmoid", "tanh", "relu", "leaky_relu", "selu"],
]


def gains():
    asked = [(name, None) for name in NONLINEARITIES] + [("leaky_relu", 0), ("leaky_relu", 0.5), ("leaky_relu", -2)]
    return [[name, param, number(float(nn.init.calculate_gain(name, param)))] for name, param in asked]


def fans():
    shapes = [[2, 3], [2, 3, 4], [2, 3, 4, 5], [0, 3]]
    return [[shape, *nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))] for shape in shapes]


def results():
    return {
        "clipNorms": clip_norms(),
        "clipValues": clip_values(),
        "starts": starts(),
        "fills": fills(),
        "gains": gains(),
        "fans": fans(),
    }
