"""The dtype of a result for every pair of dtypes and kinds of operands."""

import torch

from encode import dtype_name

DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
    torch.float16, torch.bfloat16, torch.float32, torch.float64,
]  # fmt: skip
NAMES = [dtype_name(dtype) for dtype in DTYPES]
SCALARS = {"boolScalar": True, "intScalar": 2, "floatScalar": 1.5}

OPS = {
    "add": torch.add,
    "div": torch.div,
    "eq": torch.eq,
    "pow": torch.pow,
    "where": lambda x, y: torch.where(torch.tensor([True, False]), x, y),
    "sub": torch.sub,
    "mul": torch.mul,
    "floorDivide": lambda x, y: torch.div(x, y, rounding_mode="floor"),
    "remainder": torch.remainder,
    "maximum": lambda x, y: torch.maximum(x, y),
    "lt": torch.lt,
    "logicalAnd": lambda x, y: torch.logical_and(x, y),
    "bitwiseAnd": torch.bitwise_and,
    "add_": lambda x, y: x.add_(y),
    "mul_": lambda x, y: x.mul_(y),
    "div_": lambda x, y: x.div_(y),
    "copy_": lambda x, y: x.copy_(y),
}
# The meta device doesn't know what its kernels lack.
ON_CPU = {"where", "bitwiseAnd", "copy_"}


def operands(kind):
    """The operands of one kind: a tensor for each dtype, or one number."""
    if kind in SCALARS:
        return [SCALARS[kind]]
    shape = (2,) if kind == "tensor" else ()
    return [torch.ones(shape, dtype=dtype) for dtype in DTYPES]


def result(op, a, b):
    """The name of the result's dtype, or None if PyTorch refuses."""
    try:
        # The meta device has every dtype; on the CPU some kernels lack half precision.
        moved = [x.to("meta") if isinstance(x, torch.Tensor) else x for x in (a, b)]
        if op.endswith("_"):
            moved[0] = moved[0].clone()
        if op in ON_CPU:
            return dtype_name(OPS[op](a.clone() if op.endswith("_") else a, b).dtype)
        return dtype_name(OPS[op](*moved).dtype)
    except (RuntimeError, TypeError, NotImplementedError):
        return None


def tables():
    """A list of { op, a, b, result }: result[i][j] for operand i of kind a and operand j of kind b."""
    kinds = ["tensor", "zeroDim", *SCALARS]
    out = []
    for op in OPS:
        for a in kinds:
            for b in kinds:
                if a in SCALARS and (b in SCALARS or op not in ("pow", "where")):
                    continue
                table = [[result(op, x, y) for y in operands(b)] for x in operands(a)]
                out.append({"op": op, "a": a, "b": b, "result": table})
    return out
