"""Printed tensors: what PyTorch prints for many dtypes, shapes, kinds of values and print options."""

import random

import torch

from encode import dtype_name, number

FLOATS = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
INTS = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8]

inf, nan = float("inf"), float("nan")

CAMEL = {"sci_mode": "sciMode"}


def print_cases():
    """A list of { options, shape, dtype, data, requiresGrad?, gradFn?, text }."""
    torch.manual_seed(0)
    cases = []

    def add(t, **options):
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        case = {
            "options": {CAMEL.get(k, k): v for k, v in options.items()},
            "shape": list(t.shape),
            "dtype": dtype_name(t.dtype),
            "data": [number(v, t.dtype) for v in t.detach().reshape(-1).tolist()],
        }
        if t.requires_grad:
            case["requiresGrad"] = True
        if t.grad_fn is not None:
            case["gradFn"] = type(t.grad_fn).__name__
        case["text"] = str(t)
        torch.set_printoptions(profile="default")
        cases.append(case)

    def make(values, dtype=torch.float32):
        return torch.tensor(values, dtype=dtype)

    for dtype in FLOATS + INTS + [torch.bool]:
        for value in [0, 1, 100]:
            add(make(value, dtype))
        add(make([], dtype))
        add(torch.zeros(0, 3, dtype=dtype))
        add(torch.zeros(2, 0, 4, dtype=dtype))
        add(make([0, 1, 7], dtype))
        add(make([[1, 2, 3], [40, 5, 6]], dtype))
        add(torch.arange(24).reshape(2, 3, 4).to(dtype))
        add((torch.arange(1100) % 120).to(dtype))
        add((torch.arange(1600) % 120).reshape(40, 40).to(dtype))
        add((torch.arange(50) % 7).to(dtype))
    for dtype in INTS[:-1]:
        add(make([-1, 20, -128, 127], dtype))
        add(make([[0, -5], [100, 3]], dtype), linewidth=20)
    add(make([2**31 - 1, -(2**31)], torch.int32))
    add(make([2**53 + 1, -(2**63), 2**63 - 1, 0], torch.int64))
    add(make([True, False, True], torch.bool))
    add(make([[True], [False]], torch.bool))

    kinds = {
        "halves": [0.5, 1.5, -2.5, 3.0],
        "ties": [0.03125, 0.09375, 0.00390625, 2.15625, -0.28125],
        "small": [1e-5, 0.5, 0.25],
        "wide": [1e-3, 2.0, 300.0],
        "ratio1000": [0.5, 500.0],
        "ratio1001": [0.5, 501.0],
        "intwide": [1.0, 2000.0],
        "intbig": [2e8, 3e8],
        "intratio": [1.0, 1000.0, -7.0],
        "nonfinite": [nan, inf, -inf, 1.5],
        "nonfiniteint": [nan, inf, -inf, 2.0],
        "onlynonfinite": [nan, inf, -inf],
        "negativezero": [-0.0, 0.0],
        "negativezeroint": [-0.0, 3.0],
        "negativezerofrac": [-0.0, 3.25],
        "zeros": [0.0, 0.0],
        "negative": [-1.25, -10.5, 3.0],
        "tiny": [1e-40, 2e-40],
        "carry": [9.99996, 99.99999],
        "third": [1 / 3, 2 / 3],
    }
    for values in kinds.values():
        for dtype in FLOATS:
            add(make(values, dtype))
        add(make([values, values]))
        for options in [
            {"sci_mode": True},
            {"sci_mode": False},
            {"precision": 1},
            {"precision": 0},
            {"precision": 8},
            {"precision": 2, "sci_mode": True},
            {"profile": "short"},
        ]:
            add(make(values, torch.float64), **options)
    add(make([1e21, 1.5e22], torch.float64), sci_mode=False)
    add(make([1e300, 5e-324], torch.float64))
    add(make([1e300, 0.5], torch.float64), sci_mode=False)
    add(make([1e100, 1.0], torch.float64))
    add(make(3.141592653589793, torch.float64), precision=12)
    add(make([1234567.0, 2.0]), sci_mode=False)

    for shape in [(1,), (5,), (17,), (40,), (2, 2), (3, 20), (1, 1, 1), (2, 2, 2), (2, 1, 3, 2), (1, 3, 1, 2, 2)]:
        add(torch.randn(shape))
        add(torch.randn(shape, dtype=torch.float64))
        add(torch.randn(shape), linewidth=40)
        add(torch.randn(shape), threshold=3, edgeitems=1)
        add(torch.randn(shape), precision=2, linewidth=60, threshold=10, edgeitems=2)
    for shape in [(1001,), (1000,), (10, 101), (101, 10), (20, 5, 20), (3, 400), (7, 7, 7, 7)]:
        add(torch.arange(torch.Size(shape).numel()).reshape(shape))
        add((torch.arange(torch.Size(shape).numel()) / 8).reshape(shape))
    add(torch.arange(1200), profile="full")
    add(torch.arange(30.0).reshape(5, 6), threshold=5, edgeitems=2, linewidth=30)
    add(torch.arange(30.0).reshape(5, 6) / 3, threshold=0, edgeitems=1)
    add(make(2.5), threshold=0)
    add(torch.randn(12), linewidth=1)

    # Where the suffixes go, for every length of the last line around the line width.
    for n in range(1, 12):
        leaf = (torch.arange(n) / 4.0).requires_grad_()
        add(leaf)
        add(leaf + 1)
        add((leaf * 2).double())
        add((leaf * 3).reshape(1, n), linewidth=60)
    for n in range(0, 30):
        add((torch.arange(n) % 2).double().requires_grad_())
    leaf = torch.ones(2, 2, requires_grad=True)
    add(leaf)
    add((leaf + 2) * 3)
    add(((leaf + 2) * 3).mean())
    add(leaf.sum())
    add(leaf.view(4))
    add(leaf.half())
    add(torch.zeros(0, requires_grad=True))
    add(torch.zeros(0, 2, dtype=torch.float64, requires_grad=True) * 2)
    add(torch.zeros(2000, requires_grad=True))
    return cases


def number_cases():
    """A list of [value, precision, fixed, exponential]: Python's formatting of single numbers, ties above all."""
    rng = random.Random(0)
    values = [0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.125, 9.5, 95.0, 9.995, 1e21, 1e22, 123456789012345680000.0, 5e-324, 1.7976931348623157e308]
    values += [25.0, 35.0, 250.0, 350.0, 1250000.0, 1350000.0, 12345.0, 12355.0, 2.0**60, 2.0**70, inf, -inf, nan]
    values += [rng.randrange(1, 4000) / 2 ** rng.randrange(1, 9) for _ in range(60)]
    values += [-rng.randrange(1, 4000) * 5.0 * 10 ** rng.randrange(0, 6) for _ in range(30)]
    values += [rng.uniform(-1, 1) * 10 ** rng.randrange(-20, 20) for _ in range(40)]
    return [
        [number(v), precision, f"{v:.{precision}f}", f"{v:.{precision}e}"]
        for v in values
        for precision in (0, 1, 2, 4, 7)
    ]
