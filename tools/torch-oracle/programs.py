"""Random programs with the values and gradients that PyTorch gives, and programs that autograd refuses."""

import torch

from cases import F32, F64
from encode import Literal, number, shortest, tensor
from program_draw import Generator, Machine, Refused, autograd_error, SENTENCES


def run_all(start, steps, second, dtype_map=None, nudge=None):
    leaves = start
    if nudge is not None:
        leaves = [(x + nudge * (k + 1) if x.is_floating_point() else x, wanted) for k, (x, wanted) in enumerate(start)]
    machine = Machine(leaves, dtype_map)
    for step in steps:
        machine.run(step)
    return machine, *machine.gradients(second)


def near(a, b, bound):
    """Whether two runs gave the same integers, and floats no further apart than `bound` of the largest."""
    for x, y in zip(a, b):
        if x is None or y is None:
            if (x is None) != (y is None):
                return False
            continue
        if not x.is_floating_point():
            if not torch.equal(x, y):
                return False
            continue
        x, y = x.detach().to(F64), y.detach().to(F64)
        if x.shape != y.shape or not (x.isfinite().all() and (x - y).abs().max() <= bound * max(1.0, float(x.abs().max()))):
            return False
    return True


def record(seed, second):
    """One valid, well-conditioned program, or None."""
    generator = Generator(seed)
    length = generator.r.randint(5, 20)
    try:
        generator.grow(length)
        steps = generator.steps
        machine, grads, seconds = run_all(generator.start, steps, second)
    except (Refused, RuntimeError):
        return None
    if machine.loss() is None or all(g is None for g in grads):
        return None
    everything = [*machine.registers, *grads, *(seconds or [])]
    if not all(x is None or not x.is_floating_point() or bool((x.detach().abs() < 1e4).all()) for x in everything):
        return None
    try:
        if not well_conditioned(generator.start, steps, second, everything):
            return None
    except RuntimeError:
        # `to` is no copy when float32 is float64 too
        return None
    program = {"leaves": [encode_leaf(x, wanted) for x, wanted in generator.start], "steps": [encode_step(step) for step in steps]}
    program["values"] = [short(x) for x in machine.registers]
    program["grads"] = [None if g is None else short(g) for g in grads]
    if seconds:
        program["seconds"] = [None if g is None else short(g) for g in seconds]
    return program


def well_conditioned(start, steps, second, results):
    """Whether a nudge makes no difference (no kink, tie or pole is near), and float32 is as exact as its format allows."""
    results = [promoted(x) for x in results]

    def agrees(nudge, bound):
        machine, grads, seconds = run_all(start, steps, second, {F32: F64}, nudge)
        return near(results, [*machine.registers, *grads, *(seconds or [])], bound)

    single = any(x.dtype == F32 for x, _ in start)
    return agrees(1e-7, 1e-4) and agrees(-1e-7, 1e-4) and (not single or agrees(None, 8 * 2**-23))


def promoted(x):
    return x.to(F64) if x is not None and x.dtype == F32 else x


def encode_leaf(x, wanted):
    return tensor(x) | ({"requiresGrad": True} if wanted else {})


def encode_step(step):
    return {k: [encode_operand(x) for x in v] if k == "inputs" else v for k, v in step.items()}


def encode_operand(x):
    return number(x) if isinstance(x, float) else x


def short(x):
    """float64 with 13 digits: the comparison is at 9, and the file stays small."""
    x = x.detach().clone()
    if x.dtype != F64:
        return tensor(x)
    data = [Literal(shortest(f"{v:.13g}")) for v in x.reshape(-1).tolist()]
    return {"shape": list(x.shape), "dtype": "float64", "data": data}


def refused_program(start, steps, when):
    """Runs a program that autograd must refuse; None if PyTorch takes it, or says something else."""
    machine = Machine(start)
    at = "step"
    try:
        for step in steps:
            machine.run(step)
        at = when
        if when == "gradient":
            machine.gradients(False)
        elif when == "twice":
            total = machine.loss()
            total.backward()
            total.backward()
        elif when == "plain":
            machine.registers[-1].backward()
        elif when == "unused":
            torch.autograd.grad(machine.loss(), machine.leaves)
    except RuntimeError as error:
        sentence = autograd_error(str(error))
        if not sentence:
            return None
        return {
            "leaves": [encode_leaf(x, wanted) for x, wanted in start], "steps": [encode_step(s) for s in steps],
            "when": at, "error": sentence,
        }  # fmt: skip
    return None


def written_refusals():
    """Programs whose refusal is the point, one for each rule of in-place modification."""
    s = lambda op, *inputs, **rest: {"op": op, "inputs": list(inputs)} | rest  # noqa: E731
    v = lambda *data: (torch.tensor(data, dtype=F64), True)  # noqa: E731
    c = lambda *data: (torch.tensor(data, dtype=F64), False)  # noqa: E731
    m = v([1.0, 2.0], [3.0, 4.0])
    row = {"dim": 0, "index": 0}
    out = [
        ([v(1.0, 2.0)], [s("exp", "%0"), s("add_", "%1", 1)], "gradient"),
        ([v(1.0, 2.0)], [s("sigmoid", "%0"), s("mul_", "%1", 2)], "gradient"),
        ([v(1.0, 2.0)], [s("tanh", "%0"), s("zero_", "%1")], "gradient"),
        ([v(1.0, 2.0)], [s("sqrt", "%0"), s("copy_", "%1", "%0")], "gradient"),
        ([v(1.0, 2.0), c(3.0, 4.0)], [s("mul", "%0", "%1"), s("mul_", "%1", 2)], "gradient"),
        ([v(1.0, 2.0), c(3.0, 4.0)], [s("div", "%0", "%1"), s("neg_", "%1")], "gradient"),
        ([v(1.0, 2.0)], [s("mul", "%0", 1), s("pow", "%1", 2), s("add_", "%1", 1)], "gradient"),
        ([v(1.0, 2.0)], [s("mul", "%0", 1), s("sin", "%1"), s("sin_", "%1")], "gradient"),
        ([m], [s("mul", "%0", 1), s("matmul", "%1", "%1"), s("select", "%1", args=row), s("zero_", "%3")], "gradient"),
        ([m], [s("softmax", "%0", args={"dim": 1}), s("t", "%1"), s("add_", "%2", 1)], "gradient"),
        ([m], [s("logSoftmax", "%0", args={"dim": 0}), s("detach", "%1"), s("mul_", "%2", 2)], "gradient"),
        ([m], [s("cumprod", "%0", args={"dim": 0}), s("mul", "%0", 1), s("log", "%2"), s("fill_", "%2", 3)], "gradient"),
        ([m], [s("mul", "%0", 1), s("norm", "%1"), s("clamp_", "%1", 0, 1)], "gradient"),
        ([m, c(1.0, 2.0)], [s("addcmul", "%0", "%0", "%1", args={"value": 2}), s("fill_", "%1", 0.5)], "gradient"),
        ([m], [s("select", "%0", args=row), s("mul", "%1", "%1"), s("add_", "%2", 1), s("exp", "%2"), s("mul_", "%3", 2)], "gradient"),
        ([v(1.0, 2.0)], [s("add_", "%0", 1)], "gradient"), ([v(1.0, 2.0)], [s("zero_", "%0")], "gradient"),
        ([v(1.0, 2.0)], [s("fill_", "%0", 2)], "gradient"), ([v(1.0, 2.0)], [s("clamp_", "%0", 0, 1)], "gradient"),
        ([m], [s("maskedFill_", "%0", {"shape": [2], "dtype": "bool", "data": [True, False]}, 0)], "gradient"),
        ([m], [s("select", "%0", args=row), s("add_", "%1", 1)], "gradient"),
        ([m], [s("t", "%0"), s("mul_", "%1", 2)], "gradient"),
        ([m], [s("view", "%0", args={"shape": [4]}), s("zero_", "%1")], "gradient"),
        ([m], [s("diagonal", "%0", args={"offset": 0, "dim1": 0, "dim2": 1}), s("fill_", "%1", 3)], "gradient"),
        ([m], [s("t", "%0"), s("select", "%1", args=row), s("fill_", "%2", 1)], "gradient"),
        ([m], [s("mul", "%0", 1), s("select", "%1", args=row, noGrad=True), s("add_", "%2", 1)], "gradient"),
        ([m], [s("mul", "%0", 1), s("t", "%1", noGrad=True), s("mul_", "%2", 2)], "gradient"),
        ([m], [s("mul", "%0", 1), s("view", "%1", args={"shape": [4]}, noGrad=True), s("zero_", "%2")], "gradient"),
        ([v(1.0, 2.0)], [s("mul", "%0", 1), s("expand", "%1", args={"shape": [3, 2]}), s("add_", "%2", 1)], "gradient"),
        ([c(1.0, 2.0)], [s("expand", "%0", args={"shape": [3, 2]}), s("sin_", "%1")], "gradient"),
        ([v(1.0, 2.0)], [s("exp", "%0"), s("mul", "%1", "%1")], "twice"),
        ([v(1.0, 2.0)], [s("mul", "%0", "%0"), s("sum", "%1")], "twice"),
        ([m], [s("matmul", "%0", "%0"), s("softmax", "%1", args={"dim": 0})], "twice"),
        ([v(1.0, 2.0)], [s("exp", "%0")], "plain"), ([m], [s("sum", "%0", args={"dim": [0]})], "plain"),
        ([c(1.0)], [s("exp", "%0"), s("sum", "%1")], "plain"), ([v(1.0)], [s("exp", "%0", noGrad=True), s("sum", "%1")], "plain"),
        ([v(1.0)], [s("detach", "%0"), s("sum", "%1")], "plain"), ([v(1.0)], [s("to", "%0", args={"dtype": "int64"}), s("sum", "%1")], "plain"),
    ]  # fmt: skip
    return out


def programs(count=500):
    """`count` programs that PyTorch runs, and programs that it refuses."""
    good = []
    seed = 0
    while len(good) < count:
        seed += 1
        program = record(seed, second=len(good) % 3 == 0)
        if program:
            good.append({"name": f"program {seed}"} | program)
    refused = [refused_program(*case) for case in written_refusals()]
    if None in refused:
        raise AssertionError(f"refusal {refused.index(None)} raised nothing that is known")
    seed = 10**6
    random_refusals = {s: 0 for s in SENTENCES}
    while any(n < 12 for s, n in random_refusals.items() if s in SENTENCES[:3]):
        seed += 1
        generator = Generator(seed, allow_error=True)
        try:
            generator.grow(generator.r.randint(4, 9))
        except Refused:
            continue
        program = refused_program(generator.start, generator.steps, "gradient")
        if program and random_refusals[program["error"]] < 12:
            random_refusals[program["error"]] += 1
            refused.append(program)
    names = [{"name": f"refusal {i + 1}"} | program for i, program in enumerate(refused)]
    return good, names
