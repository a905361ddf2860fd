"""Reductions and scans."""

import torch

from cases import BOOL, F32, F64, I8, I32, I64, U8, Family, inf, nan, view

DIMS = [None, 0, -1, 1, [0, 2], [0, 1, 2], [-1, -3]]


def reducer(name, several=True):
    """torch's reduction over all dims when dim is absent."""
    fn = getattr(torch, name)

    def run(x, dim=None, keepdim=False, **rest):
        if dim is None:
            out = fn(x, **rest)
            return out.reshape([1] * x.dim()) if keepdim else out
        return fn(x, dim, keepdim=keepdim, **rest)

    return run


def reductions(family):
    d = family.draw
    for op in ["sum", "mean", "prod", "amax", "amin", "any", "all", "logsumexp"]:
        run = reducer(op)
        if op in ("amax", "amin", "logsumexp"):
            fn = getattr(torch, op)

            def run(x, dim=None, keepdim=False, fn=fn):
                return fn(x, list(range(x.dim())) if dim is None else dim, keepdim=keepdim)

        for dim in DIMS:
            if op in ("prod", "any", "all") and isinstance(dim, list):
                continue
            for keepdim in [False, True]:
                if dim is None and keepdim:
                    continue
                args = {} if dim is None else {"dim": dim, "keepdim": keepdim} if keepdim else {"dim": dim}
                label = "all" if dim is None else f"dim {dim}" + (" keepdim" if keepdim else "")
                x = d.bools(2, 3, 4) if op in ("any", "all") else d.floats(2, 3, 4)
                family.add(op, run, label, [x], args)
        add = lambda label, x, op=op, run=run, **args: family.add(op, run, label, [x], args, optional=True)  # noqa: E731
        add("float32", d.floats(3, 4, dtype=F32))
        add("float32 dim 0", d.floats(3, 4, dtype=F32), dim=0)
        add("0-d", d.floats())
        add("0-d dim 0", d.floats(), dim=0)
        add("0-d dim -1", d.floats(), dim=-1)
        add("empty", torch.zeros(0))
        add("empty rows", torch.zeros(0, 3), dim=0)
        add("empty columns", torch.zeros(0, 3), dim=1)
        add("no dims", torch.zeros(2, 0, 3), dim=1, keepdim=True)
        add("transpose", view(d.floats(3, 4), "transpose"), dim=0)
        add("slice", view(d.floats(3, 4), "slice"), dim=1)
        add("expand", view(d.floats(1, 4).expand(3, 4), "expand"))
        add("NaN", torch.tensor([[1.0, nan, 2.0], [3.0, 4.0, 5.0]]), dim=1)
        add("infinite", torch.tensor([[1.0, inf, 2.0], [-inf, -inf, -inf], [inf, -inf, 0.0]]), dim=1)
        add("ties", torch.tensor([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0]], dtype=F64), dim=1)
        add("with zeros", torch.tensor([[2.0, 0.0, 3.0], [0.0, 5.0, 0.0], [1.0, 2.0, 4.0]], dtype=F64), dim=1)
        add("with a zero", torch.tensor([2.0, 0.0, 3.0], dtype=F64))
        for dtype in [I64, I32, I8, U8]:
            add(str(dtype)[6:], d.ints(2, 3, low=0, dtype=dtype), dim=1)
            add(f"{str(dtype)[6:]} all", d.ints(2, 3, low=0, dtype=dtype))
        add("bool", d.bools(2, 3), dim=1)
        add("bool all", d.bools(2, 3))
        add("many", d.floats(300, dtype=F32))
    for op in ["sum", "mean", "prod"]:
        run = reducer(op)
        family.add(op, run, "dtype", [d.ints(2, 3)], {"dim": 1, "dtype": F64})
        family.add(op, run, "dtype all", [d.floats(2, 3, dtype=F32)], {"dtype": F64})


def selections(family):
    d = family.draw

    def pair(name):
        fn = getattr(torch, name)
        return lambda x, dim=None, keepdim=False: tuple(fn(x, dim, keepdim=keepdim)) if dim is not None else fn(x)

    def position(name):
        fn = getattr(torch, name)
        return lambda x, dim=None, keepdim=False: fn(x, dim, keepdim=keepdim)

    for op, run in [("max", pair("max")), ("min", pair("min")), ("argmax", position("argmax")), ("argmin", position("argmin"))]:
        add = lambda label, x, op=op, run=run, **args: family.add(op, run, label, [x], args, optional=True)  # noqa: E731
        add("all", d.distinct(2, 3, 4))
        for dim in [0, 1, -1]:
            add(f"dim {dim}", d.distinct(2, 3, 4), dim=dim)
            add(f"dim {dim} keepdim", d.distinct(2, 3, 4), dim=dim, keepdim=True)
        add("float32", d.distinct(3, 4, dtype=F32), dim=1)
        add("0-d", d.floats())
        add("0-d dim 0", d.floats(), dim=0)
        add("ties all", torch.tensor([1.0, 3.0, 3.0, -1.0, -1.0], dtype=F64))
        add("ties", torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], dtype=F64), dim=1)
        add("NaN", torch.tensor([[1.0, nan, 3.0], [nan, 0.0, nan]], dtype=F64), dim=1)
        add("NaN all", torch.tensor([1.0, nan, 3.0], dtype=F64))
        add("infinite", torch.tensor([[inf, -inf, 0.0]]), dim=1)
        add("int64", torch.tensor([[3, -2, 3], [0, 5, -7]]), dim=1)
        add("uint8", torch.tensor([3, 200, 0], dtype=U8))
        add("bool", torch.tensor([[False, True], [False, False]]), dim=1)
        add("transpose", view(d.distinct(3, 4), "transpose"), dim=0)
        add("slice", view(d.distinct(3, 4), "slice"), dim=-1)
        add("empty columns", torch.zeros(0, 3), dim=1)
    for name in ["max", "min"]:
        family.add(name, getattr(torch, name), "other", [d.floats(2, 3), d.floats(3)])


def moments(family):
    d = family.draw
    for op in ["var", "std"]:
        fn = getattr(torch, op)

        def run(x, dim=None, correction=1, keepdim=False, fn=fn):
            return fn(x, dim, correction=correction, keepdim=keepdim)

        for dim in DIMS:
            args = {} if dim is None else {"dim": dim}
            family.add(op, run, f"dim {dim}", [d.floats(2, 3, 4)], args)
        family.add(op, run, "correction 0", [d.floats(2, 3)], {"dim": 1, "correction": 0})
        family.add(op, run, "correction 2", [d.floats(2, 4)], {"dim": 1, "correction": 2})
        family.add(op, run, "correction 0 all", [d.floats(2, 3)], {"correction": 0})
        family.add(op, run, "keepdim", [d.floats(2, 3)], {"dim": -1, "keepdim": True})
        family.add(op, run, "float32", [d.floats(5, dtype=F32)])
        family.add(op, run, "float32 far from zero", [d.floats(6, dtype=F32) + 10000])
        family.add(op, run, "one element", [d.floats(1)], grad=False)
        family.add(op, run, "empty", [torch.zeros(0)], grad=False)
        family.add(op, run, "transpose", [view(d.floats(3, 4), "transpose")], {"dim": 0})
        family.add(op, run, "NaN", [torch.tensor([1.0, nan])])
    for p in [None, 0, 1, 2, 3, 0.5, inf, -inf]:

        def norm(x, p=2, dim=None, keepdim=False):
            return torch.linalg.vector_norm(x, p, dim, keepdim=keepdim)

        args = {} if p is None else {"p": p}
        family.add("norm", norm, f"p {p}", [d.distinct(2, 3) + 0.125], args)
        family.add("norm", norm, f"p {p} dim 1", [d.distinct(2, 3) + 0.125], args | {"dim": 1})
        family.add("norm", norm, f"p {p} dims keepdim", [d.distinct(2, 3, 2) + 0.125], args | {"dim": [0, 2], "keepdim": True})
        family.add("norm", norm, f"p {p} float32", [d.floats(4, dtype=F32)], args)
        family.add("norm", norm, f"p {p} 0-d", [d.floats()], args)
        family.add("norm", norm, f"p {p} zeros", [torch.zeros(3, dtype=F64)], args)
        family.add("norm", norm, f"p {p} empty", [torch.zeros(0, dtype=F64)], args, optional=True)


def scans(family):
    d = family.draw
    for op in ["cumsum", "cumprod"]:
        fn, inplace = getattr(torch, op), getattr(torch.Tensor, op + "_")
        add = lambda label, x, op=op, fn=fn, inplace=inplace, **args: family.add(op, fn, label, [x], args, inplace=inplace, optional=True)  # noqa: E731
        for dim in [0, 1, 2, -1, -3]:
            add(f"dim {dim}", d.floats(2, 3, 4), dim=dim)
        add("float32", d.floats(5, dtype=F32), dim=0)
        add("0-d", d.floats(), dim=0)
        add("empty", torch.zeros(0, 3), dim=0)
        add("empty columns", torch.zeros(3, 0), dim=1)
        add("NaN", torch.tensor([1.0, nan, 2.0]), dim=0)
        add("zeros", torch.tensor([2.0, 0.0, 3.0, 0.0, 4.0], dtype=F64), dim=0)
        add("one zero", torch.tensor([2.0, 0.0, 3.0], dtype=F64), dim=0)
        add("transpose", view(d.floats(3, 4), "transpose"), dim=0)
        add("slice", view(d.floats(3, 4), "slice"), dim=1)
        for dtype in [I64, I32, U8, BOOL]:
            add(str(dtype)[6:], d.ints(4, low=0).to(dtype), dim=0)
        add("dtype", d.ints(4), dim=0, dtype=F64)


def build():
    family = Family("reduce", 2)
    reductions(family)
    selections(family)
    moments(family)
    scans(family)
    return family
