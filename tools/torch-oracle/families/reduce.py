"""Reductions and scans."""

import torch

from cases import BF16, BOOL, F16, F32, F64, I8, I16, I32, I64, U8, Draw, Family, inf, nan, view

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


def values_and_indices(fn):
    """Along a dim with indices, or of all elements."""

    def run(x, *args, **kwargs):
        result = fn(x, *args, **kwargs)
        return result if isinstance(result, torch.Tensor) else tuple(result)

    return run


def order_statistics(family):
    """Without ties between different positions, but where values alone decide."""
    family.draw = d = Draw(102)
    for op in ["median", "nanmedian"]:
        run = values_and_indices(getattr(torch, op))
        add = lambda label, x, op=op, run=run, **args: family.add(op, run, label, [x], args, optional=True)  # noqa: E731
        add("all odd", d.distinct(3, 5))
        add("all even", d.distinct(2, 3, 4))
        for dim in [0, 1, -1]:
            add(f"dim {dim}", d.distinct(2, 3, 4), dim=dim)
            add(f"dim {dim} keepdim", d.distinct(2, 3, 4), dim=dim, keepdim=True)
        add("float32", d.distinct(3, 5, dtype=F32), dim=1)
        add("float32 all", d.distinct(3, 5, dtype=F32))
        add("0-d", d.floats())
        add("0-d dim 0", d.floats(), dim=0)
        add("0-d dim -1 keepdim", d.floats(), dim=-1, keepdim=True)
        add("empty", torch.zeros(0))
        add("empty columns", torch.zeros(0, 3), dim=1)
        add("ties all", torch.tensor([1.0, 3.0, 3.0, 3.0, -1.0], dtype=F64))
        add("NaN", torch.tensor([[1.0, nan, 3.0], [5.0, 0.0, 2.0], [nan, 4.0, nan]], dtype=F64), dim=1)
        add("NaN all", torch.tensor([1.0, nan, 3.0, 2.0, nan], dtype=F64))
        add("NaN only", torch.tensor([nan, nan], dtype=F64))
        add("infinite", torch.tensor([[inf, -inf, 0.0], [1.0, inf, 2.0]]), dim=1)
        for dtype in [I64, I32, I16, I8, U8]:
            add(str(dtype)[6:], torch.tensor([[3, 1, 2, 7], [0, 5, 9, 4]], dtype=dtype), dim=1)
            add(f"{str(dtype)[6:]} all", torch.tensor([3, 1, 2, 7], dtype=dtype))
        add("transpose", view(d.distinct(3, 4), "transpose"), dim=0)
        add("slice", view(d.distinct(3, 4), "slice"), dim=-1)
        for dtype in [F16, BF16]:
            add(str(dtype)[6:], d.distinct(3, 4, dtype=dtype), dim=1)

    def kthvalue(x, k, dim=-1, keepdim=False):
        return tuple(torch.kthvalue(x, k, dim, keepdim=keepdim))

    def kth(label, x, **args):
        family.add("kthvalue", kthvalue, label, [x], args, optional=True)

    for k in [1, 2, 3]:
        kth(f"k {k}", d.distinct(2, 3), k=k)
        kth(f"k {k} dim 0", d.distinct(4, 3), k=k, dim=0)
    kth("keepdim", d.distinct(2, 3, 2), k=2, dim=1, keepdim=True)
    kth("float32", d.distinct(2, 3, dtype=F32), k=2)
    kth("0-d", d.floats(), k=1)
    kth("0-d dim 0", d.floats(), k=1, dim=0)
    kth("NaN is last", torch.tensor([2.0, nan, 1.0], dtype=F64), k=3)
    kth("infinite", torch.tensor([2.0, inf, -inf]), k=1)
    kth("empty columns", torch.zeros(0, 3), k=1, dim=1)
    kth("transpose", view(d.distinct(3, 4), "transpose"), k=2, dim=0)
    for dtype in [I64, I32, I16, I8, U8]:
        kth(str(dtype)[6:], torch.tensor([[3, 1, 2], [0, 5, 9]], dtype=dtype), k=2)

    def mode(x, dim=-1, keepdim=False):
        return tuple(torch.mode(x, dim, keepdim=keepdim))

    def often(label, x, **args):
        family.add("mode", mode, label, [x], args, optional=True)

    often("float64", torch.tensor([[1.5, 2.0, 1.5, 3.0], [4.0, 4.0, 0.5, 0.25]], dtype=F64))
    often("float32", torch.tensor([[1.5, 2.0, 1.5, 3.0], [4.0, 4.0, 0.5, 0.25]], dtype=F32))
    often("dim 0", torch.tensor([[1.0, 2.0], [1.0, 3.0], [0.0, 3.0]], dtype=F64), dim=0)
    often("dim 0 keepdim", torch.tensor([[1.0, 2.0], [1.0, 3.0], [0.0, 3.0]], dtype=F64), dim=0, keepdim=True)
    often("all distinct", d.distinct(2, 3))
    often("several", torch.tensor([3.0, 1.0, 3.0, 1.0, 2.0], dtype=F64))
    often("0-d", d.floats())
    often("0-d dim 0", d.floats(), dim=0)
    often("one", d.floats(3, 1))
    often("infinite", torch.tensor([inf, 1.0, inf, -inf]))
    often("empty columns", torch.zeros(0, 3), dim=1)
    often("transpose", view(d.ints(3, 4, low=0, high=3).double(), "transpose"), dim=0)
    often("slice", view(d.ints(3, 5, low=0, high=3).double(), "slice"), dim=1)
    for dtype in [I64, I32, I16, I8, U8, BOOL]:
        often(str(dtype)[6:], torch.tensor([[1, 0, 1, 1], [0, 1, 0, 0]]).to(dtype))

    for op in ["quantile", "nanquantile"]:
        fn = getattr(torch, op)

        def add(label, x, q, **args):
            # a quantile jumps where its rank does: only the elements carry gradients here
            family.add(op, fn, label, [x, q], args, grad=[0], optional=True)  # noqa: B023

        qs = torch.tensor([0.0, 0.1, 0.5, 0.77, 1.0], dtype=F64)
        for interpolation in ["linear", "lower", "higher", "nearest", "midpoint"]:
            add(f"{interpolation} all", d.distinct(2, 4), 0.3, interpolation=interpolation)
            add(f"{interpolation} dim", d.distinct(3, 4), 0.6, dim=0, interpolation=interpolation)
            add(f"{interpolation} several", d.distinct(3, 6), qs, dim=1, interpolation=interpolation)
            add(f"{interpolation} half-way", d.distinct(4), 0.5, dim=0, interpolation=interpolation)
            add(f"{interpolation} NaN", torch.tensor([[1.0, nan, 3.0, 2.0], [4.0, 8.0, 5.0, 7.0], [nan] * 4], dtype=F64), 0.4, dim=1, interpolation=interpolation)
        for dim in [None, 0, 1, -1]:
            for keepdim in [False, True]:
                label = f"dim {dim}" + (" keepdim" if keepdim else "")
                args = ({} if dim is None else {"dim": dim}) | ({"keepdim": True} if keepdim else {})
                add(label, d.distinct(2, 3, 4), 0.35, **args)
                add(f"several {label}", d.distinct(2, 3, 4), qs[:2], **args)
        add("0-d q", d.distinct(5), torch.tensor(0.3, dtype=F64))
        add("one q", d.distinct(5), torch.tensor([0.3], dtype=F64), dim=0)
        add("no q", d.distinct(5), torch.zeros(0, dtype=F64), dim=0)
        add("0-d", d.floats(), 0.3)
        add("0-d dim 0", d.floats(), 0.3, dim=0, keepdim=True)
        add("float32", d.distinct(3, 6, dtype=F32), 0.3, dim=1)
        add("float32 several", d.distinct(7, dtype=F32), qs.float())
        add("ties", torch.tensor([1.0, 2.0, 2.0, 2.0, 5.0], dtype=F32), 0.6)
        add("infinite", torch.tensor([inf, 1.0, 2.0, -inf], dtype=F64), 0.4)
        add("transpose", view(d.distinct(3, 4), "transpose"), 0.3, dim=0)
        add("slice", view(d.distinct(3, 4), "slice"), 0.3, dim=1)
        add("NaN all", torch.tensor([1.0, nan, 3.0, 2.0], dtype=F64), qs)


def more_reductions(family):
    d = family.draw
    for op in ["nansum", "nanmean"]:
        run = reducer(op)
        add = lambda label, x, op=op, run=run, **args: family.add(op, run, label, [x], args, optional=True)  # noqa: E731
        holes = torch.tensor([[1.0, nan, 3.0], [nan, nan, nan], [4.0, 5.0, nan]], dtype=F64)
        for dim in [None, 0, 1, -1, [0, 1]]:
            args = {} if dim is None else {"dim": dim}
            add(f"dim {dim}", holes, **args)
            add(f"dim {dim} float32", holes.float(), **args)
        add("keepdim", holes, dim=1, keepdim=True)
        add("0-d", d.floats())
        add("0-d NaN", torch.tensor(nan, dtype=F64))
        add("empty", torch.zeros(0))
        add("empty rows", torch.zeros(0, 3), dim=0)
        add("infinite", torch.tensor([inf, nan, 1.0]))
        add("transpose", view(holes, "transpose"), dim=0)
        add("dtype", holes.float(), dtype=F64)
        for dtype in [I64, U8, BOOL]:
            add(str(dtype)[6:], d.ints(2, 3, low=0).to(dtype), dim=1)

    def aminmax(x, dim=None, keepdim=False):
        return tuple(torch.aminmax(x, dim=dim, keepdim=keepdim))

    for dim in [None, 0, -1]:
        for keepdim in [False, True]:
            args = ({} if dim is None else {"dim": dim}) | ({"keepdim": True} if keepdim else {})
            family.add("aminmax", aminmax, f"dim {dim} keepdim {keepdim}", [d.distinct(2, 3)], args)
    family.add("aminmax", aminmax, "ties", [torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]], dtype=F64)], {"dim": 1})
    family.add("aminmax", aminmax, "NaN", [torch.tensor([[1.0, nan, 3.0]])], grad=False)
    family.add("aminmax", aminmax, "int64", [d.ints(2, 3)])
    family.add("aminmax", aminmax, "bool", [d.bools(2, 3)])
    family.add("aminmax", aminmax, "0-d", [d.floats()])

    for op in ["varMean", "stdMean"]:
        fn = torch.var_mean if op == "varMean" else torch.std_mean

        def run(x, dim=None, correction=1, keepdim=False, fn=fn):
            return tuple(fn(x, dim, correction=correction, keepdim=keepdim))

        for dim in [None, 0, -1, [0, 2]]:
            family.add(op, run, f"dim {dim}", [d.floats(2, 3, 4)], {} if dim is None else {"dim": dim})
        family.add(op, run, "correction 0 keepdim", [d.floats(2, 3)], {"dim": 1, "correction": 0, "keepdim": True})
        family.add(op, run, "float32", [d.floats(5, dtype=F32)])

    for dim in [None, 0, 1, -1, [0, 2], [0, 1, 2]]:
        x = d.ints(2, 3, 4, low=-1, high=2).double()
        family.add("countNonzero", torch.count_nonzero, f"dim {dim}", [x], {} if dim is None else {"dim": dim}, grad=False)
    for dtype in [F32, F16, BF16, I64, I32, I16, I8, U8, BOOL]:
        x = d.ints(3, 4, low=0, high=2).to(dtype)
        family.add("countNonzero", torch.count_nonzero, str(dtype)[6:], [x], {"dim": 1}, grad=False)
    family.add("countNonzero", torch.count_nonzero, "special", [torch.tensor([nan, inf, 0.0, -0.0, 1e-30])], grad=False)
    family.add("countNonzero", torch.count_nonzero, "0-d", [torch.tensor(2.0)], grad=False)
    family.add("countNonzero", torch.count_nonzero, "empty", [torch.zeros(0, 3)], {"dim": 0}, grad=False)
    family.add("countNonzero", torch.count_nonzero, "transpose", [view(d.bools(3, 4), "transpose")], {"dim": 0}, grad=False)

    for op in ["cummax", "cummin"]:
        run = values_and_indices(getattr(torch, op))
        add = lambda label, x, op=op, run=run, **args: family.add(op, run, label, [x], args, optional=True)  # noqa: E731
        for dim in [0, 1, 2, -1, -3]:
            add(f"dim {dim}", d.distinct(2, 3, 4), dim=dim)
        add("float32", d.distinct(5, dtype=F32), dim=0)
        add("0-d", d.floats(), dim=0)
        add("empty", torch.zeros(0, 3), dim=0)
        add("empty columns", torch.zeros(3, 0), dim=1)
        add("ties", torch.tensor([1.0, 3.0, 3.0, 1.0, 3.0, 1.0], dtype=F64), dim=0)
        add("NaN", torch.tensor([1.0, nan, 2.0, nan, 0.0], dtype=F64), dim=0)
        add("infinite", torch.tensor([1.0, -inf, inf, 2.0]), dim=0)
        add("transpose", view(d.distinct(3, 4), "transpose"), dim=0)
        add("slice", view(d.distinct(3, 4), "slice"), dim=1)
        for dtype in [I64, I32, I16, I8, U8, BOOL]:
            add(str(dtype)[6:], d.ints(6, low=0).to(dtype), dim=0)
        for dtype in [F16, BF16]:
            add(str(dtype)[6:], d.distinct(6, dtype=dtype), dim=0)

    add = lambda label, x, **args: family.add("logcumsumexp", torch.logcumsumexp, label, [x], args, optional=True)  # noqa: E731
    for dim in [0, 1, 2, -1, -3]:
        add(f"dim {dim}", d.floats(2, 3, 4), dim=dim)
    add("float32", d.floats(9, dtype=F32), dim=0)
    add("large", torch.tensor([-1000.0, 1000.0, 999.0, -1000.0, 1001.0], dtype=F64), dim=0)
    add("small", torch.tensor([-1000.0, -1001.0, -999.0], dtype=F64), dim=0)
    add("0-d", d.floats(), dim=0)
    add("one", d.floats(2, 1), dim=1)
    add("empty", torch.zeros(0, 3), dim=0)
    add("empty columns", torch.zeros(3, 0), dim=1)
    family.add("logcumsumexp", torch.logcumsumexp, "infinite", [torch.tensor([-inf, -inf, 1.0, inf, 0.0], dtype=F64)], {"dim": 0}, grad=False)
    family.add("logcumsumexp", torch.logcumsumexp, "NaN", [torch.tensor([1.0, nan, 0.0], dtype=F64)], {"dim": 0}, grad=False)
    add("transpose", view(d.floats(3, 4), "transpose"), dim=0)
    add("slice", view(d.floats(3, 4), "slice"), dim=1)


def halves(family):
    """float16 and bfloat16, as far as PyTorch's CPU has kernels."""
    d = family.draw
    for dtype in [F16, BF16]:
        label = str(dtype)[6:]
        for op in ["sum", "mean", "prod", "amax", "amin", "any", "all", "nansum"]:
            run = reducer(op)
            if op in ("amax", "amin"):
                fn = getattr(torch, op)

                def run(x, dim=None, fn=fn):
                    return fn(x, list(range(x.dim())) if dim is None else dim)

            family.add(op, run, label, [d.floats(3, 4, dtype=dtype)], optional=True, grad=False)
            family.add(op, run, f"{label} dim 1", [d.floats(3, 4, dtype=dtype)], {"dim": 1}, optional=True, grad=False)
        half_way = torch.tensor([[2048.0, 1.0, 1.0], [2048.0, 1.0, 0.0], [2050.0, 1.0, 0.0]]) / (1 if dtype == F16 else 8)
        family.add("sum", reducer("sum"), f"{label} rounds once", [half_way.to(dtype)], {"dim": 1}, optional=True, grad=False)
        for op in ["max", "min", "argmax", "argmin"]:
            run = values_and_indices(getattr(torch, op))
            family.add(op, run, label, [d.distinct(3, 4, dtype=dtype)], {"dim": 1}, optional=True, grad=False)
        for op in ["var", "std"]:
            fn = getattr(torch, op)

            def moment(x, dim=None, correction=1, fn=fn):
                return fn(x, dim, correction=correction)

            family.add(op, moment, label, [d.floats(3, 4, dtype=dtype)], {"dim": 1}, optional=True, grad=False)
        for op in ["cumsum", "cumprod"]:
            family.add(op, getattr(torch, op), label, [d.floats(5, dtype=dtype)], {"dim": 0}, optional=True, grad=False)
        for op in ["logsumexp", "logcumsumexp"]:
            family.add(op, getattr(torch, op), label, [d.floats(5, dtype=dtype)], {"dim": 0}, optional=True, grad=False)


def build():
    family = Family("reduce", 2)
    reductions(family)
    selections(family)
    moments(family)
    scans(family)
    order_statistics(family)
    more_reductions(family)
    halves(family)
    return family
