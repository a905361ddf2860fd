"""Pointwise ops."""

import torch

from cases import BF16, BOOL, F16, F32, F64, I8, I16, I32, I64, U8, Draw, Family, inf, nan, special, special_pairs, view

# (our name, PyTorch's name, lowest and highest input of its domain)
FLOAT_UNARY = [
    ("abs", "abs", -3, 3), ("neg", "neg", -3, 3), ("sign", "sign", -3, 3), ("exp", "exp", -3, 3),
    ("exp2", "exp2", -3, 3), ("expm1", "expm1", -3, 3), ("log", "log", 0, 4), ("log2", "log2", 0, 4),
    ("log10", "log10", 0, 4), ("log1p", "log1p", -0.9, 3), ("sqrt", "sqrt", 0, 4), ("rsqrt", "rsqrt", 0, 4),
    ("square", "square", -3, 3), ("reciprocal", "reciprocal", -3, 3), ("sin", "sin", -4, 4), ("cos", "cos", -4, 4),
    ("tan", "tan", -1.4, 1.4), ("asin", "asin", -0.9, 0.9), ("acos", "acos", -0.9, 0.9), ("atan", "atan", -3, 3),
    ("sinh", "sinh", -3, 3), ("cosh", "cosh", -3, 3), ("tanh", "tanh", -3, 3), ("asinh", "asinh", -3, 3),
    ("acosh", "acosh", 1.1, 4), ("atanh", "atanh", -0.9, 0.9), ("sigmoid", "sigmoid", -4, 4), ("relu", "relu", -3, 3),
    ("erf", "erf", -3, 3), ("erfc", "erfc", -3, 3), ("floor", "floor", -3, 3), ("ceil", "ceil", -3, 3),
    ("round", "round", -3, 3), ("trunc", "trunc", -3, 3), ("frac", "frac", -3, 3),
    ("isnan", "isnan", -3, 3), ("isinf", "isinf", -3, 3), ("isfinite", "isfinite", -3, 3),
    ("logicalNot", "logical_not", -3, 3),
]  # fmt: skip


def unary(family):
    d = family.draw
    for op, name, low, high in FLOAT_UNARY:
        fn = getattr(torch, name)
        inplace = getattr(torch.Tensor, name + "_", None)

        def add(label, x, optional=False, op=op, fn=fn, inplace=inplace):
            family.add(op, fn, label, [x], inplace=inplace, optional=optional)

        add("float64", d.floats(2, 3, low=low, high=high))
        add("float32", d.floats(2, 3, low=low, high=high, dtype=F32))
        add("special float32", special(F32))
        add("special float64", special(F64))
        add("0-d", d.floats(low=low, high=high))
        add("empty", torch.zeros(0, 3))
        add("transpose", view(d.floats(2, 3, low=low, high=high), "transpose"))
        add("slice", view(d.floats(2, 3, low=low, high=high, dtype=F32), "slice"))
        add("expand", view(d.floats(1, 3, low=low, high=high).expand(2, 3), "expand"))
        for dtype in [I64, I32, I16, I8, U8]:
            add(str(dtype)[6:], torch.tensor([1, 0, 3, 2] if dtype == U8 else [-2, 0, 3, 1], dtype=dtype), optional=True)
        add("bool", torch.tensor([True, False]), optional=True)
        for dtype in [F16, BF16]:
            family.add(op, fn, str(dtype)[6:], [d.floats(4, low=low, high=high, dtype=dtype)], grad=False, optional=True)
    for op in ["round", "floor", "ceil", "trunc", "frac"]:
        halves = torch.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5, 1e20, -0.2], dtype=F64)
        family.add(op, getattr(torch, op), "halves", [halves])
    for op in ["exp", "expm1", "log1p", "tanh", "sigmoid", "sinh", "cosh", "asinh", "erf", "erfc"]:
        for dtype in [F32, F64]:
            if op == "log1p":
                extremes = torch.tensor([-1.0, -1e-6, 1e-7, 1e-20, 1e30], dtype=dtype)
            else:
                extremes = torch.tensor([-100.0, -20.0, -1e-6, 1e-7, 1e-20, 20.0, 80.0], dtype=dtype)
            family.add(op, getattr(torch, op), f"extremes {str(dtype)[6:]}", [extremes])


BINARY = [
    ("add", "add"), ("sub", "sub"), ("rsub", "rsub"), ("mul", "mul"), ("div", "div"),
    ("floorDivide", "floor_divide"), ("remainder", "remainder"), ("fmod", "fmod"), ("pow", "pow"),
    ("atan2", "atan2"), ("hypot", "hypot"), ("maximum", "maximum"), ("minimum", "minimum"),
    ("fmax", "fmax"), ("fmin", "fmin"), ("logaddexp", "logaddexp"), ("xlogy", "xlogy"), ("copysign", "copysign"),
    ("eq", "eq"), ("ne", "ne"), ("lt", "lt"), ("le", "le"), ("gt", "gt"), ("ge", "ge"),
    ("logicalAnd", "logical_and"), ("logicalOr", "logical_or"), ("logicalXor", "logical_xor"),
    ("bitwiseAnd", "bitwise_and"), ("bitwiseOr", "bitwise_or"), ("bitwiseXor", "bitwise_xor"),
]  # fmt: skip
TENSORS_ONLY = {"atan2", "hypot", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logicalAnd", "logicalOr", "logicalXor"}
DIVISIONS = {"floorDivide", "remainder", "fmod"}


def binary(family):
    d = family.draw
    for op, name in BINARY:
        fn = getattr(torch, name)
        inplace = getattr(torch.Tensor, name + "_", None)
        low = 0.25 if op in ("pow", "xlogy") else -3

        def add(label, x, y, optional=True, **args):
            family.add(op, fn, label, [x, y], args, inplace=inplace, optional=optional)

        def floats(*shape, dtype=F64):
            return d.floats(*shape, low=low, dtype=dtype)

        add("float64", floats(2, 3), floats(2, 3))
        add("float32", floats(2, 3, dtype=F32), floats(2, 3, dtype=F32))
        add("broadcast", floats(2, 1, 3), floats(4, 1))
        add("broadcast left", floats(3), floats(2, 3))
        add("0-d right", floats(2, 3), floats())
        add("0-d left", floats(), floats(3, dtype=F64))
        add("0-d both", floats(), floats())
        add("empty", torch.zeros(0, 3), torch.zeros(1, 3))
        add("transpose and slice", view(floats(2, 3), "transpose"), view(floats(2, 3), "slice"))
        add("expand", view(floats(1, 3).expand(2, 3), "expand"), floats(2, 3))
        add("ties", torch.tensor([1.0, 2.0, 2.0], dtype=F64), torch.tensor([1.0, 3.0, 2.0], dtype=F64))
        add("special float32", *special_pairs(F32))
        add("special float64", *special_pairs(F64))
        if op not in TENSORS_ONLY:
            add("number", floats(2, 3), 1.5)
            add("integer number", floats(2, 3, dtype=F32), 2)
            add("int64 and number", torch.tensor([-3, 0, 2, 7]), 2)
            add("int64 and fraction", torch.tensor([-3, 0, 2, 7]), 1.5)
            add("bool and number", torch.tensor([True, False]), 2)
        for dtype in [I64, I32, I8, U8]:
            x = torch.tensor([7, 8, 0, 3, 5, 100], dtype=dtype)
            y = torch.tensor([2, 3, 4, 3, 7, 6], dtype=dtype)
            if dtype != U8 and op != "pow":
                x = x * torch.tensor([1, -1, 1, -1, -1, 1], dtype=dtype)
                y = y * torch.tensor([-1, 1, 1, -1, 1, -1], dtype=dtype)
            if op == "pow":
                x, y = x.clamp(max=5), torch.tensor([2, 1, 0, 2, 1, 0], dtype=dtype)
            add(str(dtype)[6:], x, y)
        add("bool", torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False]))
        for dtype in [F16, BF16]:
            half = [d.floats(4, low=low, dtype=dtype), d.floats(4, low=low, dtype=dtype)]
            family.add(op, fn, str(dtype)[6:], half, grad=False, optional=True)
        add("int64 and float32", torch.tensor([1, 2, 3]), torch.tensor([2.5, 0.5, -1.5]))
        add("float32 and float64", floats(3, dtype=F32), floats(3))
        add("uint8 and int8", torch.tensor([1, 2, 250], dtype=U8), torch.tensor([1, 3, 2], dtype=I8))
        add("bool and int64", torch.tensor([True, False]), torch.tensor([3, 2]))

    family.add("bitwiseNot", torch.bitwise_not, "int64", [torch.tensor([-3, 0, 5])], inplace=torch.Tensor.bitwise_not_)
    family.add("bitwiseNot", torch.bitwise_not, "uint8", [torch.tensor([0, 5, 255], dtype=U8)], inplace=torch.Tensor.bitwise_not_)
    family.add("bitwiseNot", torch.bitwise_not, "bool", [torch.tensor([True, False])], inplace=torch.Tensor.bitwise_not_)

    for op in ["add", "sub", "rsub"]:
        fn, inplace = getattr(torch, op), getattr(torch.Tensor, op + "_", None)
        family.add(op, fn, "alpha", [d.floats(2, 3), d.floats(2, 3)], {"alpha": 2.5}, inplace=inplace)
        family.add(op, fn, "alpha int64", [d.ints(4), d.ints(4)], {"alpha": 3}, inplace=inplace)
        family.add(op, fn, "alpha broadcast", [d.floats(2, 3), d.floats(3)], {"alpha": -1}, inplace=inplace)
    for mode in ["floor", "trunc"]:
        args, inplace = {"rounding_mode": mode}, torch.Tensor.div_
        family.add("div", torch.div, f"{mode} float64", [d.floats(2, 4, low=-9, high=9), d.floats(2, 4)], args, inplace=inplace)
        family.add("div", torch.div, f"{mode} special", list(special_pairs(F32)), args, inplace=inplace)
        family.add("div", torch.div, f"{mode} tenths", [torch.tensor([1.0, 0.3, -0.7, 5.0]), 0.1], args, inplace=inplace)
        for dtype in [I64, I32, I8]:
            x = torch.tensor([7, -7, 7, -7, 6, 0], dtype=dtype)
            y = torch.tensor([2, 2, -2, -2, 3, 5], dtype=dtype)
            family.add("div", torch.div, f"{mode} {str(dtype)[6:]}", [x, y], args, inplace=inplace)
    family.add("pow", torch.pow, "number base", [2, d.floats(2, 3)])
    family.add("pow", torch.pow, "zero base", [0, torch.tensor([0.0, 1.0, 2.0], dtype=F64)])
    family.add("pow", torch.pow, "int base int64", [3, torch.tensor([0, 1, 4])])
    for exponent in [0, 1, 2, 3, -1, -2, 0.5, -0.5]:
        family.add("pow", torch.pow, f"exponent {exponent}", [d.floats(2, 3, low=0.25), exponent], inplace=torch.Tensor.pow_)
        x = torch.tensor([-2.0, -0.0, 0.0, 1.5, inf, -inf, nan], dtype=F64)
        family.add("pow", torch.pow, f"special to {exponent}", [x, exponent])
    tensors = [torch.tensor([0.0, 0.0, 2.0, -2.0], dtype=F64), torch.tensor([0.0, 2.0, 0.0, 3.0], dtype=F64)]
    family.add("pow", torch.pow, "zeros", tensors, inplace=torch.Tensor.pow_)
    big = torch.tensor([1000.0, -1000.0, 0.0], dtype=F64)
    family.add("logaddexp", torch.logaddexp, "large", [big, big.flip(0)])


def ternary(family):
    d = family.draw

    def clamp(x, low, high):
        return torch.clamp(x, low, high)

    def clamp_(x, low, high):
        return x.clamp_(low, high)

    for label, x in [("float64", d.floats(2, 4)), ("float32", d.floats(2, 4, dtype=F32)), ("int64", d.ints(2, 4)),
                     ("special", special(F64)), ("0-d", d.floats()), ("empty", torch.zeros(0)),
                     ("transpose", view(d.floats(3, 2), "transpose")), ("uint8", torch.tensor([0, 1, 9], dtype=U8)),
                     ("at the bounds", torch.tensor([-1.0, 2.0, 0.0], dtype=F64))]:  # fmt: skip
        family.add("clamp", clamp, f"{label} both", [x, 0 if x.dtype == U8 else -1, 2], inplace=clamp_)
        family.add("clamp", clamp, f"{label} low", [x, 0, None], inplace=clamp_)
        family.add("clamp", clamp, f"{label} high", [x, None, 1], inplace=clamp_)
    family.add("clamp", clamp, "int64 with fractions", [d.ints(4), -1.5, 2.5], inplace=clamp_)
    family.add("clamp", clamp, "low above high", [d.floats(4), 2, -2], inplace=clamp_)
    family.add("clamp", clamp, "NaN bound", [d.floats(4), nan, None], inplace=clamp_)
    family.add("clamp", clamp, "tensors", [d.floats(2, 3), d.floats(2, 3) - 1, d.floats(2, 3) + 1], inplace=clamp_)
    family.add("clamp", clamp, "tensors broadcast", [d.floats(2, 3), d.floats(3) - 1, None], inplace=clamp_)

    for label, x, y, w in [
        ("float64 number", d.floats(2, 3), d.floats(2, 3), 0.3), ("float64 large number", d.floats(2, 3), d.floats(2, 3), 0.8),
        ("float32 number", d.floats(2, 3, dtype=F32), d.floats(2, 3, dtype=F32), 0.3),
        ("tensor", d.floats(2, 3), d.floats(2, 3), d.floats(2, 3, low=0, high=1)),
        ("broadcast", d.floats(2, 1), d.floats(3), d.floats(2, 3, low=0, high=1)),
        ("0-d", d.floats(), d.floats(), d.floats(low=0, high=1)), ("empty", torch.zeros(0), torch.zeros(0), 0.5),
        ("ends", torch.tensor([1.0, nan, inf], dtype=F64), torch.tensor([3.0, 1.0, 2.0], dtype=F64), 1),
    ]:  # fmt: skip
        family.add("lerp", torch.lerp, label, [x, y, w], inplace=torch.Tensor.lerp_)
    for op in ["addcmul", "addcdiv"]:
        fn, inplace = getattr(torch, op), getattr(torch.Tensor, op + "_")
        family.add(op, fn, "float64", [d.floats(2, 3), d.floats(2, 3), d.floats(2, 3)], {"value": 1}, inplace=inplace)
        family.add(op, fn, "value", [d.floats(2, 3), d.floats(2, 3), d.floats(2, 3)], {"value": 0.5}, inplace=inplace)
        family.add(op, fn, "broadcast", [d.floats(2, 3), d.floats(2, 1), d.floats(3)], {"value": -2}, inplace=inplace)
        three = [d.floats(2, 3, dtype=F32) for _ in range(3)]
        family.add(op, fn, "float32", three, {"value": 2}, inplace=inplace)
        family.add(op, fn, "int64", [d.ints(3), d.ints(3), d.ints(3)], {"value": 2}, inplace=inplace, optional=True)

    def where(c, x, y):
        return torch.where(c, x, y)

    mask = d.bools(2, 3)
    for label, c, x, y in [
        ("float64", mask, d.floats(2, 3), d.floats(2, 3)), ("float32", mask, d.floats(2, 3, dtype=F32), d.floats(2, 3, dtype=F32)),
        ("broadcast", d.bools(2, 1), d.floats(3), d.floats(2, 3)), ("0-d condition", torch.tensor(True), d.floats(3), d.floats(3)),
        ("0-d", torch.tensor(False), d.floats(), d.floats()), ("empty", torch.zeros(0, dtype=BOOL), torch.zeros(0), torch.zeros(0)),
        ("number", mask, d.floats(2, 3), 0), ("number left", mask, 1.5, d.floats(2, 3)), ("int64", mask, d.ints(2, 3), d.ints(2, 3)),
        ("promotes", mask, d.ints(2, 3), d.floats(2, 3, dtype=F32)), ("bool", mask, d.bools(2, 3), d.bools(2, 3)),
        ("hides NaN", torch.tensor([True, False]), torch.tensor([1.0, nan], dtype=F64), torch.tensor([nan, 2.0], dtype=F64)),
        ("transpose", view(mask, "transpose"), view(d.floats(2, 3), "transpose"), d.floats(2, 3)),
    ]:  # fmt: skip
        family.add("where", where, label, [c, x, y])
    for label, x, m, v in [
        ("float64", d.floats(2, 3), mask, 0.5), ("float32", d.floats(2, 3, dtype=F32), mask, -1), ("int64", d.ints(2, 3), mask, 7),
        ("bool", d.bools(2, 3), mask, True), ("broadcast mask", d.floats(2, 3), d.bools(3), 2), ("infinite", d.floats(2, 3), mask, -inf),
        ("0-d value", d.floats(2, 3), mask, d.floats()), ("0-d", d.floats(), torch.tensor(True), 3), ("empty", torch.zeros(0), torch.zeros(0, dtype=BOOL), 1),
        ("larger mask", d.floats(3), mask, 2), ("transpose", view(d.floats(2, 3), "transpose"), mask, 2),
    ]:  # fmt: skip
        family.add("maskedFill", torch.masked_fill, label, [x, m, v], inplace=torch.Tensor.masked_fill_)


def casts(family):
    """Only conversions that C++ defines: a float outside the range of an integer dtype has no right answer."""

    def to(x, dtype):
        return x.to(dtype)

    every = [F32, F64, F16, BF16, I64, I32, I16, I8, U8, BOOL]
    for source in every:
        values = [0, 1, 1] if source == BOOL else [0, 1, 3, 100] if source == U8 else [-3, 0, 1, 100]
        if source.is_floating_point:
            values += [2.75, 0.5]
        for target in every:
            x = torch.tensor(values, dtype=source)
            if source.is_floating_point and target == U8:
                x = x.abs()
            family.add("to", to, f"{source} to {target}".replace("torch.", ""), [x], {"dtype": target})
    for target in every[5:9]:
        wide = torch.tensor([300, -1, 2**31 + 5, -(2**40) - 7])
        family.add("to", to, f"int64 wraps to {target}".replace("torch.", ""), [wide], {"dtype": target})
    reals = torch.tensor([nan, inf, -inf, -0.0, 1e-3, 65504.0, 65520.0, 65519.0, 1e5, 1e-8, 6e-8, 2.0**-24, 2.0**-25, 3 * 2.0**-25,
                          2049.0, 2051.0, 257.0, 259.0, 1 / 3, 3.3e38, 3.4e38, 1e-40], dtype=F32)  # fmt: skip
    for target in [F16, BF16, F64, BOOL]:
        family.add("to", to, f"float32 extremes to {target}".replace("torch.", ""), [reals], {"dtype": target})
    doubles = torch.tensor([nan, inf, 1e300, -1e300, 1e-300, 1 + 2**-24, 1 + 3 * 2**-24, 16777217.0], dtype=F64)
    family.add("to", to, "float64 extremes to float32", [doubles], {"dtype": F32})
    family.add("to", to, "large int64 to float32", [torch.tensor([2**24 + 1, 2**53 - 1, -(2**31)])], {"dtype": F32})
    family.add("to", to, "truncates", [torch.tensor([-2.7, -0.5, 0.5, 2.7, 1e9], dtype=F64)], {"dtype": I32})


# (our name, PyTorch's name, lowest and highest input of its domain)
SPECIAL_UNARY = [
    ("erfinv", "erfinv", -0.95, 0.95), ("lgamma", "lgamma", -3, 5), ("digamma", "digamma", -3, 5), ("logit", "logit", 0.05, 0.95),
    ("sinc", "sinc", -3, 3), ("deg2rad", "deg2rad", -180, 180), ("rad2deg", "rad2deg", -4, 4), ("nanToNum", "nan_to_num", -3, 3),
    ("signbit", "signbit", -3, 3), ("isposinf", "isposinf", -3, 3), ("isneginf", "isneginf", -3, 3),
]  # fmt: skip


def special_functions(family):
    family.draw = d = Draw(101)
    for op, name, low, high in SPECIAL_UNARY:
        fn = getattr(torch, name)
        inplace = getattr(torch.Tensor, name + "_", None)

        def add(label, x, optional=False, **args):
            family.add(op, fn, label, [x], args, inplace=inplace, optional=optional)  # noqa: B023

        add("float64", d.floats(2, 3, low=low, high=high))
        add("float32", d.floats(2, 3, low=low, high=high, dtype=F32))
        for dtype in [F32, F64]:
            x = torch.cat([special(dtype), torch.tensor([1.5, 2.0, -0.25], dtype=dtype)])
            if op in ("lgamma", "digamma"):
                # at negative integers PyTorch's reflection gives a tangent's rounding error instead of the pole
                x = x[x != -1]
            if op == "logit":
                # the sign of the infinite gradient at -0 is one in float32 and the other in float64
                x = x[(x != 0) | ~x.signbit()]
            add(f"special {str(dtype)[6:]}", x)
        add("0-d", d.floats(low=low, high=high))
        add("empty", torch.zeros(0, 3))
        add("transpose", view(d.floats(2, 3, low=low, high=high), "transpose"))
        add("slice", view(d.floats(2, 3, low=low, high=high, dtype=F32), "slice"))
        add("expand", view(d.floats(1, 3, low=low, high=high).expand(2, 3), "expand"))
        for dtype in [I64, I32, I16, I8, U8]:
            add(str(dtype)[6:], torch.tensor([1, 0, 3, 2], dtype=dtype), optional=True)
        add("bool", torch.tensor([True, False]), optional=True)
        for dtype in [F16, BF16]:
            family.add(op, fn, str(dtype)[6:], [d.floats(4, low=low, high=high, dtype=dtype)], grad=False, optional=True)
    for dtype in [F32, F64]:
        label = str(dtype)[6:]
        big = torch.tensor([0.001, 0.5, 1, 2, 2.5, 7.5, 8, 10, 30.25, 170, 1e4, 1e10, 1e30], dtype=dtype)
        for op in ["lgamma", "digamma"]:
            family.add(op, getattr(torch, op), f"range {label}", [big], inplace=getattr(torch.Tensor, op + "_"))
            family.add(op, getattr(torch, op), f"negative {label}", [torch.tensor([-0.5, -1.25, -7.75, -20.5], dtype=dtype)])
        near = torch.tensor([-0.95, -0.9, -1e-6, 1e-10, 0.3, 0.7, 0.71, 0.9], dtype=dtype)
        # values further out are those of special.test.ts: the slope there magnifies PyTorch's float32 rounding
        family.add("erfinv", torch.erfinv, f"range {label}", [near])
        for n in [0, 1, 2, 3, 4]:
            def polygamma(x, n):
                return torch.polygamma(n, x)

            def polygamma_(x, n):
                return x.polygamma_(n)

            family.add("polygamma", polygamma, f"{n} {label}", [d.floats(2, 3, low=0.1, high=5, dtype=dtype)], {"n": n}, inplace=polygamma_)
            far = torch.tensor([0.01, 0.5, 1.0, 9.5, 10.0, 25.0, 1000.0], dtype=dtype)
            family.add("polygamma", polygamma, f"{n} range {label}", [far], {"n": n}, inplace=polygamma_)
            family.add("polygamma", polygamma, f"{n} negative {label}", [torch.tensor([-0.5, -1.25, -3.75], dtype=dtype)], {"n": n})
            if n >= 2:
                # not at infinity, where the function is 0 and PyTorch's sum gives NaN
                family.add("polygamma", polygamma, f"{n} special {label}", [torch.tensor([nan, 0.0, -1.0], dtype=dtype)], {"n": n}, grad=False)
        x = torch.tensor([-0.5, 0.0, 0.1, 0.2, 0.5, 0.95, 1.0, 1.5, nan], dtype=dtype)
        for eps in [0, 1e-6, 0.15]:
            family.add("logit", torch.logit, f"eps {eps} {label}", [x], {"eps": eps}, inplace=torch.Tensor.logit_)
    family.add("polygamma", polygamma, "int64", [torch.tensor([1, 2, 5])], {"n": 1})
    family.add("polygamma", polygamma, "0-d", [d.floats(low=1)], {"n": 1}, inplace=polygamma_)
    family.add("polygamma", polygamma, "empty", [torch.zeros(0)], {"n": 2}, inplace=polygamma_)
    family.add("polygamma", polygamma, "transpose", [view(d.floats(2, 3, low=1), "transpose")], {"n": 1}, inplace=polygamma_)

    for dtype in [F32, F64, F16, BF16]:
        x = special(dtype)
        for args in [{"nan": 2.5}, {"posinf": 9.0}, {"neginf": -7.0}, {"nan": 1.0, "posinf": 2.0, "neginf": 3.0}, {}]:
            label = " ".join([str(dtype)[6:], *args])
            family.add("nanToNum", torch.nan_to_num, f"{label} given", [x], args, inplace=torch.Tensor.nan_to_num_, optional=True)

    def round_to(x, decimals):
        return torch.round(x, decimals=decimals)

    def round_to_(x, decimals):
        return x.round_(decimals=decimals)

    for dtype in [F32, F64, F16, BF16]:
        x = torch.tensor([1.25, -1.35, 0.125, 2.675, 1234.5678, -15.0, 25.0, 35.0, 0.0, nan, inf], dtype=dtype)
        for decimals in [1, 2, 3, -1, -2]:
            label = f"{str(dtype)[6:]} {decimals}"
            family.add("roundDecimals", round_to, label, [x], {"decimals": decimals}, inplace=round_to_, optional=True)
    family.add("roundDecimals", round_to, "transpose", [view(d.floats(2, 3), "transpose")], {"decimals": 1}, inplace=round_to_)
    family.add("roundDecimals", round_to, "0-d", [d.floats()], {"decimals": 1}, inplace=round_to_)
    family.add("roundDecimals", round_to, "empty", [torch.zeros(0)], {"decimals": 1}, inplace=round_to_)


def more_pairs(family):
    d = family.draw
    for op, name in [("logaddexp2", "logaddexp2"), ("heaviside", "heaviside"), ("ldexp", "ldexp"), ("floatPower", "float_power")]:
        fn = getattr(torch, name)
        inplace = getattr(torch.Tensor, name + "_", None)
        low = 0.25 if op == "floatPower" else -3

        def add(label, x, y, **args):
            # a derivative that is not there can't be sampled
            grad = op != "heaviside"  # noqa: B023
            family.add(op, fn, label, [x, y], args, grad=grad, inplace=inplace, optional=True)  # noqa: B023

        def floats(*shape, dtype=F64):
            return d.floats(*shape, low=low, dtype=dtype)  # noqa: B023

        add("float64", floats(2, 3), floats(2, 3))
        add("float32", floats(2, 3, dtype=F32), floats(2, 3, dtype=F32))
        add("broadcast", floats(2, 1, 3), floats(4, 1))
        add("0-d right", floats(2, 3), floats())
        add("0-d left", floats(), floats(3))
        add("0-d both", floats(), floats())
        add("empty", torch.zeros(0, 3), torch.zeros(1, 3))
        add("transpose and slice", view(floats(2, 3), "transpose"), view(floats(2, 3), "slice"))
        add("expand", view(floats(1, 3).expand(2, 3), "expand"), floats(2, 3))
        add("special float32", *special_pairs(F32))
        add("special float64", *special_pairs(F64))
        if op in ("ldexp", "floatPower"):
            add("float and int64", floats(3, dtype=F32), torch.tensor([-2, 0, 3]))
            add("int64 and float", torch.tensor([1, 2, 3]), floats(3))
            add("int64 and number", torch.tensor([1, 2, 3]), 2) if op == "floatPower" else None
            add("number", floats(2, 3), 2) if op == "floatPower" else None
            add("fraction", floats(2, 3, dtype=F32), 1.5) if op == "floatPower" else None
            add("bool", torch.tensor([True, False]), torch.tensor([True, True]))
        for dtype in [I64, I32, I8, U8]:
            x = torch.tensor([-2, 0, 3, 1], dtype=dtype) if dtype != U8 else torch.tensor([2, 0, 3, 1], dtype=dtype)
            add(str(dtype)[6:], x, torch.tensor([5, 4, 2, 1], dtype=dtype))
        for dtype in [F16, BF16]:
            family.add(op, fn, str(dtype)[6:], [floats(4, dtype=dtype), floats(4, dtype=dtype)], grad=False, optional=True)
    big = torch.tensor([2000.0, -2000.0, 0.0], dtype=F64)
    family.add("logaddexp2", torch.logaddexp2, "large", [big, big.flip(0)])
    zeros = torch.tensor([-1.0, 0.0, -0.0, 2.0, nan], dtype=F64)
    family.add("heaviside", torch.heaviside, "at zero", [zeros, torch.tensor(0.5, dtype=F64)], inplace=torch.Tensor.heaviside_, grad=False)
    family.add("heaviside", torch.heaviside, "bool", [torch.tensor([True, False]), torch.tensor([True])], inplace=torch.Tensor.heaviside_)

    for op, name in [("bitwiseLeftShift", "bitwise_left_shift"), ("bitwiseRightShift", "bitwise_right_shift")]:
        fn, inplace = getattr(torch, name), getattr(torch.Tensor, name + "_")
        for dtype in [I64, I32, I16, I8, U8]:
            x = torch.tensor([1, 3, 100, 7, 0], dtype=dtype)
            if dtype != U8:
                x = x * torch.tensor([1, -1, 1, -1, 1], dtype=dtype)
            shift = torch.tensor([0, 1, 2, 5, 3], dtype=dtype)
            label = str(dtype)[6:]
            family.add(op, fn, label, [x, shift], inplace=inplace)
            family.add(op, fn, f"{label} number", [x, 2], inplace=inplace)
            family.add(op, fn, f"{label} transpose", [view(x[:4].reshape(2, 2), "transpose"), 1], inplace=inplace)
        family.add(op, fn, "broadcast", [torch.tensor([[1], [-6]]), torch.tensor([0, 1, 2])], inplace=inplace)
        family.add(op, fn, "promotes", [torch.tensor([1, 2], dtype=I8), torch.tensor([9, 10], dtype=I32)], inplace=inplace)
        family.add(op, fn, "empty", [torch.zeros(0, dtype=I64), 3], inplace=inplace)
        family.add(op, fn, "0-d", [torch.tensor(-5), torch.tensor(1)], inplace=inplace)

    x = torch.tensor([1.0, 1.0001, nan, inf, -inf, 0.0, 100.0], dtype=F64)
    y = torch.tensor([1.0, 1.0, nan, inf, inf, 1e-9, 101.0], dtype=F64)
    for args in [{}, {"rtol": 1e-3}, {"atol": 1.0}, {"rtol": 0.0, "atol": 0.0}, {"equal_nan": True}, {"rtol": 0.0, "atol": 0.0, "equal_nan": True}]:
        family.add("isclose", torch.isclose, " ".join(["float64", *args]), [x, y], args, grad=False)
        family.add("isclose", torch.isclose, " ".join(["float32", *args]), [x.float(), y.float()], args, grad=False)
    for dtype in [I64, U8, BOOL]:
        family.add("isclose", torch.isclose, str(dtype)[6:], [torch.tensor([1, 0, 5]).to(dtype), torch.tensor([1, 1, 6]).to(dtype)], optional=True)
        wide = {"rtol": 0.5, "atol": 0.1}
        family.add("isclose", torch.isclose, f"{str(dtype)[6:]} wide", [torch.tensor([1, 0, 5]).to(dtype), torch.tensor([1, 1, 6]).to(dtype)], wide, optional=True)
    family.add("isclose", torch.isclose, "broadcast", [d.floats(2, 1), d.floats(3)], {"atol": 2.0}, grad=False)
    family.add("isclose", torch.isclose, "empty", [torch.zeros(0), torch.zeros(0)])

    for op, name in [("clampMin", "clamp_min"), ("clampMax", "clamp_max")]:
        fn, inplace = getattr(torch, name), getattr(torch.Tensor, name + "_")
        family.add(op, fn, "float64", [d.floats(2, 3), 0.5], inplace=inplace)
        family.add(op, fn, "tensor", [d.floats(2, 3), d.floats(3)], inplace=inplace)
        family.add(op, fn, "int64", [d.ints(5), 2], inplace=inplace)
        family.add(op, fn, "float32 special", [special(F32), 0], inplace=inplace)


def halves(family):
    """float16 and bfloat16: results that lie half-way between two numbers of the dtype must go to the even one."""
    d = family.draw
    for dtype, ulp in [(F16, 2048.0), (BF16, 256.0)]:
        label = str(dtype)[6:]
        even, odd = ulp, ulp + 2
        x = torch.tensor([even, odd, -even, -odd, even, odd], dtype=dtype)
        one = torch.ones(6, dtype=dtype)
        family.add("add", torch.add, f"{label} half-way", [x, one], inplace=torch.Tensor.add_, grad=False)
        family.add("sub", torch.sub, f"{label} half-way", [x, -one], inplace=torch.Tensor.sub_, grad=False)
        family.add("add", torch.add, f"{label} half-way number", [x, 1], inplace=torch.Tensor.add_, grad=False)
        # (1 + 2k ulp)(1.5) lies half-way for odd k
        step = 2.0 / ulp
        near = torch.tensor([1 + step * k for k in [1, 2, 3, 5, 7, 9]], dtype=dtype)
        family.add("mul", torch.mul, f"{label} half-way", [near, one * 1.5], inplace=torch.Tensor.mul_, grad=False)
        family.add("mul", torch.mul, f"{label} half-way number", [near, 0.75], inplace=torch.Tensor.mul_, grad=False)
        tiny = torch.tensor([1.0, 3.0, 5.0, 7.0], dtype=dtype) * (2.0**-24 if dtype == F16 else 2.0**-133)
        family.add("div", torch.div, f"{label} half-way subnormal", [tiny, torch.tensor([2.0], dtype=dtype)], inplace=torch.Tensor.div_, grad=False)
        family.add("div", torch.div, f"{label} rounds", [near, one * 3], inplace=torch.Tensor.div_, grad=False)
        largest = torch.tensor([torch.finfo(dtype).max], dtype=dtype)
        family.add("add", torch.add, f"{label} overflow", [largest.expand(2), torch.tensor([16.0, 1.0], dtype=dtype) * (ulp if dtype == F16 else 2.0**119)], grad=False)
        for op, torch_op in [("neg", torch.neg), ("abs", torch.abs), ("exp", torch.exp), ("sqrt", torch.sqrt), ("tanh", torch.tanh), ("sigmoid", torch.sigmoid)]:
            family.add(op, torch_op, f"{label} many", [d.floats(12, low=0, high=4, dtype=dtype)], grad=False, optional=True)
        for op, torch_op in [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div)]:
            two = [d.floats(3, 4, dtype=dtype), d.floats(4, low=0.25, dtype=dtype)]
            family.add(op, torch_op, f"{label} gradients", two, optional=True)
            family.add(op, torch_op, f"{label} and float32", [two[0], two[1].float()], grad=False, optional=True)
        family.add("where", torch.where, label, [d.bools(4), d.floats(4, dtype=dtype), d.floats(4, dtype=dtype)], optional=True)
        family.add("maskedFill", torch.masked_fill, label, [d.floats(4, dtype=dtype), d.bools(4), 0.1], inplace=torch.Tensor.masked_fill_, optional=True)


def build():
    family = Family("elementwise", 1)
    unary(family)
    binary(family)
    ternary(family)
    casts(family)
    special_functions(family)
    more_pairs(family)
    halves(family)
    return family
