/** The rows in Tenfold, on the default device. */
import { Function, type FunctionContext, noGrad } from '@tenfold/autograd';
import {
  Conv2d,
  CrossEntropyLoss,
  Dropout,
  Flatten,
  Linear,
  MaxPool2d,
  Module,
  MSELoss,
  Parameter,
  ReLU,
  Sequential,
} from '@tenfold/nn';
import { Adam, SGD } from '@tenfold/optim';
import {
  batchNorm,
  conv2d,
  embedding,
  empty,
  fromTypedArray,
  layerNorm,
  manualSeed,
  maxPool2d,
  ones,
  rand,
  randint,
  randn,
  scaledDotProductAttention,
  type Tensor,
  tidy,
  zeros,
} from '@tenfold/tensor-core';
import { million, sized, sizes, type Work, type Works } from './contender.ts';
import { charLmStep } from './tenfold-char-lm.ts';

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
  return () => a.matmul(b);
}

function netStep(): Work {
  const [x, y] = [randn([64, 1000]), randn([64, 10])];
  const weights = [randn([1000, 100], { requiresGrad: true }), randn([100, 10], { requiresGrad: true })];
  return () => {
    const loss = x.mm(weights[0]).clamp(0).mm(weights[1]).sub(y).pow(2).sum();
    loss.backward();
    noGrad(() => {
      for (const w of weights) {
        w.sub_((w.grad as Tensor).mul(1e-6));
        (w.grad as Tensor).zero_();
      }
    });
    return loss;
  };
}

function linearStep(): Work {
  const model = new MyLinear();
  const optimizer = new SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  const loss = new MSELoss();
  const [x, y] = [rand([1, 2], { dtype: 'float64' }), rand([1, 1], { dtype: 'float64' })];
  return () => {
    optimizer.zeroGrad();
    const value = loss.forward(model.forward(x), y);
    value.backward();
    optimizer.step();
    return value;
  };
}

/** A step of a classifier of 10 classes, by Adam. */
function classifierStep(model: Sequential, x: Tensor): Work {
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  const loss = new CrossEntropyLoss();
  const y = randint(0, 10, [x.shape[0]]);
  return () => {
    optimizer.zeroGrad();
    const value = loss.forward(model.forward(x), y);
    value.backward();
    optimizer.step();
    return value;
  };
}

function mlpStep(inputs: number, first: number, second: number): Work {
  const model = new Sequential(
    new Linear(inputs, first),
    new ReLU(),
    new Linear(first, second),
    new ReLU(),
    new Linear(second, 10),
  );
  return classifierStep(model, randn([64, inputs]));
}

function cnnStep(): Work {
  const model = new Sequential(
    new Conv2d(1, 16, 3),
    new MaxPool2d(2),
    new ReLU(),
    new Conv2d(16, 32, 3),
    new MaxPool2d(2),
    new ReLU(),
    new Flatten(),
    new Dropout(0.25),
    new Linear(32 * 5 * 5, 64),
    new ReLU(),
    new Dropout(0.25),
    new Linear(64, 10),
  );
  return classifierStep(model, randn([64, 1, 28, 28]));
}

/** A function of one tensor. */
function unary(shape: readonly number[], fn: (x: Tensor) => Tensor): Work {
  const x = randn(shape);
  return () => fn(x);
}

function conv(gradients: boolean): Work {
  const x = randn([8, 32, 28, 28], { requiresGrad: gradients });
  const weight = randn([64, 32, 3, 3], { requiresGrad: gradients });
  if (!gradients) return () => conv2d(x, weight, null, { padding: 1 });
  const gradient = randn([8, 64, 28, 28]);
  return () => {
    x.grad = weight.grad = null;
    const result = conv2d(x, weight, null, { padding: 1 });
    result.backward(gradient);
    return result;
  };
}

function modelLoad(): Work {
  const model = new Sequential(new Linear(1000, 1000), new Linear(1000, 1000), new Linear(1000, 500));
  const saved = Object.entries(model.stateDict()).map(
    ([name, tensor]) => [name, tensor.shape, new Float32Array(tensor.numel())] as const,
  );
  return () =>
    tidy(() => {
      model.loadStateDict(Object.fromEntries(saved.map(([name, shape, data]) => [name, fromTypedArray(data, shape)])));
    });
}

manualSeed(0);

/** An iteration gives its result, or of a training step the loss. */
export const works: Works = {
  ...sized('matmul', sizes, (n) => square(n)),
  'matmul float64': () => square(512, 'float64'),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512]).t()];
    return () => a.matmul(b);
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return () => a.bmm(b);
  },
  add: () => {
    const [a, b] = [randn([million]), randn([million])];
    return () => a.add(b);
  },
  exp: () => unary([million], (x) => x.exp()),
  tanh: () => unary([million], (x) => x.tanh()),
  gelu: () => unary([million], (x) => tidy(() => x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).mul(x))),
  sum: () => unary([million], (x) => x.sum()),
  'transpose copy': () => unary([1024, 1024], (x) => x.t().contiguous()),
  'slice copy': () => unary([1024, 1024], (x) => x.slice(1, 0, 1024, 2).contiguous()),
  'permute copy': () => unary([8, 64, 64, 64], (x) => x.permute([0, 2, 3, 1]).contiguous()),
  embedding: () => {
    const [table, indices] = [randn([10_000, 128]), randint(0, 10_000, [4096])];
    return () => embedding(indices, table);
  },
  softmax: () => unary([512, 1024], (x) => x.softmax(-1)),
  'layer norm': () => {
    const [weight, bias] = [ones([1024]), zeros([1024])];
    return unary([512, 1024], (x) => layerNorm(x, 1024, { weight, bias }));
  },
  'batch norm': () => {
    const [weight, bias] = [ones([64]), zeros([64])];
    return unary([8, 64, 28, 28], (x) => batchNorm(x, null, null, { weight, bias, training: true }));
  },
  'max pool': () => unary([8, 64, 56, 56], (x) => maxPool2d(x, 2)),
  conv: () => conv(false),
  'conv and gradients': () => conv(true),
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    return () => scaledDotProductAttention(q, k, v);
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    // so small that the garbage collector frees it
    return () => void a.add(b);
  },
  'add 4 recorded': () => {
    const [a, b] = [randn([4], { requiresGrad: true }), randn([4], { requiresGrad: true })];
    // so small that the garbage collector frees it
    return () => void a.add(b);
  },
  'linear step': linearStep,
  'net step': netStep,
  'MLP step': () => mlpStep(784, 256, 128),
  ...sized('MLP step', sizes, (n) => mlpStep(n, n, n)),
  'CNN step': cnnStep,
  'char-lm step': () => charLmStep(),
  'model load': modelLoad,
};
