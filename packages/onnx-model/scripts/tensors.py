"""Writes fixtures/tensors.json: tensors of every element type, as ONNX 1.23.1's own helper stores them, with their elements.

python3 scripts/tensors.py   (needs the packages onnx and numpy)
"""

import base64
import json
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper

ints = {
    "INT64": [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1],
    "INT32": [0, 1, -1, 2**31 - 1, -(2**31), 7],
    "INT16": [0, 1, -1, 2**15 - 1, -(2**15), 7],
    "INT8": [0, 1, -1, 127, -128, 7],
    "UINT64": [0, 1, 2**63, 2**64 - 1, 2**53 + 1, 7],
    "UINT32": [0, 1, 2**31, 2**32 - 1, 5, 7],
    "UINT16": [0, 1, 2**15, 2**16 - 1, 5, 7],
    "UINT8": [0, 1, 128, 255, 5, 7],
    "BOOL": [0, 1, 1, 0, 0, 1],
    "INT4": [0, 1, -1, 7, -8],
    "UINT4": [0, 1, 15, 7, 8],
    "INT2": [0, 1, -1, -2, 1],
    "UINT2": [0, 1, 2, 3, 1],
}
floats = [0.0, 1.5, -2.25, 1e-3, 3.0, -0.0]

rows = []


def row(name, type, values, expected):
    dims = [len(values)]
    plain = helper.make_tensor(f"{name} plain", type, dims, values)
    raw = numpy_helper.from_array(numpy_helper.to_array(plain), f"{name} raw")
    for proto in (plain, raw):
        rows.append(
            {
                "name": proto.name,
                "proto": base64.b64encode(proto.SerializeToString()).decode(),
                "expected": expected,
            }
        )


for name, values in ints.items():
    row(name, getattr(TensorProto, name), values, [str(x) for x in values])
for name in ("FLOAT", "DOUBLE"):
    array = numpy.array(floats, numpy.float32 if name == "FLOAT" else numpy.float64)
    row(name, getattr(TensorProto, name), floats, [repr(float(x)) for x in array])
row("FLOAT16", TensorProto.FLOAT16, floats, [str(x) for x in numpy.array(floats, numpy.float16).view(numpy.uint16)])
bfloat16 = helper.tensor_dtype_to_np_dtype(TensorProto.BFLOAT16)
row("BFLOAT16", TensorProto.BFLOAT16, floats, [str(x) for x in numpy.array(floats).astype(bfloat16).view(numpy.uint16)])
texts = helper.make_tensor("STRING plain", TensorProto.STRING, [2], ["a", "\u00fc"])
rows.append(
    {"name": texts.name, "proto": base64.b64encode(texts.SerializeToString()).decode(), "expected": ["a", "\u00fc"]}
)

pathlib.Path(__file__).parent.parent.joinpath("fixtures/tensors.json").write_text(
    "[\n" + ",\n".join("  " + json.dumps(x, ensure_ascii=False) for x in rows) + "\n]\n"
)
