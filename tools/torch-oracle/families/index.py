"""Reading and writing at indices, sorting, embedding."""

import torch
import torch.nn.functional as F

from cases import BOOL, F32, F64, I64, U8, Draw, Family, inf, nan, view

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


def combining(family):
    """Values that share a place, and whole slices at indices. Draws of its own, so that the samples above stay as they are."""
    d = Draw(104)
    f = d.floats

    def scatter(x, index, source, dim, reduce):
        return torch.scatter(x, dim, index, source, reduce=reduce)

    def scatter_(x, index, source, dim, reduce):
        return x.scatter_(dim, index, source, reduce=reduce)

    many = torch.tensor([[0, 2, 1, 2], [0, 0, 1, 1], [0, 0, 2, 2]])
    for reduce in ["add", "multiply"]:
        for label, x, index, source, dim in [
            ("dim 0", f(3, 4), many, f(3, 4), 0), ("float32 dim 1", f(2, 3, dtype=F32), long(1, 1).expand(2, 2).clone(), f(2, 2, dtype=F32), 1),
            ("int64", d.ints(4), long(3, 1, 3), d.ints(3), 0), ("number", f(3, 4), many, 2.5, 0),
        ]:  # fmt: skip
            family.add("scatter", scatter, f"{reduce} {label}", [x, index, source], {"dim": dim, "reduce": reduce}, grad=False, inplace=scatter_)

    def scatter_reduce(x, index, source, dim, reduce, include_self=True):
        return torch.scatter_reduce(x, dim, index, source, reduce, include_self=include_self)

    def scatter_reduce_(x, index, source, dim, reduce, include_self=True):
        return x.scatter_reduce_(dim, index, source, reduce, include_self=include_self)

    for reduce in ["sum", "prod", "mean", "amax", "amin"]:
        for own in [True, False]:
            args = {} if own else {"include_self": False}
            label = f"{reduce}" if own else f"{reduce} without self"
            cases = [
                ("dim 0", d.distinct(3, 4), many, d.distinct(3, 4, step=0.3), 0), ("dim -1", d.distinct(2, 3), torch.tensor([[2, 2, 0], [1, 1, 1]]), d.distinct(2, 3, step=0.3), -1),
                ("smaller index", f(3, 4), many[:2, :3], f(3, 4), 0), ("float32", d.distinct(4, dtype=F32), long(3, 0, 3), d.distinct(3, step=0.3, dtype=F32), 0),
                ("int64", d.ints(4), long(3, 0, 3), d.ints(3), 0), ("uint8", d.ints(4, low=0, high=9, dtype=U8), long(3, 0, 3), d.ints(3, low=0, high=9, dtype=U8), 0),
                ("empty index", f(3), torch.zeros(0, dtype=I64), f(0), 0), ("0-d", f(), torch.tensor(0), f(), 0),
                ("transpose", view(f(3, 4), "transpose"), many, view(f(3, 4), "slice"), 0),
                ("special", torch.tensor([1.0, nan, inf, 0.0], dtype=F64), long(0, 1, 2, 3, 3), torch.tensor([nan, 1.0, -inf, -0.0, 2.0], dtype=F64), 0),
            ]  # fmt: skip
            for name, x, index, source, dim in cases:
                grad = name != "special"
                family.add("scatterReduce", scatter_reduce, f"{label} {name}", [x, index, source], {"dim": dim, "reduce": reduce} | args, grad=grad, inplace=scatter_reduce_, optional=True)
    ties = torch.tensor([2.0, 1.0, 5.0], dtype=F64), long(0, 0, 0, 1, 1), torch.tensor([2.0, 2.0, 1.0, 3.0, 3.0], dtype=F64)
    for reduce in ["amax", "amin"]:
        family.add("scatterReduce", scatter_reduce, f"{reduce} ties", list(ties), {"dim": 0, "reduce": reduce})
    zeros = torch.tensor([2.0, 0.0, 5.0, 3.0], dtype=F64), long(0, 0, 1, 1, 2, 2, 3, 3, 3), torch.tensor([0.0, 3.0, 2.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0], dtype=F64)
    family.add("scatterReduce", scatter_reduce, "prod zeros", list(zeros), {"dim": 0, "reduce": "prod"})
    family.add("scatterReduce", scatter_reduce, "prod zeros without self", list(zeros), {"dim": 0, "reduce": "prod", "include_self": False})

    def index_reduce(x, index, source, dim, reduce, include_self=True):
        return torch.index_reduce(x, dim, index, source, reduce, include_self=include_self)

    def index_reduce_(x, index, source, dim, reduce, include_self=True):
        return x.index_reduce_(dim, index, source, reduce, include_self=include_self)

    for reduce in ["prod", "mean", "amax", "amin"]:
        for own in [True, False]:
            args = {"reduce": reduce} | ({} if own else {"include_self": False})
            label = f"{reduce}" if own else f"{reduce} without self"
            family.add("indexReduce", index_reduce, f"{label} dim 0", [d.distinct(3, 2), long(2, 0, 2), d.distinct(3, 2, step=0.3)], {"dim": 0} | args, inplace=index_reduce_)
            family.add("indexReduce", index_reduce, f"{label} dim 1", [d.distinct(2, 4), long(3, 3), d.distinct(2, 2, step=0.3)], {"dim": 1} | args, inplace=index_reduce_)

    def along(name):
        fn, inplace = getattr(torch, name), getattr(T, name + "_")
        return (lambda x, index, source, dim, **args: fn(x, dim, index, source, **args)), (lambda x, index, source, dim, **args: inplace(x, dim, index, source, **args))

    for op, name in [("indexAdd", "index_add"), ("indexCopy", "index_copy")]:
        fn, inplace = along(name)
        for label, x, index, source, dim in [
            ("dim 0", f(3, 4), long(2, 0), f(2, 4), 0), ("dim 1", f(3, 4), long(3, 1, 0), f(3, 3), 1), ("dim -1", f(2, 3, 4), long(1), f(2, 3, 1), -1),
            ("float32", f(3, dtype=F32), long(1), f(1, dtype=F32), 0), ("int64", d.ints(3, 2), long(1, 2), d.ints(2, 2), 0), ("empty", f(3, 4), torch.zeros(0, dtype=I64), f(0, 4), 0),
            ("transpose", view(f(3, 4), "transpose"), long(2, 1), view(f(2, 4), "slice"), 0),
        ]:  # fmt: skip
            family.add(op, fn, label, [x, index, source], {"dim": dim}, inplace=inplace)
    fn, inplace = along("index_add")
    family.add("indexAdd", fn, "duplicates", [f(3, 2), long(2, 0, 2, 2), f(4, 2)], {"dim": 0}, inplace=inplace)
    family.add("indexAdd", fn, "alpha", [f(3, 2), long(2, 0, 2), f(3, 2)], {"dim": 0, "alpha": 2.5}, inplace=inplace)
    family.add("indexAdd", fn, "alpha int64", [d.ints(3, 2), long(2, 0, 2), d.ints(3, 2)], {"dim": 0, "alpha": -3}, inplace=inplace)
    fn, inplace = along("index_fill")
    for label, x, index, value, dim in [
        ("dim 0", f(3, 4), long(2, 0), 1.5, 0), ("dim -1", f(3, 4), long(3, 1, 1), -2, -1), ("tensor", f(3, 4), long(2, 0, 2), torch.tensor(0.5, dtype=F64), 0),
        ("int64", d.ints(3), long(1), 7, 0), ("bool", d.bools(3), long(1, 2), True, 0), ("empty", f(3), torch.zeros(0, dtype=I64), 1, 0),
    ]:  # fmt: skip
        family.add("indexFill", fn, label, [x, index, value], {"dim": dim}, inplace=inplace)

    def put(x, index, source, accumulate=False):
        return torch.ops.aten.put(x, index, source, accumulate)

    def put_(x, index, source, accumulate=False):
        return x.put_(index, source, accumulate)

    for label, x, index, source, args in [
        ("2-d", f(2, 3), long(0, 5, 2), f(3), {}), ("negative", f(2, 3), long(-1, 0), f(2), {}), ("shaped", f(2, 3), torch.tensor([[1, 2], [3, 4]]), f(4), {}),
        ("accumulate", f(2, 3), long(1, 1, -1, 0), f(4), {"accumulate": True}), ("int64", d.ints(4), long(2), d.ints(1), {}), ("transpose", view(f(2, 3), "transpose"), long(1, 2), f(2), {}),
        ("empty", f(4), torch.zeros(0, dtype=I64), f(0), {}), ("float32", f(4, dtype=F32), long(3, 1), f(2, dtype=F32), {"accumulate": True}),
    ]:  # fmt: skip
        family.add("put", put, label, [x, index, source], args, inplace=put_)

    def masked_scatter(x, mask, source):
        return torch.masked_scatter(x, mask, source)

    mask = torch.tensor([[True, False, True], [False, True, True]])
    for label, x, m, source in [("2-d", f(2, 3), mask, f(4)), ("more values", f(2, 3), mask, f(3, 3)), ("broadcast mask", f(2, 3), torch.tensor([True, False, True]), f(4)),
                                ("no true", f(2), torch.tensor([False, False]), f(2)), ("int64", d.ints(2, 3), mask, d.ints(4)),
                                ("float32", f(2, 3, dtype=F32), mask, f(5, dtype=F32))]:  # fmt: skip
        family.add("maskedScatter", masked_scatter, label, [x, m, source], inplace=T.masked_scatter_)

    def take_along(x, index, dim=None):
        return torch.take_along_dim(x, index, dim)

    for label, x, index, args in [("dim 0", f(3, 4), torch.tensor([[0, 2, 1, 1]]), {"dim": 0}), ("broadcast", f(3, 4), torch.tensor([[0], [2], [3]]), {"dim": 1}),
                                  ("broadcast both", f(1, 4), torch.tensor([[0, 1], [2, 2]]), {"dim": -1}), ("flat", f(2, 3), torch.tensor([[5, 0], [1, 1]]), {})]:  # fmt: skip
        family.add("takeAlongDim", take_along, label, [x, index], args)


def finding(family):
    """Positions of values: searches, sets, counts."""
    d = Draw(105)
    f = d.floats

    def search(sorted_, values, sorter=None, **args):
        return torch.searchsorted(sorted_, values, sorter=sorter, **args)

    row = torch.tensor([-2.0, 0.0, 0.5, 0.5, 3.0], dtype=F64)
    rows = torch.stack([row, row * 2 + 1])
    wanted = torch.tensor([0.5, -3.0, 3.0, 4.0, 0.25, nan], dtype=F64)
    for args in [{}, {"right": True}, {"side": "right"}, {"side": "left", "out_int32": True}]:
        label = " ".join(f"{k} {v}" for k, v in args.items()) or "plain"
        family.add("searchsorted", search, label, [row, wanted], args)
        family.add("searchsorted", search, f"{label} shaped", [row, wanted.reshape(2, 3)], args)
        family.add("searchsorted", search, f"{label} rows", [rows, f(2, 3)], args)
    family.add("searchsorted", search, "0-d value", [row, f()])
    family.add("searchsorted", search, "number", [row, 0.5])
    family.add("searchsorted", search, "int64", [long(1, 3, 3, 5), d.ints(6)])
    family.add("searchsorted", search, "empty values", [row, f(0)])
    family.add("searchsorted", search, "empty row", [f(0), f(3)])
    family.add("searchsorted", search, "float32 transpose", [row.float(), view(f(2, 3, dtype=F32), "transpose")])
    order = torch.tensor([3, 0, 4, 1, 2])
    family.add("searchsorted", search, "sorter", [row[torch.argsort(order)], wanted, order])
    for args in [{}, {"right": True}, {"out_int32": True}]:
        label = " ".join(f"{k} {v}" for k, v in args.items()) or "plain"
        family.add("bucketize", torch.bucketize, label, [wanted.reshape(3, 2), row], args)
    family.add("bucketize", torch.bucketize, "int64", [d.ints(5), long(-2, 0, 3)])
    family.add("bucketize", torch.bucketize, "number", [0.5, row])

    for label, x, y, args in [
        ("floats", torch.tensor([1.0, nan, -0.0, 3.0]), torch.tensor([nan, 0.0, 1.0]), {}), ("int64", d.ints(2, 4), d.ints(3, 2), {}), ("invert", d.ints(6), d.ints(3), {"invert": True}),
        ("promotes", d.ints(5), f(4), {}), ("empty", d.ints(3), torch.zeros(0, dtype=I64), {}), ("no elements", torch.zeros(0), f(2, dtype=F32), {}),
        ("number", d.ints(5), 2, {}), ("number elements", 2, long(1, 2), {}), ("0-d", torch.tensor(3), long(1, 3), {}), ("unique", long(4, 2), long(2, 1), {"assume_unique": True}),
        ("transpose", view(d.ints(2, 3), "transpose"), d.ints(4), {}),
    ]:  # fmt: skip
        family.add("isin", torch.isin, label, [x, y], args)

    spots = torch.tensor([[0.0, 2.0, nan], [-0.0, -1.0, 0.0]])
    for label, x in [("2-d", spots), ("bool", d.bools(2, 3)), ("int64", d.ints(5)), ("0-d", torch.tensor(3)), ("0-d zero", torch.tensor(0)), ("empty", torch.zeros(0, 3)),
                     ("none", torch.zeros(2, 2)), ("3-d", d.ints(2, 2, 2)), ("transpose", view(spots, "transpose"))]:  # fmt: skip
        family.add("nonzero", torch.nonzero, label, [x])
        family.add("nonzero", torch.nonzero, f"{label} as tuple", [x], {"as_tuple": True})
        family.add("argwhere", torch.argwhere, label, [x])

    repeated = d.ints(9, low=0, high=4)
    lines = torch.tensor([[1, 0, 2], [0, 5, 1], [1, 0, 2], [0, 5, 0], [0, 5, 0]])
    both = {"return_inverse": True, "return_counts": True}
    for op, fn in [("unique", torch.unique), ("uniqueConsecutive", torch.unique_consecutive)]:
        for label, x in [
            ("1-d", repeated), ("2-d", repeated.reshape(3, 3)), ("float32", repeated.float() / 4), ("bool", d.bools(5)), ("uint8", d.ints(5, low=0, high=3, dtype=U8)), ("0-d", torch.tensor(2.5)),
            ("empty", torch.zeros(0)), ("transpose", view(repeated.reshape(3, 3), "transpose")), ("infinities", torch.tensor([inf, -inf, 1.0, inf, inf])),
        ]:  # fmt: skip
            family.add(op, fn, label, [x])
            for args in [{"return_inverse": True}, {"return_counts": True}, both]:
                family.add(op, fn, f"{label} {' '.join(args)}", [x], args)
        for dim in [0, 1, -1]:
            family.add(op, fn, f"dim {dim}", [lines], {"dim": dim} | both)
        family.add(op, fn, "dim 1 of 3", [lines.reshape(5, 3, 1).expand(5, 3, 2).clone()], {"dim": 1} | both)
        family.add(op, fn, "dim 0 float64", [lines.double() / 2], {"dim": 0})
    family.add("unique", torch.unique, "unsorted", [repeated.sort()[0]], {"sorted": True})

    for label, inputs, args in [
        ("plain", [d.ints(7, low=0, high=5)], {}), ("minlength", [d.ints(4, low=0, high=3)], {"minlength": 6}), ("empty", [torch.zeros(0, dtype=I64)], {}), ("empty minlength", [torch.zeros(0, dtype=I64)], {"minlength": 2}),
        ("uint8", [d.ints(4, low=0, high=3, dtype=U8)], {}), ("float32 weights", [long(0, 2, 2, 1), f(4, dtype=F32)], {}), ("float64 weights", [long(0, 2, 2), f(3)], {"minlength": 4}), ("int64 weights", [long(0, 2, 2), d.ints(3)], {}),
    ]:  # fmt: skip
        family.add("bincount", lambda x, weights=None, minlength=0: torch.bincount(x, weights, minlength), label, inputs, args, grad=False)

    values = torch.tensor([0.1, 0.9, 1.5, -2.0, 3.99, 4.0, 0.5, 2.25, nan], dtype=F64)
    for label, x, args in [
        ("range", values[:-1], {"bins": 4, "min": 0, "max": 4}), ("own range", values[:-1], {"bins": 5}), ("one value", torch.full((3,), 2.0), {"bins": 3}), ("float32", values[:-1].float(), {"bins": 8, "min": -2, "max": 2}),
        ("2-d", f(3, 4), {"bins": 6, "min": -3, "max": 3}), ("empty", torch.zeros(0), {"bins": 2}), ("outside", f(4), {"bins": 2, "min": 50, "max": 60}), ("default", f(5), {}), ("negative range", f(9), {"bins": 3, "min": -2.5, "max": -0.5}),
    ]:  # fmt: skip
        family.add("histc", torch.histc, label, [x], args, grad=False)

    for label, x in [("2-d", d.distinct(3, 4)), ("1-d", d.distinct(5)), ("int64", d.ints(4, 2)), ("special", torch.tensor([1.0, nan, -inf, 0.0])), ("empty", torch.zeros(0, 2))]:
        family.add("msort", torch.msort, label, [x], grad=label != "special")


def build():
    family = Family("index", 4)
    gathers(family)
    advanced(family)
    sorting(family)
    embedding(family)
    combining(family)
    finding(family)
    return family
