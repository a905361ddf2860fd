/** The rows in Tenfold. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext, noGrad } from '@tenfold/autograd';
import { CrossEntropyLoss, Linear, Module, MSELoss, Parameter, ReLU, Sequential } from '@tenfold/nn';
import { Adam, SGD } from '@tenfold/optim';
import { empty, manualSeed, rand, randint, randn, type Tensor } from '@tenfold/tensor-core';
import { serve, type Work, type Works } from '../contender.ts';

manualSeed(0);

/** The Function of the linear demo. */
class LinearFunction extends Function {
  static forward(ctx: FunctionContext, x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    ctx.saveForBackward(x, weight);
    return x.mm(weight.t()).add(bias);
  }
  static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [x, weight] = ctx.savedTensors as [Tensor, Tensor];
    return [ctx.needsInputGrad[0] ? grad.mm(weight) : null, grad.t().mm(x), grad.sum(0)];
  }
}

class MyLinear extends Module {
  weight = new Parameter(empty([1, 2], { dtype: 'float64' }).uniform_(-0.1, 0.1));
  bias = new Parameter(empty([1], { dtype: 'float64' }).uniform_(-0.1, 0.1));
  override forward(x: Tensor): Tensor {
    return LinearFunction.apply(x, this.weight, this.bias);
  }
}

function square(n: number, dtype: 'float32' | 'float64' = 'float32'): Work {
  const [a, b] = [randn([n, n], { dtype }), randn([n, n], { dtype })];
  return () => a.matmul(b).dispose();
}

function netStep(): Work {
  const [x, y] = [randn([64, 1000]), randn([64, 10])];
  const weights = [randn([1000, 100], { requiresGrad: true }), randn([100, 10], { requiresGrad: true })];
  return () => {
    x.mm(weights[0]).clamp(0).mm(weights[1]).sub(y).pow(2).sum().backward();
    noGrad(() => {
      for (const w of weights) {
        w.sub_((w.grad as Tensor).mul(1e-6));
        (w.grad as Tensor).zero_();
      }
    });
  };
}

function linearStep(): Work {
  const model = new MyLinear();
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  const loss = new MSELoss();
  const [x, y] = [rand([1, 2], { dtype: 'float64' }), rand([1, 1], { dtype: 'float64' })];
  return () => {
    optimizer.zeroGrad();
    loss.forward(model.forward(x), y).backward();
    optimizer.step();
  };
}

function mlpStep(): Work {
  const model = new Sequential(new Linear(784, 256), new ReLU(), new Linear(256, 128), new ReLU(), new Linear(128, 10));
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const loss = new CrossEntropyLoss();
  const [x, y] = [randn([64, 784]), randint(0, 10, [64])];
  return () => {
    optimizer.zeroGrad();
    loss.forward(model.forward(x), y).backward();
    optimizer.step();
  };
}

const million = 2 ** 20;

const works: Works = {
  ...Object.fromEntries([64, 128, 256, 512, 1024, 2048].map((n) => [`matmul ${n}`, () => square(n)])),
  'matmul float64': () => square(512, 'float64'),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512]).t()];
    return () => a.matmul(b).dispose();
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return () => a.bmm(b).dispose();
  },
  add: () => {
    const [a, b] = [randn([million]), randn([million])];
    return () => a.add(b).dispose();
  },
  exp: () => {
    const x = randn([million]);
    return () => x.exp().dispose();
  },
  sum: () => {
    const x = randn([million]);
    return () => x.sum().dispose();
  },
  'transpose copy': () => {
    const x = randn([1024, 1024]).t();
    return () => x.contiguous().dispose();
  },
  softmax: () => {
    const x = randn([512, 1024]);
    return () => x.softmax(-1).dispose();
  },
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    return () => q.matmul(k.transpose(-2, -1)).div(8).softmax(-1).matmul(v).dispose();
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => a.add(b);
  },
  'add 4 recorded': () => {
    const [a, b] = [randn([4], { requiresGrad: true }), randn([4], { requiresGrad: true })];
    return () => a.add(b);
  },
  'linear step': linearStep,
  'net step': netStep,
  'MLP step': mlpStep,
};

await serve('Tenfold cpu', works);
