"""The rows in PyTorch on the CPU: the same lines in and out as the contenders in JavaScript."""

import json
import sys
import time

import torch

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
torch.manual_seed(0)


class LinearFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x.mm(weight.t()) + bias

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        return grad.mm(weight) if ctx.needs_input_grad[0] else None, grad.t().mm(x), grad.sum(0)


class MyLinear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(1, 2, dtype=torch.float64).uniform_(-0.1, 0.1))
        self.bias = torch.nn.Parameter(torch.empty(1, dtype=torch.float64).uniform_(-0.1, 0.1))

    def forward(self, x):
        return LinearFunction.apply(x, self.weight, self.bias)


def square(n, dtype=torch.float32):
    a, b = torch.randn(n, n, dtype=dtype), torch.randn(n, n, dtype=dtype)
    return lambda: a @ b


def transposed():
    a, b = torch.randn(512, 512), torch.randn(512, 512).t()
    return lambda: a @ b


def batched():
    a, b = torch.randn(64, 32, 32), torch.randn(64, 32, 32)
    return lambda: a @ b


def binary(n, grad=False):
    a, b = torch.randn(n, requires_grad=grad), torch.randn(n, requires_grad=grad)
    return lambda: a + b


def unary(fn, *shape):
    x = torch.randn(*shape)
    return lambda: fn(x)


def attention():
    q, k, v = (torch.randn(8, 8, 128, 64) for _ in range(3))
    return lambda: ((q @ k.transpose(-2, -1)) / 8).softmax(-1) @ v


def trained(model, optimizer, loss, x, y):
    def step():
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()

    return step


def linear_step():
    model = MyLinear()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
    return trained(model, optimizer, torch.nn.MSELoss(), torch.rand(1, 2).double(), torch.rand(1, 1).double())


def net_step():
    x, y = torch.randn(64, 1000), torch.randn(64, 10)
    weights = [torch.randn(1000, 100, requires_grad=True), torch.randn(100, 10, requires_grad=True)]

    def step():
        (x.mm(weights[0]).clamp(min=0).mm(weights[1]) - y).pow(2).sum().backward()
        with torch.no_grad():
            for w in weights:
                w -= 1e-6 * w.grad
                w.grad.zero_()

    return step


def mlp_step():
    nn = torch.nn
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return trained(model, optimizer, nn.CrossEntropyLoss(), torch.randn(64, 784), torch.randint(0, 10, (64,)))


MILLION = 2**20
WORKS = {f"matmul {n}": lambda n=n: square(n) for n in [64, 128, 256, 512, 1024, 2048]} | {
    "matmul float64": lambda: square(512, torch.float64),
    "matmul transposed": transposed,
    "matmul batched": batched,
    "add": lambda: binary(MILLION),
    "exp": lambda: unary(torch.exp, MILLION),
    "sum": lambda: unary(torch.sum, MILLION),
    "transpose copy": lambda: unary(lambda x: x.t().contiguous(), 1024, 1024),
    "softmax": lambda: unary(lambda x: x.softmax(-1), 512, 1024),
    "attention": attention,
    "add 4": lambda: binary(4),
    "add 4 recorded": lambda: binary(4, grad=True),
    "linear step": linear_step,
    "net step": net_step,
    "MLP step": mlp_step,
}


def measure(work, seconds):
    start = time.perf_counter()
    done = 0
    while True:
        work()
        done += 1
        now = time.perf_counter()
        if now - start >= seconds:
            return (now - start) / done * 1000


def main():
    say = lambda message: print(json.dumps(message), flush=True)  # noqa: E731
    say({"version": f"PyTorch {torch.__version__}", "rows": list(WORKS)})
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        row = request["row"]
        try:
            if row not in ready:
                ready[row] = WORKS[row]()
                measure(ready[row], 0.3)
            say({"row": row, "milliseconds": measure(ready[row], request["milliseconds"] / 1000)})
        except Exception as error:  # noqa: BLE001
            say({"row": row, "error": str(error)})


main()
