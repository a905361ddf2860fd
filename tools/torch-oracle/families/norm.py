"""Normalisations. Inputs are the input, running statistics where there are any, weight and bias. Running statistics are results of training too."""

import torch
import torch.nn.functional as F

from cases import F32, F64, Family, inf, nan, view


def layer_norm(x, weight=None, bias=None, **args):
    return F.layer_norm(x, args.pop("normalized_shape"), weight, bias, **args)


def rms_norm(x, weight=None, normalized_shape=None, eps=None):
    """PyTorch 1.13 has none: the formula of its later versions."""
    dims = [d - len(normalized_shape) for d in range(len(normalized_shape))]
    eps = torch.finfo(x.dtype).eps if eps is None else eps
    y = x * torch.rsqrt((x * x).mean(dims, keepdim=True) + eps)
    return y if weight is None else y * weight


def group_norm(x, weight=None, bias=None, **args):
    return F.group_norm(x, args.pop("num_groups"), weight, bias, **args)


def changed(*statistics):
    """Running statistics to be written to: those of the sample stay."""
    return [s if s is None else s.clone() for s in statistics]


def batch_norm(x, mean=None, variance=None, weight=None, bias=None, **args):
    running = changed(mean, variance)
    y = F.batch_norm(x, *running, weight, bias, **args)
    return [y, *(s for s in running if s is not None)] if args.get("training") else y


def instance_norm(x, mean=None, variance=None, weight=None, bias=None, **args):
    running = changed(mean, variance)
    y = F.instance_norm(x, *running, weight, bias, **args)
    return y if args.get("use_input_stats") is False else [y, *(s for s in running if s is not None)]


def build():
    family = Family("norm", 16)
    d = family.draw
    special = torch.tensor([[nan, 1.0, 2.0], [inf, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, -0.0, 0.0]], dtype=F64)

    def weights(*shape, dtype=F64):
        return [d.floats(*shape, low=0.5, high=2, dtype=dtype), d.floats(*shape, dtype=dtype)]

    for op, fn, count in [("layerNorm", layer_norm, 2), ("rmsNorm", rms_norm, 1)]:
        for label, x, shape in [
            ("one dim", d.floats(3, 4), [4]), ("two dims", d.floats(2, 3, 2), [3, 2]), ("all dims", d.floats(2, 3), [2, 3]), ("three dims in front", d.floats(2, 1, 2, 5), [5]),
            ("vector", d.floats(6), [6]), ("one value", d.floats(3, 1), [1]), ("float32", d.floats(3, 8, dtype=F32), [8]), ("long", d.floats(2, 100, dtype=F32), [100]),
            ("transpose", view(d.floats(3, 4), "transpose"), [4]), ("slice", view(d.floats(3, 4), "slice"), [4]), ("expand", view(d.floats(1, 4).expand(3, 4), "expand"), [4]),
            ("empty batch", torch.zeros(0, 3, dtype=F64), [3]),
        ]:  # fmt: skip
            family.add(op, fn, label, [x, *weights(*shape, dtype=x.dtype)[:count]], {"normalized_shape": shape})
        family.add(op, fn, "plain", [d.floats(3, 4)], {"normalized_shape": [4]})
        family.add(op, fn, "plain float32", [d.floats(3, 5, dtype=F32)], {"normalized_shape": [5]})
        family.add(op, fn, "eps", [d.floats(3, 4), *weights(4)[:count]], {"normalized_shape": [4], "eps": 0.5})
        family.add(op, fn, "special", [special], {"normalized_shape": [3]}, grad=False)
    family.add("layerNorm", layer_norm, "weight alone", [d.floats(3, 4), weights(4)[0], None], {"normalized_shape": [4]})
    family.add("layerNorm", layer_norm, "bias alone", [d.floats(3, 4), None, weights(4)[1]], {"normalized_shape": [4]})
    family.add("layerNorm", layer_norm, "far from 0", [d.floats(2, 6).add(2**12)], {"normalized_shape": [6]})

    for label, x, args in [
        ("two groups", d.floats(2, 4, 3), {"num_groups": 2}), ("one group", d.floats(2, 4, 3), {"num_groups": 1}), ("a group each", d.floats(2, 3, 4), {"num_groups": 3}),
        ("no positions", d.floats(2, 6), {"num_groups": 2}), ("image", d.floats(2, 4, 2, 3), {"num_groups": 2}), ("eps", d.floats(2, 4, 3), {"num_groups": 2, "eps": 0.5}),
        ("float32", d.floats(2, 6, 5, dtype=F32), {"num_groups": 3}), ("transpose", view(d.floats(2, 4, 3), "transpose"), {"num_groups": 2}),
        ("slice", view(d.floats(2, 4, 3), "slice"), {"num_groups": 2}),
    ]:  # fmt: skip
        family.add("groupNorm", group_norm, label, [x, *weights(x.shape[1], dtype=x.dtype)], args)
    family.add("groupNorm", group_norm, "plain", [d.floats(2, 4, 3)], {"num_groups": 2})
    family.add("groupNorm", group_norm, "weight alone", [d.floats(2, 4, 3), weights(4)[0], None], {"num_groups": 2})
    family.add("groupNorm", group_norm, "bias alone", [d.floats(2, 4, 3), None, weights(4)[1]], {"num_groups": 2})

    def running(n, dtype=F64):
        return [d.floats(n, dtype=dtype), d.floats(n, low=0.5, high=2, dtype=dtype)]

    for training in [True, False]:
        mode = "training" if training else "inference"
        for label, x, args in [
            ("", d.floats(3, 2, 4), {}), (" image", d.floats(2, 3, 2, 2), {}), (" volume", d.floats(2, 2, 2, 1, 2), {}), (" no positions", d.floats(4, 3), {}),
            (" eps, momentum", d.floats(3, 2, 4), {"eps": 0.5, "momentum": 0.25}), (" momentum 1", d.floats(3, 2, 4), {"momentum": 1.0}),
            (" float32", d.floats(3, 4, 5, dtype=F32), {}), (" transpose", view(d.floats(3, 2, 4), "transpose"), {}), (" slice", view(d.floats(3, 2, 4), "slice"), {}),
        ]:  # fmt: skip
            inputs = [x, *running(x.shape[1], x.dtype), *weights(x.shape[1], dtype=x.dtype)]
            family.add("batchNorm", batch_norm, f"{mode}{label}", inputs, {"training": training, **args}, grad=[0, 3, 4])
        plain = [d.floats(3, 2, 4), *running(2)]
        family.add("batchNorm", batch_norm, f"{mode} plain", plain, {"training": training}, grad=[0])
        family.add("batchNorm", batch_norm, f"{mode} weight alone", [*plain, weights(2)[0], None], {"training": training}, grad=[0, 3])
        family.add("batchNorm", batch_norm, f"{mode} bias alone", [*plain, None, weights(2)[1]], {"training": training}, grad=[0, 4])
    family.add("batchNorm", batch_norm, "without statistics", [d.floats(3, 2, 4), None, None, *weights(2)], {"training": True}, grad=[0, 3, 4])
    constant = torch.ones(3, 2, 2, dtype=F64)
    family.add("batchNorm", batch_norm, "constant", [constant, *running(2)], {"training": True}, grad=False)
    family.add("batchNorm", batch_norm, "far from 0", [d.floats(3, 2, 4).add(2**12), *running(2)], {"training": True}, grad=[0])

    for label, x, args in [
        ("signal", d.floats(2, 3, 5), {}), ("image", d.floats(2, 3, 2, 3), {}), ("volume", d.floats(1, 2, 2, 1, 3), {}), ("eps, momentum", d.floats(3, 2, 4), {"eps": 0.5, "momentum": 0.25}),
        ("by running", d.floats(2, 3, 5), {"use_input_stats": False}), ("float32", d.floats(2, 3, 6, dtype=F32), {}), ("transpose", view(d.floats(2, 3, 4), "transpose"), {}),
    ]:  # fmt: skip
        inputs = [x, *running(x.shape[1], x.dtype), *weights(x.shape[1], dtype=x.dtype)]
        family.add("instanceNorm", instance_norm, label, inputs, args, grad=[0, 3, 4])
    family.add("instanceNorm", instance_norm, "plain", [d.floats(2, 3, 5)], grad=[0])
    family.add("instanceNorm", instance_norm, "weights", [d.floats(2, 3, 5), None, None, *weights(3)], grad=[0, 3, 4])
    return family
