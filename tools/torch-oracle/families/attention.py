"""Attention. PyTorch 1.13 has no public function: its formula, in PyTorch's ops, checked against the private one that 1.13 has."""

import math

import torch
import torch.nn.functional as F

from cases import F32, F64, Family, inf, view


def attention(query, key, value, mask=None, is_causal=False, scale=None, enable_gqa=False):
    if enable_gqa:
        key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.transpose(-2, -1) * scale
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).tril().logical_not(), -inf)
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), -inf) if mask.dtype == torch.bool else scores + mask
    return torch.softmax(scores, -1) @ value


def check_formula(d):
    q, k, v, floats = d.floats(2, 3, 4), d.floats(2, 5, 4), d.floats(2, 5, 4), d.floats(3, 5)
    for mask, is_causal in [(None, False), (None, True), (floats, False), (floats > 0, False)]:
        theirs = F._scaled_dot_product_attention(q, k, v, mask, 0.0, False, is_causal)[0]
        assert torch.allclose(theirs, attention(q, k, v, mask, is_causal), rtol=1e-12, atol=1e-12)


def build():
    family = Family("attention", 17)
    d = family.draw
    check_formula(d)

    def add(label, *inputs, grad=True, **args):
        family.add("scaledDotProductAttention", attention, label, list(inputs), args, grad=grad)

    add("plain", d.floats(2, 3, 4), d.floats(2, 5, 4), d.floats(2, 5, 2))
    add("one head", d.floats(3, 4), d.floats(5, 4), d.floats(5, 3))
    add("heads", d.floats(2, 2, 3, 4), d.floats(2, 2, 5, 4), d.floats(2, 2, 5, 4))
    add("scale", d.floats(2, 3, 4), d.floats(2, 3, 4), d.floats(2, 3, 4), scale=0.25)
    add("causal", d.floats(2, 4, 3), d.floats(2, 4, 3), d.floats(2, 4, 3), is_causal=True)
    add("causal, more columns", d.floats(2, 3), d.floats(4, 3), d.floats(4, 3), is_causal=True)
    add("causal, fewer columns", d.floats(4, 3), d.floats(2, 3), d.floats(2, 3), is_causal=True)
    allowed = torch.tensor([[True, False, True, True], [False, True, False, False], [True, True, True, True]])
    add("mask", d.floats(2, 3, 4), d.floats(2, 4, 4), d.floats(2, 4, 4), allowed)
    add("mask of columns", d.floats(2, 2, 3, 4), d.floats(2, 2, 4, 4), d.floats(2, 2, 4, 4), allowed[:2, None, None])
    add("float mask", d.floats(2, 3, 4), d.floats(2, 4, 4), d.floats(2, 4, 4), d.floats(3, 4))
    add("float mask of heads", d.floats(2, 2, 3, 4), d.floats(2, 2, 4, 4), d.floats(2, 2, 4, 4), d.floats(2, 1, 3, 4))
    add("infinite mask", d.floats(2, 3, 4), d.floats(2, 4, 4), d.floats(2, 4, 4), torch.zeros(3, 4, dtype=F64).masked_fill(~allowed, -inf), grad=[0, 1, 2])
    add("masked row", d.floats(3, 4), d.floats(4, 4), d.floats(4, 4), allowed & torch.tensor([[True], [False], [True]]), grad=False)
    add("shared keys", d.floats(2, 3, 4), d.floats(5, 4), d.floats(5, 2))
    add("broadcast", d.floats(2, 1, 3, 4), d.floats(3, 2, 4), d.floats(2, 1, 2, 4))
    small = [d.floats(2, n, 8, low=-1, high=1, dtype=F32) for n in (4, 6, 6)]
    add("float32", *small)
    add("float32 causal", *small, is_causal=True)
    add("transpose", view(d.floats(2, 3, 4), "transpose"), view(d.floats(2, 5, 4), "transpose"), view(d.floats(2, 5, 4), "transpose"))
    add("slice", view(d.floats(2, 3, 4), "slice"), d.floats(2, 5, 4), d.floats(2, 5, 4))
    add("large", d.floats(2, 3, 4).mul(64), d.floats(2, 5, 4).mul(64), d.floats(2, 5, 4))
    add("no rows", torch.zeros(0, 4, dtype=F64), d.floats(3, 4), d.floats(3, 4))
    add("no batch", torch.zeros(0, 2, 4, dtype=F64), torch.zeros(0, 3, 4, dtype=F64), torch.zeros(0, 3, 4, dtype=F64))
    add("no columns", d.floats(2, 4), torch.zeros(0, 4, dtype=F64), torch.zeros(0, 4, dtype=F64), grad=False)
    add("one column", d.floats(2, 3, 4), d.floats(2, 1, 4), d.floats(2, 1, 4))
    add("grouped heads", d.floats(2, 4, 3, 2), d.floats(2, 2, 3, 2), d.floats(2, 2, 3, 3), enable_gqa=True)
    add("grouped heads, causal", d.floats(4, 2, 2), d.floats(1, 2, 2), d.floats(1, 2, 2), enable_gqa=True, is_causal=True)
    add("grouped heads, mask", d.floats(2, 4, 3, 2), d.floats(2, 2, 4, 2), d.floats(2, 2, 4, 2), allowed, enable_gqa=True)
    add("grouped heads, mask of heads", d.floats(1, 4, 3, 2), d.floats(1, 2, 4, 2), d.floats(1, 2, 4, 2), d.floats(4, 3, 4), enable_gqa=True)
    add("grouped heads, mask of batches", d.floats(2, 4, 2, 2), d.floats(2, 2, 2, 2), d.floats(2, 2, 2, 2), d.floats(2, 1, 2, 2), enable_gqa=True)
    return family
