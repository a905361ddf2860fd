/** The rows in jax-js, on the device that is its default when this module is loaded. Training steps are the jitted gradient and update. */
import { jit, lax, nn, numpy as np, random, tree, valueAndGrad, vjp } from '@jax-js/jax';
import { million, sized, sizes, type Work, type Works } from './contender.ts';

type Array = ReturnType<typeof np.zeros>;

let seed = 0;
const randn = (shape: number[]): Array => random.normal(random.key(seed++), shape);
const integers = (count: number, below: number): Array =>
  np.array(Int32Array.from({ length: count }, () => Math.random() * below));

function square(n: number): Work {
  const [a, b] = [randn([n, n]), randn([n, n])];
  return () => np.matmul(a.ref, b.ref);
}

/** A jitted function of arrays that stay. */
function jitted(fn: (...inputs: Array[]) => Array, ...inputs: Array[]): Work {
  const compiled = jit(fn);
  return () => compiled(...inputs.map((x) => x.ref)) as Array;
}

const unary = (shape: number[], fn: (x: Array) => Array): Work => jitted(fn, randn(shape));

/** By its own mean and variance over some dims. */
function normalised(shape: number[], axis: number[], weight: Array, bias: Array): Work {
  const norm = (x: Array, w: Array, b: Array): Array => {
    const centred = x.ref.sub(np.mean(x, axis, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), axis, { keepdims: true });
    return centred
      .div(np.sqrt(variance.add(1e-5)))
      .mul(w)
      .add(b);
  };
  return jitted(norm, randn(shape), weight, bias);
}

const padding: [number, number][] = [
  [1, 1],
  [1, 1],
];
const conv = (x: Array, w: Array): Array => lax.convGeneralDilated(x, w, [1, 1], padding);

type Layers = { w: Array; b: Array }[];
type State = { layers: Layers; first: Layers; second: Layers };

/** Adam by hand: the optimisers are another package, which needs a second copy of this one. */
function mlpStep(...widths: number[]): Work {
  const ends = [...widths, 10];
  const layersOf = (fill: (shape: number[]) => Array): Layers =>
    widths.map((width, i) => ({ w: fill([width, ends[i + 1]]), b: np.zeros([ends[i + 1]]) }));
  const [x, y] = [randn([64, widths[0]]), nn.oneHot(integers(64, 10), 10)];
  const loss = (layers: Layers, input: Array, target: Array): Array => {
    const logits = layers.reduce((h, { w, b }, i) => {
      const sum = np.matmul(h, w).add(b);
      return i < layers.length - 1 ? nn.relu(sum) : sum;
    }, input);
    return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(target), -1)).neg();
  };
  const step = jit((state: State, input: Array, target: Array, rate: Array): State => {
    const [value, gradient] = valueAndGrad(loss)(tree.ref(state.layers), input, target) as [Array, Layers];
    value.dispose();
    const blend = (old: Array, now: Array, beta: number): Array => old.mul(beta).add(now.mul(1 - beta));
    const first = tree.map((m: Array, g: Array) => blend(m, g, 0.9), state.first, tree.ref(gradient)) as Layers;
    const second = tree.map((v: Array, g: Array) => blend(v, np.square(g), 0.999), state.second, gradient) as Layers;
    const update = (p: Array, m: Array, v: Array): Array => p.sub(m.mul(rate.ref).div(np.sqrt(v).add(1e-8)));
    const layers = tree.map(update, state.layers, tree.ref(first), tree.ref(second)) as Layers;
    rate.dispose();
    return { layers, first, second };
  });
  let state: State = {
    layers: layersOf((shape) => randn(shape).mul(0.05)),
    first: layersOf((shape) => np.zeros(shape)),
    second: layersOf((shape) => np.zeros(shape)),
  };
  let count = 0;
  return () => {
    count++;
    const rate = np.array((1e-3 * Math.sqrt(1 - 0.999 ** count)) / (1 - 0.9 ** count));
    state = step(state, x.ref, y.ref, rate) as State;
    return state.layers[0].w.ref;
  };
}

/** An iteration gives a result that it leaves to whoever asked. */
export const works: Works = {
  ...sized('matmul', sizes, square),
  'matmul transposed': () => {
    const [a, b] = [randn([512, 512]), randn([512, 512])];
    return () => np.matmul(a.ref, b.ref.transpose());
  },
  'matmul batched': () => {
    const [a, b] = [randn([64, 32, 32]), randn([64, 32, 32])];
    return () => np.matmul(a.ref, b.ref);
  },
  add: () => {
    const [a, b] = [randn([million]), randn([million])];
    return () => a.ref.add(b.ref);
  },
  exp: () => unary([million], np.exp),
  tanh: () => unary([million], np.tanh),
  gelu: () => unary([million], (x) => nn.gelu(x, { approximate: false })),
  sum: () => unary([million], (x) => np.sum(x)),
  // of a copy that only moves, jax-js makes a view: what writes it anew is a sum with zero
  'transpose copy': () => unary([1024, 1024], (x) => x.transpose().add(0)),
  'slice copy': () => unary([1024, 512, 2], (x) => x.slice([], [], 0).add(0)),
  'permute copy': () => unary([8, 64, 64, 64], (x) => x.transpose([0, 2, 3, 1]).add(0)),
  embedding: () => {
    const [table, indices] = [randn([10_000, 128]), integers(4096, 10_000)];
    return jitted((t, i) => np.take(t, i, 0), table, indices);
  },
  softmax: () => unary([512, 1024], (x) => nn.softmax(x, -1)),
  'layer norm': () => normalised([512, 1024], [1], np.ones([1024]), np.zeros([1024])),
  'batch norm': () => normalised([8, 64, 28, 28], [0, 2, 3], np.ones([64, 1, 1]), np.zeros([64, 1, 1])),
  'max pool': () => unary([8, 64, 56, 56], (x) => lax.reduceWindow(x, (window) => np.max(window), [2, 2], [2, 2])),
  conv: () => jitted(conv, randn([8, 32, 28, 28]), randn([64, 32, 3, 3])),
  'conv and gradients': () => {
    const inputs = [randn([8, 32, 28, 28]), randn([64, 32, 3, 3]), randn([8, 64, 28, 28])];
    const all = jit((x: Array, w: Array, gradient: Array) => {
      const [y, back] = vjp(conv, [x, w]) as [Array, (gradient: Array) => Array[]];
      return [y, ...back(gradient)];
    });
    return () => all(...(inputs.map((x) => x.ref) as [Array, Array, Array]));
  },
  attention: () => {
    const [q, k, v] = [0, 1, 2].map(() => randn([8, 8, 128, 64]));
    const scores = (a: Array, b: Array): Array => np.matmul(a, b.transpose([0, 1, 3, 2])).mul(1 / 8);
    return jitted((a, b, c) => np.matmul(nn.softmax(scores(a, b), -1), c), q, k, v);
  },
  'add 4': () => {
    const [a, b] = [randn([4]), randn([4])];
    return () => a.ref.add(b.ref);
  },
  'net step': () => {
    const [x, y] = [randn([64, 1000]), randn([64, 10])];
    const loss = (w: Array[]): Array => np.sum(np.square(np.matmul(nn.relu(np.matmul(x.ref, w[0])), w[1]).sub(y.ref)));
    const step = jit((w: Array[]) => {
      const [value, [first, second]] = valueAndGrad(loss)(w.map((each) => each.ref));
      value.dispose();
      return [w[0].sub(first.mul(1e-6)), w[1].sub(second.mul(1e-6))];
    });
    let weights: Array[] = [randn([1000, 100]), randn([100, 10])];
    return () => {
      weights = step(weights) as Array[];
      return weights[0].ref;
    };
  },
  'MLP step': () => mlpStep(784, 256, 128),
  ...sized('MLP step', sizes, (n) => mlpStep(n, n, n)),
  'model load': () => {
    const shapes = [1000, 1000, 500].flatMap((outputs) => [[1000, outputs], [outputs]]);
    const saved = shapes.map((shape) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) }));
    return () => saved.map(({ shape, data }) => np.array(data, { shape }));
  },
};
