"""Connectionist temporal classification: forward(log_probs, targets, input_lengths, target_lengths)."""

import torch
from torch import nn

from layer_cases import Layers


def build():
    layers = Layers()
    draw = layers.draw("CTCLoss")

    def scores(*shape):
        return draw.floats(*shape).log_softmax(-1)

    def ints(*values):
        return torch.tensor(values)

    # the second has a label twice, the third none, and what lies beyond the lengths counts for nothing
    padded = torch.tensor([[1, 2, 3], [2, 2, -1], [0, 9, 1]])
    for options in [{}, {"reduction": "sum"}, {"reduction": "none"}]:
        layers.add(nn.CTCLoss, [scores(6, 3, 4), padded, ints(6, 4, 5), ints(3, 2, 0)], **options)
    layers.add(nn.CTCLoss, [scores(5, 2, 4), ints(1, 2, 1), ints(5, 5), ints(2, 1)])
    layers.add(nn.CTCLoss, [scores(5, 2, 4), ints(1, 2, 1), [5, 4], [2, 1]])
    layers.add(nn.CTCLoss, [scores(5, 2, 4), padded[:2], [5, 5], [3, 2]])
    layers.add(nn.CTCLoss, [scores(4, 2, 3), torch.tensor([[0, 1], [1, 0]]), ints(4, 4), ints(2, 2)], blank=2)
    # too short for the first target
    short = torch.tensor([[1, 1], [2, 1]])
    for options in [{}, {"zero_infinity": True}]:
        layers.add(nn.CTCLoss, [scores(2, 2, 3), short, ints(2, 2), ints(2, 2)], reduction="none", **options)
    layers.add(nn.CTCLoss, [scores(2, 2, 3), short, ints(2, 2), ints(2, 2)], zero_infinity=True)
    layers.add(nn.CTCLoss, [scores(5, 4), ints(1, 3), torch.tensor(5), torch.tensor(2)])
    layers.add(nn.CTCLoss, [scores(1, 1, 2), ints(1), [1], [1]])
    return layers
