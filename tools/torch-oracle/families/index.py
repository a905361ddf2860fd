"""Reading and writing at indices, sorting, embedding."""

import torch
import torch.nn.functional as F

from cases import BOOL, F32, F64, I64, U8, Family, inf, nan, view

T = torch.Tensor


def long(*values):
    return torch.tensor(values)


def gathers(family):
    d = family.draw
    f = d.floats

    def gather(x, index, dim):
        return torch.gather(x, dim, index)

    for label, x, index, dim in [
        ("dim 0", f(3, 4), d.ints(2, 4, low=0, high=3), 0), ("dim 1", f(3, 4), d.ints(3, 5, low=0, high=4), 1),
        ("dim -1", f(2, 3, 4), d.ints(2, 3, 2, low=0, high=4), -1), ("smaller index", f(3, 4), d.ints(1, 2, low=0, high=3), 0),
        ("float32", f(3, dtype=F32), long(2, 2, 0), 0), ("int64", d.ints(3), long(2, 2, 0), 0), ("bool", d.bools(3), long(1, 0), 0),
        ("empty index", f(3, 4), torch.zeros(0, 4, dtype=I64), 0), ("0-d", f(), torch.tensor(0), 0),
        ("transpose", view(f(3, 4), "transpose"), d.ints(3, 4, low=0, high=3), 0),
    ]:  # fmt: skip
        family.add("gather", gather, label, [x, index], {"dim": dim})

    def scatter(x, index, source, dim):
        return torch.scatter(x, dim, index, source)

    def scatter_(x, index, source, dim):
        return x.scatter_(dim, index, source)

    def scatter_add(x, index, source, dim):
        return torch.scatter_add(x, dim, index, source)

    def scatter_add_(x, index, source, dim):
        return x.scatter_add_(dim, index, source)

    unique = torch.tensor([[0, 2, 1, 2], [1, 0, 0, 0]])
    for label, x, index, source, dim in [
        ("dim 0", f(3, 4), unique, f(2, 4), 0), ("dim 1", f(2, 4), torch.tensor([[3, 0], [1, 2]]), f(2, 2), 1),
        ("dim -1", f(2, 4), torch.tensor([[3, 0], [1, 2]]), f(2, 2), -1), ("larger source", f(3, 4), unique[:, :2], f(2, 4), 0),
        ("float32", f(4, dtype=F32), long(3, 1), f(2, dtype=F32), 0), ("int64", d.ints(4), long(3, 1), d.ints(2), 0),
        ("empty index", f(3), torch.zeros(0, dtype=I64), f(0), 0), ("transpose", view(f(3, 4), "transpose"), unique, view(f(2, 4), "slice"), 0),
    ]:  # fmt: skip
        family.add("scatter", scatter, label, [x, index, source], {"dim": dim}, inplace=scatter_)
        family.add("scatterAdd", scatter_add, label, [x, index, source], {"dim": dim}, inplace=scatter_add_)
    family.add("scatter", scatter, "number", [f(3, 4), unique, 2.5], {"dim": 0}, inplace=scatter_)
    family.add("scatterAdd", scatter_add, "duplicates", [f(3), long(1, 1, 1, 0), f(4)], {"dim": 0}, inplace=scatter_add_)
    family.add("scatterAdd", scatter_add, "duplicates int64", [d.ints(3), long(2, 2, 0), d.ints(3)], {"dim": 0}, inplace=scatter_add_)

    def index_select(x, index, dim):
        return torch.index_select(x, dim, index)

    for label, x, index, dim in [
        ("dim 0", f(3, 4), long(2, 0, 2), 0), ("dim 1", f(3, 4), long(3, 1), 1), ("dim -1", f(2, 3, 4), long(0, 0), -1),
        ("empty", f(3, 4), torch.zeros(0, dtype=I64), 0), ("float32", f(3, dtype=F32), long(1), 0), ("int64", d.ints(3, 2), long(1, 2), 0),
        ("transpose", view(f(3, 4), "transpose"), long(2, 1), 0), ("int32 index", f(3), torch.tensor([1, 1], dtype=torch.int32), 0),
    ]:  # fmt: skip
        family.add("indexSelect", index_select, label, [x, index], {"dim": dim})

    for label, x, index in [("2-d", f(2, 3), long(0, 5, 5, 2)), ("negative", f(2, 3), long(-1, 0)), ("shaped", f(2, 3), torch.tensor([[1, 2], [3, 4]])),
                            ("0-d index", f(4), torch.tensor(2)), ("empty", f(4), torch.zeros(0, dtype=I64)), ("transpose", view(f(2, 3), "transpose"), long(1, 2))]:  # fmt: skip
        family.add("take", torch.take, label, [x, index])


def advanced(family):
    """Inputs of `index`: the tensor, then one index (integers, mask, or null for a whole dim) for each of its leading dims."""
    d = family.draw
    f = d.floats
    mask = torch.tensor([[True, False, True], [False, True, True]])

    def pick(x, *indices):
        return x[tuple(slice(None) if i is None else i for i in indices)]

    cases = [
        ("one", (4, 3), [long(2, 0, 2)]), ("negative", (4, 3), [long(-1, 1)]), ("second dim", (2, 3), [None, long(2, 0)]),
        ("two", (4, 3), [long(0, 3), long(1, 2)]), ("broadcast", (4, 3), [torch.tensor([[0], [3]]), long(1, 2)]),
        ("shaped", (4, 3), [torch.tensor([[0, 1], [2, 3]])]), ("0-d index", (4, 3), [torch.tensor(2)]),
        ("gap", (2, 3, 4), [long(0, 1), None, long(3, 2)]), ("inner pair", (2, 3, 4), [None, long(0, 2), long(3, 3)]),
        ("last", (2, 3, 4), [None, None, long(1)]), ("mask", (2, 3), [mask]), ("mask of rows", (2, 3), [torch.tensor([False, True])]),
        ("mask of columns", (2, 3), [None, torch.tensor([True, False, True])]), ("no true", (2, 3), [torch.zeros(2, 3, dtype=BOOL)]),
        ("mask of leading dims", (2, 3, 2), [mask]), ("mask and integers", (2, 3), [torch.tensor([True, True]), long(0, 2)]),
        ("empty index", (4, 3), [torch.zeros(0, dtype=I64)]), ("empty tensor", (0, 3), [None, long(1, 2)]),
    ]  # fmt: skip
    for label, shape, indices in cases:
        family.add("index", pick, label, [f(*shape), *indices])
    family.add("index", pick, "transpose", [view(f(3, 4), "transpose"), long(2, 0)])
    family.add("index", pick, "int64", [d.ints(4), long(2, 0)])
    family.add("index", pick, "float32", [f(4, dtype=F32), long(2, 0)])

    def put(accumulate):
        """Inputs of `indexPut`: the tensor, the values, then the indices."""

        def run(x, values, *indices, accumulate=accumulate):
            return put_(x.clone(), values, *indices, accumulate=accumulate)

        def put_(x, values, *indices, accumulate=accumulate):
            return torch.ops.aten.index_put_(x, list(indices), as_tensor(values, x), accumulate)

        return run, put_

    def as_tensor(values, like):
        return values if isinstance(values, torch.Tensor) else torch.tensor(values, dtype=like.dtype)

    run, put_ = put(False)
    for label, shape, indices in cases:
        if label in ("one", "empty tensor"):
            continue
        values = pick(f(*shape), *indices)
        family.add("indexPut", run, label, [f(*shape), values.detach().clone(), *indices], inplace=put_, optional=True)
        family.add("indexPut", run, f"{label} number", [f(*shape), 0, *indices], inplace=put_, optional=True)
    accumulate = {"accumulate": True}
    family.add("indexPut", run, "accumulates", [f(4, 3), f(3, 3), long(2, 0, 2)], accumulate, inplace=put_)
    family.add("indexPut", run, "accumulates a number", [f(4), 1, long(2, 0, 2)], accumulate, inplace=put_)
    family.add("indexPut", run, "accumulates int64", [d.ints(4), d.ints(3), long(2, 0, 2)], accumulate, inplace=put_)
    family.add("indexPut", run, "values broadcast", [f(4, 3), f(3), long(1, 3)], inplace=put_)
    family.add("indexPut", run, "float32 mask", [f(2, 3, dtype=F32), -1, mask], inplace=put_)
    family.add("indexPut", run, "bool", [d.bools(4), True, long(1, 2)], inplace=put_)

    for label, x, m in [("2-d", f(2, 3), mask), ("broadcast mask", f(2, 3), torch.tensor([True, False, True])), ("broadcast tensor", f(3), mask),
                        ("no true", f(2), torch.tensor([False, False])), ("int64", d.ints(2, 3), mask), ("0-d", f(), torch.tensor(True)),
                        ("transpose", view(f(2, 3), "transpose"), mask), ("float32", f(2, 3, dtype=F32), mask)]:  # fmt: skip
        family.add("maskedSelect", torch.masked_select, label, [x, m])


def sorting(family):
    d = family.draw

    def sort(x, dim=-1, descending=False):
        return tuple(torch.sort(x, dim=dim, descending=descending, stable=True))

    def argsort(x, dim=-1, descending=False):
        return torch.argsort(x, dim=dim, descending=descending, stable=True)

    special = torch.tensor([1.0, nan, -inf, 0.0, inf, -1.0, nan], dtype=F64)
    for op, fn in [("sort", sort), ("argsort", argsort)]:
        for descending in [False, True]:
            order = {"descending": True} if descending else {}
            suffix = " descending" if descending else ""
            for label, x, args in [
                ("1-d", d.distinct(6), {}), ("dim 0", d.distinct(3, 4), {"dim": 0}), ("dim 1", d.distinct(2, 4, 3), {"dim": 1}),
                ("float32", d.distinct(5, dtype=F32), {}), ("int64", d.ints(6), {}), ("uint8", torch.tensor([3, 0, 255, 3], dtype=U8), {}),
                ("bool", d.bools(5), {}), ("ties", torch.tensor([2.0, 1.0, 2.0, 1.0, 2.0], dtype=F64), {}), ("special", special, {}),
                ("0-d", d.floats(), {"dim": 0}), ("empty", torch.zeros(0), {}), ("transpose", view(d.distinct(3, 4), "transpose"), {"dim": 0}),
            ]:  # fmt: skip
                family.add(op, fn, label + suffix, [x], args | order, grad=label != "special")

    def topk(x, k, dim=-1, largest=True):
        return tuple(torch.topk(x, k, dim=dim, largest=largest, sorted=True))

    for label, x, args in [
        ("1-d", d.distinct(6), {"k": 3}), ("all", d.distinct(4), {"k": 4}), ("none", d.distinct(4), {"k": 0}), ("smallest", d.distinct(6), {"k": 2, "largest": False}),
        ("dim 0", d.distinct(4, 3), {"k": 2, "dim": 0}), ("dim 1", d.distinct(2, 4, 3), {"k": 2, "dim": 1}), ("float32", d.distinct(6, dtype=F32), {"k": 2}),
        ("int64", torch.tensor([5, 1, 9, -3]), {"k": 2}), ("transpose", view(d.distinct(3, 4), "transpose"), {"k": 2}),
    ]:  # fmt: skip
        family.add("topk", topk, label, [x], args)


def embedding(family):
    d = family.draw

    def embed(weight, index, padding_idx=None):
        return F.embedding(index, weight, padding_idx)

    # Inputs of `embedding`: the table, then the indices.
    for label, w, index, args in [
        ("1-d", d.floats(5, 3), long(4, 0, 4), {}), ("2-d", d.floats(5, 3), torch.tensor([[1, 2], [2, 2]]), {}),
        ("0-d", d.floats(5, 3), torch.tensor(3), {}), ("padding", d.floats(5, 3), long(1, 0, 1, 2), {"padding_idx": 1}),
        ("float32", d.floats(4, 2, dtype=F32), long(3, 3), {}), ("empty", d.floats(4, 2), torch.zeros(0, dtype=I64), {}),
    ]:  # fmt: skip
        family.add("embedding", embed, label, [w, index], args)

    def one_hot(x, num_classes=-1):
        return F.one_hot(x, num_classes)

    for label, x, args in [("inferred", long(0, 2, 1), {}), ("given", long(0, 2), {"num_classes": 4}), ("2-d", torch.tensor([[1, 0], [2, 2]]), {"num_classes": 3}),
                           ("0-d", torch.tensor(1), {"num_classes": 3})]:  # fmt: skip
        family.add("oneHot", one_hot, label, [x], args)


def build():
    family = Family("index", 4)
    gathers(family)
    advanced(family)
    sorting(family)
    embedding(family)
    return family
