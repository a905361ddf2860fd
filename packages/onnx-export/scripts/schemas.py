"""Writes test/schemas.json and src/standard-ops.ts from the `onnx` package: python3 scripts/schemas.py

schemas.json: for every op the versions that are in force at opsets 11 to 23. Each has its inputs and outputs (`[dtypes, type variable]`, where the dtypes
are letters and end in `?` if optional, `*` if variadic), its attributes (`!` if required), and `d` if it is deprecated.
"""

import json
import pathlib
import re

import onnx.defs

ROOT = pathlib.Path(__file__).parent.parent
OLDEST, NEWEST = 11, 23
LETTERS = {
    "float": "f", "double": "d", "float16": "h", "bfloat16": "b",
    "int64": "l", "int32": "i", "int16": "s", "int8": "c", "uint8": "u", "bool": "t",
}


def parameters(formal):
    def one(x):
        dtypes = "".join(letter for name, letter in LETTERS.items() if f"tensor({name})" in x.types)
        return [dtypes + {"Optional": "?", "Variadic": "*"}.get(x.option.name, ""), x.type_str]

    return [one(x) for x in formal]


def row(schema):
    return {
        "i": parameters(schema.inputs),
        "o": parameters(schema.outputs),
        "a": {name: a.type.name + ("!" if a.required else "") for name, a in sorted(schema.attributes.items())},
        **({"d": 1} if schema.deprecated else {}),
    }


def main():
    history = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            history.setdefault(schema.name, {})[schema.since_version] = schema
    lines = []
    for name, versions in sorted(history.items()):
        before = [v for v in versions if v <= OLDEST]
        kept = sorted(v for v in versions if v <= NEWEST and (v > OLDEST or v == max(before)))
        if kept:
            rows = {v: row(versions[v]) for v in kept}
            lines.append(f"{json.dumps(name)}:{json.dumps(rows, separators=(',', ':'))}")
    (ROOT / "test/schemas.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")

    # the first version of each op; a custom op of such a name is ONNX's own
    since = words({name: min(versions) for name, versions in history.items()})
    floats = [(name, versions) for name, versions in history.items() if any(real(s) for v, s in versions.items() if v <= NEWEST)]
    # halves at the oldest opset are what one expects; those of later ops come with the op
    late = {name: taken(versions, "float16") for name, versions in floats}
    late = {name: v for name, v in late.items() if v > max(OLDEST, min(history[name]))}
    brains = {name: taken(versions, "bfloat16") for name, versions in floats}
    brains = {name: v for name, v in brains.items() if v <= NEWEST}
    (ROOT / "src/standard-ops.ts").write_text(
        "/** ONNX's own operator set in short. Written by `scripts/schemas.py`; nothing here is edited by hand. */\n\n"
        "const table = (words: string): ReadonlyMap<string, number> =>\n"
        "  new Map(words.split(' ').map((word) => [word.split(':')[0], Number(word.split(':')[1])]));\n\n"
        "/** The ops and the opset that brought each. */\n"
        f"export const standardOps: ReadonlyMap<string, number> = /* @__PURE__ */ table(\n    {since},\n);\n\n"
        "/** From which opset on the ops of floats take float16, where that is not from their beginning or opset 11. */\n"
        f"export const float16Since: ReadonlyMap<string, number> = /* @__PURE__ */ table(\n    {words(late)},\n);\n\n"
        "/** From which opset on ops take bfloat16; those that are not listed do not. */\n"
        f"export const bfloat16Since: ReadonlyMap<string, number> = /* @__PURE__ */ table(\n    {words(brains)},\n);\n"
    )


def words(versions):
    text = " ".join(f"{name}:{'Infinity' if v > 900 else v}" for name, v in sorted(versions.items()))
    return " +\n    ".join(f"'{piece}'" for piece in re.findall(r".{1,130}(?: |$)", text))


def real(schema):
    """The inputs of floats, but not further ones that are always float32."""
    found = [(i, set(x.types)) for i, x in enumerate(schema.inputs) if "tensor(float)" in x.types]
    return [types for i, types in found if i == 0 or "tensor(double)" in types]


def taken(versions, dtype):
    """The first version from which on all take the dtype."""
    since = 999
    for v in sorted(versions, reverse=True):
        if v > NEWEST:
            continue
        if not real(versions[v]) or not all(f"tensor({dtype})" in types for types in real(versions[v])):
            break
        since = v
    return since


main()
