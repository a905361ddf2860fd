"""Views, copies, and ops that only move elements."""

import torch

from cases import BOOL, F32, F64, I64, Family, view

T = torch.Tensor


def slice_(x, dim=0, start=None, end=None, step=1):
    return torch.ops.aten.slice(x, dim, start, end, step)


def broadcast_to(x, shape):
    return torch.broadcast_to(x, shape)


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
    return family
