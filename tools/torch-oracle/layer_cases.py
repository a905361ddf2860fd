"""Builds the samples of layers: makes a module of torch.nn, runs it forward and backward, and records everything as data."""

import zlib

import torch

from cases import F64, Draw, camel
from encode import dtype_name, number, tensor

# values drawn for the start of one parameter: enough that the oracle's own error does not count
DRAWN = 20000


class Made:
    """A layer as an argument of another layer's constructor."""

    def __init__(self, make, *args, **options):
        self.make, self.args, self.options = make, args, options

    def __call__(self):
        return self.make(*self.args, **self.options)


def built(value):
    return value() if isinstance(value, Made) else value


def encode_value(value):
    """An argument, or an input or output of forward: tensors, numbers, text, None, layers to be made, and lists of them."""
    if isinstance(value, Made):
        options = {camel(k): encode_value(v) for k, v in value.options.items()}
        return {"layer": value.make.__name__, "args": encode_value(value.args), "options": options}
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    if isinstance(value, (list, tuple)):
        return [encode_value(v) for v in value]
    if isinstance(value, float):
        return number(value)
    return value


def tensors_of(value):
    """The tensors among nested lists, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in tensors_of(v)]
    return []


def replaced(value, fn):
    """The same nested lists with fn(t) in the place of each tensor."""
    if isinstance(value, torch.Tensor):
        return fn(value)
    if isinstance(value, (list, tuple)):
        return type(value)(replaced(v, fn) for v in value)
    return value


class Layers:
    """The samples of one fixture file, by the name of the class in the order of their first appearance."""

    def __init__(self):
        self.layers = {}
        self._draws = {}

    def draw(self, layer):
        """The inputs of one layer. Each has a generator of its own, so that a new layer leaves the others' samples alone."""
        return self._draws.setdefault(layer, Draw(zlib.crc32(layer.encode())))

    def add(self, make, inputs, args=(), train=True, call=None, parts=False, **options):
        """
        Records one sample.

        make     the class, with the name that it has in Tenfold
        inputs   what forward gets; shapes stand for float64 tensors to be drawn
        args     positional arguments of the constructor
        options  its keyword arguments, recorded in camelCase
        train    False for evaluation mode
        call     keyword arguments of forward
        parts    whether it is made of layers that have samples of their own, which say how parameters start
        """
        name = make.__name__
        draw = self.draw(name)
        samples = self.layers.setdefault(name, [])
        new = lambda: make(*map(built, args), **{k: built(v) for k, v in options.items()})  # noqa: E731
        module = new().double().train(train)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(draw.floats(*parameter.shape, low=-1, high=1))
        inputs = [draw.floats(*x) if isinstance(x, torch.Size) else x for x in inputs]

        sample = {"args": encode_value(args)}
        sample["options"] = {camel(k): encode_value(v) for k, v in options.items()}
        if not train:
            sample["eval"] = True
        if call:
            sample["call"] = {camel(k): encode_value(v) for k, v in call.items()}
        sample["text"] = repr(module)
        sample["state"] = {k: tensor(v) for k, v in module.state_dict().items()}
        if not samples and not parts:
            sample["start"] = starts(new)
        sample["inputs"] = encode_value(inputs)

        leaves = replaced(inputs, lambda x: x.detach().requires_grad_(x.is_floating_point()))
        # a copy, so that a layer may write into its input
        result = module(*replaced(leaves, lambda x: x.clone()), **(call or {}))
        outputs = tensors_of(result)
        sample["outputs"] = [tensor(x) for x in outputs]
        differentiable = [x for x in outputs if x.requires_grad]
        if differentiable:
            sources = [x for x in tensors_of(leaves) if x.requires_grad]
            named = [(k, p) for k, p in module.named_parameters() if p.requires_grad]
            given = [draw.floats(*x.shape, low=-2, high=2) if x.requires_grad else None for x in outputs]
            every = sources + [p for _, p in named]
            grads = torch.autograd.grad(differentiable, every, [g for g in given if g is not None], allow_unused=True)
            found = dict(zip(map(id, every), grads))
            encode = lambda g: None if g is None else tensor(g)  # noqa: E731
            sample["gradOut"] = [encode(g) for g in given]
            sample["grads"] = [encode(found.get(id(x))) for x in tensors_of(leaves)]
            sample["parameterGrads"] = {k: encode(found[id(p)]) for k, p in named}
        after = {k: tensor(v) for k, v in module.named_buffers()}
        changed = {k: v for k, v in after.items() if k in sample["state"] and str(v) != str(sample["state"][k])}
        if changed:
            sample["after"] = changed
        samples.append(sample)


def starts(make):
    """How each parameter starts: the mean, deviation and largest size of many drawn values."""
    torch.manual_seed(0)
    made = [dict(make().named_parameters()) for _ in range(2)]
    found = {}
    for name, parameter in made[0].items():
        count = 1 if torch.equal(parameter, made[1][name]) else -(-DRAWN // parameter.numel())
        while len(made) < count:
            made.append(dict(make().named_parameters()))
        values = torch.cat([parameters[name].detach().double().reshape(-1) for parameters in made[:count]])
        if values.numel() == 0:
            continue
        found[name] = {
            "mean": number(round(values.mean().item(), 6)),
            "deviation": number(round(values.std(unbiased=False).item(), 6)),
            "largest": number(round(values.abs().max().item(), 6)),
        }
    return found


def size(*dims):
    """A float64 input of this shape, to be drawn."""
    return torch.Size(dims)


def doubles(*values):
    return torch.tensor(values, dtype=F64)
