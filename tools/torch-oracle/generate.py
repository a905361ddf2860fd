"""Writes the fixtures that tests compare with: PyTorch's results as data. README.md says how to run it."""

import importlib
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch  # noqa: E402

import autocast  # noqa: E402
import errors  # noqa: E402
import files  # noqa: E402
import histories  # noqa: E402
import modules  # noqa: E402
import nn_tools  # noqa: E402
import optimizers  # noqa: E402
import printing  # noqa: E402
import programs  # noqa: E402
import promotion  # noqa: E402
import schedulers  # noqa: E402
import transforms  # noqa: E402
from encode import dumps, write_lines, write_samples  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "packages" / "backend-testkit" / "fixtures"
NN_FIXTURES = ROOT / "packages" / "nn" / "fixtures"
VERSION = {"torch": torch.__version__}


def print_fixture():
    path = ROOT / "packages" / "tensor-core" / "fixtures" / "print.json"
    write_lines(path, VERSION | {"numbers": printing.number_cases()}, "cases", printing.print_cases())


def family_fixture(name):
    def write():
        family = importlib.import_module(f"families.{name}").build()
        write_samples(FIXTURES / f"{name}.json", VERSION | {"family": name}, "ops", "op", family.ops.items())
        samples = sum(len(samples) for samples in family.ops.values())
        print(f"{name}: {len(family.ops)} ops, {samples} samples, {len(family.skipped)} combinations that PyTorch refuses")

    return write


def promotion_fixture():
    write_lines(FIXTURES / "promotion.json", VERSION | {"dtypes": promotion.NAMES}, "tables", promotion.tables())


def optim_fixture():
    head, items = optimizers.trajectories()
    write_samples(ROOT / "packages" / "optim" / "fixtures" / "optimizers.json", VERSION | head, "optimizers", "optimizer", items)


def scaled_fixture():
    head, items = optimizers.scaled()
    write_samples(ROOT / "packages" / "optim" / "fixtures" / "scaled.json", VERSION | head, "optimizers", "optimizer", items)


def schedulers_fixture():
    head, items = schedulers.trajectories()
    write_samples(ROOT / "packages" / "optim" / "fixtures" / "schedulers.json", VERSION | head, "schedulers", "scheduler", items)


def errors_fixture():
    write_lines(FIXTURES / "errors.json", VERSION, "errors", errors.sentences())


def layers_fixture(name):
    def write():
        layers = importlib.import_module(f"layers.{name}").build().layers
        write_samples(NN_FIXTURES / f"{name}.json", VERSION, "layers", "layer", layers.items())

    return write


def programs_fixture():
    good, refused = programs.programs()
    head = VERSION | {"refused": refused}
    write_lines(FIXTURES / "programs.json", head, "programs", good)
    print(f"programs: {len(good)}, and {len(refused)} that PyTorch refuses")


def histories_fixture():
    write_lines(FIXTURES / "histories.json", VERSION, "programs", histories.results())


def autocast_fixture():
    write_lines(ROOT / "packages" / "autograd" / "fixtures" / "autocast.json", VERSION, "calls", autocast.results())


def transforms_fixture():
    write_lines(ROOT / "packages" / "data" / "fixtures" / "transforms.json", VERSION, "samples", transforms.samples())


def modules_fixture():
    (NN_FIXTURES / "modules.json").write_text(json.dumps(VERSION | modules.results(), indent=1) + "\n")


def nn_tools_fixture():
    parts = (f"{json.dumps(name)}:[\n" + ",\n".join(map(dumps, items)) + "\n]" for name, items in nn_tools.results().items())
    (NN_FIXTURES / "tools.json").write_text("{" + ",\n".join([f'"torch":{json.dumps(torch.__version__)}', *parts]) + "}\n")


FAMILIES = [
    *["elementwise", "activation", "reduce", "movement", "index", "create", "linalg", "softmax", "loss"],
    *["conv", "pool", "spatial", "decomposition", "norm", "attention"],
]
PARTS = {"print": print_fixture} | {name: family_fixture(name) for name in FAMILIES}
PARTS |= {"promotion": promotion_fixture, "optim": optim_fixture, "schedulers": schedulers_fixture, "errors": errors_fixture}
PARTS |= {"programs": programs_fixture, "histories": histories_fixture, "modules": modules_fixture, "nn-tools": nn_tools_fixture, "transforms": transforms_fixture}
PARTS |= {"autocast": autocast_fixture, "scaled": scaled_fixture}
PARTS |= {f"nn.{path.stem}": layers_fixture(path.stem) for path in sorted((ROOT / "tools" / "torch-oracle" / "layers").glob("*.py"))}
PARTS |= {"files": files.generate}


def main(names):
    torch.set_num_threads(1)
    for name in names or PARTS:
        PARTS[name]()
        print("wrote", name)


if __name__ == "__main__":
    main(sys.argv[1:])
