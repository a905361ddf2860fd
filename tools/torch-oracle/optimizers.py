"""Fifty steps of the optimisers in float64, on given gradients."""

import torch

from cases import Draw
from encode import number, tensor

STEPS, EVERY = 50, 10

RUNS = [
    ("SGD", torch.optim.SGD, options)
    for options in [
        {"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}, {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "weight_decay": 0.01}, {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}, {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.1, "maximize": True, "momentum": 0.9},
    ]
] + [
    ("Adam", torch.optim.Adam, options)
    for options in [
        {}, {"lr": 0.05}, {"lr": 0.05, "betas": [0.8, 0.9]}, {"lr": 0.05, "eps": 1e-3}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.05, "amsgrad": True},
        {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.01, "amsgrad": True}, {"lr": 0.05, "maximize": True},
    ]
] + [
    ("RMSprop", torch.optim.RMSprop, options)
    for options in [
        {}, {"lr": 0.02}, {"lr": 0.02, "alpha": 0.8}, {"lr": 0.02, "eps": 1e-3}, {"lr": 0.02, "momentum": 0.9}, {"lr": 0.02, "centered": True},
        {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    ]
]  # fmt: skip

CAMEL = {"weight_decay": "weightDecay"}


def trajectories():
    """The head ({ steps, every, initial, grads }) and a list of { optimizer, options, after }."""
    draw = Draw(8)
    initial = [draw.floats(2, 3), draw.floats(3)]
    grads = [[draw.floats(2, 3, low=-2, high=2), draw.floats(3, low=-2, high=2)] for _ in range(STEPS)]
    head = {
        "steps": STEPS,
        "every": EVERY,
        "initial": [tensor(p) for p in initial],
        "grads": [[tensor(g)["data"] for g in step] for step in grads],
    }
    runs = []
    for name, make, options in RUNS:
        params = [p.clone().requires_grad_() for p in initial]
        optimizer = make(params, **options, foreach=False)
        after = []
        for step in range(STEPS):
            for p, g in zip(params, grads[step]):
                p.grad = g.clone()
            optimizer.step()
            if (step + 1) % EVERY == 0:
                after.append([tensor(p)["data"] for p in params])
        shown = {CAMEL.get(k, k): number(v) if isinstance(v, float) else v for k, v in options.items()}
        runs.append({"optimizer": name, "options": shown, "after": after})
    return head, runs
