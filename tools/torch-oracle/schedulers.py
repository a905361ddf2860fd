"""Fifty steps of each scheduler: the learning rates of two groups after each, and momentum where it moves; what it says of bad options; averages of weights."""

import torch
from torch.optim import lr_scheduler, swa_utils

from cases import Draw, camel
from encode import Literal, shortest, tensor

STEPS = 50
LRS = [0.5, 0.03]

# functions of the epoch, by the name that a run gives them
FUNCTIONS = {
    "power": lambda epoch: 0.95**epoch,
    "fall": lambda epoch: 1 / (1 + epoch),
    "steady": lambda epoch: 0.9,
    "third": lambda x: 1 / (1 + x / 3),
}

LAST = {"cooldown": 2, "patience": 1}


def scheduler(name, *args, **options):
    """A scheduler in a list of them."""
    return {"scheduler": name, "args": list(args), "options": options}


# scheduler, arguments after the optimiser, options; "optimizer" is SGD with momentum if a run doesn't say otherwise
RUNS = {
    "LambdaLR": [(["power"], {}), ([["power", "fall"]], {})],
    "MultiplicativeLR": [(["steady"], {}), ([["steady", "power"]], {})],
    "StepLR": [([7], {}), ([10], {"gamma": 0.5})],
    "MultiStepLR": [([[5, 20, 30]], {}), ([[30, 4, 4, 12]], {"gamma": 0.5})],
    "ConstantLR": [([], {}), ([], {"factor": 0.25, "total_iters": 12}), ([], {"factor": 0.5, "total_iters": 0})],
    "LinearLR": [([], {}), ([], {"start_factor": 0.01, "total_iters": 20}), ([], {"start_factor": 1.0, "end_factor": 0.25, "total_iters": 40})],
    "ExponentialLR": [([0.9], {})],
    "PolynomialLR": [([], {}), ([], {"total_iters": 30, "power": 2.0}), ([], {"total_iters": 60, "power": 0.5})],
    "CosineAnnealingLR": [([50], {}), ([8], {}), ([12], {"eta_min": 0.01})],
    "CosineAnnealingWarmRestarts": [([10], {}), ([4], {"T_mult": 2}), ([5], {"T_mult": 3, "eta_min": 0.01})],
    "CyclicLR": [
        ([0.01, 0.2], {"step_size_up": 5}), ([0.01, 0.2], {"step_size_up": 3, "step_size_down": 8, "mode": "triangular2"}),
        ([[0.01, 0.001], [0.2, 0.1]], {"step_size_up": 6, "mode": "exp_range", "gamma": 0.97, "base_momentum": [0.7, 0.5], "max_momentum": 0.95}),
        ([0.01, 0.2], {"step_size_up": 5, "scale_fn": "third", "cycle_momentum": False}), ([0.01, 0.2], {"step_size_up": 5, "scale_fn": "third", "scale_mode": "iterations"}),
    ],
    "OneCycleLR": [
        ([0.2], {"total_steps": 51}), ([[0.2, 0.1]], {"epochs": 10, "steps_per_epoch": 6, "pct_start": 0.4, "anneal_strategy": "linear"}),
        ([0.2], {"total_steps": 50, "three_phase": True, "pct_start": 0.25, "base_momentum": 0.6, "max_momentum": [0.9, 0.99]}),
        ([0.2], {"total_steps": 60, "div_factor": 4.0, "final_div_factor": 10.0, "cycle_momentum": False}), ([0.2], {"total_steps": 55, "pct_start": 0.0}),
        ([0.2], {"optimizer": "Adam", "total_steps": 51}),
    ],
    "SequentialLR": [
        ([[scheduler("LinearLR", start_factor=0.01, total_iters=5), scheduler("CosineAnnealingLR", 45)], [5]], {}),
        ([[scheduler("ConstantLR", total_iters=4), scheduler("StepLR", 6), scheduler("ExponentialLR", 0.9)], [10, 30]], {}),
        ([[scheduler("ExponentialLR", 0.9), scheduler("MultiplicativeLR", "steady"), scheduler("CosineAnnealingWarmRestarts", 6)], [8, 20]], {}),
        ([[scheduler("PolynomialLR", total_iters=10), scheduler("LambdaLR", "power"), scheduler("MultiStepLR", [3, 9], gamma=0.5)], [5, 25]], {}),
    ],
    "ChainedScheduler": [
        ([[scheduler("ConstantLR", factor=0.1, total_iters=20), scheduler("ExponentialLR", 0.9)]], {}),
        ([[scheduler("LinearLR", total_iters=8), scheduler("StepLR", 10, gamma=0.5), scheduler("MultiplicativeLR", "steady")]], {}),
    ],
    "ReduceLROnPlateau": [
        ([], {}), ([], {"patience": 2, "factor": 0.5}), ([], {"mode": "max", "patience": 3, "min_lr": [0.01, 0.001]}), ([], LAST), ([], LAST | {"threshold": 0.3}),
        ([], LAST | {"threshold": 0.2, "threshold_mode": "abs"}), ([], {"mode": "max", "threshold": 0.1, "threshold_mode": "abs", "patience": 1}), ([], LAST | {"eps": 0.01, "min_lr": 1e-3}),
    ],
    "SWALR": [
        ([0.05], {}), ([[0.05, 0.02]], {"anneal_epochs": 20, "anneal_strategy": "linear"}), ([0.05], {"anneal_epochs": 0}),
    ],
}  # fmt: skip

# what is refused, where PyTorch says it with a ValueError
BAD = {
    "LambdaLR": [([["power"]], {})],
    "MultiplicativeLR": [([["power"] * 3], {})],
    "ConstantLR": [([], {"factor": 1.5}), ([], {"factor": -0.5})],
    "LinearLR": [([], {"end_factor": 1.5}), ([], {"end_factor": -0.5})],
    "CosineAnnealingWarmRestarts": [([0], {}), ([-3], {}), ([5], {"T_mult": 0})],
    "CyclicLR": [([0.01, 0.2], {"mode": "square"}), ([0.01, 0.2], {"mode": "triangular3"})],
    "OneCycleLR": [
        ([0.2], {}), ([0.2], {"total_steps": -1}), ([0.2], {"total_steps": 0}), ([0.2], {"epochs": 0, "steps_per_epoch": 5}), ([0.2], {"epochs": 5, "steps_per_epoch": -1}),
        ([0.2], {"total_steps": 9, "pct_start": -0.5}), ([0.2], {"total_steps": 9, "pct_start": 1.5}),
    ],
    "SequentialLR": [([[scheduler("ExponentialLR", 0.9)], [3]], {}), ([[scheduler("ExponentialLR", 0.9), scheduler("StepLR", 3)], []], {})],
    "ReduceLROnPlateau": [([], {"factor": 1.5}), ([], {"mode": "least"}), ([], {"threshold_mode": "both"}), ([], {"min_lr": [0.1]})],
    "SWALR": [([[0.1]], {}), ([0.1], {"anneal_epochs": -1})],
}  # fmt: skip

# for ReduceLROnPlateau: a loss that falls, rests and rises
METRICS = [round(1 / (1 + k % 17) + (0.3 if k > 30 else 0) + 0.05 * (k % 3), 6) for k in range(STEPS)]

# for CosineAnnealingWarmRestarts.step(epoch)
EPOCHS = [k * 0.625 for k in range(STEPS)]


def optimizer_of(options):
    groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in LRS]
    if options.get("optimizer") == "Adam":
        return torch.optim.Adam(groups)
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def plain(value):
    """Arguments as PyTorch takes them: functions for their names, None for a scheduler's optimiser."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    return FUNCTIONS.get(value, value) if isinstance(value, str) else value


def made(name, optimizer, args, options):
    cls = swa_utils.SWALR if name == "SWALR" else getattr(lr_scheduler, name)
    args = [
        [made(s["scheduler"], optimizer, s["args"], s["options"]) for s in arg] if isinstance(arg, list) and arg and isinstance(arg[0], dict) else plain(arg)
        for arg in args
    ]
    given = {k: plain(v) for k, v in options.items() if k != "optimizer"}
    return cls(*args, **given) if name == "ChainedScheduler" else cls(optimizer, *args, **given)


def shown(value):
    """Options with names in camelCase, in schedulers within arguments too."""
    if isinstance(value, dict):
        return {camel(k[0].lower() + k[1:]): shown(v) for k, v in value.items()}
    return [shown(v) for v in value] if isinstance(value, list) else value


def digits(x):
    return Literal(shortest(f"{x:.13g}"))


def momentum(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


def run(name, args, options, epochs=None):
    optimizer = optimizer_of(options)
    it = made(name, optimizer, args, options)
    groups = optimizer.param_groups
    lrs, momentums = [[] for _ in groups], [[] for _ in groups]

    def note():
        for k, group in enumerate(groups):
            lrs[k].append(digits(group["lr"]))
            momentums[k].append(digits(momentum(group)))

    note()
    for step in range(STEPS):
        optimizer.step()
        if name == "ReduceLROnPlateau":
            it.step(METRICS[step])
        elif epochs is not None:
            it.step(epochs[step])
        else:
            it.step()
        note()
    sample = {"args": shown(args), "options": shown(options), "lrs": lrs}
    if name in ("CyclicLR", "OneCycleLR") and options.get("cycle_momentum", True):
        sample["momentums"] = momentums
    if epochs is not None:
        sample["epochs"] = epochs
    return sample


def refused(name, args, options):
    try:
        made(name, optimizer_of(options), args, options)
    except ValueError as error:
        return {"args": shown(args), "options": shown(options), "refused": str(error)}
    raise AssertionError(f"{name} takes {args} {options}")


def averages():
    """The weights of a layer over time, their averages after each, and the statistics of a normalisation anew."""
    draw = Draw(10)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)).double()
    weights = [[draw.floats(*p.shape) for p in model.parameters()] for _ in range(6)]
    kinds = {"swa": None, "ema": lambda average, now, _: 0.9 * average + 0.1 * now}
    models = {kind: swa_utils.AveragedModel(model, avg_fn=fn) for kind, fn in kinds.items()}
    after = {kind: [] for kind in kinds}
    for now in weights:
        for p, value in zip(model.parameters(), now):
            p.data.copy_(value)
        for kind, averaged in models.items():
            averaged.update_parameters(model)
            after[kind].append([tensor(p)["data"] for p in averaged.parameters()])
    batches = [draw.floats(size, 2) for size in (4, 4, 6)]
    swa_utils.update_bn(batches, models["swa"])
    norm = models["swa"].module[1]
    return {
        "weights": [[tensor(p)["data"] for p in now] for now in weights],
        "after": after,
        "names": list(models["swa"].state_dict()),
        "batches": [tensor(x) for x in batches],
        "statistics": [tensor(norm.running_mean)["data"], tensor(norm.running_var)["data"]],
    }


def trajectories():
    head = {"steps": STEPS, "lrs": LRS, "metrics": METRICS, "averages": averages()}
    items = []
    for name, runs in RUNS.items():
        samples = [run(name, args, options) for args, options in runs]
        if name == "CosineAnnealingWarmRestarts":
            samples += [run(name, args, options, EPOCHS) for args, options in runs]
        items.append((name, samples + [refused(name, args, options) for args, options in BAD.get(name, [])]))
    return head, items
