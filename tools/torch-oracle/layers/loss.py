"""Losses: forward(input, target)."""

import torch
from torch import nn

from layer_cases import Layers, doubles, size


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
    return layers
