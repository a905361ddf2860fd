"""Builds the samples of op fixtures: runs an op in PyTorch, forward and backward, and records everything as data."""

import zlib

import torch

from encode import number, tensor

F16, BF16, F32, F64, I64, I32, I16, I8, U8, BOOL = (
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)
inf, nan = float("inf"), float("nan")
SPECIAL = [nan, inf, -inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5]


class Draw:
    """Deterministic inputs with few digits, so that fixtures stay small and are the same on every machine."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def floats(self, *shape, low=-3.0, high=3.0, dtype=F64):
        """Multiples of 1/16 off the integers and off each other's likely ties, in [low, high]."""
        u = torch.rand(shape, generator=self.generator, dtype=F64)
        return ((low + (high - low) * u) * 16).floor().clamp(low * 16, high * 16 - 1).add(0.5).div(16).to(dtype)

    def ints(self, *shape, low=-5, high=6, dtype=I64):
        return torch.randint(low, high, shape, generator=self.generator).to(dtype)

    def bools(self, *shape):
        return self.ints(*shape, low=0, high=2).bool()

    def distinct(self, *shape, dtype=F64, step=0.25):
        """Numbers without ties, for max, sort and their like."""
        n = torch.Size(shape).numel()
        return ((torch.randperm(n, generator=self.generator) - n // 2) * step).reshape(shape).to(dtype)


def special(dtype=F32):
    return torch.tensor(SPECIAL, dtype=dtype)


def special_pairs(dtype=F32):
    """Every ordered pair of special values, as two tensors that broadcast."""
    return special(dtype).reshape(-1, 1), special(dtype)


def view(t, kind):
    """A tensor of the same values whose memory is laid out as `kind` says (see README.md)."""
    t = t.detach()
    if kind == "transpose":
        v = t.transpose(-1, -2).contiguous().transpose(-1, -2)
    elif kind == "slice":
        base = torch.full((*t.shape[:-1], 2 * t.shape[-1] + 1), 99, dtype=t.dtype)
        v = base[..., 1::2]
        v.copy_(t)
    elif kind == "expand":
        v = t[:1].clone().expand(t.shape)
    else:
        raise ValueError(kind)
    v.view_kind = kind
    return v


def encode_input(value, requires_grad=False):
    if value is None:
        return None
    if isinstance(value, torch.Tensor):
        kind = getattr(value, "view_kind", None)
        encoded = tensor(value)
        if requires_grad:
            encoded["requiresGrad"] = True
        if kind:
            encoded["view"] = kind
        return encoded
    if isinstance(value, (bool, int, float)):
        return number(value)
    raise TypeError(value)


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def encode_arg(value):
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, (list, tuple, torch.Size)):
        return [encode_arg(v) for v in value]
    if isinstance(value, float):
        return number(value)
    return value


class Family:
    """The samples of one fixture file, by op name in the order of their first appearance."""

    def __init__(self, name, seed):
        self.name = name
        self.ops = {}
        self.skipped = []
        self.draw = Draw(seed)
        self._cotangents = Draw(seed + 1000)

    def add(self, op, fn, name, inputs, args=None, grad=True, inplace=None, optional=False):
        """
        Records one sample.

        op       our name of the op
        fn       fn(*inputs, **args) runs it in PyTorch; args have PyTorch's names and are recorded in camelCase
        grad     which floating inputs require a gradient: all, none, or a list of positions
        inplace  fn of the in-place form; the sample says `inplace: true` if it gives the same in the first input's memory
        optional PyTorch may not have the op for these dtypes: then there is no sample
        """
        args = args or {}
        wants = [
            isinstance(x, torch.Tensor)
            and x.is_floating_point()
            and (grad is True or (isinstance(grad, (list, tuple)) and i in grad))
            for i, x in enumerate(inputs)
        ]
        leaves = [x.detach().requires_grad_() if wanted else x for x, wanted in zip(inputs, wants)]
        try:
            result = fn(*leaves, **args)
        except (RuntimeError, TypeError, IndexError) as error:
            if not optional:
                raise
            self.skipped.append(f"{self.name}.{op} {name}: {str(error).splitlines()[0]}")
            return
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        differentiable = [o for o in outputs if o.requires_grad]
        sample = {"name": name}
        sample["inputs"] = [encode_input(x, wanted and bool(differentiable)) for x, wanted in zip(inputs, wants)]
        if args:
            sample["args"] = {camel(k): encode_arg(v) for k, v in args.items()}
        if inplace is not None and self._same_in_place(inplace, inputs, args, outputs):
            sample["inplace"] = True
        sample["outputs"] = [tensor(o) for o in outputs]
        if differentiable:
            # the nodes' names are what printing shows
            sample["gradFn"] = [o.grad_fn and o.grad_fn.name().rsplit("::", 1)[-1] for o in outputs]
            self._add_gradients(sample, op, leaves, wants, outputs)
        self.ops.setdefault(op, []).append(sample)

    def unary(self, op, fn, low, high, grad=True, inplace=None):
        """
        The samples of a pointwise function of one tensor, drawn from a generator of their own: those of other ops stay as they are.

        low, high  its domain, away from poles and kinks; NaN, the infinities and both zeros come as samples that begin with `special`
        """
        draw = Draw(zlib.crc32(op.encode()))

        def add(name, x, **more):
            self.add(op, fn, name, [x], inplace=inplace, **({"grad": grad} | more))

        for dtype in [F64, F32]:
            add(str(dtype)[6:], draw.floats(2, 3, low=low, high=high, dtype=dtype))
            add(f"special {str(dtype)[6:]}", special(dtype))
        add("0-d", draw.floats(low=low, high=high))
        add("empty", torch.zeros(0, 3))
        add("transpose", view(draw.floats(2, 3, low=low, high=high), "transpose"))
        add("slice", view(draw.floats(2, 3, low=low, high=high, dtype=F32), "slice"))
        add("expand", view(draw.floats(1, 3, low=low, high=high).expand(2, 3), "expand"))
        for dtype in [I64, I32, I16, I8, U8]:
            add(str(dtype)[6:], torch.tensor([1, 0, 3, 2], dtype=dtype), optional=True)
        add("bool", torch.tensor([True, False]), optional=True)
        for dtype in [F16, BF16]:
            add(str(dtype)[6:], draw.floats(4, low=low, high=high, dtype=dtype), grad=False, optional=True)

    def _same_in_place(self, inplace, inputs, args, outputs):
        first = inputs[0]
        if not isinstance(first, torch.Tensor) or first.shape != outputs[0].shape or first.dtype != outputs[0].dtype:
            return False
        changed = first.detach().clone()
        try:
            inplace(changed, *inputs[1:], **args)
        except (RuntimeError, TypeError):
            return False
        if not torch.equal(torch.nan_to_num(changed, nan=77.0), torch.nan_to_num(outputs[0].detach(), nan=77.0)):
            raise AssertionError("the in-place form gives something else")
        return True

    def _add_gradients(self, sample, op, leaves, wants, outputs):
        grad_out = [
            self._cotangents.floats(*o.shape, low=-2, high=2, dtype=o.dtype).requires_grad_() if o.requires_grad else None
            for o in outputs
        ]
        roots = [o for o in outputs if o.requires_grad]
        sources = [x for x, wanted in zip(leaves, wants) if wanted]
        # One sample of each op with second gradients is enough.
        first = not any("gradgrads" in old for old in self.ops.get(op, []))
        second = first and all(x.dtype == F64 and x.numel() > 0 for x in sources)
        given = [g for g in grad_out if g is not None]
        try:
            grads = torch.autograd.grad(roots, sources, given, allow_unused=True, create_graph=second)
        except RuntimeError as error:
            sample["gradError"] = str(error).splitlines()[0]
            return
        per_input = spread(grads, wants)
        sample["gradOut"] = [None if g is None else tensor(g) for g in grad_out]
        sample["grads"] = [None if g is None else tensor(g) for g in per_input]
        if second:
            self._add_second_gradients(sample, sources, wants, given, grad_out, grads)

    def _add_second_gradients(self, sample, sources, wants, given, grad_out, grads):
        roots = [g for g in grads if g is not None and g.requires_grad]
        if not roots:
            return
        vectors = [self._cotangents.floats(*g.shape, low=-2, high=2) for g in roots]
        try:
            seconds = torch.autograd.grad(roots, sources + given, vectors, allow_unused=True)
        except RuntimeError as error:
            self.skipped.append(f"{self.name} second gradients of {sample['name']}: {str(error).splitlines()[0]}")
            return
        by_root = iter(vectors)
        v = [next(by_root) if g is not None and g.requires_grad else None for g in grads]
        encode = lambda ts: [None if t is None else tensor(t) for t in ts]  # noqa: E731
        sample["gradgrads"] = {
            "v": encode(spread(v, wants)),
            "inputs": encode(spread(seconds[: len(sources)], wants)),
            "gradOut": encode(spread(seconds[len(sources) :], [g is not None for g in grad_out])),
        }


def spread(values, wants):
    """One value for each True, None for each False."""
    source = iter(values)
    return [next(source) if wanted else None for wanted in wants]
