"""Printed trees of modules, names in order and load reports of torch.nn. Single layers are in layers/."""

from collections import OrderedDict

import torch
from torch import nn


class Linear(nn.Module):
    """A layer of the user's own, with the name of a builtin one."""

    def __init__(self, n, m):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(n, m))
        self.b = nn.Parameter(torch.zeros(m))


class Perception(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer1 = Linear(3, 3)
        self.relu = nn.ReLU(inplace=True)
        self.layer2 = Linear(3, 3)
        self.fc = nn.Linear(3, 3)


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.layer = nn.Sequential(nn.Linear(1000, 10), nn.Sigmoid(), nn.Sequential(nn.Linear(10, 10), nn.Sigmoid()))
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("hidden", torch.zeros(3), persistent=False)
        self.nothing = None
        self.register_module("absent", None)
        self.loss = nn.CrossEntropyLoss()


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 2)
        self.b = nn.Linear(2, 2)
        self.b.weight = self.a.weight
        self.again = self.a
        self.own = nn.Parameter(torch.ones(2))


class TwoLines(nn.Module):
    def extra_repr(self):
        return "first=1\nsecond=2"


class TwoLinesAndChild(TwoLines):
    def __init__(self):
        super().__init__()
        self.inner = TwoLines()


class OneLineAndChild(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.ReLU()

    def extra_repr(self):
        return "only=1"


PRINTED = {
    "perception": Perception(),
    "wrapped": Wrapped(),
    "shared": Shared(),
    "twoLines": TwoLines(),
    "twoLinesAndChild": TwoLinesAndChild(),
    "oneLineAndChild": OneLineAndChild(),
    "emptySequential": nn.Sequential(),
    "moduleList": nn.ModuleList([nn.Linear(2, 3), nn.ReLU()]),
    "moduleDict": nn.ModuleDict({"second": nn.Linear(2, 3), "first": nn.ReLU(), "1": nn.Tanh(), "0": nn.Sigmoid()}),
    "emptyModuleDict": nn.ModuleDict(),
    "parameterList": nn.ParameterList([nn.Parameter(torch.ones(2, 3)), torch.ones(4).double()]),
    "oneParameter": nn.ParameterList([torch.ones(())]),
    "emptyParameterList": nn.ParameterList(),
    "parameterDict": nn.ParameterDict(
        OrderedDict([("b", torch.ones(2, 3)), ("a", torch.ones(4).double()), ("1", torch.ones(1)), ("0", torch.ones(1).half())])
    ),
    "emptyParameterDict": nn.ParameterDict(),
    "namedAppended": nn.Sequential(OrderedDict([("a", nn.ReLU()), ("b", nn.Tanh())])).append(nn.Linear(1, 1)),
    "namedSlice": nn.Sequential(OrderedDict([("a", nn.ReLU()), ("b", nn.Tanh()), ("c", nn.Sigmoid())]))[1:],
}

NAMED = ["perception", "wrapped", "shared", "emptySequential", "moduleDict", "parameterList", "parameterDict", "namedAppended"]


def changed(change):
    """What is left of three numbered modules."""
    made = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    change(made)
    return repr(made)


def delete(module, i):
    del module[i]


CHANGES = {
    "insert(0)": lambda m: m.insert(0, nn.Softmax(1)),
    "insert(2)": lambda m: m.insert(2, nn.Softmax(1)),
    "insert(3)": lambda m: m.insert(3, nn.Softmax(1)),
    "insert(-1)": lambda m: m.insert(-1, nn.Softmax(1)),
    "pop(0)": lambda m: m.pop(0),
    "pop(-1)": lambda m: m.pop(-1),
    "pop(1)": lambda m: delete(m, 1),
    "set(1)": lambda m: m.__setitem__(1, nn.Softmax(1)),
    "set(-1)": lambda m: m.__setitem__(-1, nn.Softmax(1)),
    "extend": lambda m: m.extend(nn.Sequential(nn.Softmax(1), nn.ReLU())),
    "append": lambda m: m.append(nn.Softmax(1)),
}


def slices():
    made = nn.Sequential(nn.ReLU(), nn.Tanh(), nn.Sigmoid())
    bounds = [(None, None), (1, None), (None, -1), (-2, None), (1, 2), (2, 1), (0, 9)]
    return [[start, end, repr(made[start:end])] for start, end in bounds]


def backward_hooks():
    """What the hooks of a layer with two arguments see and give, in lists; None where there is no gradient."""

    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([2.0, 3.0]))

        def forward(self, x, y, factor):
            return x * self.weight * factor, y * x

    listed = lambda grads: [None if g is None else g.tolist() for g in grads]  # noqa: E731
    found = {}
    for name, (x_grad, y_grad) in {"both": (True, True), "one": (False, True), "none": (False, False)}.items():
        module, seen = Scaled(), []
        module.register_full_backward_hook(lambda _, gi, go: seen.append([listed(gi), listed(go)]))
        x, y = torch.tensor([1.0, -1.0], requires_grad=x_grad), torch.tensor([4.0, 5.0], requires_grad=y_grad)
        a, b = module(x, y, 10)
        (a.sum() * 2 + b.sum()).backward()
        found[name] = {"seen": seen, "grads": listed([x.grad, y.grad, module.weight.grad])}
    module = Scaled()
    module.register_full_backward_hook(lambda _, gi, go: tuple(None if g is None else g * 2 for g in gi))
    module.register_full_backward_hook(lambda _, gi, go: tuple(None if g is None else g + 1 for g in gi))
    x, y = torch.tensor([1.0, -1.0], requires_grad=True), torch.tensor([4.0, 5.0], requires_grad=True)
    a, b = module(x, y, 10)
    (a.sum() * 2 + b.sum()).backward()
    found["replaced"] = {"grads": listed([x.grad, y.grad, module.weight.grad])}
    return found


def absent_names():
    """The sentences of names that are not there."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    runs = {
        "submodule": lambda: model.get_submodule("5"),
        "deep": lambda: model.get_submodule("1.x.y"),
        "noModule": lambda: model.get_submodule("0.weight"),
        "parameter": lambda: model.get_parameter("0.foo"),
        "noParameter": lambda: model.get_parameter("0.bias.data"),
        "owner": lambda: model.get_parameter("9.weight"),
        "buffer": lambda: model.get_buffer("0.zz"),
        "noBuffer": lambda: model.get_buffer("0.weight"),
    }
    found = {}
    for name, run in runs.items():
        try:
            run()
        except AttributeError as error:
            found[name] = str(error)
    return found


def report(state, strict=True):
    try:
        Perception().load_state_dict(state, strict=strict)
    except RuntimeError as error:
        return str(error)


class Counting(nn.Module):
    """A layer that saves more than tensors."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(1, 1)
        self.register_buffer("mean", torch.zeros(1))
        self.weight = nn.Parameter(torch.ones(1))
        self.seen = 0

    def get_extra_state(self):
        return {"seen": self.seen}

    def set_extra_state(self, state):
        self.seen = state["seen"]


def saved_state():
    """Extra state, hooks and the names that older files have."""

    def error(model, state):
        try:
            model.load_state_dict(state)
        except (RuntimeError, AssertionError) as raised:
            return str(raised)

    order = []
    hooked = nn.Sequential(Counting(), nn.Tanh())
    for name, module in hooked.named_modules():
        module._register_load_state_dict_pre_hook(lambda _, prefix, *rest, name=name: order.append(["pre", name, prefix]))
        module.register_load_state_dict_post_hook(lambda _, keys, name=name: order.append(["post", name]))
    hooked.load_state_dict(hooked.state_dict())
    cleared = nn.Linear(2, 1)
    cleared.register_load_state_dict_post_hook(lambda _, keys: keys.missing_keys.clear())
    returning = nn.Linear(1, 1)
    returning.register_load_state_dict_post_hook(lambda _, keys: 1)
    plain = {k: v for k, v in Counting().state_dict().items() if k != "_extra_state"}

    torch.manual_seed(0)
    normed, x = torch.nn.utils.weight_norm(nn.Linear(3, 2)), torch.tensor([[1.0, -2.0, 0.5]])
    return {
        "keys": list(nn.Sequential(Counting()).state_dict()),
        "order": order,
        "missingExtra": error(Counting(), plain),
        "unexpectedExtra": error(nn.Linear(1, 1), {**nn.Linear(1, 1).state_dict(), "_extra_state": 1}),
        "cleared": error(cleared, {"weight": torch.ones(1, 2), "more": torch.ones(1)}),
        "returning": error(returning, returning.state_dict()),
        "batchNorm": error(nn.Sequential(nn.BatchNorm1d(2), nn.InstanceNorm1d(2, track_running_stats=True)), {}),
        "levels": error(nn.Sequential(Counting(), nn.Linear(1, 1)), {"x": 1, "0.x": 1, "0.inner.x.y": 1, "1.x": 1, "2.y": 1}),
        "weightNorm": {
            "state": {k: v.tolist() for k, v in normed.state_dict().items()},
            "input": x.tolist(),
            "output": normed(x).tolist(),
        },
    }


def names(model):
    return {
        "parameters": [n for n, _ in model.named_parameters()],
        "buffers": [n for n, _ in model.named_buffers()],
        "modules": [n for n, _ in model.named_modules()],
        "children": [n for n, _ in model.named_children()],
        "state": list(model.state_dict()),
    }


def results():
    good = Perception().state_dict()
    missing = {k: v for k, v in good.items() if not k.startswith("fc")}
    extra = {**good, "more": torch.ones(1)}
    shapes = {**good, "layer1.w": torch.ones(2, 3), "fc.bias": torch.ones(1)}
    return {
        "printed": {k: repr(v) for k, v in PRINTED.items()},
        "parameter": repr(nn.Parameter(torch.ones(2, 2))),
        "frozenParameter": repr(nn.Parameter(torch.ones(2), requires_grad=False)),
        "names": {k: names(PRINTED[k]) for k in NAMED},
        "changes": {k: changed(change) for k, change in CHANGES.items()},
        "slices": slices(),
        "backwardHooks": backward_hooks(),
        "missing": absent_names(),
        "savedState": saved_state(),
        "reports": {
            "missing": report(missing),
            "unexpected": report(extra),
            "shapes": report(shapes),
            "all": report({**{k: v for k, v in shapes.items() if k != "layer2.b"}, "more": torch.ones(1)}),
            "shapesNotStrict": report(shapes, strict=False),
        },
    }
