"""Views, copies, and ops that only move elements."""

import torch

from cases import BOOL, F32, F64, I64, Draw, Family, view

T = torch.Tensor


def slice_(x, dim=0, start=None, end=None, step=1):
    return torch.ops.aten.slice(x, dim, start, end, step)


def broadcast_to(x, shape):
    return torch.broadcast_to(x, shape)


def pieces(family):
    """What was added later, with draws of its own so that the samples above stay as they are."""
    d = Draw(103)
    f = d.floats

    def add(op, fn, x, label=None, **args):
        name = label or " ".join([str(list(x.shape)), *(f"{k} {v}" for k, v in args.items())])
        family.add(op, fn, name, [x], args)

    def several(op, fn, label, tensors, **args):
        family.add(op, lambda *tensors, **args: fn(tensors, **args), label, tensors, args)

    for size, stride, offset in [([2, 2], [1, 2], 1), ([3], [2], 0), ([2, 3], [0, 1], 2), ([], [], 4), ([2, 2], [2, 2], 0)]:
        add("asStrided", torch.as_strided, f(6), size=size, stride=stride, storage_offset=offset)
    for op in ["viewAs", "reshapeAs", "expandAs"]:
        fn = {"viewAs": T.view_as, "reshapeAs": T.reshape_as, "expandAs": T.expand_as}[op]
        x, other = (f(2, 1), f(3, 2, 4)) if op == "expandAs" else (f(2, 3), f(3, 2))
        family.add(op, fn, "float64", [x, other], grad=[0])
        family.add(op, fn, "int64", [d.ints(1) if op == "expandAs" else d.ints(4), f(2, 2)], grad=[0])
    for args in [{}, {"diagonal": 1}, {"diagonal": -2}]:
        add("diag", torch.diag, f(3), **args)
        add("diag", torch.diag, f(3, 4), **args)
    add("diag", torch.diag, d.ints(2))
    add("diag", torch.diag, view(f(3, 4), "transpose"), label="of a transpose")
    for args in [{}, {"offset": 1}, {"offset": -2}, {"offset": 1, "dim1": 0, "dim2": 1}, {"dim1": -1, "dim2": 0}]:
        add("diagEmbed", torch.diag_embed, f(2, 3), **args)
    add("diagEmbed", torch.diag_embed, f(3))
    add("diagEmbed", torch.diag_embed, d.ints(2, 2), label="int64")
    add("diagEmbed", torch.diag_embed, f(0), label="empty")
    for repeats, args in [(2, {}), (3, {"dim": 0}), (2, {"dim": -1}), (0, {"dim": 1})]:
        add("repeatInterleave", torch.repeat_interleave, f(2, 3), repeats=repeats, **args)

    def by_list(x, repeats, **args):
        return torch.repeat_interleave(x, torch.tensor(repeats), **args)

    add("repeatInterleave", by_list, f(2, 3), repeats=[3, 1], dim=0)
    add("repeatInterleave", by_list, f(2, 3), repeats=[0, 2, 1], dim=1)
    add("repeatInterleave", by_list, d.ints(4), repeats=[1, 0, 2, 3])
    for label, x, repeats, args in [("flat", f(2, 2), torch.tensor([0, 1, 2, 3]), {}), ("dim 0", f(3, 2), torch.tensor([2, 0, 1]), {"dim": 0}), ("one", f(3, 2), torch.tensor([2]), {"dim": 1}),
                                    ("0-d", f(3), torch.tensor(2), {"dim": 0}), ("int32 transpose", view(f(2, 3), "transpose"), torch.tensor([1, 2], dtype=torch.int32), {"dim": 0}), ("size", f(2), torch.tensor([1, 2]), {"output_size": 3})]:  # fmt: skip
        family.add("repeatInterleaveTensor", lambda x, repeats, **args: torch.repeat_interleave(x, repeats, **args), label, [x, repeats], args)
    add("swapaxes", T.swapaxes, f(2, 3, 4), axis0=0, axis1=-1)
    add("moveaxis", T.moveaxis, f(2, 3, 4), source=[0, 1], destination=[-1, 0])
    for x in [f(2, 3), f(), view(f(2, 3), "transpose")]:
        add("ravel", T.ravel, x, label=f"{list(x.shape)} {getattr(x, 'view_kind', 'plain')}")

    family.add("diagonalScatter", torch.diagonal_scatter, "plain", [f(3, 4), f(3)])
    family.add("diagonalScatter", torch.diagonal_scatter, "offset", [f(3, 4), f(2)], {"offset": -1})
    family.add("diagonalScatter", torch.diagonal_scatter, "batch", [f(2, 3, 3), f(2, 3)], {"offset": 0, "dim1": 1, "dim2": 2})
    for dim, index in [(0, 1), (1, -1), (-1, 0)]:
        x = f(2, 3)
        family.add("selectScatter", torch.select_scatter, f"dim {dim} index {index}", [x, f(*x.select(dim, index).shape)], {"dim": dim, "index": index})
    for dim, start, end, step in [(0, 1, 3, 1), (1, -2, 100, 1), (-1, 0, 4, 2)]:
        x = f(4, 5)
        src = f(*torch.ops.aten.slice(x, dim, start, end, step).shape)
        family.add("sliceScatter", torch.slice_scatter, f"dim {dim} {start}:{end}:{step}", [x, src], {"dim": dim, "start": start, "end": end, "step": step})

    for op in ["fliplr", "flipud"]:
        for x in [f(2, 3), d.ints(2, 2, 2), view(f(2, 3), "transpose")]:
            add(op, getattr(torch, op), x, label=f"{list(x.shape)} {str(x.dtype)[6:]} {getattr(x, 'view_kind', 'plain')}")
    add("flipud", torch.flipud, f(3))
    for k in [1, 2, 3, 0, 4, -1, 6]:
        add("rot90", torch.rot90, f(2, 3), k=k, dims=[0, 1])
    add("rot90", torch.rot90, f(2, 3, 4), k=1, dims=[2, 0])
    add("rot90", torch.rot90, d.ints(2, 3, 2), k=3, dims=[-1, 1])

    for sections, dim in [(2, 0), (3, 1), (7, 1), (1, 0), ([1, 3], 1), ([], 0), ([2, 1], 1), ([-1], 1), ([0, 9], 0)]:
        add("tensorSplit", lambda x, sections, dim: torch.tensor_split(x, sections, dim), f(4, 5), sections=sections, dim=dim)
    for at in [torch.tensor([1, 2]), torch.tensor(2), torch.zeros(0, dtype=I64)]:
        family.add("tensorSplitTensor", lambda x, at, dim: torch.tensor_split(x, at, dim), f"{at.tolist()}", [f(4, 2), at], {"dim": 0})
    for op, shape in [("hsplit", (2, 4)), ("hsplit", (4,)), ("vsplit", (4, 2)), ("dsplit", (2, 1, 4))]:
        for sections in [2, 4, [1, 3]]:
            add(op, lambda x, sections, op=op: getattr(torch, op)(x, sections), f(*shape), sections=sections)

    for op, name in [("hstack", "hstack"), ("vstack", "vstack"), ("dstack", "dstack"), ("columnStack", "column_stack")]:
        fn = getattr(torch, name)
        several(op, fn, "vectors", [f(3), f(3)])
        several(op, fn, "matrices", [f(2, 3), f(2, 3)])
        several(op, fn, "0-d", [f(), f()])
        several(op, fn, "3-d", [f(2, 1, 2), f(2, 1, 2)])
        several(op, fn, "promotes", [d.ints(2), f(2)])
    several("hstack", torch.hstack, "sizes", [f(2, 1), f(2, 3)])
    several("columnStack", torch.column_stack, "mixed", [f(2), f(2, 3)])
    for label, tensors in [("mixed", [f(2, 2), f(3), f()]), ("one", [f(2, 3)]), ("promotes", [d.ints(2, 1), f(1, 2)]), ("empty", [torch.zeros(0, 2, dtype=F64), f(1, 1)])]:
        several("blockDiag", lambda tensors: torch.block_diag(*tensors), label, tensors)
    for label, tensors in [("two", [f(2), f(3)]), ("three", [d.ints(2), d.ints(1), d.ints(2)]), ("one", [f(3)])]:
        several("cartesianProd", lambda tensors: torch.cartesian_prod(*tensors), label, tensors)
    for args in [{}, {"r": 1}, {"r": 3}, {"r": 2, "with_replacement": True}, {"r": 5}, {"r": 0}]:
        add("combinations", torch.combinations, f(4), **args)
    for indexing in ["ij", "xy"]:
        for label, tensors in [("two", [f(2), f(3)]), ("three", [f(2), f(1), f(3)]), ("0-d", [f(), f(2)]), ("one", [f(2)])]:
            several("meshgrid", lambda tensors, indexing: torch.meshgrid(*tensors, indexing=indexing), f"{label} {indexing}", tensors, indexing=indexing)
    several("broadcastTensors", lambda tensors: torch.broadcast_tensors(*tensors), "three", [f(2, 1), f(3), f()])
    for n in [1, 2, 3]:
        several(f"atleast{n}d", getattr(torch, f"atleast_{n}d"), "all ranks", [f(), f(2), f(2, 3), f(1, 2, 2), d.ints(2, 1, 1, 2)])


def build():
    family = Family("movement", 3)
    d = family.draw
    f = d.floats

    def add(op, fn, x, optional=False, label=None, **args):
        """A sample named after its shape and arguments, which PyTorch gets by position (its names differ from op to op)."""
        name = label or " ".join([str(list(x.shape)), *(f"{k} {v}" for k, v in args.items())])
        family.add(op, lambda x, **args: fn(x, *args.values()), name, [x], args, optional=optional)

    for shape, to in [((2, 3), [6]), ((2, 3), [3, -1]), ((6,), [2, 1, 3]), ((), [1, 1]), ((1,), []), ((0, 3), [3, 0]), ((2, 3, 4), [-1])]:
        for op in ["view", "reshape"]:
            add(op, getattr(T, op), f(*shape), shape=to)
    add("view", T.view, view(f(4, 3), "slice"), shape=[2, 2, 3], label="splits a strided dim")
    add("reshape", T.reshape, view(f(2, 3), "transpose"), shape=[6], label="copies")
    add("reshape", T.reshape, view(f(2, 3), "slice"), shape=[3, 2], label="copies a slice")
    add("reshape", T.reshape, d.ints(2, 3), shape=[3, 2], label="int64")
    for dims in [[1, 0, 2], [2, 0, 1], [-1, -2, -3]]:
        add("permute", T.permute, f(2, 3, 4), dims=dims)
    add("permute", T.permute, f(), dims=[])
    for pair in [(0, 1), (1, 2), (-1, 0), (1, 1)]:
        add("transpose", T.transpose, f(2, 3, 4), dim0=pair[0], dim1=pair[1])
    add("transpose", T.transpose, f(), dim0=0, dim1=-1)
    for x in [f(2, 3), f(3), f(), d.bools(2, 2)]:
        add("t", T.t, x, label=f"{list(x.shape)} {str(x.dtype)[6:]}")
    for dim in [None, 0, 1, -1, -2]:
        add("squeeze", T.squeeze, f(1, 3, 1), **({} if dim is None else {"dim": dim}))
    add("squeeze", T.squeeze, f(1, 1), label="to 0-d")
    add("squeeze", T.squeeze, f(), dim=0)
    for dim in [0, 1, 2, -1, -3]:
        add("unsqueeze", T.unsqueeze, f(2, 3), dim=dim)
    add("unsqueeze", T.unsqueeze, f(), dim=0)
    for args in [{}, {"start_dim": 1}, {"start_dim": 0, "end_dim": 1}, {"start_dim": -2, "end_dim": -1}, {"start_dim": 1, "end_dim": 1}]:
        add("flatten", T.flatten, f(2, 3, 4), **args)
    add("flatten", T.flatten, f())
    add("flatten", T.flatten, torch.zeros(0, 3), label="empty")
    add("flatten", T.flatten, view(f(2, 3), "transpose"), label="transposed")
    add("unflatten", lambda x, dim, sizes: x.unflatten(dim, sizes), f(2, 12), dim=1, sizes=[3, 4])
    add("unflatten", lambda x, dim, sizes: x.unflatten(dim, sizes), f(12, 2), dim=-2, sizes=[2, -1, 2])
    for shape, to in [((3,), [2, 3]), ((1, 3), [2, 3]), ((2, 1), [2, 4]), ((), [2, 2]), ((2, 1, 3), [-1, 4, -1]), ((1,), [0]), ((1, 3), [2, -1, 3])]:
        add("expand", T.expand, f(*shape), shape=to, optional=True)
    for shape, to in [((3,), [2, 3]), ((2, 1), [2, 4]), ((), [2, 2]), ((1, 3), [2, 2, 3])]:
        add("broadcastTo", broadcast_to, f(*shape), shape=to)
    for dim, start, end, step in [
        (0, 1, 3, 1), (0, None, None, 2), (1, -2, None, 1), (-1, 0, -1, 1), (1, 1, 100, 2), (0, 3, 2, 1),
        (0, 5, 9, 1), (1, -100, 2, 1), (0, 0, 4, 3),
    ]:  # fmt: skip
        add("slice", slice_, f(4, 5), dim=dim, start=start, end=end, step=step)
    add("slice", slice_, view(f(3, 4), "transpose"), dim=0, start=1, end=3, step=1, label="of a transpose")
    for dim, index in [(0, 1), (1, 0), (-1, -1), (2, 3), (0, -2)]:
        add("select", T.select, f(2, 3, 4), dim=dim, index=index)
    add("select", T.select, f(3), dim=0, index=1)
    for dim, start, length in [(0, 1, 2), (1, 0, 3), (-1, 2, 1), (0, -2, 2), (1, 1, 0)]:
        add("narrow", T.narrow, f(3, 4), dim=dim, start=start, length=length)
    for size, dim in [(2, 0), ([1, 3], 0), (3, 1), (100, 1), ([2, 0, 1, 2], -1)]:
        add("split", T.split, f(4, 5), split_size=size, dim=dim)
    for chunks, dim in [(2, 0), (3, 1), (4, 1), (7, 0), (1, -1)]:
        add("chunk", T.chunk, f(4, 5), chunks=chunks, dim=dim)
    for dim in [0, 1, -1]:
        add("unbind", T.unbind, f(2, 3), dim=dim)
    for args in [{}, {"offset": 1}, {"offset": -1}, {"offset": 5}]:
        add("diagonal", T.diagonal, f(3, 4), **args)
    add("diagonal", T.diagonal, f(2, 3, 4), offset=1, dim1=1, dim2=2)
    add("diagonal", T.diagonal, f(2, 3, 4), offset=0, dim1=-1, dim2=0)
    for dim, size, step in [(0, 2, 1), (0, 3, 2), (0, 2, 3), (1, 2, 1), (-1, 3, 1)]:
        add("unfold", T.unfold, f(6, 3), dimension=dim, size=size, step=step)
    add("movedim", T.movedim, f(2, 3, 4), source=0, destination=2)
    add("movedim", T.movedim, f(2, 3, 4), source=[0, 1], destination=[-1, 0])
    for dims in [[0], [1], [0, 1], [-1], []]:
        add("flip", T.flip, f(2, 3), dims=dims)
    add("flip", T.flip, d.ints(4), dims=[0], label="int64")
    add("flip", T.flip, view(f(2, 3), "transpose"), dims=[0], label="of a transpose")
    add("roll", T.roll, f(2, 3), shifts=1)
    add("roll", T.roll, f(2, 3), shifts=-4)
    for shifts, dims in [([1], [0]), ([-1], [1]), ([1, 2], [0, 1]), ([7], [-1])]:
        add("roll", T.roll, f(2, 3), shifts=shifts, dims=dims)
    for op in ["tril", "triu"]:
        fn, inplace = getattr(torch, op), getattr(T, op + "_")
        for diagonal in [0, 1, -1, 5, -5]:
            family.add(op, fn, f"diagonal {diagonal}", [f(3, 4)], {"diagonal": diagonal}, inplace=inplace)
        for label, x in [("batch", f(2, 3, 3)), ("int64", d.ints(3, 3)), ("bool", d.bools(3, 3)), ("float32", f(2, 2, dtype=F32)), ("transpose", view(f(3, 4), "transpose"))]:
            family.add(op, fn, label, [x], inplace=inplace, optional=True)
    for repeats in [[2], [2, 3], [1, 2, 2], [0, 1]]:
        x = f(3) if len(repeats) == 1 else f(2, 2)
        add("repeat", T.repeat, x, repeats=repeats)
    add("repeat", T.repeat, f(), repeats=[3])
    for dims in [[2], [2, 3], [1, 2, 2]]:
        add("tile", T.tile, f(2, 2), dims=dims)
    add("tile", T.tile, f(2, 1, 2), dims=[2])

    def cat(*tensors, dim=0):
        return torch.cat(tensors, dim)

    def stack(*tensors, dim=0):
        return torch.stack(tensors, dim)

    for label, tensors, dim in [
        ("dim 0", [f(2, 3), f(1, 3)], 0), ("dim 1", [f(2, 1), f(2, 2), f(2, 3)], 1), ("dim -1", [f(2, 3), f(2, 3)], -1),
        ("one", [f(2, 3)], 0), ("1-d", [f(2), f(3)], 0), ("float32", [f(2, dtype=F32), f(3, dtype=F32)], 0),
        ("promotes", [torch.tensor([1, 2]), f(2, dtype=F32)], 0), ("int64 and bool", [torch.tensor([1, 2]), torch.tensor([True])], 0),
        ("legacy empty", [torch.zeros(0, dtype=F64), f(2, 3)], 0), ("empty", [torch.zeros(0, 3, dtype=F64), f(2, 3)], 0),
        ("transpose", [view(f(2, 3), "transpose"), view(f(1, 3), "slice")], 0),
    ]:  # fmt: skip
        family.add("cat", cat, label, tensors, {"dim": dim})
    for label, tensors, dim in [
        ("dim 0", [f(2, 3), f(2, 3)], 0), ("dim 1", [f(2, 3), f(2, 3)], 1), ("dim -1", [f(2, 3), f(2, 3), f(2, 3)], -1),
        ("0-d", [f(), f()], 0), ("one", [f(2)], 0), ("promotes", [d.ints(2), f(2)], 0), ("bool", [d.bools(2), d.bools(2)], 1),
    ]:  # fmt: skip
        family.add("stack", stack, label, tensors, {"dim": dim}, optional=True)
    for op in ["contiguous", "clone"]:
        for label, x in [("float64", f(2, 3)), ("transpose", view(f(2, 3), "transpose")), ("expand", view(f(1, 3).expand(2, 3), "expand")),
                         ("slice", view(f(2, 3), "slice")), ("0-d", f()), ("empty", torch.zeros(0, 2)), ("bool", d.bools(3)), ("int64", d.ints(3, dtype=I64))]:  # fmt: skip
            add(op, getattr(T, op), x, label=label)
    add("unfold", T.unfold, torch.zeros(2, dtype=BOOL), dimension=0, size=1, step=1, label="bool")
    add("flip", T.flip, torch.zeros(0, 2, dtype=F64), dims=[0, 1], label="empty")
    pieces(family)
    return family
