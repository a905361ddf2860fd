"""What small programs of views, writes in place and hooks leave behind: gradients, versions, flags."""

import torch

from errors import Dirty


def leaf(*data):
    return torch.tensor(data or (1.0, 2.0, 3.0, 4.0), requires_grad=True)


def versions():
    x = torch.arange(4.0)
    v, d, t = x[1:], x.detach(), x.data
    out = []
    for write in (lambda: v.add_(1), lambda: d.mul_(2), lambda: t.add_(1)):
        write()
        out.append([x._version, v._version, d._version, t._version])
    return [out, x.tolist(), x.clone()._version]


def base_takes_over():
    x, w = torch.zeros(4), leaf(2.0, 3.0)
    v = x[:2]
    v.mul_(w)
    return [x.requires_grad, v.requires_grad, x.is_leaf, v.is_leaf, x._version]


def overlapping_views():
    x = leaf()
    y = x * 1
    a, b = y[:2], y[1:3]
    a.mul_(3)
    b.mul_(4)
    (y * y).sum().backward()
    return x.grad.tolist()


def view_before_and_after():
    x = leaf()
    y = x * 1
    a = y.view(2, 2)
    z = (a * 2).sum()
    y.mul_(5)
    (a.sum() + z).backward()
    return x.grad.tolist()


def view_of_leaf_without_grad():
    x = leaf()
    v = x[:2]
    with torch.no_grad():
        v.fill_(9)
    (x * x).sum().backward()
    return [x.grad.tolist(), x._version, v.requires_grad]


def data_write():
    x = leaf()
    y = x * x
    x.data.mul_(2)
    y.sum().backward()
    return [x.grad.tolist(), x._version]


def detached_view_write():
    y = leaf() * 1
    v = y.view(2, 2).detach()
    v.mul_(torch.ones(2, 2, requires_grad=True))
    return [v.requires_grad, v.is_leaf, y._version]


def rows():
    x, b = leaf(), torch.zeros(2, 4)
    b[0].copy_(x)
    b[1] = x * 3
    (b * b).sum().backward()
    return x.grad.tolist()


def dirty():
    x = leaf()
    y = x * 1
    r = Dirty.apply(y)
    y.sum().backward()
    return [x.grad.tolist(), r is y, y._version]


def dirty_view():
    x = leaf()
    y = x * 1
    v = y[:2]
    r = Dirty.apply(v)
    y.sum().backward()
    return [x.grad.tolist(), r is v]


def diagonal():
    x, w = torch.zeros(2, 2), leaf(1.0, 2.0)
    x.diagonal().add_(w)
    (x * x).sum().backward()
    return w.grad.tolist()


def hook_before_write():
    x, log = leaf(1.0, 2.0), []
    y = x * 2
    y.register_hook(lambda g: log.append(g.tolist()))
    y.mul_(3)
    y.sum().backward()
    return [log, x.grad.tolist()]


def view_as_leaf():
    x = torch.zeros(4)
    v = x[:2]
    v.requires_grad_()
    (v * 2).sum().backward()
    return [v.grad.tolist(), x.requires_grad, v.is_leaf]


def split_without_grad():
    y = leaf() * 1
    with torch.no_grad():
        y.split(2)[0].mul_(3)
    y.sum().backward()
    return y.tolist()


def node_hook():
    x, log = leaf(1.0, 2.0), []
    y = x * 2
    y.register_hook(lambda g: (log.append(["tensor", g.tolist()]), g * 10)[1])
    y.grad_fn.register_hook(lambda i, o: log.append(["node", i[0].tolist(), o[0].tolist()]))
    x.register_hook(lambda g: log.append(["leaf", g.tolist()]))
    y.sum().backward()
    return log


def saved_once():
    x, w, log = leaf(1.0, 2.0), leaf(3.0, 4.0), []

    def note(what):
        return lambda t: (log.append([what, t.tolist()]), t)[1]

    with torch.autograd.graph.saved_tensors_hooks(note("pack"), note("unpack")):
        y = (x * w).relu()
    y.sum().backward()
    return log


PROGRAMS = [
    *[versions, base_takes_over, overlapping_views, view_before_and_after, view_of_leaf_without_grad, data_write],
    *[detached_view_write, rows, dirty, dirty_view, diagonal, hook_before_write, view_as_leaf],
    *[split_without_grad, node_hook, saved_once],
]


def results():
    """A list of { name, result }."""
    return [{"name": program.__name__, "result": program()} for program in PROGRAMS]
