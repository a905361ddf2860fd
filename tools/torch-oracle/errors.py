"""PyTorch's sentences for well-known mistakes."""

import warnings

import torch
import torch.nn.functional as F


def second_backward():
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


def modified_saved():
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


def modified_saved_input():
    x = torch.ones(2, requires_grad=True)
    w = torch.ones(2)
    y = x * w
    w.mul_(2)
    y.sum().backward()


def in_place_on_leaf():
    torch.ones(2, requires_grad=True).add_(1)


def in_place_on_view_of_leaf():
    torch.ones(2, 2, requires_grad=True)[0].add_(1)


def in_place_on_multi_view():
    a, _ = (torch.ones(2, 2, requires_grad=True) * 1).unbind()
    a.add_(1)


def result():
    """A tensor with a history, [1, 2, 3, 4]."""
    return torch.arange(1.0, 5.0, requires_grad=True) * 1


def add_to(view, value=1):
    return lambda: view(result()).add_(value)


def indirect(view, write=lambda y: y.mul_(2)):
    """A view whose base is written, and which is then asked for its history."""

    def run():
        y = result()
        v = view(y)
        write(y)
        return v.grad_fn

    return run


def without_grad(fn):
    def run(y):
        with torch.no_grad():
            return fn(y)

    return run


def in_inference(fn):
    def run(y):
        with torch.inference_mode():
            return fn(y)

    return run


class View(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.view(2, 2)

    @staticmethod
    def backward(ctx, g):
        return g.view(4)


class Views(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x[:2], x[2:]

    @staticmethod
    def backward(ctx, a, b):
        return torch.cat([a, b])


class DirtyNotReturned(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.mul_(2)
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return g * 2


class Dirty(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return g * 2


def inference_tensor():
    with torch.inference_mode():
        return torch.ones(2)


def anomaly(run):
    with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run()


def modified_weight():
    w, x = torch.ones(3, requires_grad=True), result()[:3]
    y = (x * w).sum()
    with torch.no_grad():
        w.add_(1)
    y.backward()


def modified_through_detach():
    y = result().exp()
    y.detach().zero_()
    y.sum().backward()


def packing_in_place():
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x.mul_(2), lambda x: x):
        result().exp()


def unpacking_nothing():
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: None):
        y = result().exp()
    y.sum().backward()


def hook_of_another_size():
    y = result()
    y.register_hook(lambda g: g[:2])
    y.sum().backward()


def no_grad_flag_on_non_leaf():
    (torch.ones(2, requires_grad=True) * 2).requires_grad_(False)


def grad_of_unused():
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    torch.autograd.grad(x.sum(), y)


def cotangent_shape():
    (torch.ones(2, requires_grad=True) * 2).backward(torch.ones(3))


def cases():
    ones = torch.ones
    leaf = lambda *shape: torch.ones(shape, requires_grad=True)  # noqa: E731
    return [
        ("backwardNonScalar", "ones([2]).mul(2).backward() with grad", lambda: (leaf(2) * 2).backward()),
        ("backwardWithoutGrad", "ones([2]).sum().backward() without grad", lambda: ones(2).sum().backward()),
        ("secondBackward", "backward twice through x.mul(x).sum()", second_backward),
        ("cotangentShape", "backward of shape [2] with a gradient of shape [3]", cotangent_shape),
        ("gradOfUnused", "grad(x.sum(), y)", grad_of_unused),
        ("inPlaceOnLeaf", "add_ on a leaf that requires grad", in_place_on_leaf),
        ("inPlaceOnViewOfLeaf", "add_ on select(0, 0) of a leaf that requires grad", in_place_on_view_of_leaf),
        ("inPlaceOnMultiView", "add_ on an output of unbind", in_place_on_multi_view),
        ("modifiedSavedOutput", "y = x.exp(); y.add_(1); y.sum().backward()", modified_saved),
        ("modifiedSavedInput", "y = x.mul(w); w.mul_(2); y.sum().backward()", modified_saved_input),
        ("requiresGradFalseOnNonLeaf", "requiresGrad_(false) on a result", no_grad_flag_on_non_leaf),
        ("requiresGradOfInt", "tensor([1]) of int64 with requiresGrad", lambda: torch.tensor([1], requires_grad=True)),
        ("requiresGradOfIntInPlace", "tensor([1]).requiresGrad_()", lambda: torch.tensor([1]).requires_grad_()),
        ("broadcast", "ones([2, 3]).add(ones([2, 4]))", lambda: ones(2, 3) + ones(2, 4)),
        ("broadcastInPlace", "ones([3]).add_(ones([2, 3]))", lambda: ones(3).add_(ones(2, 3))),
        ("inPlacePromotion", "ones int64 [2] add_ 1.5", lambda: torch.ones(2, dtype=torch.int64).add_(1.5)),
        ("matmulShapes", "ones([2, 3]).matmul(ones([4, 5]))", lambda: ones(2, 3).matmul(ones(4, 5))),
        ("mmShapes", "ones([2, 3]).mm(ones([4, 5]))", lambda: ones(2, 3).mm(ones(4, 5))),
        ("mmNotMatrix", "ones([2]).mm(ones([2, 2]))", lambda: ones(2).mm(ones(2, 2))),
        ("bmmShapes", "ones([2, 3, 4]).bmm(ones([3, 4, 5]))", lambda: ones(2, 3, 4).bmm(ones(3, 4, 5))),
        ("matmulVector", "ones([2, 3]).matmul(ones([4]))", lambda: ones(2, 3).matmul(ones(4))),
        ("matmulBatch", "ones([2, 3, 4]).matmul(ones([3, 4, 5]))", lambda: ones(2, 3, 4).matmul(ones(3, 4, 5))),
        ("matmulDTypes", "ones([2, 2]).matmul(ones([2, 2], float64))", lambda: ones(2, 2).matmul(ones(2, 2).double())),
        ("dotShapes", "ones([2]).dot(ones([3]))", lambda: ones(2).dot(ones(3))),
        ("viewIncompatible", "ones([2, 3]).t().view([6])", lambda: ones(2, 3).t().view(6)),
        ("viewSize", "ones([2, 3]).view([4])", lambda: ones(2, 3).view(4)),
        ("viewMinusOne", "ones([2, 3]).view([-1, 4])", lambda: ones(2, 3).view(-1, 4)),
        ("viewTwoMinusOnes", "ones([2, 3]).view([-1, -1])", lambda: ones(2, 3).view(-1, -1)),
        ("viewAmbiguous", "ones([0, 3]).view([-1, 0])", lambda: ones(0, 3).view(-1, 0)),
        ("reshapeSize", "ones([2, 3]).reshape([4])", lambda: ones(2, 3).reshape(4)),
        ("expandSize", "ones([2, 3]).expand([4, 3])", lambda: ones(2, 3).expand(4, 3)),
        ("expandRank", "ones([2, 3]).expand([3])", lambda: ones(2, 3).expand(3)),
        ("itemOfMany", "ones([2]).item()", lambda: ones(2).item()),
        ("itemOfNone", "ones([0]).item()", lambda: ones(0).item()),
        ("dimOutOfRange", "ones([2, 3]).sum(2)", lambda: ones(2, 3).sum(2)),
        ("dimOutOfRange0d", "tensor(1).sum(1)", lambda: torch.tensor(1.0).sum(1)),
        ("dimTwice", "ones([2, 3]).sum([0, 0])", lambda: ones(2, 3).sum([0, 0])),
        ("permuteDims", "ones([2, 3]).permute([0])", lambda: ones(2, 3).permute(0)),
        ("permuteTwice", "ones([2, 3]).permute([0, 0])", lambda: ones(2, 3).permute(0, 0)),
        ("selectIndex", "ones([2, 3]).select(0, 2)", lambda: ones(2, 3).select(0, 2)),
        ("narrowRange", "ones([3]).narrow(0, 2, 2)", lambda: ones(3).narrow(0, 2, 2)),
        ("indexOutOfRange", "ones([3]).index([tensor([3])])", lambda: ones(3)[torch.tensor([3])]),
        ("indexNegative", "ones([3]).index([tensor([-4])])", lambda: ones(3)[torch.tensor([-4])]),
        ("indexTooMany", "ones([3]).index([i, i])", lambda: ones(3)[torch.tensor([0]), torch.tensor([0])]),
        ("indexShapes", "ones([3, 3]).index([[0, 1], [0, 1, 2]])", lambda: ones(3, 3)[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]),
        ("maskShape", "ones([3]).index([mask of 2])", lambda: ones(3)[torch.tensor([True, False])]),
        ("gatherIndex", "ones([3]).gather(0, tensor([3]))", lambda: ones(3).gather(0, torch.tensor([3]))),
        ("gatherDType", "gather with a float index", lambda: ones(3).gather(0, ones(1))),
        ("gatherRank", "ones([3, 3]).gather(0, tensor([0]))", lambda: ones(3, 3).gather(0, torch.tensor([0]))),
        ("scatterIndex", "scatter with index 3 of 3", lambda: ones(3).scatter(0, torch.tensor([3]), ones(1))),
        ("indexSelectRange", "ones([3]).indexSelect(0, tensor([3]))", lambda: ones(3).index_select(0, torch.tensor([3]))),
        ("embeddingRange", "embedding(tensor([3]), ones([3, 2]))", lambda: F.embedding(torch.tensor([3]), ones(3, 2))),
        ("oneHotRange", "oneHot(tensor([3]), 3)", lambda: F.one_hot(torch.tensor([3]), 3)),
        ("catShapes", "cat([ones([2, 3]), ones([2, 4])], 0)", lambda: torch.cat([ones(2, 3), ones(2, 4)], 0)),
        ("catNone", "cat([])", lambda: torch.cat([])),
        ("stackShapes", "stack([ones([2]), ones([3])])", lambda: torch.stack([ones(2), ones(3)])),
        ("argmaxEmpty", "ones([0]).argmax()", lambda: ones(0).argmax()),
        ("maxEmpty", "ones([0]).max()", lambda: ones(0).max()),
        ("amaxEmpty", "ones([0, 3]).amax(0)", lambda: ones(0, 3).amax(0)),
        ("meanOfInt", "ones int64 [2] mean", lambda: torch.ones(2, dtype=torch.int64).mean()),
        ("subBool", "bool - bool", lambda: torch.tensor([True]) - torch.tensor([True])),
        ("negBool", "neg of a bool", lambda: -torch.tensor([True])),
        ("intNegativePow", "ints to the power of -1", lambda: torch.tensor([2]) ** -1),
        ("intDivisionByZero", "tensor([1]).div(0, floor) of int64", lambda: torch.tensor([1]).div(torch.tensor([0]), rounding_mode="floor")),
        ("roundingMode", "div with an unknown rounding mode", lambda: ones(1).div(ones(1), rounding_mode="up")),
        ("clampNothing", "clamp()", lambda: ones(1).clamp()),
        ("softmaxOfInt", "softmax of int64", lambda: torch.softmax(torch.tensor([1]), 0)),
        ("boolOfMany", "truth of a tensor of 2", lambda: bool(ones(2))),
        ("tOf3d", "ones([1, 1, 1]).t()", lambda: ones(1, 1, 1).t()),
        ("splitSizes", "ones([3]).split([1, 1])", lambda: ones(3).split([1, 1])),
        ("topkRange", "ones([3]).topk(4)", lambda: ones(3).topk(4)),
        ("addmmShapes", "addmm of [2, 3] and [4, 5]", lambda: torch.addmm(ones(2, 5), ones(2, 3), ones(4, 5))),
        ("linearShapes", "linear of [2, 3] with weight [4, 5]", lambda: F.linear(ones(2, 3), ones(4, 5))),
        ("einsumSizes", "einsum('ij,jk->ik') of [2, 3] and [4, 5]", lambda: torch.einsum("ij,jk->ik", ones(2, 3), ones(4, 5))),
        ("einsumOperands", "einsum('ij,jk') of one tensor", lambda: torch.einsum("ij,jk", ones(2, 3))),
        ("crossEntropyTarget", "crossEntropy with label 3 of 3", lambda: F.cross_entropy(ones(1, 3), torch.tensor([3]))),
        ("crossEntropyBatch", "crossEntropy of 2 rows with 3 labels", lambda: F.cross_entropy(ones(2, 3), torch.tensor([0, 1, 2]))),
        ("crossEntropyDType", "crossEntropy with int32 labels", lambda: F.cross_entropy(ones(1, 3), torch.tensor([0], dtype=torch.int32))),
        ("resizeOfGrad", "assigning a .grad of another shape", assign_grad_shape),
        ("multiViewSplit", "add_ on an output of split", add_to(lambda y: y.split(2)[0])),
        ("multiViewSplitSecond", "add_ on output 1 of split", add_to(lambda y: y.split(2)[1])),
        ("multiViewSplitSizes", "add_ on an output of split with sizes", add_to(lambda y: y.split([1, 3])[1])),
        ("multiViewChunk", "add_ on an output of chunk", add_to(lambda y: y.chunk(2)[1])),
        ("multiViewUnbind", "add_ on an output of unbind", add_to(lambda y: y.unbind()[2])),
        ("multiViewOfView", "add_ on a view of an output of split", add_to(lambda y: y.split(2)[1].view(2, 1))),
        ("multiViewOfLeaf", "add_ on an output of split of a leaf", lambda: leaf(4).split(2)[0].add_(1)),
        ("multiViewIndirect", "an output of split after its base was written", indirect(lambda y: y.split(2)[0])),
        ("multiViewTakesGrad", "add_ of what requires grad to an output of split without", lambda: ones(4).split(2)[0].add_(leaf(2))),
        ("noGradView", "add_ on a view made under noGrad", add_to(without_grad(lambda y: y.view(2, 2)))),
        ("noGradViewOfPlain", "add_ of what requires grad to a view made under noGrad", lambda: without_grad(lambda y: y.view(2, 2))(ones(4)).add_(leaf(2, 2))),
        ("noGradViewIndirect", "a view made under noGrad after its base was written", indirect(without_grad(lambda y: y.view(2, 2)))),
        ("inferenceView", "add_ on a view made in inferenceMode", add_to(in_inference(lambda y: y.view(2, 2)))),
        ("inferenceViewIndirect", "a view made in inferenceMode after its base was written", indirect(in_inference(lambda y: y.view(2, 2)))),
        ("functionView", "add_ on a view that a Function returned", lambda: View.apply(result()).add_(1)),
        ("functionViews", "add_ on one of the views that a Function returned", lambda: Views.apply(result())[1].add_(1)),
        ("functionViewIndirect", "a view that a Function returned after its base was written", indirect(View.apply)),
        ("functionDirtyNotReturned", "a Function that marks an input dirty and returns another", lambda: DirtyNotReturned.apply(result())),
        ("functionDirtyLeaf", "a Function that writes a leaf", lambda: Dirty.apply(leaf(2))),
        ("inferenceSaved", "mul of an inference tensor and one that requires grad", lambda: inference_tensor() * leaf(2)),
        ("inferenceInPlace", "add_ on an inference tensor", lambda: inference_tensor().add_(1)),
        ("inferenceViewInPlace", "add_ on a view of an inference tensor", lambda: inference_tensor().view(2, 1).add_(1)),
        ("inferenceRequiresGrad", "requiresGrad_() of an inference tensor", lambda: inference_tensor().requires_grad_()),
        ("modifiedWeight", "y = x.mul(w); w.add_(1) under noGrad; backward", modified_weight),
        ("modifiedThroughDetach", "y = x.exp(); y.detach().zero_(); backward", modified_through_detach),
        ("overlapShifted", "b.slice(0, 1).copy_(b.slice(0, 0, -1))", lambda: (lambda b: b[1:].copy_(b[:-1]))(torch.arange(4.0))),
        ("overlapTransposed", "a.add_(a.t())", lambda: (lambda a: a.add_(a.t()))(ones(2, 2))),
        ("overlapPart", "a.add_(a.select(0, 0))", lambda: (lambda a: a.add_(a[0]))(ones(2, 2))),
        ("overlapReshaped", "b.view([1, 4]).mul_(b)", lambda: (lambda b: b.view(1, 4).mul_(b))(torch.arange(4.0))),
        ("overlapScatter", "b.scatter_(0, i, b)", lambda: (lambda b: b.scatter_(0, torch.tensor([1, 0]), b))(torch.arange(2.0))),
        ("overlapMask", "m.maskedFill_(m.t(), 1)", lambda: (lambda m: m.masked_fill_(m.t(), True))(torch.eye(2) > 0)),
        ("overlapExpanded", "ones([1]).expand([3]).add_(1)", lambda: ones(1).expand(3).add_(1)),
        ("detachView", "detach_() on a view", lambda: result().view(2, 2).detach_()),
        ("retainGradOfPlain", "retainGrad() without requiresGrad", lambda: ones(2).retain_grad()),
        ("hookOnPlain", "registerHook() without requiresGrad", lambda: ones(2).register_hook(lambda g: g)),
        ("hookOfAnotherSize", "a hook that gives a gradient of another size", hook_of_another_size),
        ("emptyInputs", "backward(…, { inputs: [] })", lambda: result().sum().backward(inputs=[])),
        ("gradOfPlain", "grad(x.sum(), y) where y requires no grad", lambda: torch.autograd.grad(leaf(2).sum(), ones(2))),
        ("packInPlace", "a pack hook that writes", packing_in_place),
        ("unpackNothing", "an unpack hook that gives nothing", unpacking_nothing),
        ("anomalyNaN", "detectAnomaly: sqrt of -1, backward", lambda: anomaly(lambda: torch.tensor([-1.0], requires_grad=True).sqrt().sum().backward())),
        ("anomalyNaNSecond", "detectAnomaly: NaN in the gradient of the second factor", lambda: anomaly(lambda: (torch.full((1,), float("nan")) * leaf(1)).sum().backward())),
        ("toListRagged", "tensor([[1, 2], [3]])", lambda: torch.tensor([[1, 2], [3]])),
    ]


def assign_grad_shape():
    x = torch.ones(2, requires_grad=True)
    x.grad = torch.ones(3)


def sentences():
    """A list of { name, when, type, message }."""
    out = []
    for name, when, run in cases():
        try:
            run()
        except Exception as error:  # noqa: BLE001
            out.append({"name": name, "when": when, "type": type(error).__name__, "message": str(error)})
        else:
            raise AssertionError(f"{name} raised nothing")
    return out
