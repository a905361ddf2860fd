"""Tensors and numbers as the JSON that the fixtures hold. README.md describes the format."""

import json
import math

import numpy as np
import torch

SAFE_INTEGER = 2**53 - 1


def dtype_name(dtype):
    """'float32' for torch.float32."""
    return str(dtype).removeprefix("torch.")


def number(value, dtype=torch.float64):
    """One element: a JSON number, 'nan', 'inf', '-inf', or an integer beyond 2^53 as a decimal string."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= SAFE_INTEGER else str(value)
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if dtype == torch.float64:
        return Literal(shortest(repr(value)))
    # The shortest text that gives this number back when it is rounded to float32.
    return Literal(shortest(str(np.float32(value))))


def shortest(text):
    """Drops what a JSON number does not need: '1.0' is '1', '1e-05' is '1e-5'."""
    mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


class Literal:
    """A number whose JSON text is already chosen."""

    def __init__(self, text):
        self.text = text


def tensor(t):
    """The values of a tensor in row-major order, with its shape and dtype."""
    t = t.detach()
    if t._is_zerotensor():
        t = t.clone()
    values = t.reshape(-1).tolist()
    return {"shape": list(t.shape), "dtype": dtype_name(t.dtype), "data": [number(v, t.dtype) for v in values]}


def dumps(value):
    """Compact JSON of plain values and Literals."""
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dumps(v) for v in value) + "]"
    if isinstance(value, float):
        return dumps(number(value))
    return json.dumps(value, ensure_ascii=False)


def write_lines(path, head, key, items):
    """An object whose last member, `key`, is a list with one item on each line."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("{" + "".join(f"{json.dumps(k)}:{dumps(v)},\n" for k, v in head.items()))
        file.write(f"{json.dumps(key)}:[\n")
        file.write(",\n".join(dumps(item) for item in items))
        file.write("\n]}\n")


def write_samples(path, head, key, name, items):
    """An object whose last member, `key`, is a list of { [name], samples }, with one sample on each line."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("{" + "".join(f"{json.dumps(k)}:{dumps(v)},\n" for k, v in head.items()))
        file.write(f"{json.dumps(key)}:[\n")
        blocks = []
        for item, samples in items:
            lines = ",\n".join(dumps(sample) for sample in samples)
            blocks.append(f'{{{json.dumps(name)}:{json.dumps(item)},"samples":[\n{lines}\n]}}')
        file.write(",\n".join(blocks))
        file.write("\n]}\n")
