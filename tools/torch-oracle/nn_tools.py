"""What torch.nn.utils and torch.nn.init do: gradients clipped, starting values, parametrisations."""

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

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


class _WeightNorm(nn.Module):
    """PyTorch 2 has it in torch.nn.utils.parametrizations."""

    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return torch._weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        return torch.norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    return module


PARAMETRIZED = [
    (weight_norm, [4, 3], [], {}),
    (weight_norm, [4, 3], ["weight"], {"dim": 1}),
    (weight_norm, [4, 3], ["weight"], {"dim": None}),
    (weight_norm, [4, 3], ["bias"], {}),
    (parametrizations.spectral_norm, [4, 3], [], {}),
    (parametrizations.spectral_norm, [4, 3], ["weight"], {"dim": 1, "n_power_iterations": 3}),
    (parametrizations.spectral_norm, [4, 3], ["bias"], {}),
    (parametrizations.orthogonal, [3, 3], [], {}),
    (parametrizations.orthogonal, [4, 3], [], {}),
    (parametrizations.orthogonal, [3, 5], [], {}),
    (parametrizations.orthogonal, [5, 3], ["weight"], {"orthogonal_map": "cayley"}),
    (parametrizations.orthogonal, [3, 5], ["weight"], {"orthogonal_map": "matrix_exp"}),
    (parametrizations.orthogonal, [3, 3], ["weight"], {"orthogonal_map": "cayley", "use_trivialization": False}),
    (parametrizations.orthogonal, [5, 3], ["weight"], {"orthogonal_map": "householder", "use_trivialization": False}),
    (parametrizations.orthogonal, [3, 5], ["weight"], {"orthogonal_map": "householder", "use_trivialization": False}),
]


def parametrized(make, sizes, args, options):
    """The state of a parametrised linear layer, what it computes from other originals, and their gradients; in training, then in evaluation mode."""
    torch.manual_seed(4)
    draw = Draw(len(args) + sum(sizes) + len(options))
    module = nn.Linear(sizes[1], sizes[0]).double()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(draw.floats(*p.shape, low=-1, high=1))
    linear = {k: tensor(v) for k, v in module.state_dict().items()}
    make(module, *args, **options)
    name = args[0] if args else "weight"
    with torch.no_grad():
        for p in module.parametrizations[name].parameters():
            change = draw.floats(*p.shape, low=-0.5, high=0.5)
            # of reflections the diagonal says nothing but a sign
            if make is parametrizations.orthogonal:
                change.fill_diagonal_(0)
            p.add_(change)
    state = {k: tensor(v) for k, v in module.state_dict().items()}
    x = draw.floats(2, sizes[1])
    passes = []
    for train in [True, False]:
        module.train(train).zero_grad()
        output = module(x)
        output.square().sum().backward()
        grads = {k: tensor(p.grad) for k, p in module.named_parameters()}
        passes.append({"train": train, "output": tensor(output), "grads": grads, "buffers": {k: tensor(v) for k, v in module.named_buffers()}})
    return {
        "parametrization": camel(make.__name__),
        "sizes": sizes,
        "args": args,
        "options": {camel(k): v for k, v in options.items()},
        "text": repr(module),
        "linear": linear,
        "state": state,
        "input": tensor(x),
        "passes": passes,
    }


def refused(run):
    try:
        run()
    except (ValueError, RuntimeError, IndexError, NotImplementedError) as error:
        return str(error)
    raise AssertionError("taken")


def refusals():
    make = lambda: nn.Linear(3, 4)  # noqa: E731
    listed = parametrize.register_parametrization(make(), "weight", nn.Identity())
    split = weight_norm(make())
    return {
        "noTensor": refused(lambda: parametrize.register_parametrization(make(), "nothing", nn.Identity())),
        "noWeight": refused(lambda: parametrizations.spectral_norm(make(), "nothing")),
        "notRemoved": refused(lambda: parametrize.remove_parametrizations(make(), "weight")),
        "leave": refused(lambda: parametrize.remove_parametrizations(split, "weight", leave_parametrized=False)),
        "dim": refused(lambda: parametrizations.spectral_norm(make(), "weight", dim=2)),
        "vector": refused(lambda: parametrizations.orthogonal(make(), "bias")),
        "assign": refused(lambda: setattr(listed, "weight", torch.ones(4, 3))),
    }


def results():
    return {
        "clipNorms": clip_norms(),
        "clipValues": clip_values(),
        "starts": starts(),
        "fills": fills(),
        "gains": gains(),
        "fans": fans(),
        "parametrized": [parametrized(*each) for each in PARAMETRIZED],
        "refusals": [list(each) for each in refusals().items()],
    }
