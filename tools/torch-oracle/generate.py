"""Writes the fixtures that tests compare with: PyTorch's results as data. README.md says how to run it."""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch  # noqa: E402

import printing  # noqa: E402
from encode import write_lines  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "packages" / "backend-testkit" / "fixtures"
VERSION = {"torch": torch.__version__}


def print_fixture():
    path = ROOT / "packages" / "tensor-core" / "fixtures" / "print.json"
    write_lines(path, VERSION | {"numbers": printing.number_cases()}, "cases", printing.print_cases())


PARTS = {"print": print_fixture}


def main(names):
    torch.set_num_threads(1)
    for name in names or PARTS:
        PARTS[name]()
        print("wrote", name)


if __name__ == "__main__":
    main(sys.argv[1:])
