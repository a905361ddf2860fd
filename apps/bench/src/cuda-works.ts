/** The rows of CUDA in Tenfold, on the default device. */
import { CrossEntropyLoss, F, Linear, Module, Parameter, ReLU, Sequential } from '@tenfold/nn';
import { Adam } from '@tenfold/optim';
import {
  conv2d,
  layerNorm,
  ones,
  randint,
  randn,
  scaledDotProductAttention,
  type Tensor,
  tidy,
  zeros,
} from '@tenfold/tensor-core';
import type { Work } from './contender.ts';
import type { Kind, Spec } from './cuda-rows.ts';

const operand = ({ shape, dtype }: Spec): Tensor => randn(shape, { dtype });

/** Work of one operand. */
const unary =
  (fn: (x: Tensor) => Tensor) =>
  (spec: Spec): Work => {
    const x = operand(spec);
    return () => fn(x);
  };

function convolution({ shape: [batch, from, side, to] }: Spec, gradients: boolean): Work {
  const x = randn([batch, from, side, side], { requiresGrad: gradients });
  const weight = randn([to, from, 3, 3], { requiresGrad: gradients });
  if (!gradients) return () => conv2d(x, weight, null, { padding: 1 });
  const gradient = randn([batch, to, side, side]);
  return tidied(() => {
    x.grad = weight.grad = null;
    const result = conv2d(x, weight, null, { padding: 1 });
    result.backward(gradient);
    return result;
  });
}

/** Work that gives intermediate results back at once, as loops on a device should: else they stay until the garbage collector comes. */
export const tidied =
  (work: Work): Work =>
  () =>
    tidy(work);

/** A training step: forward, backward, update. Gives the loss. */
function trained(model: Module, loss: () => Tensor): Work {
  const optimizer = new Adam(model.parameters(), { lr: 1e-3 });
  return tidied(() => {
    optimizer.zeroGrad();
    const value = loss();
    value.backward();
    optimizer.step();
    return value;
  });
}

function mlpStep({ shape: [batch, ...widths] }: Spec): Work {
  const layers = widths.slice(1).map((to, i) => new Linear(widths[i], to));
  const model = new Sequential(...layers.flatMap((layer, i) => (i === 0 ? [layer] : [new ReLU(), layer])));
  const loss = new CrossEntropyLoss();
  const [x, y] = [randn([batch, widths[0]]), randint(0, widths[widths.length - 1], [batch])];
  return trained(model, () => loss.forward(model.forward(x), y));
}

/** A pre-norm transformer block. */
class Block extends Module {
  readonly #heads: number;
  qkv: Linear;
  project: Linear;
  widen: Linear;
  narrow: Linear;
  first: Parameter;
  second: Parameter;

  constructor(width: number, heads: number) {
    super();
    this.#heads = heads;
    this.first = new Parameter(ones([width]));
    this.second = new Parameter(ones([width]));
    this.qkv = new Linear(width, 3 * width);
    this.project = new Linear(width, width);
    this.widen = new Linear(width, 4 * width);
    this.narrow = new Linear(4 * width, width);
  }

  override forward(x: Tensor): Tensor {
    const [batch, length, width] = x.shape;
    const heads = this.#heads;
    const all = this.qkv.forward(layerNorm(x, width, { weight: this.first }));
    const [q, k, v] = all
      .reshape([batch, length, 3, heads, width / heads])
      .permute([2, 0, 3, 1, 4])
      .unbind(0);
    const mixed = scaledDotProductAttention(q, k, v, { isCausal: true });
    const y = x.add(this.project.forward(mixed.permute([0, 2, 1, 3]).reshape([batch, length, width])));
    return y.add(this.narrow.forward(F.relu(this.widen.forward(layerNorm(y, width, { weight: this.second })))));
  }
}

function blockStep({ shape: [batch, length, width, heads] }: Spec): Work {
  const model = new Block(width, heads);
  const x = randn([batch, length, width]);
  return trained(model, () => model.forward(x).pow(2).mean());
}

/** How the work of each kind is made. */
export const makers: { readonly [K in Kind]: (spec: Spec) => Work } = {
  copy: unary((x) => x.clone()),
  add: (spec) => {
    const [a, b] = [operand(spec), operand(spec)];
    return () => a.add(b);
  },
  exp: unary((x) => x.exp()),
  tanh: unary((x) => x.tanh()),
  sum: unary((x) => x.sum()),
  'sum of rows': unary((x) => x.sum(1)),
  'sum of columns': unary((x) => x.sum(0)),
  transpose: unary((x) => x.t().contiguous()),
  softmax: unary((x) => x.softmax(-1)),
  'layer norm': ({ shape }) => {
    const [x, weight, bias] = [randn(shape), ones([shape[1]]), zeros([shape[1]])];
    return () => layerNorm(x, shape[1], { weight, bias });
  },
  matmul: ({ shape: [n], dtype }) => {
    const [a, b] = [randn([n, n], { dtype }), randn([n, n], { dtype })];
    return () => a.matmul(b);
  },
  attention: (spec) => {
    const [q, k, v] = [operand(spec), operand(spec), operand(spec)];
    return () => scaledDotProductAttention(q, k, v, { isCausal: true });
  },
  conv: (spec) => convolution(spec, false),
  'conv and gradients': (spec) => convolution(spec, true),
  'MLP step': mlpStep,
  'block step': blockStep,
};
