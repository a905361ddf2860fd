"""What torch.nn.utils and torch.nn.init do: gradients clipped, starting values."""

import torch
from torch import nn

from cases import Draw, inf, nan
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


def results():
    return {"clipNorms": clip_norms(), "clipValues": clip_values()}
