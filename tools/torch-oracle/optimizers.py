"""Fifty steps of each optimiser in float64 on given gradients, what it remembers then, and what it says of bad options."""

import torch

from cases import Draw, camel
from encode import number, tensor

STEPS, EVERY = 50, 10

# optimisers that torch.optim doesn't have, by name: subclasses of torch.optim.Optimizer
OWN = {}

# the options of each run
RUNS = {
    "SGD": [
        {"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}, {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "weight_decay": 0.01}, {"lr": 0.01, "momentum": 0.9, "weight_decay": 5e-4}, {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.1, "maximize": True, "momentum": 0.9},
    ],
    "Adam": [
        {}, {"lr": 0.05}, {"lr": 0.05, "betas": [0.8, 0.9]}, {"lr": 0.05, "eps": 1e-3}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.05, "amsgrad": True},
        {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.01, "amsgrad": True}, {"lr": 0.05, "maximize": True},
    ],
    "AdamW": [{}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.05, "weight_decay": 0, "amsgrad": True}, {"lr": 0.05, "maximize": True}],
    "RMSprop": [
        {}, {"lr": 0.02}, {"lr": 0.02, "alpha": 0.8}, {"lr": 0.02, "eps": 1e-3}, {"lr": 0.02, "momentum": 0.9}, {"lr": 0.02, "centered": True},
        {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True, "weight_decay": 0.01},
    ],
}  # fmt: skip

# options that are refused, for the sentence
BAD = {
    "SGD": [{"lr": -0.5}, {"lr": 0.1, "momentum": -0.5}, {"lr": 0.1, "weight_decay": -0.5}, {"lr": 0.1, "nesterov": True}],
    "Adam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"betas": [0.5, -0.5]}, {"weight_decay": -0.5}],
    "AdamW": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"weight_decay": -0.5}],
    "RMSprop": [{"lr": -0.5}, {"eps": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}, {"alpha": -0.5}],
}


def shown(options):
    return {camel(k): number(v) if isinstance(v, float) else v for k, v in options.items()}


def made(name, params, options):
    if name in OWN:
        return OWN[name](params, **options)
    # PyTorch's plain implementation, parameter by parameter
    return getattr(torch.optim, name)(params, **options, foreach=False)


def sentence(name, options):
    try:
        made(name, [torch.ones(1)], options)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{name} takes {options}")


def trajectories():
    """The head ({ steps, every, initial, grads }) and a list of { optimizer, samples }."""
    draw = Draw(8)
    initial = [draw.floats(2, 3), draw.floats(3)]
    grads = [[draw.floats(2, 3, low=-2, high=2), draw.floats(3, low=-2, high=2)] for _ in range(STEPS)]
    head = {
        "steps": STEPS,
        "every": EVERY,
        "initial": [tensor(p) for p in initial],
        "grads": [[tensor(g)["data"] for g in step] for step in grads],
    }
    return head, [(name, [run(name, options, initial, grads) for options in every] + refusals(name)) for name, every in RUNS.items()]


def run(name, options, initial, grads):
    params = [p.clone().requires_grad_() for p in initial]
    optimizer = made(name, params, options)
    after = []
    for step in range(STEPS):
        for p, g in zip(params, grads[step]):
            p.grad = g.clone()
        optimizer.step()
        if (step + 1) % EVERY == 0:
            after.append([tensor(p)["data"] for p in params])
    # the count of steps is a tensor in some optimisers and a number in others
    state = [
        {camel(k): int(v) if k == "step" else tensor(v)["data"] for k, v in optimizer.state[p].items() if v is not None}
        for p in params
    ]
    return {"options": shown(options), "after": after, "state": state}


def refusals(name):
    return [{"options": shown(options), "refused": sentence(name, options)} for options in BAD.get(name, [])]


# optimisers under loss scaling; the steps whose gradients overflow, some in a row
SCALED = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}],
    "Adam": [{"lr": 0.05}, {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.01, "amsgrad": True}],
    "AdamW": [{"lr": 0.05, "weight_decay": 0.1}],
    "RMSprop": [{"lr": 0.02}, {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True}],
}
OVERFLOWS = {0: float("inf"), 1: float("nan"), 7: float("-inf"), 8: float("inf"), 20: float("nan")}
SCALER = {"init_scale": 1024.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 4}
SCALED_STEPS = 30


def scaled():
    """As `trajectories`, under the documented rule of GradScaler: unscale, leave steps with overflow out, and change the scale."""
    draw = Draw(9)
    initial = [draw.floats(2, 3), draw.floats(3)]
    grads = [[draw.floats(2, 3, low=-2, high=2), draw.floats(3, low=-2, high=2)] for _ in range(SCALED_STEPS)]
    for step, value in OVERFLOWS.items():
        grads[step][step % 2].view(-1)[1] = value
    head = {
        "scaler": {camel(k): v for k, v in SCALER.items()},
        "initial": [tensor(p) for p in initial],
        "grads": [[tensor(g)["data"] for g in step] for step in grads],
    }
    return head, [(name, [scaled_run(name, options, initial, grads) for options in every]) for name, every in SCALED.items()]


def scaled_run(name, options, initial, grads):
    params = [p.clone().requires_grad_() for p in initial]
    optimizer = made(name, params, options)
    scale, good, scales = SCALER["init_scale"], 0, []
    for step in grads:
        for p, g in zip(params, step):
            p.grad = g * scale
        if all(p.grad.isfinite().all() for p in params):
            for p in params:
                p.grad /= scale
            optimizer.step()
            good += 1
            if good == SCALER["growth_interval"]:
                scale, good = scale * SCALER["growth_factor"], 0
        else:
            scale, good = scale * SCALER["backoff_factor"], 0
        scales.append(scale)
    state = [
        {camel(k): int(v) if k == "step" else tensor(v)["data"] for k, v in optimizer.state[p].items() if v is not None}
        for p in params
    ]
    return {"options": shown(options), "scales": scales, "after": [tensor(p)["data"] for p in params], "state": state}
