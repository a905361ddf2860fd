"""Files of torch.save, numpy.save and the safetensors library, with what they hold as JSON. README.md describes it."""

import json
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from encode import dtype_name, dumps, number

FOLDER = Path(__file__).resolve().parents[2] / "packages" / "serialize" / "fixtures"


class Described:
    """Values as JSON: what JSON has not is an object whose one key begins with `$`."""

    def __init__(self):
        self.storages = {}

    def tensor(self, t):
        storage = self.storages.setdefault((t.storage().data_ptr(), t.dtype) if t.numel() else object(), len(self.storages))
        data = [number(v, t.dtype) for v in t.detach().reshape(-1).tolist()]
        layout = {"strides": list(t.stride()), "offset": t.storage_offset(), "storage": storage}
        return {"dtype": dtype_name(t.dtype), "shape": list(t.shape), **layout, "requiresGrad": t.requires_grad, "data": data}

    def value(self, x):
        if isinstance(x, torch.Tensor):
            return {"$tensor": self.tensor(x)}
        if isinstance(x, dict):
            if all(isinstance(k, str) for k in x):
                return {k: self.value(v) for k, v in x.items()}
            return {"$map": [[self.value(k), self.value(v)] for k, v in x.items()]}
        if isinstance(x, (list, tuple)):
            return [self.value(v) for v in x]
        if isinstance(x, (set, frozenset)):
            return {"$set": sorted(x)}
        if isinstance(x, bytes):
            return {"$bytes": list(x)}
        if isinstance(x, torch.dtype):
            return dtype_name(x)
        if isinstance(x, torch.device):
            return str(x)
        if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53 - 1:
            return {"$bigint": str(x)}
        if isinstance(x, float) and (x != x or x in (float("inf"), float("-inf")) or str(x) == "-0.0"):
            return {"$number": {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN", "-0.0": "-0"}[str(x)]}
        return x


def mixed():
    base = torch.arange(12.0).view(3, 4)
    parameter = nn.Parameter(torch.tensor([[0.5, -1.5], [2.5, float("nan")]]))
    values = [0, 1, -1.5, float("inf"), 2**-20]
    own = {
        "base": base,
        "row": base[1],
        "transposed": base.t(),
        "every second": base[:, ::2],
        "expanded": torch.tensor([7.0]).expand(2, 3),
        "parameter": parameter,
        "its memory": parameter.detach()[0],
        "grad": torch.ones(2, requires_grad=True),
        "scalar": torch.tensor(3.25, dtype=torch.float64),
        "empty": torch.zeros(0, 3),
        "float16": torch.tensor(values, dtype=torch.float16),
        "bfloat16": torch.tensor(values, dtype=torch.bfloat16),
        "int64": torch.tensor([2**62, -(2**63), 0]),
        "int32": torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
        "int16": torch.tensor([-32768, 32767], dtype=torch.int16),
        "int8": torch.tensor([-128, 127], dtype=torch.int8),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
    }
    return {
        "tensors": own,
        "the same": [own["base"], own["base"]],
        "ordered": OrderedDict(b=1, a=2),
        "by number": {0: {"step": 1, "lr": 1e-3}, 7: {}},
        "numbers": [0, -1, 255, 65536, -(2**31), 2**31, 2**53 - 1, 2**53, -(2**70), 2**2000, 0.1, float("nan"), float("-inf"), -0.0],
        "rest": (None, True, False, "grüß 🙂", b"\x00\xff", {1, 2}, (), (1,), [[]], torch.float32, torch.device("cpu"), torch.Size([2, 3])),
        "__proto__": {"polluted": 1},
        "constructor": "a name",
    }


class Cnn(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 3)
        )


def models():
    """Each with an input and its output, in evaluation mode."""
    torch.manual_seed(0)
    mlp = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    cnn = Cnn().double()
    cnn(torch.randn(5, 1, 8, 8, dtype=torch.float64))  # gives the running averages values
    lstm = nn.LSTM(3, 5, batch_first=True).double()
    transformer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).double()
    yield "mlp", mlp, torch.randn(2, 4)
    yield "cnn", cnn, torch.randn(2, 1, 8, 8, dtype=torch.float64)
    yield "lstm", lstm, torch.randn(2, 4, 3, dtype=torch.float64)
    yield "transformer", transformer, torch.randn(2, 4, 8, dtype=torch.float64)
    # made here, so that those above stay as they were
    deep_lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2).double()
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, norm_first=True, activation="gelu"), 2, norm=nn.LayerNorm(4)).double()
    yield "lstm-layers", deep_lstm, torch.randn(4, 2, 3, dtype=torch.float64)
    yield "transformer-encoder", encoder, torch.randn(4, 2, 4, dtype=torch.float64)


def pt_files():
    described = {}

    def save(name, value, **how):
        torch.save(value, FOLDER / f"{name}.pt", **how)
        described[name] = Described().value(value)

    save("mixed", mixed())
    save("mixed-protocol-4", mixed(), pickle_protocol=4)
    # its storages are named by their addresses, so these bytes differ from run to run
    save("mixed-before-1.6", mixed(), _use_new_zipfile_serialization=False)
    with torch.no_grad():
        for name, model, x in models():
            model.eval()
            y = model(x)
            save(name, model.state_dict())
            described[f"{name} outputs"] = Described().value({"input": x, "output": y[0] if isinstance(model, nn.LSTM) else y})
    adam = torch.optim.Adam([nn.Parameter(torch.ones(2))])
    adam.param_groups[0]["params"][0].grad = torch.ones(2)
    adam.step()
    save("adam", adam.state_dict())
    write("pt.json", described)


def npy_files():
    arrays = {
        "matrix": np.arange(6, dtype="<f8").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)),
        "big-endian": np.array([[1.5, -2.25], [3, np.inf]], dtype=">f4"),
        "scalar": np.array(-3, dtype=np.int64),
        "empty": np.zeros((0, 3), dtype=np.int32),
        "half": np.array([0.1, -65504, np.nan], dtype=np.float16),
        "bool": np.array([True, False]),
        "int8": np.array([-128, 127], dtype=np.int8),
        "int16": np.array([-32768, 32767], dtype=">i2"),
        "int64": np.array([2**62, -(2**63)]),
        "uint8": np.array([0, 255], dtype=np.uint8),
        "uint16": np.array([0, 65535], dtype=np.uint16),
        "uint32": np.array([0, 2**32 - 1], dtype=">u4"),
        "uint64": np.array([0, 2**63 - 1], dtype=np.uint64),
    }
    refused = {
        "complex": np.array([1j]),
        "strings": np.array(["a", "bc"]),
        "objects": np.array([{}, None], dtype=object),
        "records": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        "too-big": np.array([2**63], dtype=np.uint64),
    }
    for name, array in {**arrays, **refused}.items():
        np.save(FOLDER / f"{name}.npy", array)
    for version in [(2, 0), (3, 0)]:
        with open(FOLDER / f"version-{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, arrays["matrix"], version=version)
    arrays |= {"version-2": arrays["matrix"], "version-3": arrays["matrix"]}
    np.savez(FOLDER / "stored.npz", matrix=arrays["matrix"], fortran=arrays["fortran"], empty=arrays["empty"])
    np.savez_compressed(FOLDER / "deflated.npz", matrix=arrays["matrix"], zeros=np.zeros((100, 100)))
    # small, but with the 64-bit records that Python writes beyond 4 GiB
    limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 10
    np.savez_compressed(FOLDER / "zip64.npz", matrix=arrays["matrix"], fortran=arrays["fortran"])
    zipfile.ZIP64_LIMIT = limit
    described = {}
    for name, array in arrays.items():
        own = array.astype(array.dtype.newbyteorder("="))
        layout = {"shape": list(array.shape), "strides": [s // array.itemsize for s in array.strides]}
        data = [number(v) if own.dtype.kind == "f" else v if abs(v) < 2**53 else str(v) for v in own.reshape(-1).tolist()]
        described[name] = {"dtype": str(own.dtype), **layout, "data": data}
    write("npy.json", described)


def safetensors_files():
    """Needs `pip install --no-deps safetensors` (0.8.0 wrote the committed file)."""
    from safetensors.torch import save

    tensors = {name: t.detach().contiguous() for name, t in mixed()["tensors"].items()}
    tensors = {name: t for name, t in tensors.items() if name not in ("base", "its memory")} | {"7": torch.ones(1), "é": torch.ones(1)}
    (FOLDER / "reference.safetensors").write_bytes(save({k: v.clone() for k, v in tensors.items()}, {"made by": 'the "reference"'}))
    described = Described()
    write("safetensors.json", {name: described.tensor(t) for name, t in tensors.items()})


def write(name, described):
    with open(FOLDER / name, "w", encoding="utf-8") as file:
        lines = [f"{json.dumps(key)}:{dumps(value)}" for key, value in described.items()]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


def generate():
    FOLDER.mkdir(exist_ok=True)
    pt_files()
    npy_files()
    safetensors_files()
