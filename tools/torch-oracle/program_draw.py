"""Draws random straight-line programs as data, step by step, and runs them."""

import random

import torch

from cases import BOOL, F32, F64, I64, Draw

T = torch.Tensor
LIMIT = 24  # elements of a tensor


def strided_slice(x, dim, start, end, step):
    return torch.ops.aten.slice(x, dim, start, end, step)


def index_put_(x, values, *indices, accumulate=False):
    return x.index_put_(indices, values, accumulate=accumulate)


def add_dims(fn):
    return lambda x, dim=None, **options: fn(x, **options) if dim is None else fn(x, dim, **options)


UNARY = {
    "abs": torch.abs, "neg": torch.neg, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round,
    "trunc": torch.trunc, "frac": torch.frac, "square": torch.square, "exp": torch.exp, "exp2": torch.exp2, "expm1": torch.expm1,
    "log": torch.log, "log2": torch.log2, "log1p": torch.log1p, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal, "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "asin": torch.asin, "acos": torch.acos,
    "atan": torch.atan, "sinh": torch.sinh, "cosh": torch.cosh, "tanh": torch.tanh, "asinh": torch.asinh, "sigmoid": torch.sigmoid,
    "relu": torch.relu, "erf": torch.erf, "erfc": torch.erfc, "logicalNot": torch.logical_not,
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum,
    "fmax": torch.fmax, "fmin": torch.fmin, "atan2": torch.atan2, "hypot": torch.hypot, "fmod": torch.fmod,
    "remainder": torch.remainder, "logaddexp": torch.logaddexp, "copysign": torch.copysign, "xlogy": torch.xlogy, "pow": torch.pow,
    "eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge,
    "logicalAnd": torch.logical_and, "logicalOr": torch.logical_or, "bitwiseAnd": torch.bitwise_and, "bitwiseXor": torch.bitwise_xor,
}  # fmt: skip
IN_PLACE = {
    "neg_": T.neg_, "abs_": T.abs_, "exp_": T.exp_, "tanh_": T.tanh_, "sigmoid_": T.sigmoid_, "relu_": T.relu_, "sin_": T.sin_,
    "sqrt_": T.sqrt_, "square_": T.square_, "zero_": T.zero_,
}  # fmt: skip
IN_PLACE_BINARY = {
    "add_": T.add_, "sub_": T.sub_, "mul_": T.mul_, "div_": T.div_, "pow_": T.pow_, "atan2_": T.atan2_,
    "hypot_": T.hypot_, "copysign_": T.copysign_, "xlogy_": T.xlogy_,
}  # fmt: skip
VIEWS = {
    "view": lambda x, shape: x.view(shape), "reshape": lambda x, shape: x.reshape(shape),
    "expand": lambda x, shape: x.expand(shape), "permute": lambda x, dims: x.permute(dims),
    "transpose": lambda x, dim0, dim1: x.transpose(dim0, dim1), "t": lambda x: x.t(), "squeeze": add_dims(torch.squeeze),
    "unsqueeze": lambda x, dim: x.unsqueeze(dim), "slice": strided_slice, "select": lambda x, dim, index: x.select(dim, index),
    "narrow": lambda x, dim, start, length: x.narrow(dim, start, length),
    "diagonal": lambda x, offset, dim1, dim2: x.diagonal(offset, dim1, dim2),
    "unfold": lambda x, dimension, size, step: x.unfold(dimension, size, step),
    "flatten": lambda x, startDim, endDim: x.flatten(startDim, endDim), "movedim": lambda x, source, destination: x.movedim(source, destination),
    "split": lambda x, splitSize, dim: x.split(splitSize, dim), "chunk": lambda x, chunks, dim: x.chunk(chunks, dim),
    "unbind": lambda x, dim: x.unbind(dim), "detach": T.detach,
}  # fmt: skip
REDUCTIONS = {
    "sum": add_dims(torch.sum), "mean": add_dims(torch.mean), "amax": add_dims(torch.amax), "amin": add_dims(torch.amin),
    "prod": add_dims(torch.prod), "var": add_dims(torch.var), "std": add_dims(torch.std),
    "logsumexp": lambda x, dim, **options: torch.logsumexp(x, dim, **options), "norm": add_dims(lambda x, dim=None, **o: torch.linalg.vector_norm(x, dim=dim, **o)),
    "max": add_dims(torch.max), "min": add_dims(torch.min), "argmax": add_dims(torch.argmax), "argmin": add_dims(torch.argmin),
    "any": add_dims(torch.any), "all": add_dims(torch.all),
    "cumsum": torch.cumsum, "cumprod": torch.cumprod, "softmax": torch.softmax, "logSoftmax": torch.log_softmax,
}  # fmt: skip
REST = {
    "clone": T.clone, "contiguous": T.contiguous, "cat": lambda *xs, dim: torch.cat(xs, dim), "stack": lambda *xs, dim: torch.stack(xs, dim),
    "where": torch.where, "clamp": torch.clamp, "clamp_": T.clamp_, "maskedFill": torch.masked_fill, "maskedFill_": T.masked_fill_,
    "lerp": torch.lerp, "lerp_": T.lerp_, "addcmul": lambda *xs, value: torch.addcmul(*xs, value=value),
    "addcmul_": lambda x, *xs, value: x.addcmul_(*xs, value=value), "addcdiv": lambda *xs, value: torch.addcdiv(*xs, value=value),
    "copy_": T.copy_, "fill_": T.fill_, "to": lambda x, dtype: x.to(getattr(torch, dtype)),
    "gather": lambda x, index, dim: x.gather(dim, index), "indexSelect": lambda x, index, dim: x.index_select(dim, index),
    "scatterAdd_": lambda x, index, src, dim: x.scatter_add_(dim, index, src), "scatterAdd": lambda x, index, src, dim: x.scatter_add(dim, index, src),
    "scatter_": lambda x, index, src, dim: x.scatter_(dim, index, src), "index": lambda x, *i: x[tuple(slice(None) if e is None else e for e in i)],
    "indexPut_": index_put_, "take": torch.take,
    "matmul": torch.matmul, "outer": torch.outer, "addmm": torch.addmm,
    "sort": lambda x, dim, descending: torch.sort(x, dim=dim, descending=descending), "topk": lambda x, k, dim: torch.topk(x, k, dim),
    "flip": lambda x, dims: x.flip(dims), "roll": lambda x, shifts, dims: x.roll(shifts, dims), "tril": lambda x, diagonal: x.tril(diagonal),
    "triu": lambda x, diagonal: x.triu(diagonal), "repeat": lambda x, repeats: x.repeat(repeats),
}  # fmt: skip
OPS = UNARY | BINARY | IN_PLACE | IN_PLACE_BINARY | VIEWS | REDUCTIONS | REST
ORDERING = {"sort", "topk", "argmax", "argmin", "max", "min"}
KEEPS_LAYOUT = {"view", "reshape", "flatten", "contiguous"}


class Machine:
    """A register file on which steps run. A step is { op, inputs: ['%register' or a number], args }, and its outputs are new registers."""

    def __init__(self, leaves, dtype_map=None):
        self.map = dtype_map or {}
        self.registers = []
        self.leaves = []
        for x, wanted in leaves:
            x = x.detach().clone().to(self.map.get(x.dtype, x.dtype))
            if wanted:
                x.requires_grad_()
                self.leaves.append(x)
            self.registers.append(x)

    def operand(self, x):
        if isinstance(x, dict):
            return torch.tensor(x["data"], dtype=getattr(torch, x["dtype"])).reshape(x["shape"])
        return self.registers[int(x[1:])] if isinstance(x, str) else x

    def run(self, step):
        args = dict(step.get("args", {}))
        if "dtype" in args and self.map:
            args["dtype"] = str(self.map.get(getattr(torch, args["dtype"]), getattr(torch, args["dtype"])))[6:]
        inputs = [self.operand(x) for x in step["inputs"]]
        with torch.set_grad_enabled(not step.get("noGrad", False)):
            result = OPS[step["op"]](*inputs, **args)
        if step["op"].endswith("_"):
            return []
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        self.registers.extend(outputs)
        return outputs

    def loss(self):
        """Every float value, times fixed weights, summed in float64."""
        terms = [(x.to(F64) * weights(x, i)).sum() for i, x in enumerate(self.registers) if x.is_floating_point() and x.requires_grad]
        return sum(terms[1:], terms[0]) if terms else None

    def gradients(self, second):
        total = self.loss()
        grads = torch.autograd.grad(total, self.leaves, allow_unused=True, create_graph=second)
        if not second:
            return grads, None
        terms = [(g.to(F64) * weights(g, i + 3)).sum() for i, g in enumerate(grads) if g is not None and g.requires_grad]
        if not terms:
            return grads, None
        return grads, torch.autograd.grad(sum(terms[1:], terms[0]), self.leaves, allow_unused=True)


def weights(x, register):
    """Small multiples of 1/8 that depend on the place: ((7k + 3r) mod 13 - 6) / 8 at element k of register r."""
    k = torch.arange(x.numel(), dtype=I64)
    return (((7 * k + 3 * register) % 13 - 6).to(F64) / 8).reshape(x.shape)


class Refused(Exception):
    pass


class Generator:
    """Draws the leaves and the steps of one program."""

    def __init__(self, seed, allow_error=False):
        self.r = random.Random(seed)
        self.draw = Draw(seed)
        self.allow_error = allow_error
        self.steps = []
        self.single = self.r.random() < 0.2
        base = self.shape()
        self.start = [self.leaf(base if i == 0 else self.related(base), i) for i in range(self.r.randint(1, 4))]
        self.machine = Machine(self.start)
        # registers whose strides are certainly the same in an implementation that makes contiguous results
        self.known = [True] * len(self.start)

    def shape(self):
        r = self.r
        while True:
            shape = [r.choice([1, 2, 2, 3, 3, 4]) for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3, 3]))]
            if torch.Size(shape).numel() <= 12:
                return shape

    def related(self, base):
        """A shape that broadcasts with another one, often."""
        r = self.r
        if r.random() < 0.25:
            return self.shape()
        kept = base[r.randint(0, len(base)) if r.random() < 0.3 else 0 :]
        return [1 if r.random() < 0.25 else n for n in kept]

    def leaf(self, shape, i):
        r = self.r
        kind = r.random()
        if i > 0 and kind < 0.12:
            return self.draw.ints(*shape, low=-3, high=4), False
        x = self.draw.floats(*shape, low=-2, high=2)
        dtype = F32 if self.single and r.random() < 0.7 else F64
        return x.to(dtype), i == 0 or r.random() < 0.75

    # --- choices ---

    def pick(self, ok=lambda x: True, late=False):
        found = [i for i, x in enumerate(self.machine.registers) if ok(x)]
        if not found:
            raise Refused
        if late or self.r.random() < 0.6:
            found = found[-5:]
        return f"%{self.r.choice(found)}"

    def at(self, register):
        return self.machine.operand(register)

    def any_float(self, x):
        return x.is_floating_point()

    def dim(self, x):
        return self.r.randint(-x.dim(), x.dim() - 1) if x.dim() else self.r.choice([0, -1])

    def scalar(self):
        return self.r.choice([2, -1, 3, 0.5, 1.5, -0.75, 0.25, 2.5])

    def broadcastable(self, x, into=False):
        def ok(y):
            try:
                shape = torch.broadcast_shapes(x.shape, y.shape)
            except RuntimeError:
                return False
            return torch.Size(shape).numel() <= LIMIT and (not into or shape == x.shape)

        return ok

    def propose(self):
        r = self.r
        kind = r.choices(
            [self.unary, self.binary, self.views, self.in_place, self.in_place_binary, self.reduce, self.rest],
            [14, 20, 26, 9, 16, 13, 22],
        )[0]
        return kind()

    def unary(self):
        return self.step(self.r.choice(list(UNARY)), self.pick(self.any_float))

    def binary(self):
        r = self.r
        op = r.choice(list(BINARY)) if r.random() < 0.6 else r.choice(["add", "sub", "mul", "div"])
        a = self.pick()
        x = self.at(a)
        if op.startswith("bitwise"):
            a = self.pick(lambda x: not x.is_floating_point())
            b = self.pick(lambda y: not y.is_floating_point() and self.broadcastable(self.at(a))(y))
        elif op == "pow":
            return self.step(op, a, r.choice([2, 3, 2.0 if x.is_floating_point() else 2]))
        elif r.random() < 0.3 and op not in ("maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "logaddexp"):
            b = self.scalar()
            return self.step(op, a, b, **({"alpha": 0.5} if op in ("add", "sub") and x.is_floating_point() and r.random() < 0.2 else {}))
        else:
            b = self.pick(self.broadcastable(x))
        return self.step(op, a, b)

    def views(self):
        r = self.r
        op = r.choice(list(VIEWS))
        a = self.pick(lambda x: x.dim() > 0 or op in ("view", "reshape", "expand", "unsqueeze", "flatten", "squeeze", "t", "detach"))
        x = self.at(a)
        d = self.dim(x)
        n = x.shape[d] if x.dim() else 1
        if op == "detach" and r.random() < 0.7:
            raise Refused
        if op in ("view", "reshape"):
            sizes = factor(x.numel(), r)
            if sizes and r.random() < 0.3:
                sizes[r.randrange(len(sizes))] = -1
            args = {"shape": sizes}
        elif op == "expand":
            shape = [r.choice([2, 3]) if k == 1 and r.random() < 0.7 else r.choice([k, -1]) for k in x.shape]
            args = {"shape": ([2] if r.random() < 0.4 else []) + shape}
        elif op == "permute":
            dims = list(range(x.dim()))
            r.shuffle(dims)
            args = {"dims": [k - x.dim() if r.random() < 0.3 else k for k in dims]}
        elif op == "transpose":
            args = {"dim0": d, "dim1": self.dim(x)}
        elif op == "t" or op == "detach":
            args = {}
        elif op == "squeeze":
            args = {"dim": d} if r.random() < 0.6 else {}
        elif op == "unsqueeze":
            args = {"dim": r.randint(-x.dim() - 1, x.dim())}
        elif op == "slice":
            start = r.randint(-n, n - 1)
            args = {"dim": d, "start": start, "end": r.choice([None, n, start + 2 if start >= 0 else None]), "step": r.choice([1, 1, 2])}
        elif op == "select":
            args = {"dim": d, "index": r.randint(-n, n - 1)}
        elif op == "narrow":
            start = r.randint(0, n - 1)
            args = {"dim": d, "start": start, "length": r.randint(1, n - start)}
        elif op == "diagonal":
            if x.dim() < 2:
                raise Refused
            d1, d2 = r.sample(range(x.dim()), 2)
            args = {"offset": r.choice([0, 0, 1, -1]), "dim1": d1, "dim2": d2}
        elif op == "unfold":
            args = {"dimension": d, "size": r.randint(1, n), "step": r.choice([1, 2])}
        elif op == "flatten":
            args = {"startDim": 0, "endDim": -1} if x.dim() < 2 or r.random() < 0.5 else {"startDim": x.dim() - 2, "endDim": -1}
        elif op == "movedim":
            args = {"source": d, "destination": self.dim(x)}
        elif op == "split":
            args = {"splitSize": r.randint(1, n), "dim": d}
        elif op == "chunk":
            args = {"chunks": r.randint(1, 3), "dim": d}
        else:
            args = {"dim": d}
        return self.step(op, a, **args)

    def target(self):
        """What an in-place op writes: seldom a leaf, which autograd would refuse."""
        return self.pick(lambda x: self.allow_error or not (x.is_leaf and x.requires_grad), late=True)

    def in_place(self):
        return self.step(self.r.choice(list(IN_PLACE)), self.target())

    def in_place_binary(self):
        r = self.r
        a = self.target()
        x = self.at(a)
        op = r.choice([*IN_PLACE_BINARY, "add_", "mul_", "copy_", "copy_", "fill_"])
        if op == "fill_" or (op not in ("copy_", "atan2_", "hypot_", "copysign_") and r.random() < 0.35):
            return self.step(op, a, 2 if op == "pow_" else self.scalar())
        if op == "pow_":
            raise Refused
        return self.step(op, a, self.pick(self.broadcastable(x, into=True)))

    def reduce(self):
        r = self.r
        op = r.choice(list(REDUCTIONS))
        a = self.pick(self.any_float if op not in ("sum", "amax", "max", "any", "all", "argmax", "cumsum") else lambda x: True)
        x = self.at(a)
        if op in ("cumsum", "cumprod", "softmax", "logSoftmax"):
            return self.step(op, a, dim=self.dim(x))
        whole = r.random() < 0.3 and op != "logsumexp"
        if op in ("var", "std"):
            args = {} if whole else {"dim": [self.dim(x)], "correction": r.choice([0, 1])}
        elif whole:
            args = {}
        else:
            dims = [self.dim(x)]
            if x.dim() > 1 and r.random() < 0.3:
                dims = [0, -1]
            one = op in ("max", "min", "argmax", "argmin", "any", "all", "prod")
            args = {"dim": dims[0] if one else dims}
        if args and r.random() < 0.4:
            args["keepdim"] = True
        if op in ("var", "std") and "correction" in args and x.dim() == 0:
            raise Refused
        return self.step(op, a, **args)

    def rest(self):
        r = self.r
        op = r.choice(list(REST))
        a = self.target() if op.endswith("_") else self.pick()
        x = self.at(a)
        d = self.dim(x)
        n = x.shape[d] if x.dim() else 1
        same = lambda y: y.shape == x.shape and y.dtype == x.dtype  # noqa: E731
        if op in ("clone", "contiguous"):
            return self.step(op, a)
        if op in ("cat", "stack"):
            if op == "cat" and x.dim() == 0:
                raise Refused
            others = [self.pick(lambda y: y.shape == x.shape) for _ in range(r.randint(1, 2))]
            return self.step(op, a, *others, dim=d if op == "cat" else r.randint(-x.dim() - 1, x.dim()))
        if op in ("where", "maskedFill", "maskedFill_"):
            mask = self.pick(lambda m: m.dtype == BOOL and self.broadcastable(x, into=True)(m))
            if op == "where":
                return self.step(op, mask, a, self.pick(lambda y: self.broadcastable(x)(y) and y.dtype == x.dtype))
            return self.step(op, a, mask, self.scalar() if r.random() < 0.7 else self.pick(lambda y: y.dim() == 0 and y.dtype == x.dtype))
        if op in ("clamp", "clamp_"):
            low, high = r.choice([(-0.8, 0.9), (None, 0.7), (-0.3, None), (-1, 1.3)])
            return self.step(op, a, low, high)
        if op in ("lerp", "lerp_"):
            return self.step(op, a, self.pick(same), r.choice([0.25, 0.7, 1.5]))
        if op in ("addcmul", "addcmul_", "addcdiv"):
            into = op.endswith("_")
            ok = lambda y: y.dtype == x.dtype and self.broadcastable(x, into)(y)  # noqa: E731
            return self.step(op, a, self.pick(ok), self.pick(ok), value=r.choice([1, 0.5, -2]))
        if op == "copy_":
            return self.step(op, a, self.pick(self.broadcastable(x, into=True)))
        if op == "fill_":
            return self.step(op, a, self.scalar())
        if op == "to":
            return self.step(op, a, dtype=r.choice(["float64", "float64", "int64", "bool"] + (["float32"] if self.single else [])))
        if op in ("gather", "indexSelect", "scatter_", "scatterAdd_", "scatterAdd", "take", "index", "indexPut_"):
            return self.indexed(op, a, x, d, n)
        if op == "matmul":
            ok = lambda y: y.dtype == x.dtype and y.dim() > 0 and matmul_fits(x, y)  # noqa: E731
            return self.step(op, a, self.pick(ok))
        if op == "outer":
            a = self.pick(lambda y: y.dim() == 1 and y.is_floating_point())
            b = self.pick(lambda y: y.dim() == 1 and y.dtype == self.at(a).dtype)
            return self.step(op, a, b)
        if op == "addmm":
            a = self.pick(lambda y: y.dim() == 2 and y.is_floating_point())
            y = self.at(a)
            b = self.pick(lambda z: z.dim() == 2 and z.dtype == y.dtype and z.shape[0] == y.shape[1])
            shape = torch.empty(y.shape[0], self.at(b).shape[1])
            c = self.pick(lambda z: z.dtype == y.dtype and self.broadcastable(shape, into=True)(z))
            return self.step(op, c, a, b, beta=0.5, alpha=2) if r.random() < 0.4 else self.step(op, c, a, b)
        if op == "sort":
            return self.step(op, a, dim=d, descending=r.random() < 0.5)
        if op == "topk":
            return self.step(op, a, k=r.randint(1, n), dim=d)
        if op == "flip":
            return self.step(op, a, dims=[d] if x.dim() else [])
        if op == "roll":
            if x.dim() == 0:
                raise Refused
            return self.step(op, a, shifts=r.choice([1, -1, 2]), dims=d)
        if op in ("tril", "triu"):
            return self.step(op, self.pick(lambda y: y.dim() >= 2), diagonal=r.choice([0, 0, 1, -1]))
        if op == "repeat":
            return self.step(op, a, repeats=[r.choice([1, 2]) for _ in range(x.dim() + r.choice([0, 1]))])
        raise Refused

    def indexed(self, op, a, x, d, n):
        """Index tensors are leaves of their own: registers made by earlier steps seldom fit."""
        r = self.r
        if op in ("gather", "scatter_", "scatterAdd_", "scatterAdd"):
            shape = list(x.shape)
            if x.dim():
                shape[d] = r.randint(1, 3)
            if torch.Size(shape).numel() > LIMIT:
                raise Refused
            if op == "scatter_":
                # each place at most once, or the winner is not defined
                if x.dim() != 1:
                    raise Refused
                index = torch.randperm(n, generator=self.draw.generator)
            else:
                index = self.draw.ints(*shape, low=0, high=n)
            if op == "gather":
                return self.step(op, a, self.leaf_of(index), dim=d)
            source = self.pick(lambda y: y.dtype == x.dtype and y.dim() == x.dim() and all(p >= q for p, q in zip(y.shape, index.shape)))
            return self.step(op, a, self.leaf_of(index), source, dim=d)
        if op == "indexSelect":
            if x.dim() == 0:
                # PyTorch 1.13 reads beyond a 0-d tensor here
                raise Refused
            return self.step(op, a, self.leaf_of(self.draw.ints(r.randint(1, 4), low=0, high=n)), dim=d)
        if op == "take":
            return self.step(op, a, self.leaf_of(self.draw.ints(*self.shape()[:2], low=-x.numel(), high=x.numel())))
        if x.dim() == 0:
            raise Refused
        rows = self.draw.ints(r.randint(1, 3), low=-x.shape[0], high=x.shape[0])
        if op == "indexPut_" and len({int(i) % x.shape[0] for i in rows}) < len(rows):
            args = {"accumulate": True}
        else:
            args = {}
        indices = [self.leaf_of(rows)]
        shape = [len(rows), *x.shape[1:]]
        if op == "index":
            if x.dim() > 1 and r.random() < 0.4:
                indices = [None, self.leaf_of(self.draw.ints(r.randint(1, 3), low=-x.shape[1], high=x.shape[1]))]
            return self.step(op, a, *indices)
        value = self.pick(lambda y: y.dtype == x.dtype and self.broadcastable(torch.empty(shape), into=True)(y))
        return self.step(op, a, value, *indices, **args)

    def leaf_of(self, index):
        """Index leaves are written into the step as constants, so that registers keep their numbers."""
        return {"shape": list(index.shape), "dtype": "int64", "data": index.reshape(-1).tolist()}

    def step(self, op, *inputs, **args):
        return {"op": op, "inputs": list(inputs)} | ({"args": args} if args else {})

    # --- running ---

    def grow(self, length):
        """Adds steps until there are `length`; gives the message of the first one that autograd refuses, if errors are wanted."""
        for _ in range(length * 12):
            if len(self.steps) >= length:
                break
            try:
                step = self.propose()
            except Refused:
                continue
            before = len(self.machine.registers)
            if step["op"] in KEEPS_LAYOUT and not self.known[int(step["inputs"][0][1:])]:
                continue
            if step["op"] in ORDERING and has_ties(self.machine.operand(step["inputs"][0])):
                continue
            if step["op"].endswith("_") and self.is_undefined(step):
                continue
            if step["op"] in ("argmax", "argmin") and self.at(step["inputs"][0]).dtype == BOOL:
                # PyTorch takes bools only where it has nothing to compare
                continue
            try:
                outputs = self.machine.run(step)
            except (RuntimeError, IndexError, TypeError) as error:
                del self.machine.registers[before:]
                if self.allow_error and autograd_error(str(error)):
                    self.steps.append(step)
                    return str(error)
                continue
            if outputs and not all(sound(x) for x in outputs):
                del self.machine.registers[before:]
                continue
            self.steps.append(step)
            source = self.known[int(step["inputs"][0][1:])]
            for x in outputs:
                self.known.append(source if step["op"] in VIEWS or step["op"] == "contiguous" else x.is_contiguous())
            if not outputs and not sound(self.machine.operand(step["inputs"][0])):
                raise Refused
        if len(self.steps) < length:
            raise Refused
        return None


    def is_undefined(self, step):
        """Whether an in-place op writes a place twice, or reads what it writes; PyTorch refuses only some of them."""
        x, *others = [self.machine.operand(operand) for operand in step["inputs"]]
        if overlaps_itself(x) or (0 in x.stride() and step["op"] not in ("fill_", "zero_") and not self.allow_error):
            return True
        places = x.storage().data_ptr()
        others = [y for y in others if isinstance(y, torch.Tensor)]
        if step["op"].startswith(("scatter", "indexPut")):
            return any(y.storage().data_ptr() == places for y in others)
        return False


def sound(x):
    if x.numel() > LIMIT or x.numel() == 0:
        return False
    return not x.is_floating_point() or bool((x.detach().isfinite() & (x.detach().abs() < 50)).all())


def overlaps_itself(x):
    """Whether writes would hit a place twice, as in a window of `unfold`; PyTorch refuses only expanded dims."""
    places = torch.arange(x.storage().size())
    seen = places.as_strided(x.shape, x.stride(), x.storage_offset()).reshape(-1).tolist()
    return 0 not in x.stride() and len(set(seen)) < len(seen)


def has_ties(x):
    """Equal elements leave the order, and so the index, to the implementation."""
    return len(set(x.detach().reshape(-1).tolist())) < x.numel()


def matmul_fits(x, y):
    if x.dim() == 0:
        return False
    try:
        return torch.matmul(torch.empty(x.shape), torch.empty(y.shape)).numel() <= LIMIT
    except RuntimeError:
        return False


def factor(n, r):
    """Sizes whose product is n."""
    sizes = []
    for p in (2, 2, 2, 2, 3, 3, 5):
        if n % p == 0 and r.random() < 0.75:
            sizes.append(p)
            n //= p
    sizes.append(n)
    r.shuffle(sizes)
    while len(sizes) > 3:
        sizes[0] *= sizes.pop()
    return sizes if sizes != [1] or r.random() < 0.5 else []


SENTENCES = [
    "one of the variables needed for gradient computation has been modified by an inplace operation",
    "a leaf Variable that requires grad is being used in an in-place operation",
    "a view of a leaf Variable that requires grad is being used in an in-place operation",
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled",
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location",
    "Trying to backward through the graph a second time",
    "element 0 of tensors does not require grad and does not have a grad_fn",
    "grad can be implicitly created only for scalar outputs",
    "One of the differentiated Tensors appears to not have been used in the graph",
]


def autograd_error(message):
    return next((s for s in SENTENCES if message.startswith(s)), None)
