"""Losses. Inputs are those of torch.nn.functional in order: input, target, and the weight if there is one."""

import torch
import torch.nn.functional as F

from cases import F32, F64, Family, view

REDUCTIONS = [None, "mean", "sum", "none"]


def elementwise(family):
    d = family.draw
    for op, name in [("mseLoss", "mse_loss"), ("l1Loss", "l1_loss"), ("smoothL1Loss", "smooth_l1_loss"), ("huberLoss", "huber_loss")]:
        fn = getattr(F, name)
        for reduction in REDUCTIONS:
            args = {"reduction": reduction} if reduction else {}
            family.add(op, fn, f"reduction {reduction}", [d.floats(2, 3), d.floats(2, 3)], args)
        family.add(op, fn, "float32", [d.floats(4, dtype=F32), d.floats(4, dtype=F32)])
        family.add(op, fn, "0-d", [d.floats(), d.floats()])
        family.add(op, fn, "empty", [d.floats(0), d.floats(0)])
        family.add(op, fn, "transpose", [view(d.floats(2, 3), "transpose"), d.floats(2, 3)])
        same = d.floats(3)
        family.add(op, fn, "equal", [same, same.clone()])
    for reduction in REDUCTIONS:
        args = {"reduction": reduction} if reduction else {}
        logits = [d.floats(2, 3), d.floats(2, 3, low=0, high=1)]
        family.add("binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits, f"reduction {reduction}", logits, args, grad=[0])
        probabilities = [d.floats(2, 3, low=0, high=1), d.floats(2, 3, low=0, high=1)]
        family.add("binaryCrossEntropy", F.binary_cross_entropy, f"reduction {reduction}", probabilities, args, grad=[0])
    ends = torch.tensor([0.0, 1.0, 0.0, 1.0], dtype=F64)
    family.add("binaryCrossEntropy", F.binary_cross_entropy, "ends", [ends, torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=F64)], grad=[0])
    large = torch.tensor([100.0, -100.0, 800.0], dtype=F64)
    family.add("binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits, "large", [large, torch.tensor([0.0, 1.0, 1.0], dtype=F64)], grad=[0])


def classes(family):
    d = family.draw

    def cross_entropy(x, target, weight=None, **args):
        return F.cross_entropy(x, target, weight, **args)

    def nll_loss(x, target, weight=None, **args):
        return F.nll_loss(x, target, weight, **args)

    labels, weight = torch.tensor([0, 2, 1, 2]), torch.tensor([0.5, 1.0, 2.0], dtype=F64)
    ignoring = torch.tensor([0, -100, 1, 2])
    for op, fn in [("crossEntropy", cross_entropy), ("nllLoss", nll_loss)]:

        def add(label, *inputs, op=op, fn=fn, **args):
            family.add(op, fn, label, list(inputs), args, grad=[0])

        for reduction in REDUCTIONS:
            args = {"reduction": reduction} if reduction else {}
            add(f"reduction {reduction}", d.floats(4, 3), labels, **args)
            add(f"weight, reduction {reduction}", d.floats(4, 3), labels, weight, **args)
            add(f"ignored, reduction {reduction}", d.floats(4, 3), ignoring, weight, **args)
            add(f"ignoreIndex, reduction {reduction}", d.floats(4, 3), labels, ignore_index=2, **args)
        add("all ignored", d.floats(2, 3), torch.tensor([-100, -100]))
        add("all ignored, sum", d.floats(2, 3), torch.tensor([-100, -100]), reduction="sum")
        add("no batch", d.floats(3), torch.tensor(1))
        add("pixels", d.floats(2, 3, 2), torch.tensor([[0, 1], [2, 2]]))
        add("pixels weight none", d.floats(2, 3, 2, 1), torch.tensor([[[0], [1]], [[2], [2]]]), weight, reduction="none")
        add("float32", d.floats(4, 3, dtype=F32), labels)
        add("transpose", view(d.floats(4, 3), "transpose"), labels)
        add("empty batch", d.floats(0, 3), torch.zeros(0, dtype=torch.int64))
        add("empty batch sum", d.floats(0, 3), torch.zeros(0, dtype=torch.int64), reduction="sum")

    def add(label, *inputs, grad=(0,), **args):
        family.add("crossEntropy", cross_entropy, label, list(inputs), args, grad=list(grad))

    for reduction in ["mean", "sum", "none"]:
        add(f"smoothed, {reduction}", d.floats(4, 3), labels, label_smoothing=0.1, reduction=reduction)
        add(f"smoothed, weight, {reduction}", d.floats(4, 3), labels, weight, label_smoothing=0.2, reduction=reduction)
        add(f"smoothed, ignored, {reduction}", d.floats(4, 3), ignoring, label_smoothing=0.1, reduction=reduction)
        add(f"smoothed, weight, ignored, {reduction}", d.floats(4, 3), ignoring, weight, label_smoothing=0.1, reduction=reduction)
        soft = torch.softmax(d.floats(4, 3), 1).mul(64).round().div(64)
        add(f"probabilities, {reduction}", d.floats(4, 3), soft, grad=(0, 1), reduction=reduction)
        add(f"probabilities, weight, {reduction}", d.floats(4, 3), soft, weight, reduction=reduction)
        add(f"probabilities, smoothed, {reduction}", d.floats(4, 3), soft, weight, label_smoothing=0.1, reduction=reduction)
    add("probabilities of pixels", d.floats(2, 3, 2), torch.softmax(d.floats(2, 3, 2), 1).mul(64).round().div(64))
    add("probabilities, no batch", d.floats(3), torch.tensor([0.25, 0.5, 0.25], dtype=F64))
    add("smoothed pixels", d.floats(2, 3, 2), torch.tensor([[0, 1], [2, 2]]), weight, label_smoothing=0.1)
    add("large logits", torch.tensor([[1000.0, 0.0], [0.0, -1000.0]], dtype=F64), torch.tensor([1, 1]))


def build():
    family = Family("loss", 7)
    elementwise(family)
    classes(family)
    return family
