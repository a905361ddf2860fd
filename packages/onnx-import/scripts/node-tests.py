"""Packs the ONNX project's own backend tests into one file, test/onnx-tests.br, which the tests of this package read.

The tests are those of ONNX 1.23.1 (https://github.com/onnx/onnx, Apache-2.0): every node test (an op, or the body of one that ONNX defines as a
function), and the models in `onnx/backend/test/data` (pytorch-converted, pytorch-operator, simple), which are of opset 6 to 9. Node tests of
older releases add the former versions of ops. Expected outputs are ONNX's.

    python3 -m venv env && env/bin/pip install onnx==1.23.1 ml_dtypes
    env/bin/python scripts/node-tests.py raw                # writes raw/tests.json and raw/tests.bin
    # releases before 1.13 have their node tests as files: those of the former versions of ops
    for v in 1.12.0 1.9.0 1.7.0 1.6.0 1.5.0 1.4.1 1.3.0 1.2.1 1.1.2; do
      git -C onnx archive v$v onnx/backend/test/data/node | tar x -C files-$v
      env/bin/python scripts/node-tests.py raw-$v files-$v/onnx/backend/test/data/node $v
    done
    node scripts/pack-node-tests.mjs raw raw-1.12.0 …       # runs onnxruntime on each, writes test/onnx-tests.br

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


def operators(model):
    """Which version of each op a model has: those of the same name and versions are one test."""
    imports = {x.domain: x.version for x in model.opset_import} or {"": 1}
    found = set()
    for n in model.graph.node:
        try:
            since = onnx.defs.get_schema(n.op_type, imports.get(n.domain, 1), n.domain).since_version
        except onnx.defs.SchemaError:
            since = imports.get(n.domain, 1)
        found.add(f"{n.domain}:{n.op_type}-{since}")
    return sorted(found)


def pack(name, model, inputs, outputs, rtol, atol, group):
    graph = model.graph
    initializers = {i.name for i in graph.initializer}
    given = [x for x in graph.input if x.name not in initializers]
    try:
        if len(given) != len(inputs):
            raise ValueError("as many values as inputs are missing")
        size = sum(array_of(x).nbytes for x in [*inputs, *outputs] if x is not None) + model.ByteSize()
        if size > LARGEST:
            raise ValueError("more than 200 KB")
        test = {
            "name": name, "group": group, "operators": operators(model), "rtol": rtol, "atol": atol,
            "inputs": [tensor(i, x) for i, x in zip(given, inputs) if x is not None],
            "outputs": [tensor(i, x) for i, x in zip(graph.output, outputs)],
        }
    except (ValueError, TypeError) as error:
        unpacked[name] = str(error)
        # what can be loaded must still be a clear error
        test = {"name": name, "group": group, "operators": operators(model), "unpacked": str(error)}
        if model.ByteSize() > LARGEST:
            return
    data = model.SerializeToString()
    tests.append({**test, "model": place(data), "bytes": len(data)})


def pack_folder(folder, group):
    """Tests as files: model.onnx, and protobufs of inputs and outputs."""
    for path in sorted(glob.glob(os.path.join(folder, "*"))):
        if not os.path.exists(os.path.join(path, "model.onnx")):
            continue
        model = onnx.load(os.path.join(path, "model.onnx"))
        values = {"input": [], "output": []}
        for kind, found in values.items():
            for i in range(len(glob.glob(os.path.join(path, "test_data_set_0", f"{kind}_*.pb")))):
                proto = onnx.TensorProto()
                with open(os.path.join(path, "test_data_set_0", f"{kind}_{i}.pb"), "rb") as file:
                    try:
                        proto.ParseFromString(file.read())
                        array_of(proto)
                        found.append(proto)
                    except Exception:
                        # another kind of protobuf: a sequence or an optional value
                        found.append("other")
        pack(os.path.basename(path), model, values["input"], values["output"], 1e-3, 1e-7, group)


if len(sys.argv) > 2:
    pack_folder(sys.argv[2], f"ONNX {sys.argv[3]}")
else:
    for case in node_cases.collect_testcases(None):
        if not case.data_sets:
            unpacked[case.name] = "no data"
            continue
        inputs, outputs = case.data_sets[0]
        pack(case.name, case.model, list(inputs), list(outputs), case.rtol, case.atol, "node")
    data = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
    for group in ("pytorch-converted", "pytorch-operator", "simple"):
        pack_folder(os.path.join(data, group), group)

with open(os.path.join(out, "tests.json"), "w") as file:
    json.dump({"onnx": onnx.__version__, "tests": tests, "unpacked": unpacked}, file)
with open(os.path.join(out, "tests.bin"), "wb") as file:
    file.write(blob)
print(len(tests), "tests,", len(blob), "bytes,", len(unpacked), "not packed")
