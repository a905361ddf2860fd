"""Packs the ONNX project's own backend tests into one file, test/onnx-tests.br, which the tests of this package read.

The tests are those of ONNX 1.23.1 (https://github.com/onnx/onnx, Apache-2.0): every node test (an op, or the body of one that ONNX defines as a
function), and the models in `onnx/backend/test/data` (pytorch-converted, pytorch-operator, simple), which are of opset 6 to 9. Node tests of an
older ONNX add the former versions of ops. Expected outputs are ONNX's.

    python3 -m venv env && env/bin/pip install onnx==1.23.1 ml_dtypes
    env/bin/python scripts/node-tests.py raw             # writes raw/tests.json and raw/tests.bin
    python-with-onnx-1.12 scripts/node-tests.py raw-1.12 # optional: former versions
    node scripts/pack-node-tests.mjs raw raw-1.12        # runs onnxruntime on each, writes test/onnx-tests.br

A test that can't be packed is listed with its reason: what is no tensor, a dtype that no array of JavaScript holds, or more than 200 KB of data.
"""

import glob
import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnx.backend.test.case.node as node_cases
from onnx import numpy_helper

warnings.filterwarnings("ignore")
# ONNX 1.12 uses names that numpy dropped
for name, kind in (("float", float), ("int", int), ("bool", bool), ("object", object)):
    if not hasattr(np, name):
        setattr(np, name, kind)

LARGEST = 200_000

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
blob = bytearray()
places = {}
tests = []
unpacked = {}


def place(data):
    """Where bytes stand in the blob: equal ones once."""
    if data not in places:
        # no array of JavaScript may start between two of its elements
        blob.extend(b"\0" * (-len(blob) % 8))
        places[data] = len(blob)
        blob.extend(data)
    return places[data]


def array_of(value):
    if isinstance(value, onnx.TensorProto):
        if value.data_type == onnx.TensorProto.STRING:
            raise ValueError("strings")
        return numpy_helper.to_array(value)
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    raise ValueError("a value that is no tensor")


def tensor(info, value):
    elem = info.type.tensor_type.elem_type
    if info.type.WhichOneof("value") != "tensor_type":
        raise ValueError("a value that is no tensor")
    array = array_of(value)
    name = onnx.TensorProto.DataType.Name(elem).lower()
    if array.dtype.kind in "OSU" or name == "string":
        raise ValueError("strings")
    name = {"float": "float32", "double": "float64"}.get(name, name)
    if name == "bfloat16" and array.dtype == np.float32:
        array = (array.view(np.uint32) >> 16).astype(np.uint16)
    data = np.ascontiguousarray(array).tobytes()
    return {"name": info.name, "dtype": name, "dims": list(array.shape), "at": place(data), "bytes": len(data)}


def pack(name, model, inputs, outputs, rtol, atol, group):
    graph = model.graph
    given = graph.input[: len(inputs)] if group == "node" else [
        x for x in graph.input if x.name not in {i.name for i in graph.initializer}]
    try:
        if len(given) != len(inputs):
            raise ValueError("as many values as inputs are missing")
        size = sum(array_of(x).nbytes for x in [*inputs, *outputs] if x is not None) + model.ByteSize()
        if size > LARGEST:
            raise ValueError("more than 200 KB")
        test = {
            "name": name, "group": group, "rtol": rtol, "atol": atol,
            "inputs": [tensor(i, x) for i, x in zip(given, inputs) if x is not None],
            "outputs": [tensor(i, x) for i, x in zip(graph.output, outputs)],
        }
    except (ValueError, TypeError) as error:
        unpacked[name] = str(error)
        # what can be loaded must still be a clear error
        test = {"name": name, "group": group, "unpacked": str(error)}
        if model.ByteSize() > LARGEST:
            return
    data = model.SerializeToString()
    tests.append({**test, "model": place(data), "bytes": len(data)})


for case in node_cases.collect_testcases(None):
    if not case.data_sets:
        unpacked[case.name] = "no data"
        continue
    inputs, outputs = case.data_sets[0]
    pack(case.name, case.model, list(inputs), list(outputs), case.rtol, case.atol, "node")

if onnx.__version__.startswith("1.23"):
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    for group in ("pytorch-converted", "pytorch-operator", "simple"):
        for folder in sorted(glob.glob(os.path.join(data, group, "*"))):
            model = onnx.load(os.path.join(folder, "model.onnx"))
            protos = {}
            for kind, infos in (("input", model.graph.input), ("output", model.graph.output)):
                protos[kind] = []
                for i, info in enumerate(infos):
                    path = os.path.join(folder, "test_data_set_0", f"{kind}_{i}.pb")
                    if not os.path.exists(path):
                        continue
                    proto = onnx.TensorProto()
                    with open(path, "rb") as file:
                        try:
                            proto.ParseFromString(file.read())
                            array_of(proto)
                        except Exception:
                            proto = None
                    protos[kind].append(proto if proto is not None else "other")
            pack(os.path.basename(folder), model, protos["input"], protos["output"], 1e-3, 1e-7, group)

with open(os.path.join(out, "tests.json"), "w") as file:
    json.dump({"onnx": onnx.__version__, "tests": tests, "unpacked": unpacked}, file)
with open(os.path.join(out, "tests.bin"), "wb") as file:
    file.write(blob)
print(len(tests), "tests,", len(blob), "bytes,", len(unpacked), "not packed")
