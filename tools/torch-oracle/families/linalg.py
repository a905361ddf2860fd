"""Products of vectors and matrices."""

import torch

from cases import F32, F64, I64, Family, view


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
    return family
