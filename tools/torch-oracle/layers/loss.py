"""Losses: forward(input, target)."""

import torch
from torch import nn

from layer_cases import Layers, doubles, size


class SoftMarginLoss(nn.SoftMarginLoss):
    """With targets that are no floats, of which PyTorch has no gradient."""

    def forward(self, x, target):
        return super().forward(x, target.double())


def build():
    layers = Layers()
    reductions = [{}, {"reduction": "sum"}, {"reduction": "none"}]
    for make, more in [(nn.MSELoss, {}), (nn.L1Loss, {}), (nn.SmoothL1Loss, {"beta": 0.5}), (nn.HuberLoss, {"delta": 0.5})]:
        for options in reductions + [more] * bool(more):
            layers.add(make, [size(2, 3), size(2, 3)], **options)

    classes = torch.tensor([2, 0, 1, 2])
    weight = doubles(0.5, 2.0, 1.25)
    ignored = torch.tensor([2, 1, 0, 1])
    for options in reductions + [{"weight": weight}, {"ignore_index": 1}]:
        target = ignored if "ignore_index" in options else classes
        scores = layers.draw("NLLLoss").floats(4, 3).log_softmax(1)
        layers.add(nn.NLLLoss, [scores, target], **options)
        layers.add(nn.CrossEntropyLoss, [size(4, 3), target], **options)
    layers.add(nn.CrossEntropyLoss, [size(4, 3), classes], label_smoothing=0.1, weight=weight)
    layers.add(nn.CrossEntropyLoss, [size(2, 3, 2), torch.tensor([[0, 1], [2, 0]])])

    for options in reductions + [{"weight": doubles(0.5, 2.0, 1.0)}]:
        draw = layers.draw("BCELoss")
        chance = draw.floats(2, 3, low=0.125, high=0.875)
        layers.add(nn.BCELoss, [chance, draw.bools(2, 3).double()], **options)
    for options in reductions + [{"weight": doubles(0.5, 2.0, 1.0)}, {"pos_weight": doubles(3.0, 1.0, 0.5)}]:
        target = layers.draw("BCEWithLogitsLoss").bools(2, 3).double()
        layers.add(nn.BCEWithLogitsLoss, [size(2, 3), target], **options)
    layers.add(nn.NLLLoss, [layers.draw("NLLLoss").floats(2, 3, 2).log_softmax(1), torch.tensor([[0, 1], [2, 0]])], weight=weight)

    for options in reductions + [{"reduction": "batchmean"}, {"log_target": True}]:
        draw = layers.draw("KLDivLoss")
        target = draw.floats(2, 3).softmax(1)
        if options.get("log_target"):
            target = target.log()
        layers.add(nn.KLDivLoss, [draw.floats(2, 3).log_softmax(1), target], **options)
    for options in reductions + [{"full": True}, {"log_input": False, "eps": 0.25}]:
        draw = layers.draw("PoissonNLLLoss")
        layers.add(nn.PoissonNLLLoss, [draw.floats(2, 3, low=0, high=2), draw.ints(2, 3, low=0, high=4).double()], **options)
    positive = layers.draw("GaussianNLLLoss").floats(2, 3, low=0, high=2)
    for options in reductions + [{"full": True}, {"eps": 0.5}]:
        layers.add(nn.GaussianNLLLoss, [size(2, 3), size(2, 3), positive], **options)
    layers.add(nn.GaussianNLLLoss, [size(2, 3), size(2, 3), positive[:, 0]])
    layers.add(nn.GaussianNLLLoss, [size(2, 3), size(2, 3), positive[:, :1]])

    signs = torch.tensor([1, -1, -1])
    for options in reductions + [{"margin": 0.5}]:
        layers.add(nn.CosineEmbeddingLoss, [size(3, 4), size(3, 4), signs], **options)
        layers.add(nn.HingeEmbeddingLoss, [size(2, 3), signs], **options)
        layers.add(nn.MarginRankingLoss, [size(3), size(3), signs], **options)
        layers.add(nn.TripletMarginLoss, [size(3, 4), size(3, 4), size(3, 4)], **options)
        layers.add(nn.TripletMarginWithDistanceLoss, [size(3, 4), size(3, 4), size(3, 4)], **options)
    layers.add(nn.CosineEmbeddingLoss, [size(4), size(4), torch.tensor(-1)])
    layers.add(nn.TripletMarginLoss, [size(3, 4), size(3, 4), size(3, 4)], p=1.0, swap=True)
    layers.add(nn.TripletMarginLoss, [size(4), size(4), size(4)], eps=0.25)
    layers.add(nn.TripletMarginWithDistanceLoss, [size(3, 4), size(3, 4), size(3, 4)], swap=True)

    for options in reductions + [{"p": 2}, {"margin": 0.5, "weight": weight}]:
        layers.add(nn.MultiMarginLoss, [size(4, 3), classes], **options)
    layers.add(nn.MultiMarginLoss, [size(3), torch.tensor(1)])
    several = torch.tensor([[2, 0, -1, 1], [-1, 0, 1, 2], [3, 1, 0, 2]])
    for options in reductions:
        layers.add(nn.MultiLabelMarginLoss, [size(3, 4), several], **options)
    layers.add(nn.MultiLabelMarginLoss, [size(4), several[0]])
    for options in reductions + [{"weight": weight}]:
        layers.add(nn.MultiLabelSoftMarginLoss, [size(2, 3), layers.draw("MultiLabelSoftMarginLoss").bools(2, 3).double()], **options)
    for options in reductions:
        layers.add(SoftMarginLoss, [size(2, 3), signs], **options)
    return layers
