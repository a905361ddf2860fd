"""Products of vectors and matrices."""

import torch

from cases import F16, F32, F64, I32, I64, U8, Draw, Family, view


def build():
    family = Family("linalg", 5)
    d = family.draw
    f = d.floats

    for a, b in [
        ((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (4, 3, 2)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((1, 1), (1, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 3), (3, 0)), ((0, 2, 3), (3, 4)),
    ]:  # fmt: skip
        family.add("matmul", torch.matmul, f"{list(a)} {list(b)}", [f(*a), f(*b)])
    t = lambda *shape: view(f(*shape), "transpose")  # noqa: E731
    s = lambda *shape: view(f(*shape), "slice")  # noqa: E731
    for op in ["matmul", "mm"]:
        fn = getattr(torch, op)
        family.add(op, fn, "float64", [f(3, 4), f(4, 2)])
        family.add(op, fn, "float32", [f(3, 4, dtype=F32), f(4, 2, dtype=F32)])
        family.add(op, fn, "int64", [d.ints(2, 3), d.ints(3, 2)])
        family.add(op, fn, "transposes", [t(3, 4), t(4, 2)])
        family.add(op, fn, "slices", [s(3, 4), s(4, 2)])
        family.add(op, fn, "expand", [view(f(1, 4).expand(3, 4), "expand"), f(4, 2)])
        family.add(op, fn, "empty inner", [torch.zeros(2, 0, dtype=F64), torch.zeros(0, 3, dtype=F64)])
        family.add(op, fn, "larger", [f(9, 17, dtype=F32), f(17, 5, dtype=F32)])
        family.add(op, fn, "infinite and NaN", [torch.tensor([[float("inf"), 1.0]]), torch.tensor([[0.0, 1.0], [1.0, float("nan")]])])
    for label, x, y in [("float64", f(2, 3, 4), f(2, 4, 2)), ("float32", f(2, 3, 4, dtype=F32), f(2, 4, 2, dtype=F32)), ("transposes", t(2, 3, 4), t(2, 4, 2)),
                        ("int64", d.ints(2, 2, 2), d.ints(2, 2, 2)), ("no batch", f(0, 3, 4), f(0, 4, 2)), ("empty inner", f(2, 3, 0), f(2, 0, 2))]:  # fmt: skip
        family.add("bmm", torch.bmm, label, [x, y])
    for label, x, y in [("float64", f(2, 3), f(3)), ("float32", f(2, 3, dtype=F32), f(3, dtype=F32)), ("transpose", t(2, 3), f(3)), ("empty", f(2, 0), f(0))]:
        family.add("mv", torch.mv, label, [x, y])
    for label, x, y in [("float64", f(4), f(4)), ("float32", f(4, dtype=F32), f(4, dtype=F32)), ("int64", d.ints(4), d.ints(4)), ("empty", f(0), f(0))]:
        family.add("dot", torch.dot, label, [x, y])
    for label, x, y in [("float64", f(3), f(4)), ("float32", f(2, dtype=F32), f(2, dtype=F32)), ("int64", d.ints(2), d.ints(3)), ("empty", f(0), f(2))]:
        family.add("outer", torch.outer, label, [x, y])

    def addmm(c, a, b, beta=1, alpha=1):
        return torch.addmm(c, a, b, beta=beta, alpha=alpha)

    def baddbmm(c, a, b, beta=1, alpha=1):
        return torch.baddbmm(c, a, b, beta=beta, alpha=alpha)

    nan = torch.full((2, 4), float("nan"), dtype=F64)
    for label, c, args in [("matrix", f(2, 4), {}), ("row", f(4), {}), ("column", f(2, 1), {}), ("0-d", f(), {}), ("scaled", f(2, 4), {"beta": 0.5, "alpha": 2}),
                           ("beta 0", f(2, 4), {"beta": 0}), ("beta 0 ignores NaN", nan, {"beta": 0})]:  # fmt: skip
        family.add("addmm", addmm, label, [c, f(2, 3), f(3, 4)], args, inplace=lambda c, *rest, **args: c.addmm_(*rest, **args))
    family.add("addmm", addmm, "float32", [f(4, dtype=F32), f(2, 3, dtype=F32), f(3, 4, dtype=F32)])
    family.add("addmm", addmm, "transposes", [t(2, 4), t(2, 3), t(3, 4)])
    family.add("addmm", addmm, "empty inner", [f(2, 4), f(2, 0), f(0, 4)])
    for label, c, args in [("batch", f(2, 3, 2), {}), ("broadcast", f(3, 2), {}), ("scaled", f(2, 3, 2), {"beta": -1, "alpha": 0.5}), ("beta 0", f(2, 3, 2), {"beta": 0})]:
        family.add("baddbmm", baddbmm, label, [c, f(2, 3, 4), f(2, 4, 2)], args, inplace=lambda c, *rest, **args: c.baddbmm_(*rest, **args))

    def einsum(*tensors, equation):
        return torch.einsum(equation, *tensors)

    for equation, *shapes in [
        ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)), ("i,i->", (3,), (3,)), ("i,j->ij", (3,), (4,)),
        ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ii->i", (3, 3)), ("ii->", (3, 3)), ("ba", (2, 3)), ("...ij,...jk->...ik", (2, 2, 3), (2, 3, 4)),
        ("...ij,jk", (2, 2, 3), (3, 4)), ("bhqd,bhkd->bhqk", (1, 2, 3, 4), (1, 2, 2, 4)), ("i,ij,j->", (2,), (2, 3), (3,)), ("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
        ("ij,ij->ij", (2, 3), (2, 3)), ("ij,k->kji", (2, 3), (2,)), ("iji->j", (2, 3, 2)), (" i j , j k -> i k ", (2, 3), (3, 2)), ("bi,oi,bi->bo", (2, 3), (4, 3), (2, 3)),
        ("i...->...", (2, 3, 4)), ("ab,bc,cd->ad", (2, 3), (3, 2), (2, 4)), ("ij,j->i", (2, 0), (0,)), (",ij->ij", (), (2, 3)), ("Ab,bA->A", (2, 3), (3, 2)),
    ]:  # fmt: skip
        family.add("einsum", einsum, equation, [f(*shape) for shape in shapes], {"equation": equation})
    family.add("einsum", einsum, "float32", [f(2, 3, dtype=F32), f(3, 2, dtype=F32)], {"equation": "ij,jk->ik"})
    family.add("einsum", einsum, "int64", [d.ints(2, 3, dtype=I64), d.ints(3, 2)], {"equation": "ij,jk->ik"})
    family.add("einsum", einsum, "broadcasts size 1", [f(1, 3), f(2, 3)], {"equation": "ij,ij->i"})
    family.add("einsum", einsum, "transposes", [t(2, 3), t(3, 4)], {"equation": "ij,jk->ki"})
    more(family)
    return family


def more(family):
    d = Draw(105)
    f = d.floats
    add = family.add
    t = lambda *shape: view(f(*shape), "transpose")  # noqa: E731
    for label, x in [("square", f(3, 3)), ("tall", f(3, 2)), ("wide float32", f(2, 3, dtype=F32)), ("int64", d.ints(2, 2)), ("int32", d.ints(2, 2, dtype=I32)), ("uint8", d.ints(2, 2, low=100, high=250, dtype=U8)), ("bool", d.bools(2, 2)), ("float16", f(2, 2, dtype=F16)), ("transpose", t(2, 3)), ("empty", f(0, 3)), ("1x1", f(1, 1))]:
        add("trace", torch.trace, label, [x], optional=True)
    for label, a, b in [("matrices", f(2, 3), f(2, 2)), ("vectors", f(3), f(2)), ("unlike ranks", f(2, 1, 2), f(2)), ("0-d", f(), f(2, 2)), ("int64", d.ints(2, 2), d.ints(2, 3)), ("promotes", d.ints(2), f(2, dtype=F32)), ("empty", f(0, 2), f(2, 2))]:
        add("kron", torch.kron, label, [a, b])

    def tensordot(a, b, dims=2):
        return torch.tensordot(a, b, dims=dims)

    for label, a, b, args in [
        ("default", f(2, 3, 4), f(3, 4, 2), {}), ("1", f(2, 3), f(3, 4), {"dims": 1}), ("0", f(2), f(3), {"dims": 0}), ("lists", f(2, 3, 4), f(4, 2, 5), {"dims": [[2, 0], [0, 1]]}), ("negative", f(2, 3), f(4, 3), {"dims": [[-1], [-1]]}),
        ("size 1", f(2, 1), f(3, 2), {"dims": 1}), ("float32", f(2, 3, dtype=F32), f(3, 2, dtype=F32), {"dims": 1}), ("int64", d.ints(2, 3), d.ints(3, 2), {"dims": 1}), ("transposes", t(2, 3), t(3, 2), {"dims": 1}), ("empty", f(2, 0), f(0, 3), {"dims": 1}), ("scalar", f(2, 3), f(2, 3), {}),
    ]:  # fmt: skip
        add("tensordot", tensordot, label, [a, b], args)
    for label, a, b in [("vectors", f(3), f(3)), ("matrices", f(2, 3), f(4, 3)), ("matrix and vector", f(2, 3), f(3)), ("three dims", f(2, 2, 3), f(2, 3)), ("0-d", f(), f(2, 3)), ("float32", f(2, 3, dtype=F32), f(3, dtype=F32)), ("int64", d.ints(2, 3), d.ints(3)), ("empty", f(2, 0), f(3, 0)), ("transpose", t(2, 3), t(2, 3))]:
        add("inner", torch.inner, label, [a, b])
    for label, a, b in [("float64", f(4), f(4)), ("int64", d.ints(4), d.ints(4)), ("empty", f(0), f(0))]:
        add("vdot", torch.vdot, label, [a, b])

    def fused(name):
        fn, method = getattr(torch, name), name + "_"
        return (
            lambda c, a, b, beta=1, alpha=1: fn(c, a, b, beta=beta, alpha=alpha),
            lambda c, a, b, **args: getattr(c, method)(a, b, **args),
        )

    nan = lambda *shape: torch.full(shape, float("nan"), dtype=F64)  # noqa: E731
    scaled = {"beta": 0.5, "alpha": 2}
    for name, first, second, out, small in [("addmv", (2, 3), (3,), (2,), ()), ("addr", (2,), (3,), (2, 3), (3,)), ("addbmm", (2, 2, 3), (2, 3, 4), (2, 4), (4,))]:
        fn, inplace = fused(name)
        for label, c, args in [("plain", f(*out), {}), ("broadcast", f(*small), {}), ("size 1", f(1), {}), ("scaled", f(*out), scaled), ("beta 0 ignores NaN", nan(*out), {"beta": 0})]:
            add(name, fn, label, [c, f(*first), f(*second)], args, inplace=inplace)
        add(name, fn, "float32", [f(*out, dtype=F32), f(*first, dtype=F32), f(*second, dtype=F32)], inplace=inplace)
        add(name, fn, "int64", [d.ints(*out), d.ints(*first), d.ints(*second)], {"beta": 2, "alpha": 3}, inplace=inplace)
        add(name, fn, "transposes", [f(*out), t(*first) if len(first) > 1 else f(*first), t(*second) if len(second) > 1 else f(*second)])
    add("addmv", fused("addmv")[0], "empty inner", [f(2), f(2, 0), f(0)])
    add("addbmm", fused("addbmm")[0], "no batches", [f(2, 4), f(0, 2, 3), f(0, 3, 4)])
    add("addr", fused("addr")[0], "empty", [f(0, 2), f(0), f(2)])
