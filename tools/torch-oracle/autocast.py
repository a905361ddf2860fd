"""The dtypes of results under `torch.autocast('cpu', torch.bfloat16)`, of inputs in float32, bfloat16 and float64. The names are those of the calls in
`packages/autograd/src/autocast.test.ts`."""

import torch
from torch.nn import functional as F

CLASSES = torch.tensor([0, 1])


def rows():
    """Calls by name: `a` makes tensors of the dtype under test, `wide` float32 ones."""
    return {
        "mm": lambda a, _: a(2, 2).mm(a(2, 2)),
        "mm, unlike dtypes": lambda a, wide: a(2, 2).mm(wide(2, 2)),
        "bmm": lambda a, _: a(1, 2, 2).bmm(a(1, 2, 2)),
        "mv": lambda a, _: a(2, 2).mv(a(2)),
        "dot": lambda a, _: a(2).dot(a(2)),
        "matmul of vectors": lambda a, _: a(2).matmul(a(2)),
        "matmul of a matrix and a vector": lambda a, _: a(2, 2).matmul(a(2)),
        "matmul": lambda a, _: a(3, 2, 2).matmul(a(2, 2)),
        "addmm": lambda a, wide: a(2, 2).addmm(wide(2, 2), a(2, 2)),
        "addmv": lambda a, _: a(2).addmv(a(2, 2), a(2)),
        "addr": lambda a, _: a(2, 2).addr(a(2), a(2)),
        "addbmm": lambda a, _: a(2, 2).addbmm(a(1, 2, 2), a(1, 2, 2)),
        "baddbmm": lambda a, _: a(1, 2, 2).baddbmm(a(1, 2, 2), a(1, 2, 2)),
        "inner": lambda a, _: a(2, 2).inner(a(2, 2)),
        "tensordot": lambda a, _: torch.tensordot(a(2, 2), a(2, 2)),
        "einsum": lambda a, _: torch.einsum("ij,jk->ik", a(2, 2), a(2, 2)),
        "einsum of one": lambda a, _: torch.einsum("ij->ji", a(2, 2)),
        "multiDot": lambda a, _: torch.linalg.multi_dot([a(2, 2), a(2, 2), a(2, 2)]),
        "kron": lambda a, _: a(2, 2).kron(a(2, 2)),
        "conv2d": lambda a, wide: F.conv2d(a(1, 1, 4, 4), wide(1, 1, 2, 2), wide(1)),
        "exp": lambda a, _: a(2).exp(),
        "log": lambda a, _: a(2).log(),
        "pow of a number": lambda a, _: a(2).pow(2),
        "square": lambda a, _: a(2).square(),
        "sqrt": lambda a, _: a(2).sqrt(),
        "tanh": lambda a, _: a(2).tanh(),
        "add": lambda a, wide: a(2).add(wide(2)),
        "add of halves": lambda a, _: a(2).add(a(2)),
        "softmax": lambda a, _: a(2).softmax(0),
        "logSoftmax": lambda a, _: a(2).log_softmax(0),
        "sum": lambda a, _: a(2).sum(),
        "sum with a dtype": lambda a, _: a(2).sum(dtype=a(2).dtype),
        "mean": lambda a, _: a(2).mean(),
        "prod": lambda a, _: a(2).prod(),
        "cumsum": lambda a, _: a(2).cumsum(0),
        "norm": lambda a, _: a(2).norm(),
        "var": lambda a, _: a(2).var(),
        "logsumexp": lambda a, _: a(2).logsumexp(0),
        "layerNorm": lambda a, _: F.layer_norm(a(2, 2), [2]),
        "groupNorm": lambda a, _: F.group_norm(a(2, 2, 4), 1),
        "batchNorm": lambda a, wide: F.batch_norm(a(2, 2, 4), None, None, wide(2), wide(2), True),
        "mseLoss": lambda a, wide: F.mse_loss(a(2), wide(2)),
        "crossEntropy": lambda a, _: F.cross_entropy(a(2, 2), CLASSES),
        "nllLoss": lambda a, _: F.nll_loss(a(2, 2), CLASSES),
        "binaryCrossEntropy": lambda a, _: F.binary_cross_entropy(a(2), a(2)),
        "binaryCrossEntropyWithLogits": lambda a, _: F.binary_cross_entropy_with_logits(a(2), a(2)),
        "trace": lambda a, _: a(2, 2).trace(),
        "quantile": lambda a, _: a(4).quantile(0.5),
        "maxPool2d": lambda a, _: F.max_pool2d(a(1, 1, 4, 4), 2),
        "maxPool3d": lambda a, _: F.max_pool3d(a(1, 1, 4, 4, 4), 2),
        "avgPool2d": lambda a, _: F.avg_pool2d(a(1, 1, 4, 4), 2),
        "avgPool3d": lambda a, _: F.avg_pool3d(a(1, 1, 4, 4, 4), 2),
        "adaptiveAvgPool2d": lambda a, _: F.adaptive_avg_pool2d(a(1, 1, 4, 4), 2),
        "pad with zeros": lambda a, _: F.pad(a(1, 4), (1, 1)),
        "pad by reflection": lambda a, _: F.pad(a(1, 1, 4), (1, 1), mode="reflect"),
        "gridSample": lambda a, _: F.grid_sample(a(1, 1, 4, 4), a(1, 2, 2, 2), align_corners=False),
        "interpolate": lambda a, _: F.interpolate(a(1, 1, 4), scale_factor=2),
        "inverse": lambda a, _: (a(2, 2) + torch.diag(a(2))).inverse(),
        "svd": lambda a, _: torch.linalg.svd(a(2, 2))[1],
        "cdist": lambda a, _: torch.cdist(a(2, 2), a(2, 2)),
        "cat": lambda a, wide: torch.cat([a(2), wide(2)]),
        "stack": lambda a, wide: torch.stack([a(2), wide(2)]),
        "addcmul": lambda a, wide: a(2).addcmul(a(2), wide(2)),
    }


def result(row, dtype):
    def make(dtype):
        return lambda *shape: (torch.rand(shape) * 0.5 + 0.25).to(dtype)

    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return str(row(make(dtype), make(torch.float32)).dtype).removeprefix("torch.")
    except RuntimeError:
        return "refused"


def results():
    """A list of { call, results }: of float32, bfloat16 and float64."""
    dtypes = [torch.float32, torch.bfloat16, torch.float64]
    return [{"call": name, "results": [result(row, dtype) for dtype in dtypes]} for name, row in rows().items()]
