"""The rows in PyTorch on the CPU: the same lines in and out as the contenders in JavaScript."""

import json
import sys
import time

import torch
import torch.nn.functional as F  # noqa: N812

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


def classifier_step(model, x):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return trained(model, optimizer, torch.nn.CrossEntropyLoss(), x, torch.randint(0, 10, (len(x),)))


def mlp_step(inputs, first, second):
    nn = torch.nn
    model = nn.Sequential(nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 10))
    return classifier_step(model, torch.randn(64, inputs))


def cnn_step():
    nn = torch.nn
    features = [nn.Conv2d(1, 16, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.MaxPool2d(2), nn.ReLU()]
    readout = [nn.Dropout(0.25), nn.Linear(800, 64), nn.ReLU(), nn.Dropout(0.25), nn.Linear(64, 10)]
    return classifier_step(nn.Sequential(*features, nn.Flatten(), *readout), torch.randn(64, 1, 28, 28))


class CharBlock(torch.nn.Module):
    def __init__(self, width=128, heads=4, context=96):
        super().__init__()
        nn = torch.nn
        self.heads = heads
        self.norm1, self.norm2 = (nn.Parameter(torch.ones(width)) for _ in range(2))
        self.inputs = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.narrow = nn.Linear(4 * width, width, bias=False)
        size = width // heads
        angles = torch.outer(torch.arange(context), 10000 ** -(torch.arange(0, size, 2) / size))[:, None]
        self.cosine, self.sine = angles.cos(), angles.sin()
        self.mask = torch.full((context, context), -torch.inf).triu(1)

    def turn(self, x):
        first, second = x.unflatten(-1, (-1, 2)).unbind(-1)
        turned = first * self.cosine - second * self.sine, second * self.cosine + first * self.sine
        return torch.stack(turned, -1).flatten(-2).transpose(1, 2)

    def forward(self, x):
        normal = lambda x, weight: F.layer_norm(x, weight.shape, weight)  # noqa: E731
        query, key, value = self.inputs(normal(x, self.norm1)).unflatten(-1, (3, self.heads, -1)).unbind(2)
        scores = self.turn(query) @ self.turn(key).transpose(-2, -1) / value.shape[-1] ** 0.5
        gathered = (scores + self.mask).softmax(-1) @ value.transpose(1, 2)
        x = x + self.output(gathered.transpose(1, 2).flatten(2))
        return x + self.narrow(F.gelu(self.widen(normal(x, self.norm2))))


class CharLM(torch.nn.Module):
    def __init__(self, vocabulary=81, layers=4, width=128):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, width)
        self.blocks = torch.nn.Sequential(*(CharBlock(width) for _ in range(layers)))
        self.norm = torch.nn.Parameter(torch.ones(width))
        for parameter in self.parameters():
            if parameter.ndim == 2:
                torch.nn.init.normal_(parameter, 0, 0.02)

    def forward(self, characters):
        x = self.blocks(self.embedding(characters))
        return F.linear(F.layer_norm(x, self.norm.shape, self.norm), self.embedding.weight)


def char_lm_step(model=None, pieces=None):
    model = model or CharLM()
    pieces = torch.randint(0, 81, (16, 97)) if pieces is None else pieces
    characters, following = pieces[:, :-1].contiguous(), pieces[:, 1:].flatten()
    groups = [
        {"params": [p for p in model.parameters() if p.ndim == ndim], "weight_decay": decay}
        for ndim, decay in ((2, 0.1), (1, 0))
    ]
    optimizer = torch.optim.AdamW(groups, lr=0.002, betas=(0.9, 0.99))

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(characters).flatten(0, 1), following)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        return loss

    return step


def embedding():
    table, indices = torch.randn(10000, 128), torch.randint(0, 10000, (4096,))
    return lambda: F.embedding(indices, table)


def layer_norm():
    weight, bias = torch.ones(1024), torch.zeros(1024)
    return unary(lambda x: F.layer_norm(x, [1024], weight, bias), 512, 1024)


def batch_norm():
    weight, bias = torch.ones(64), torch.zeros(64)
    return unary(lambda x: F.batch_norm(x, None, None, weight, bias, training=True), 8, 64, 28, 28)


def conv(gradients):
    x = torch.randn(8, 32, 28, 28, requires_grad=gradients)
    weight = torch.randn(64, 32, 3, 3, requires_grad=gradients)
    if not gradients:
        return lambda: F.conv2d(x, weight, padding=1)
    gradient = torch.randn(8, 64, 28, 28)

    def step():
        x.grad = weight.grad = None
        F.conv2d(x, weight, padding=1).backward(gradient)

    return step


def model_load():
    model = torch.nn.Sequential(*(torch.nn.Linear(1000, n) for n in (1000, 1000, 500)))
    saved = {name: (value.shape, bytearray(4 * value.numel())) for name, value in model.state_dict().items()}
    array = lambda shape, data: torch.frombuffer(data, dtype=torch.float32).reshape(shape)  # noqa: E731
    return lambda: model.load_state_dict({name: array(*each) for name, each in saved.items()})


MILLION = 2**20
SIZES = [64, 128, 256, 512, 1024, 2048]
WORKS = {f"matmul {n}": lambda n=n: square(n) for n in SIZES} | {
    "matmul float64": lambda: square(512, torch.float64),
    "matmul transposed": transposed,
    "matmul batched": batched,
    "add": lambda: binary(MILLION),
    "exp": lambda: unary(torch.exp, MILLION),
    "tanh": lambda: unary(torch.tanh, MILLION),
    "gelu": lambda: unary(F.gelu, MILLION),
    "sum": lambda: unary(torch.sum, MILLION),
    "transpose copy": lambda: unary(lambda x: x.t().contiguous(), 1024, 1024),
    "slice copy": lambda: unary(lambda x: x[:, ::2].contiguous(), 1024, 1024),
    "permute copy": lambda: unary(lambda x: x.permute(0, 2, 3, 1).contiguous(), 8, 64, 64, 64),
    "embedding": embedding,
    "softmax": lambda: unary(lambda x: x.softmax(-1), 512, 1024),
    "layer norm": layer_norm,
    "batch norm": batch_norm,
    "max pool": lambda: unary(lambda x: F.max_pool2d(x, 2), 8, 64, 56, 56),
    "conv": lambda: conv(False),
    "conv and gradients": lambda: conv(True),
    "attention": attention,
    "add 4": lambda: binary(4),
    "add 4 recorded": lambda: binary(4, grad=True),
    "linear step": linear_step,
    "net step": net_step,
    "MLP step": lambda: mlp_step(784, 256, 128),
    "CNN step": cnn_step,
    "char-lm step": char_lm_step,
    "model load": model_load,
} | {f"MLP step {n}": lambda n=n: mlp_step(n, n, n) for n in SIZES}


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
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    say = lambda message: print(json.dumps(message), flush=True)  # noqa: E731
    say({"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads(), "rows": list(WORKS)})
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


if __name__ == "__main__":
    main()
