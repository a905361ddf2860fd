"""Matrix decompositions and what is solved by them. Singular vectors and eigenvectors are compared in forms that do not depend on their signs."""

import torch

from cases import F32, F64, I64, Draw, Family, inf, nan, view

L = torch.linalg


def mT(x):
    return x.transpose(-1, -2)


def build():
    family = Family("decomposition", 10)
    d = family.draw
    f = d.floats
    add = family.add

    def good(*shape, dtype=F64):
        """Well-conditioned square matrices."""
        return (f(*shape, low=-1, high=1) + 4 * torch.eye(shape[-1], dtype=F64)).to(dtype)

    def spd(*shape, dtype=F64):
        x = f(*shape, low=-1, high=1)
        return (x @ mT(x) + 2 * torch.eye(shape[-1], dtype=F64)).to(dtype)

    squares = lambda: [  # noqa: E731
        ("3x3", f(3, 3)), ("needs pivots", torch.tensor([[0.0, 2.0, 1.0], [1.0, 0.0, -1.0], [3.0, 1.0, 0.5]], dtype=F64)), ("float32", good(3, 3, dtype=F32)),
        ("batch", f(2, 3, 3)), ("batches float32", good(2, 1, 2, 2, dtype=F32)), ("transpose", view(f(3, 3), "transpose")), ("slice", view(f(2, 2, 2), "slice")),
        ("expand", view(good(1, 2, 2).expand(3, 2, 2), "expand")), ("1x1", f(1, 1)), ("empty", f(0, 0)), ("empty batch", f(0, 2, 2)), ("5x5", f(5, 5)), ("larger", good(9, 9)),
    ]  # fmt: skip
    singular = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=F64)
    rank1 = torch.tensor([[1.0, 2.0, -1.0], [2.0, 4.0, -2.0], [3.0, 6.0, -3.0]], dtype=F64)
    rank2 = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]], dtype=F64)
    zeros = torch.zeros(3, 3, dtype=F64)
    broken = torch.tensor([[nan, 1.0], [2.0, 3.0]], dtype=F64)

    for label, x in squares():
        add("inverse", torch.inverse, label, [x])
    add("inverse", torch.inverse, "diagonal", [torch.diag(torch.tensor([2.0, 4.0, -8.0], dtype=F64))])
    add("inverse", torch.inverse, "NaN", [torch.full((2, 2), nan, dtype=F64)], grad=False)

    for label, x in squares():
        add("det", torch.det, label, [x])
    for label, x in [("singular", singular), ("zeros", zeros), ("NaN", broken), ("permutation", torch.eye(3, dtype=F64)[[2, 0, 1]])]:
        add("det", torch.det, label, [x], grad=label in ("zeros", "permutation"))
    add("det", torch.det, "singular in a batch", [torch.stack([torch.eye(3, dtype=F64), rank1])], grad=False)
    # the first gradient of a singular matrix is 0 in PyTorch 1.13, unless a graph of it is asked for: cofactors are checked by hand in decomposition.test.ts

    for label, x in squares():
        add("slogdet", torch.slogdet, label, [x])
    add("slogdet", torch.slogdet, "no overflow", [torch.eye(4, dtype=F64) * 1e200])
    for label, x in [("singular", singular), ("zeros", zeros), ("NaN", torch.full((2, 2), nan, dtype=F64)), ("negative", -torch.eye(3, dtype=F32))]:
        add("slogdet", torch.slogdet, label, [x], grad=label == "negative")
    for label, x in [("positive", spd(3, 3)), ("float32", spd(2, 2, dtype=F32)), ("negative", -torch.eye(3, dtype=F64)), ("singular", singular), ("batch", spd(2, 2, 2)), ("empty", f(0, 0))]:
        add("logdet", torch.logdet, label, [x], grad=label not in ("singular",))

    for label, a, b, left in [
        ("matrix", f(3, 3), f(3, 2), True), ("vector", f(3, 3), f(3), True), ("float32", good(3, 3, dtype=F32), f(3, 2, dtype=F32), True), ("batch", f(2, 3, 3), f(2, 3, 1), True),
        ("batch of vectors", f(2, 3, 3), f(2, 3), True), ("one vector for a batch", f(2, 3, 3), f(3), True), ("one A", f(3, 3), f(2, 3, 2), True), ("one B", f(2, 3, 3), f(3, 2), True),
        ("broadcast", f(2, 1, 2, 2), f(3, 2, 1), True), ("right", f(3, 3), f(2, 3), False), ("right batch", f(2, 3, 3), f(2, 4, 3), False),
        ("transposes", view(f(3, 3), "transpose"), view(f(3, 2), "transpose"), True), ("empty", f(0, 0), f(0, 2), True), ("no columns", f(2, 2), f(2, 0), True), ("empty batch", f(0, 2, 2), f(0, 2, 1), True),
    ]:  # fmt: skip
        add("solve", L.solve, label, [a, b], {} if left else {"left": False})

    for label, a, b, args in [
        ("upper", good(3, 3), f(3, 2), {"upper": True}), ("lower", good(3, 3), f(3, 2), {"upper": False}), ("unit", good(3, 3), f(3, 2), {"upper": True, "unitriangular": True}),
        ("unit lower", good(3, 3), f(3, 2), {"upper": False, "unitriangular": True}), ("right", good(3, 3), f(2, 3), {"upper": True, "left": False}),
        ("right lower unit", good(2, 3, 3), f(2, 2, 3), {"upper": False, "left": False, "unitriangular": True}), ("float32", good(3, 3, dtype=F32), f(3, 2, dtype=F32), {"upper": False}),
        ("broadcast", good(2, 1, 2, 2), f(3, 2, 1), {"upper": True}), ("transpose", view(good(3, 3), "transpose"), f(3, 1), {"upper": True}), ("empty", f(0, 0), f(0, 2), {"upper": True}),
    ]:  # fmt: skip
        add("triangularSolve", L.solve_triangular, label, [a, b], args)
    add("triangularSolve", L.solve_triangular, "zero on the diagonal", [torch.zeros(2, 2), torch.ones(2, 1)], {"upper": True}, grad=False)

    for label, x, args in [
        ("3x3", spd(3, 3), {}), ("float32", spd(3, 3, dtype=F32), {}), ("batch", spd(2, 2, 2), {}), ("upper", spd(3, 3), {"upper": True}), ("reads one triangle", torch.tensor([[4.0, 99.0], [2.0, 5.0]], dtype=F64), {}),
        ("reads the upper triangle", torch.tensor([[4.0, 2.0], [99.0, 5.0]], dtype=F64), {"upper": True}), ("transpose", view(spd(3, 3), "transpose"), {}), ("1x1", torch.tensor([[4.0]], dtype=F64), {}), ("empty", f(0, 0), {}),
        ("empty batch", f(0, 2, 2), {}), ("larger", spd(8, 8), {}),
    ]:  # fmt: skip
        add("cholesky", L.cholesky, label, [x], args)

    def cholesky_solve(b, factor, upper=False):
        return torch.cholesky_solve(b, factor.triu() if upper else factor.tril(), upper)

    for label, b, a, args in [("lower", f(3, 2), good(3, 3), {}), ("upper", f(3, 2), good(3, 3), {"upper": True}), ("float32", f(3, 1, dtype=F32), good(3, 3, dtype=F32), {}), ("batch", f(2, 3, 1), good(2, 3, 3), {}), ("empty", f(0, 1), f(0, 0), {})]:
        add("choleskySolve", cholesky_solve, label, [b, a], args)

    shapes = [("square", (3, 3)), ("tall", (4, 2)), ("wide", (2, 4)), ("batch", (2, 3, 2)), ("1x1", (1, 1)), ("row", (1, 3)), ("column", (3, 1)), ("no rows", (0, 3)), ("no columns", (3, 0)), ("empty", (0, 0)), ("empty batch", (0, 3, 2)), ("larger", (9, 6))]

    def qr(x, mode="reduced"):
        return tuple(y for y in L.qr(x, mode=mode))

    for mode in ["reduced", "complete", "r"]:
        for label, shape in shapes:
            tall = shape[-2] > shape[-1]
            add("qr", qr, f"{mode} {label}", [f(*shape)], {"mode": mode}, grad=mode == "reduced" or (mode == "complete" and not tall))
    add("qr", qr, "float32", [good(3, 3, dtype=F32)])
    add("qr", qr, "transpose", [view(f(4, 3), "transpose")])
    add("qr", qr, "triangular already", [torch.tensor([[1.0, 2.0], [0.0, -3.0]], dtype=F64)])
    add("qr", qr, "zeros", [torch.zeros(3, 2, dtype=F64)], grad=False)
    add("qr", qr, "NaN", [torch.full((2, 2), nan, dtype=F64)], grad=False)

    def svd(x, full_matrices=True):
        u, s, vh = L.svd(x, full_matrices=full_matrices)
        k = s.shape[-1]
        u_k, vh_k = u[..., :k], vh[..., :k, :]
        return u_k @ torch.diag_embed(s) @ vh_k, s, u_k.abs(), vh_k.abs(), (mT(u) @ u).detach(), (vh @ mT(vh)).detach()

    for full in [True, False]:
        for label, shape in shapes:
            add("svd", svd, f"{'full' if full else 'reduced'} {label}", [f(*shape)], {"full_matrices": full})
    add("svd", svd, "transpose", [view(f(4, 3), "transpose")])

    def svd_values(x, full_matrices=True):
        u, s, vh = L.svd(x, full_matrices=full_matrices)
        k = s.shape[-1]
        return u[..., :k] @ torch.diag_embed(s) @ vh[..., :k, :], s, (mT(u) @ u).detach(), (vh @ mT(vh)).detach()

    for label, x in [("float32", good(3, 3, dtype=F32)), ("zeros", torch.zeros(3, 2, dtype=F64)), ("equal values", torch.eye(3, dtype=F64)), ("rank 2", rank2), ("tall zeros", torch.zeros(4, 2, dtype=F64)), ("huge", f(3, 2) * 1e200), ("tiny", f(3, 2) * 1e-200)]:
        if label == "rank 2":
            x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [5.0, 7.0, 9.0]], dtype=F64)
        add("svdValues", svd_values, label, [x], grad=False)
    for label, shape in shapes:
        add("svdvals", L.svdvals, label, [f(*shape)])
    add("svdvals", L.svdvals, "float32", [good(3, 2, 2, dtype=F32)])

    def eigh(x, UPLO="L"):  # noqa: N803
        w, v = L.eigh(x, UPLO=UPLO)
        return (v * w.unsqueeze(-2)) @ mT(v), w, v.abs(), (mT(v) @ v).detach()

    for label, x, args in [
        ("3x3", spd(3, 3), {}), ("indefinite", (lambda x: x + mT(x))(f(4, 4)), {}), ("upper triangle", f(3, 3), {"UPLO": "U"}), ("lower triangle", f(3, 3), {"UPLO": "L"}), ("batch", f(2, 3, 3), {}),
        ("1x1", f(1, 1), {}), ("empty", f(0, 0), {}), ("empty batch", f(0, 2, 2), {}), ("transpose", view(f(3, 3), "transpose"), {}), ("larger", (lambda x: x + mT(x))(f(8, 8)), {}),
    ]:  # fmt: skip
        add("eigh", eigh, label, [x], args)
    for label, x in [("equal values", torch.eye(3, dtype=F64)), ("zeros", zeros), ("float32", (spd(3, 3) + torch.diag(torch.tensor([0.0, 8.0, 16.0], dtype=F64))).to(F32)), ("diagonal", torch.diag(torch.tensor([3.0, -1.0, 2.0], dtype=F64))), ("singular", singular)]:
        add("eigvalsh", L.eigvalsh, label, [x])
    for label, x, args in [("lower", f(3, 3), {}), ("upper", f(2, 3, 3), {"UPLO": "U"}), ("huge", spd(2, 2) * 1e200, {})]:
        add("eigvalsh", L.eigvalsh, label, [x], args)

    def lu_factor(x):
        return tuple(L.lu_factor(x))

    for label, shape in [("square", (3, 3)), ("tall", (4, 2)), ("wide", (2, 4)), ("batch", (2, 3, 3)), ("empty", (0, 0)), ("empty batch", (0, 2, 2)), ("no rows", (0, 3)), ("no columns", (3, 0)), ("column", (3, 1))]:
        add("luFactor", lu_factor, label, [f(*shape)])
        add("lu", lambda x: tuple(L.lu(x)), label, [f(*shape)])
    add("luFactor", lu_factor, "float32", [good(3, 3, dtype=F32)])
    add("lu", lambda x: tuple(L.lu(x)), "singular", [rank1], grad=False)
    add("lu", lambda x: tuple(L.lu(x)), "zeros", [zeros], grad=False)

    for label, x, args in [
        ("square", f(3, 3), {}), ("tall", f(4, 2), {}), ("wide", f(2, 4), {}), ("batch", f(2, 3, 2), {}), ("float32", (good(3, 3) + 12 * torch.eye(3, dtype=F64)).to(F32), {}), ("no rows", f(0, 3), {}), ("no columns", f(3, 0), {}), ("empty batch", f(0, 2, 2), {}),
        ("hermitian", spd(3, 3), {"hermitian": True}), ("transpose", view(f(4, 3), "transpose"), {}),
    ]:  # fmt: skip
        add("pinv", L.pinv, label, [x], args)
    for label, x, args in [("rank 1", rank1, {}), ("rank 2", rank2, {}), ("zeros", zeros, {}), ("atol", torch.diag(torch.tensor([4.0, 1.0, 0.1], dtype=F64)), {"atol": 0.5}), ("rtol", torch.diag(torch.tensor([4.0, 1.0, 0.1], dtype=F64)), {"rtol": 0.3}), ("both", torch.diag(torch.tensor([4.0, 1.0, 0.1], dtype=F64)), {"atol": 0.05, "rtol": 0.3})]:
        add("pinv", L.pinv, label, [x], args, grad=False)
    add("pinverse", torch.pinverse, "tall", [f(3, 2)])

    for label, x, args in [("full", f(3, 3), {}), ("1", rank1, {}), ("2", rank2, {}), ("0", zeros, {}), ("batch", torch.stack([rank1, rank2]), {}), ("tall", f(4, 2), {}), ("float32", rank1.float(), {}), ("hermitian", singular, {"hermitian": True}), ("atol", torch.diag(torch.tensor([4.0, 1.0, 0.1])), {"atol": 0.5}), ("rtol", torch.diag(torch.tensor([4.0, 1.0, 0.1])), {"rtol": 0.3}), ("empty", f(0, 3), {}), ("empty batch", f(0, 2, 2), {})]:
        add("matrixRank", L.matrix_rank, label, [x], args)

    for n in [0, 1, 2, 3, 5, -1, -2]:
        add("matrixPower", L.matrix_power, f"n={n}", [good(3, 3)], {"n": n}, grad=n != 0)
    add("matrixPower", L.matrix_power, "batch", [f(2, 2, 2)], {"n": 3})
    add("matrixPower", L.matrix_power, "int64", [d.ints(2, 2)], {"n": 3})
    add("matrixPower", L.matrix_power, "empty", [f(0, 0)], {"n": 2})

    for label, x in [("3x3", f(3, 3)), ("small", f(3, 3) * 1e-3), ("batch", f(2, 2, 2)), ("large", f(3, 3) * 8), ("float32", f(2, 2, low=-1, high=1, dtype=F32)), ("nilpotent", torch.tensor([[0.0, 1.0], [0.0, 0.0]], dtype=F64)), ("zeros", zeros), ("empty", f(0, 0)), ("empty batch", f(0, 2, 2)), ("1x1", f(1, 1))]:
        add("matrixExp", torch.matrix_exp, label, [x])

    for label, a, b in [("tall", f(4, 2), f(4, 3)), ("wide", f(2, 4), f(2, 1)), ("square", good(3, 3), f(3, 2)), ("vector", f(4, 2), f(4)), ("batch", f(2, 4, 2), f(2, 4, 1)), ("batch of vectors", f(2, 4, 2), f(2, 4))]:
        if label == "vector":
            add("lstsq", lambda a, b: L.lstsq(a, b.unsqueeze(-1)).solution.squeeze(-1), label, [a, b])
        else:
            add("lstsq", lambda a, b: L.lstsq(a, b).solution, label, [a, b])

    def lstsq_all(a, b, driver):
        return tuple(L.lstsq(a, b, driver=driver))

    for driver in ["gelsy", "gels", "gelsd", "gelss"]:
        add("lstsqAll", lstsq_all, f"{driver} tall", [f(4, 2), f(4, 2)], {"driver": driver}, grad=False)
        add("lstsqAll", lstsq_all, f"{driver} batch", [f(2, 4, 2), f(2, 4, 1)], {"driver": driver}, grad=False)

    orders = [2, 1, 3, 0.5, 0, -1, -2.5, inf, -inf]
    for ord in orders:
        add("vectorNorm", L.vector_norm, f"ord={ord}", [f(2, 3)], {"ord": ord, "dim": 1})
        add("vectorNorm", L.vector_norm, f"ord={ord} all float32", [f(2, 3, dtype=F32)], {"ord": ord})
    for label, x, args in [("keepdim", f(2, 3), {"dim": (0, 1), "keepdim": True}), ("dtype", f(3, dtype=F32), {"dtype": F64}), ("0-d", f(), {}), ("empty", f(0, 2), {}), ("empty dim", f(0, 2), {"dim": 0}), ("inf along a full dim", f(0, 2), {"ord": inf, "dim": 1}), ("NaN", torch.tensor([nan, 1.0]), {"ord": inf}), ("zeros", torch.zeros(3, dtype=F64), {})]:
        add("vectorNorm", L.vector_norm, label, [x], args, grad=label not in ("NaN",))

    for ord in ["fro", "nuc", inf, -inf, 1, -1, 2, -2]:
        add("matrixNorm", L.matrix_norm, f"ord={ord}", [f(3, 2)], {"ord": ord})
        add("matrixNorm", L.matrix_norm, f"ord={ord} dims", [f(2, 3, 4)], {"ord": ord, "dim": (2, 0)})
        add("matrixNorm", L.matrix_norm, f"ord={ord} keepdim", [f(2, 3, 2)], {"ord": ord, "dim": (0, -1), "keepdim": True})
        add("matrixNorm", L.matrix_norm, f"ord={ord} float32", [f(3, 3, dtype=F32)], {"ord": ord})
    for ord in ["fro", "nuc", 1]:
        add("matrixNorm", L.matrix_norm, f"ord={ord} empty", [f(0, 3)], {"ord": ord})
    add("matrixNorm", L.matrix_norm, "dtype", [f(2, 2, dtype=F32)], {"ord": 1, "dtype": F64})
    for label, x, args in [("all", f(2, 3, 2), {}), ("vector", f(4), {"ord": 3}), ("matrix", f(2, 3), {"ord": 1}), ("fro", f(2, 3), {"ord": "fro"}), ("one dim", f(2, 3, 2), {"ord": 1, "dim": 1}), ("two dims", f(2, 3, 2), {"ord": "nuc", "dim": (0, 2)}), ("dim without ord", f(2, 3, 2), {"dim": (0, 1)}), ("keepdim", f(2, 3), {"ord": inf, "dim": (0, 1), "keepdim": True})]:
        add("linalgNorm", L.norm, label, [x], args)

    for p in [None, "fro", "nuc", inf, -inf, 1, -1, 2, -2]:
        add("cond", L.cond, f"p={p}", [good(3, 3)], {} if p is None else {"p": p})
        add("cond", L.cond, f"p={p} batch", [good(2, 2, 2)], {} if p is None else {"p": p})
    for p in ["fro", inf, 1, -1]:
        add("cond", L.cond, f"p={p} singular", [singular], {"p": p}, grad=False)
    add("cond", L.cond, "not square", [f(4, 2)])

    for label, a, b, args in [("vectors", f(3), f(3), {}), ("batch", f(2, 3), f(2, 3), {}), ("broadcast", f(2, 3), f(1, 3), {}), ("dim", f(3, 2), f(3, 2), {"dim": 0}), ("float32", f(2, 3, dtype=F32), f(2, 3, dtype=F32), {}), ("int64", d.ints(2, 3), d.ints(2, 3), {}), ("empty", f(0, 3), f(0, 3), {})]:
        add("linalgCross", L.cross, label, [a, b], args)
    for label, a, b, args in [("first dim of 3", f(2, 3, 3), f(2, 3, 3), {"dim": 1}), ("negative dim", f(2, 3), f(2, 3), {"dim": -1}), ("default", f(3, 2), f(3, 2), {})]:
        add("cross", torch.cross, label, [a, b], args)

    def multi_dot(*tensors):
        return L.multi_dot(tensors)

    for label, *given in [("2", (2, 3), (3, 4)), ("3", (2, 3), (3, 1), (1, 4)), ("4", (2, 5), (5, 1), (1, 3), (3, 2)), ("vector first", (3,), (3, 2), (2, 2)), ("vector last", (2, 3), (3, 2), (2,)), ("vectors", (3,), (3, 2), (2,)), ("two vectors", (3,), (3,)), ("empty", (2, 0), (0, 3), (3, 2))]:
        add("multiDot", multi_dot, label, [f(*shape) for shape in given])
    add("multiDot", multi_dot, "float32", [f(2, 3, dtype=F32), f(3, 2, dtype=F32), f(2, 2, dtype=F32)])

    def cdist(a, b, p=2.0):
        return torch.cdist(a, b, p=p, compute_mode="donot_use_mm_for_euclid_dist")

    for p in [2.0, 1.0, 0.0, 1.5, 3.0, inf]:
        add("cdist", cdist, f"p={p}", [f(3, 2), f(4, 2)], {"p": p})
    for label, a, b in [("batch", f(2, 3, 2), f(2, 1, 2)), ("broadcast", f(2, 1, 3, 2), f(3, 1, 2)), ("float32", f(2, 3, dtype=F32), f(3, 3, dtype=F32)), ("no columns", f(2, 0), f(3, 0)), ("no rows", f(0, 2), f(3, 2)), ("equal rows", torch.ones(1, 2, dtype=F64), torch.ones(2, 2, dtype=F64))]:
        add("cdist", cdist, label, [a, b])
    for p in [2.0, 1.0, 0.0, 3.0, inf]:
        add("pdist", torch.nn.functional.pdist, f"p={p}", [f(4, 2)], {"p": p})
    for label, x in [("float32", f(3, 2, dtype=F32)), ("one row", f(1, 2)), ("no rows", f(0, 2))]:
        # PyTorch crashes in the backward of no pairs
        add("pdist", torch.nn.functional.pdist, label, [x], grad=label == "float32")

    for label, a, b, args in [("rows", f(2, 3), f(2, 3), {}), ("broadcast", f(2, 3), f(3), {}), ("dim", f(3, 2), f(3, 2), {"dim": 0})]:
        add("vecdot", L.vecdot, label, [a, b], args)
    add("linalgDiagonal", L.diagonal, "batch", [f(2, 3, 4)])
    add("linalgDiagonal", L.diagonal, "offset", [f(2, 3, 4)], {"offset": 1})
    more(family)
    return family


def more(family):
    d = Draw(110)
    f = d.floats
    add = family.add

    def lu_solve(x, b, left=True, adjoint=False):
        # 1.13 has lu_solve under torch only, for left and not adjoint: the other forms by solve
        a = mT(x) if adjoint else x
        return L.solve(a, b, left=left)

    for label, a, b, args in [
        ("left", f(3, 3), f(3, 2), {}), ("right", f(3, 3), f(2, 3), {"left": False}), ("adjoint", f(3, 3), f(3, 2), {"adjoint": True}), ("right adjoint", f(3, 3), f(2, 3), {"left": False, "adjoint": True}),
        ("batch", f(2, 3, 3), f(2, 3, 1), {}), ("one A", f(3, 3), f(2, 3, 1), {}), ("one B", f(2, 3, 3), f(3, 1), {"adjoint": True}), ("float32", f(2, 2, dtype=F32) + 5 * torch.eye(2), f(2, 1, dtype=F32), {}), ("empty", f(0, 0), f(0, 2), {}),
    ]:  # fmt: skip
        add("luSolve", lu_solve, label, [a, b], args)

    def cholesky_inverse(factor, upper=False):
        return torch.cholesky_inverse(factor.triu() if upper else factor.tril(), upper=upper)

    strong = lambda *shape: f(*shape, low=-1, high=1) + 4 * torch.eye(shape[-1], dtype=F64)  # noqa: E731
    for label, x, args in [("lower", strong(3, 3), {}), ("upper", strong(3, 3), {"upper": True}), ("batch", strong(2, 2, 2), {}), ("empty", f(0, 0), {}), ("float32", strong(2, 2).float(), {})]:
        add("choleskyInverse", cholesky_inverse, label, [x], args)
