"""Optimisers that torch.optim 1.13 doesn't have, or has otherwise than PyTorch 2, as PyTorch 2's documentation and their papers define them."""

import math

import torch


class Own(torch.optim.Optimizer):
    """Checks options, goes through the parameters, and calls `one` with each, its gradient, its state and the options."""

    # default of each option, and of those that are checked: when it is good, and the sentence otherwise
    defaults_ = {}
    checks = {}

    def __init__(self, params, **options):
        options = self.defaults_ | options
        for name, (good, sentence) in self.checks.items():
            if not good(options[name]):
                raise ValueError(sentence(options[name]))
        super().__init__(params, options)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if self.counts:
                    state["step"] = state.get("step", 0) + 1
                self.one(p, -p.grad if group.get("maximize") else p.grad, state, group)

    counts = True


def at_least_0(name, form="Invalid {name}: {x}"):
    return (lambda x: x >= 0), lambda x: form.format(name=name, x=x)


def betas(values):
    bad = [(i, beta) for i, beta in enumerate(values) if not 0 <= beta < 1]
    return f"Invalid beta parameter at index {bad[0][0]}: {bad[0][1]}" if bad else None


ADAM_CHECKS = {
    "lr": at_least_0("learning rate"),
    "eps": at_least_0("epsilon value"),
    "betas": ((lambda v: betas(v) is None), betas),
    "weight_decay": at_least_0("weight_decay value"),
}


def decayed(p, grad, group):
    """Weight decay, into the parameter or the gradient."""
    if group["decoupled_weight_decay"]:
        p.mul_(1 - group["lr"] * group["weight_decay"])
        return grad
    return grad + group["weight_decay"] * p


def moments(p, grad, state, group):
    """The running means of the gradient and of its square."""
    beta1, beta2 = group["betas"]
    mean = state.setdefault("exp_avg", torch.zeros_like(p))
    square = state.setdefault("exp_avg_sq", torch.zeros_like(p))
    mean.mul_(beta1).add_(grad, alpha=1 - beta1)
    square.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    return mean, square


class NAdam(Own):
    """1.13 multiplies the product of momenta by the current one twice; PyTorch 2 and the paper don't."""

    defaults_ = {
        "lr": 2e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "momentum_decay": 4e-3, "decoupled_weight_decay": False, "maximize": False,
    }  # fmt: skip
    checks = ADAM_CHECKS | {"momentum_decay": at_least_0("momentum_decay value")}

    def one(self, p, grad, state, group):
        grad = decayed(p, grad, group)
        lr, (beta1, beta2), t = group["lr"], group["betas"], state["step"]
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (k * group["momentum_decay"])) for k in (t, t + 1))
        product = state["mu_product"] = state.get("mu_product", 1.0) * mu
        mean, square = moments(p, grad, state, group)
        blended = mu_next * mean / (1 - product * mu_next) + (1 - mu) * grad / (1 - product)
        p.sub_(lr * blended / ((square / (1 - beta2**t)).sqrt() + group["eps"]))


class RAdam(Own):
    defaults_ = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0, "decoupled_weight_decay": False, "maximize": False}
    checks = ADAM_CHECKS

    def one(self, p, grad, state, group):
        grad = decayed(p, grad, group)
        (beta1, beta2), t = group["betas"], state["step"]
        mean, square = moments(p, grad, state, group)
        corrected = mean / (1 - beta1**t)
        most = 2 / (1 - beta2) - 1
        rho = most - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            rectified = math.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
            p.sub_(group["lr"] * corrected * rectified * math.sqrt(1 - beta2**t) / (square.sqrt() + group["eps"]))
        else:
            p.sub_(group["lr"] * corrected)


class Lion(Own):
    defaults_ = {"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0.0, "maximize": False}
    checks = {name: ADAM_CHECKS[name] for name in ("lr", "betas", "weight_decay")}
    counts = False

    def one(self, p, grad, state, group):
        beta1, beta2 = group["betas"]
        average = state.setdefault("exp_avg", torch.zeros_like(p))
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.add_(torch.sign(beta1 * average + (1 - beta1) * grad), alpha=-group["lr"])
        average.mul_(beta2).add_(grad, alpha=1 - beta2)


class Adafactor(Own):
    defaults_ = {"lr": 1e-2, "beta2_decay": -0.8, "eps": (None, 1e-3), "d": 1.0, "weight_decay": 0.0, "maximize": False}
    checks = {
        "lr": at_least_0("Learning rate", "{name} should be >= 0 but is: {x}"),
        "beta2_decay": ((lambda x: x <= 0), lambda x: f"beta2_decay should be <= 0 but is: {x}"),
        "eps": (
            lambda v: (v[0] is None or v[0] >= 0) and v[1] >= 0,
            lambda v: f"epsilon2 should be >= 0 but is: {v[1]}" if v[0] is None or v[0] >= 0 else f"epsilon1 should be >= 0 but is: {v[0]}",
        ),
        "d": ((lambda x: x >= 1), lambda x: f"Clipping threshold d should be >= 1 but is: {x}"),
        "weight_decay": at_least_0("weight_decay", "{name} should be >= 0 but is: {x}"),
    }

    def one(self, p, grad, state, group):
        lr, t, (eps1, eps2) = group["lr"], state["step"], group["eps"]
        eps1 = torch.finfo(p.dtype).eps if eps1 is None else eps1
        rest = t ** group["beta2_decay"]
        alpha = max(eps2, p.norm().item() / math.sqrt(p.numel())) * min(lr, 1 / math.sqrt(t))
        p.mul_(1 - lr * group["weight_decay"])
        squared = grad * grad
        if grad.dim() > 1:
            row, col = squared.mean(-1, keepdim=True), squared.mean(-2, keepdim=True)
            row = state["row_var"] = (1 - rest) * state.get("row_var", torch.zeros_like(row)) + rest * row
            col = state["col_var"] = (1 - rest) * state.get("col_var", torch.zeros_like(col)) + rest * col
            estimate = row @ col / row.mean(-2, keepdim=True).clamp(min=eps1)
        else:
            estimate = state["variance"] = (1 - rest) * state.get("variance", torch.zeros_like(p)) + rest * squared
        update = grad / estimate.clamp(min=eps1 * eps1).sqrt()
        p.sub_(update * (alpha / max(1.0, update.norm().item() / (math.sqrt(p.numel()) * group["d"]))))


class Muon(Own):
    """In the parameter's own precision: PyTorch iterates in bfloat16."""

    defaults_ = {
        "lr": 1e-3, "weight_decay": 0.1, "momentum": 0.95, "nesterov": True, "ns_coefficients": (3.4445, -4.775, 2.0315), "eps": 1e-7, "ns_steps": 5,
        "adjust_lr_fn": None,
    }  # fmt: skip
    checks = {
        "lr": at_least_0("Learning rate", "{name} should be >= 0 but is: {x}"),
        "momentum": at_least_0("momentum", "{name} should be >= 0 but is: {x}"),
        "weight_decay": at_least_0("weight decay", "{name} should be >= 0 but is: {x}"),
        "adjust_lr_fn": (lambda x: x in (None, "original", "match_rms_adamw"), lambda x: f"Adjust learning rate function {x} is not supported"),
    }
    counts = False

    def one(self, p, grad, state, group):
        momentum, (a, b, c) = group["momentum"], group["ns_coefficients"]
        buffer = state.setdefault("momentum_buffer", torch.zeros_like(p))
        buffer.lerp_(grad, 1 - momentum)
        x = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
        tall = x.size(0) > x.size(1)
        x = x.T if tall else x
        x = x / x.norm().clamp(min=group["eps"])
        for _ in range(group["ns_steps"]):
            gram = x @ x.T
            x = a * x + (b * gram + c * gram @ gram) @ x
        rows, columns = p.shape
        ratio = 0.2 * math.sqrt(max(rows, columns)) if group["adjust_lr_fn"] == "match_rms_adamw" else math.sqrt(max(1, rows / columns))
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.sub_(group["lr"] * ratio * (x.T if tall else x))


OWN = {
    "NAdam": NAdam,
    "RAdam": RAdam,
    "Lion": Lion,
    "Adafactor": Adafactor,
    "Muon": Muon,
}
