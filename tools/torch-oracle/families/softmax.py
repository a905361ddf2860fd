"""softmax and logSoftmax."""

import torch

from cases import F32, F64, Family, inf, nan, view


def build():
    family = Family("softmax", 6)
    d = family.draw
    for op, name in [("softmax", "softmax"), ("logSoftmax", "log_softmax")]:
        fn = getattr(torch, name)
        for label, x, args in [
            ("dim 1", d.floats(2, 4), {"dim": 1}), ("dim 0", d.floats(3, 2), {"dim": 0}), ("dim -2", d.floats(2, 3, 2), {"dim": -2}),
            ("float32", d.floats(2, 5, dtype=F32), {"dim": -1}), ("0-d", d.floats(), {"dim": 0}), ("one", d.floats(3, 1), {"dim": 1}),
            ("empty rows", torch.zeros(0, 3, dtype=F64), {"dim": 1}), ("empty columns", torch.zeros(2, 0, dtype=F64), {"dim": 1}),
            ("large", torch.tensor([[1000.0, 999.0, -1000.0], [-1e30, 0.0, 1e30]], dtype=F64), {"dim": 1}),
            ("infinite", torch.tensor([[-inf, 0.0, 1.0], [-inf, -inf, -inf], [inf, 0.0, 1.0], [nan, 0.0, 1.0]], dtype=F64), {"dim": 1}),
            ("transpose", view(d.floats(3, 4), "transpose"), {"dim": 0}), ("slice", view(d.floats(3, 4), "slice"), {"dim": 1}),
            ("expand", view(d.floats(1, 4).expand(2, 4), "expand"), {"dim": 0}),
            ("dtype", d.floats(2, 3, dtype=F32), {"dim": 1, "dtype": F64}), ("int64 with dtype", d.ints(2, 3), {"dim": 1, "dtype": F32}),
            ("many", d.floats(2, 100, dtype=F32), {"dim": 1}),
        ]:  # fmt: skip
            family.add(op, fn, label, [x], args)
    return family
