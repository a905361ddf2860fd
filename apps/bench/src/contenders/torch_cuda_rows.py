"""The rows of CUDA in PyTorch: the same lines in and out as the contenders in JavaScript. Arguments: the rows as JSON, and `cuda` or `any` device."""

import json
import sys
import time

import torch
import torch.nn.functional as F  # noqa: N812
from torch_rows import WORKS as SMALL

HAS_CUDA = torch.cuda.is_available()
DEVICE = "cuda" if HAS_CUDA else "cpu"


def operand(shape, dtype="float32", **more):
    return torch.randn(*shape, device=DEVICE, **more).to(getattr(torch, dtype))


def unary(fn):
    def make(shape, dtype):
        x = operand(shape, dtype)
        return lambda: fn(x)

    return make


def add(shape, dtype):
    a, b = operand(shape, dtype), operand(shape, dtype)
    return lambda: a + b


def layer_norm(shape, dtype):
    x, weight, bias = operand(shape), torch.ones(shape[1], device=DEVICE), torch.zeros(shape[1], device=DEVICE)
    return lambda: F.layer_norm(x, [shape[1]], weight, bias)


def matmul(shape, dtype):
    a, b = operand(shape * 2, dtype), operand(shape * 2, dtype)
    return lambda: a @ b


def attention(shape, dtype):
    q, k, v = (operand(shape, dtype) for _ in range(3))
    return lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True)


def conv(gradients):
    def make(shape, dtype):
        batch, before, side, after = shape
        x = operand([batch, before, side, side], requires_grad=gradients)
        weight = operand([after, before, 3, 3], requires_grad=gradients)
        if not gradients:
            return lambda: F.conv2d(x, weight, padding=1)
        gradient = operand([batch, after, side, side])

        def step():
            x.grad = weight.grad = None
            F.conv2d(x, weight, padding=1).backward(gradient)

        return step

    return make


def trained(model, loss):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()

    return step


def mlp_step(shape, dtype):
    batch, *widths = shape
    layers = []
    for before, after in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).to(DEVICE)
    loss = torch.nn.CrossEntropyLoss()
    x, y = operand([batch, widths[0]]), torch.randint(0, widths[-1], (batch,), device=DEVICE)
    return trained(model, lambda: loss(model(x), y))


class Block(torch.nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.first, self.second = (torch.nn.Parameter(torch.ones(width)) for _ in range(2))
        self.qkv, self.project = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.widen, self.narrow = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        every = self.qkv(F.layer_norm(x, [width], self.first))
        q, k, v = every.reshape(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = x + self.project(mixed.permute(0, 2, 1, 3).reshape(batch, length, width))
        return y + self.narrow(F.relu(self.widen(F.layer_norm(y, [width], self.second))))


def block_step(shape, dtype):
    batch, length, width, heads = shape
    model = Block(width, heads).to(DEVICE)
    x = operand([batch, length, width])
    return trained(model, lambda: model(x).pow(2).mean())


MAKERS = {
    "copy": unary(torch.clone),
    "add": add,
    "exp": unary(torch.exp),
    "tanh": unary(torch.tanh),
    "sum": unary(torch.sum),
    "sum of rows": unary(lambda x: x.sum(1)),
    "sum of columns": unary(lambda x: x.sum(0)),
    "transpose": unary(lambda x: x.t().contiguous()),
    "softmax": unary(lambda x: x.softmax(-1)),
    "layer norm": layer_norm,
    "matmul": matmul,
    "attention": attention,
    "conv": conv(False),
    "conv and gradients": conv(True),
    "MLP step": mlp_step,
    "block step": block_step,
}


def make(row):
    spec = row.get("spec")
    return MAKERS[spec["kind"]](spec["shape"], spec["dtype"]) if spec else SMALL[row["name"]]()


def allow_tf32(row):
    allowed = row.get("spec", {}).get("tf32", False)
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def synchronize():
    if HAS_CUDA:
        torch.cuda.synchronize()


class Stopwatch:
    """Times turns of as many iterations as fill them; a turn ends with a synchronize."""

    def __init__(self, work, milliseconds):
        self.work, self.count = work, 1
        start = time.perf_counter()
        while time.perf_counter() - start < milliseconds / 100:
            self.time(milliseconds)

    def time(self, milliseconds):
        start = time.perf_counter()
        for _ in range(self.count):
            self.work()
        synchronize()
        each = (time.perf_counter() - start) * 1000 / self.count
        self.count = max(1, min(10 * self.count, round(milliseconds / each)))
        return each


def main():
    rows = {row["name"]: row for row in json.loads(sys.argv[1])}
    if not HAS_CUDA and sys.argv[2] == "cuda":
        sys.exit(f"PyTorch {torch.__version__} of this Python has no CUDA")
    if HAS_CUDA:
        torch.set_default_device("cuda")
    say = lambda message: print(json.dumps(message), flush=True)  # noqa: E731
    where = f"CUDA {torch.version.cuda}" if HAS_CUDA else "the CPU, for it has no CUDA"
    say({"version": f"PyTorch {torch.__version__} on {where}", "threads": 1, "rows": list(rows)})
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        row, milliseconds = request["row"], request["milliseconds"]
        try:
            allow_tf32(rows[row])
            if row not in ready:
                # what the row before held goes back before this one takes its own
                ready = {row: Stopwatch(make(rows[row]), milliseconds)}
            say({"row": row, "milliseconds": ready[row].time(milliseconds)})
        except Exception as error:  # noqa: BLE001
            say({"row": row, "error": f"{type(error).__name__}: {error}"})


main()
