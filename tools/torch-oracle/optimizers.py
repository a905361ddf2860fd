"""Fifty steps of each optimiser in float64 on given gradients, what it remembers then, and what it says of bad options."""

import torch

from cases import Draw, camel
from encode import number, tensor
from own_optimizers import OWN

STEPS, EVERY = 50, 10

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
    "Adagrad": [
        {}, {"lr": 0.1, "lr_decay": 0.05}, {"lr": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}, {"lr": 0.1, "eps": 1e-3, "maximize": True},
    ],
    "Adadelta": [{}, {"rho": 0.8, "weight_decay": 0.1}, {"lr": 0.5, "eps": 1e-3, "maximize": True}],
    "Adamax": [{}, {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.1}, {"lr": 0.05, "eps": 0.1, "maximize": True}],
    "NAdam": [
        {}, {"lr": 0.05, "momentum_decay": 0.1, "weight_decay": 0.1}, {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.05, "betas": [0.5, 0.7], "eps": 1e-3, "maximize": True},
    ],
    "RAdam": [
        {}, {"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.05, "betas": [0.5, 0.97], "eps": 1e-3, "maximize": True}, {"lr": 0.05, "betas": [0.5, 0.6]},
    ],
    "ASGD": [{}, {"lr": 0.1, "lambd": 0.01, "alpha": 0.5}, {"lr": 0.1, "t0": 10, "weight_decay": 0.1}, {"lr": 0.05, "t0": 0, "maximize": True}],
    "Rprop": [{}, {"lr": 0.1, "etas": [0.3, 1.5], "step_sizes": [0.01, 0.2]}, {"lr": 0.05, "maximize": True}],
    "Lion": [
        {}, {"lr": 0.02}, {"lr": 0.02, "betas": [0.5, 0.7]}, {"lr": 0.02, "weight_decay": 0.1}, {"lr": 0.02, "weight_decay": 0.01, "maximize": True},
    ],
    "Adafactor": [
        {}, {"lr": 0.5, "d": 2.0}, {"lr": 0.1, "beta2_decay": -0.5, "weight_decay": 0.1}, {"lr": 0.1, "eps": [0.5, 0.9]}, {"lr": 0.1, "eps": [0.0, 1e-3], "maximize": True},
    ],
    "Muon": [
        {}, {"lr": 0.02, "momentum": 0.5, "nesterov": False}, {"lr": 0.02, "weight_decay": 0.0, "adjust_lr_fn": "match_rms_adamw"},
        {"lr": 0.02, "ns_steps": 2, "ns_coefficients": [1.5, -0.5, 0.1], "eps": 1.0, "adjust_lr_fn": "original"},
    ],
}  # fmt: skip

# these take matrices alone
MATRICES = {"Muon"}

# LBFGS looks for its gradients itself, in `valley`
SEARCHES = [
    {"max_iter": 1}, {"lr": 0.1, "max_iter": 2, "history_size": 5}, {"max_iter": 1, "history_size": 8, "line_search_fn": "strong_wolfe"}, {"max_iter": 2, "history_size": 2, "line_search_fn": "strong_wolfe"},
    {"lr": 0.5, "max_iter": 4, "max_eval": 3, "line_search_fn": "strong_wolfe"}, {"lr": 0.3, "max_iter": 3, "tolerance_grad": 0.5, "tolerance_change": 1e-3},
]  # fmt: skip

# options that are refused, for the sentence
BAD = {
    "SGD": [{"lr": -0.5}, {"lr": 0.1, "momentum": -0.5}, {"lr": 0.1, "weight_decay": -0.5}, {"lr": 0.1, "nesterov": True}],
    "Adam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"betas": [0.5, -0.5]}, {"weight_decay": -0.5}],
    "AdamW": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"weight_decay": -0.5}],
    "RMSprop": [{"lr": -0.5}, {"eps": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}, {"alpha": -0.5}],
    "Adagrad": [{"lr": -0.5}, {"lr_decay": -0.5}, {"weight_decay": -0.5}, {"initial_accumulator_value": -0.5}, {"eps": -0.5}],
    "Adadelta": [{"lr": -0.5}, {"rho": -0.5}, {"rho": 1.5}, {"eps": -0.5}, {"weight_decay": -0.5}],
    "Adamax": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"betas": [0.5, -0.5]}, {"weight_decay": -0.5}],
    "NAdam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"betas": [0.5, -0.5]}, {"weight_decay": -0.5}, {"momentum_decay": -0.5}],
    "RAdam": [{"lr": -0.5}, {"eps": -0.5}, {"betas": [1.5, 0.9]}, {"betas": [0.5, -0.5]}, {"weight_decay": -0.5}],
    "ASGD": [{"lr": -0.5}, {"weight_decay": -0.5}],
    "Rprop": [{"lr": -0.5}, {"etas": [1.5, 2.5]}, {"etas": [0.5, 0.75]}, {"etas": [-0.5, 1.5]}],
    "Lion": [{"lr": -0.5}, {"betas": [1.5, 0.9]}, {"weight_decay": -0.5}],
    "Adafactor": [{"lr": -0.5}, {"beta2_decay": 0.5}, {"eps": [-0.5, 0.5]}, {"eps": [None, -0.5]}, {"d": 0.5}, {"weight_decay": -0.5}],
    "Muon": [{"lr": -0.5}, {"momentum": -0.5}, {"weight_decay": -0.5}, {"adjust_lr_fn": "double"}],
}


def shown(options):
    return {camel(k): number(v) if isinstance(v, float) else v for k, v in options.items()}


def made(name, params, options):
    if name in OWN:
        return OWN[name](params, **options)
    # PyTorch's plain implementation, parameter by parameter
    plain = {} if name == "LBFGS" else {"foreach": False}
    return getattr(torch.optim, name)(params, **options, **plain)


def sentence(name, options):
    try:
        made(name, [torch.ones(1, 1)], options)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{name} takes {options}")


def trajectories():
    """The head ({ steps, every, initial, grads, matrices }) and a list of { optimizer, samples }."""
    # counts and products that PyTorch keeps in tensors are of this dtype
    torch.set_default_dtype(torch.float64)
    draw = Draw(8)
    initial = [draw.floats(2, 3), draw.floats(3)]
    grads = [[draw.floats(2, 3, low=-2, high=2), draw.floats(3, low=-2, high=2)] for _ in range(STEPS)]
    draw = Draw(9)
    matrices = [draw.floats(2, 3), draw.floats(4, 2)], [[draw.floats(2, 3, low=-2, high=2), draw.floats(4, 2, low=-2, high=2)] for _ in range(STEPS)]
    head = {"steps": STEPS, "every": EVERY} | given(initial, grads) | {"matrices": given(*matrices)}
    items = [
        (name, [run(name, options, *(matrices if name in MATRICES else (initial, grads))) for options in every] + refusals(name))
        for name, every in RUNS.items()
    ]
    items.append(("LBFGS", [search(options, initial) for options in SEARCHES]))
    torch.set_default_dtype(torch.float32)
    return head, items


def given(initial, grads):
    return {"initial": [tensor(p) for p in initial], "grads": [[tensor(g)["data"] for g in step] for step in grads]}


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
    state = [{camel(k): remembered(k, v) for k, v in optimizer.state[p].items() if v is not None} for p in params]
    return {"options": shown(options), "after": after, "state": state} | ({"matrices": True} if name in MATRICES else {})


def remembered(name, value):
    """Elements, or one number, which is a tensor in some optimisers."""
    if name == "step":
        return int(value)
    value = torch.as_tensor(value)
    return number(value.item()) if value.dim() == 0 else tensor(value)["data"]


def valley(x, y):
    """Rosenbrock's function in many dimensions: x is [2, 3], y [3]."""
    return ((1 - x) ** 2).sum() + 10 * ((y - x**2) ** 2).sum()


def search(options, initial):
    """Steps of LBFGS, their losses, and how often it looked."""
    params = [(p / 4).clone().requires_grad_() for p in initial]
    optimizer = made("LBFGS", params, options)

    def closure():
        optimizer.zero_grad()
        loss = valley(*params)
        loss.backward()
        return loss

    losses, after = [], []
    for step in range(STEPS):
        losses.append(number(optimizer.step(closure).item()))
        if (step + 1) % EVERY == 0:
            after.append([tensor(p)["data"] for p in params])
    state = optimizer.state[params[0]]
    return {"options": shown(options), "losses": losses, "searched": after, "evals": state["func_evals"], "iterations": state["n_iter"]}


def refusals(name):
    return [{"options": shown(options), "refused": sentence(name, options)} for options in BAD.get(name, [])]


# optimisers under loss scaling; the steps whose gradients overflow, some in a row
SCALED = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}],
    "Adam": [{"lr": 0.05}, {"lr": 0.05, "betas": [0.5, 0.7], "weight_decay": 0.01, "amsgrad": True}],
    "AdamW": [{"lr": 0.05, "weight_decay": 0.1}],
    "RMSprop": [{"lr": 0.02}, {"lr": 0.02, "alpha": 0.9, "momentum": 0.5, "centered": True}],
    "Adadelta": [{"lr": 0.5}],
    "Adagrad": [{"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2}],
    "Adamax": [{"lr": 0.05}],
    "Rprop": [{"lr": 0.01}],
    "Lion": [{"lr": 0.02, "weight_decay": 0.1}],
    "RAdam": [{"lr": 0.05, "weight_decay": 0.1}, {"lr": 0.05, "betas": [0.5, 0.97], "weight_decay": 0.1, "decoupled_weight_decay": True}, {"lr": 0.05, "betas": [0.5, 0.6]}],
    "NAdam": [
        {"lr": 0.05, "momentum_decay": 0.1, "weight_decay": 0.1}, {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.05, "betas": [0.5, 0.7], "eps": 1e-3, "maximize": True},
    ],
    "ASGD": [{"lr": 0.1, "lambd": 0.01, "alpha": 0.5}, {"lr": 0.1, "t0": 10, "weight_decay": 0.1}, {"lr": 0.05, "t0": 0, "maximize": True}],
    "Adafactor": [{}, {"lr": 0.1, "beta2_decay": -0.5, "weight_decay": 0.1, "maximize": True}],
    "Muon": [{}, {"lr": 0.02, "momentum": 0.5, "nesterov": False}],
}  # fmt: skip
OVERFLOWS = {0: float("inf"), 1: float("nan"), 7: float("-inf"), 8: float("inf"), 20: float("nan")}
SCALER = {"init_scale": 1024.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 4}
SCALED_STEPS = 30


def scaled():
    """As `trajectories`, under the documented rule of GradScaler: unscale, leave steps with overflow out, and change the scale."""
    # as for `trajectories`
    torch.set_default_dtype(torch.float64)
    draw = Draw(9)
    initial = [draw.floats(2, 3), draw.floats(3)]
    grads = [[draw.floats(2, 3, low=-2, high=2), draw.floats(3, low=-2, high=2)] for _ in range(SCALED_STEPS)]
    draw = Draw(10)
    matrices = [draw.floats(2, 3), draw.floats(4, 2)], [[draw.floats(2, 3, low=-2, high=2), draw.floats(4, 2, low=-2, high=2)] for _ in range(SCALED_STEPS)]
    for step, value in OVERFLOWS.items():
        for each in (grads, matrices[1]):
            each[step][step % 2].view(-1)[1] = value
    head = {"scaler": {camel(k): v for k, v in SCALER.items()}} | given(initial, grads) | {"matrices": given(*matrices)}
    items = [
        (name, [scaled_run(name, options, *(matrices if name in MATRICES else (initial, grads))) for options in every])
        for name, every in SCALED.items()
    ]
    torch.set_default_dtype(torch.float32)
    return head, items


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
        {camel(k): int(v) if k == "step" else tensor(torch.as_tensor(v))["data"] for k, v in optimizer.state[p].items() if v is not None}
        for p in params
    ]
    ended = {"options": shown(options), "scales": scales, "after": [tensor(p)["data"] for p in params], "state": state}
    return ended | ({"matrices": True} if name in MATRICES else {})
