"""A command of its own: writes packages/serialize/fixtures/tensorboard.tfevents with torch.utils.tensorboard and TensorBoard, at fixed times."""

import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True

import torch
from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef
from torch.utils.tensorboard import SummaryWriter, summary

PATH = Path(__file__).resolve().parents[2] / "packages" / "serialize" / "fixtures" / "tensorboard.tfevents"


def shape(*sizes):
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def node(name, op, inputs, sizes, about=""):
    attributes = {
        "_output_shapes": AttrValue(list=AttrValue.ListValue(shape=[shape(*sizes)])),
        "attr": AttrValue(s=about.encode()),
        "dtype": AttrValue(s=b"float32"),
    }
    return NodeDef(name=name, op=op, input=inputs, attr=attributes)


def graph():
    """net(x) = x.mm(weight).relu() of [1, 2] and [2, 3], by hand."""
    nodes = [
        node("input/0", "IO Node", [], [1, 2]),
        node("net/constant", "Constant", [], [2, 3]),
        node("net/mm", "mm", ["input/0", "net/constant"], [1, 3]),
        node("net/relu", "relu", ["net/mm"], [1, 3]),
        node("output/0", "IO Node", ["net/relu"], [1, 3]),
    ]
    return GraphDef(node=nodes, versions=VersionDef(producer=22))


def greater(a, b, dtype):
    """What PyTorch 1.13 asks of NumPy, whose later versions refuse it."""
    return (a > b).astype(dtype)


def main():
    summary.np.greater = greater
    with tempfile.TemporaryDirectory() as folder, mock.patch("time.time", return_value=1000.5):
        writer = SummaryWriter(folder, purge_step=7)
        writer.add_scalar("loss", 0.1, 3, walltime=1.5)
        writer.add_scalar("loss", torch.tensor(0.0), 0, walltime=2.5)
        writer.add_scalar("loss", -1e-30, 2**40, walltime=3.5)
        writer.add_scalar("α/β", 2, None, walltime=4.5)
        writer.add_scalar("new", 0.1, 1, walltime=5.5, new_style=True)
        writer.add_scalar("double", 0.1, 1, walltime=6.5, new_style=True, double_precision=True)
        # quarters, whose sums are exact
        values = torch.arange(-8, 25) / 4
        writer.add_histogram("growing", values, 1, walltime=7.5)
        writer.add_histogram("equal", values, 2, bins=5, walltime=8.5)
        writer.add_histogram("edges", values, 3, bins=[-1, 0, 0.5, 10], walltime=9.5)
        writer.add_histogram("fewer", values, 4, bins=10, max_bins=4, walltime=10.5)
        writer.add_histogram("one", torch.tensor([2.0]), 5, bins=4, walltime=11.5)
        writer.add_text("text", "**bold** ü", 6, walltime=12.5)
        for made in summary.hparams({"lr": 0.1, "name": "adam"}, {"accuracy": 0}):
            writer.file_writer.add_summary(made, walltime=13.5)
        event = Event(graph_def=graph().SerializeToString(deterministic=True))
        writer.file_writer.add_event(event, walltime=14.5)
        image = torch.arange(3 * 2 * 4).reshape(3, 2, 4).to(torch.uint8) * 10
        writer.add_image("image", image, 7, walltime=15.5)
        writer.add_image("floats", image.permute(1, 2, 0) / 255, 8, walltime=16.5, dataformats="HWC")
        writer.add_image("grey", image[0], 9, walltime=17.5, dataformats="HW")
        writer.add_images("grid", (torch.arange(9 * 1 * 2 * 2).reshape(9, 1, 2, 2) * 5).to(torch.uint8), 10, walltime=18.5)
        writer.close()
        (file,) = Path(folder).glob("events*")
        PATH.write_bytes(file.read_bytes())
    print(PATH.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
