/** What is measured: each row is one piece of work that every contender does in its own way. */
import type { Target } from './targets.ts';

/** A row of the table. */
export interface Row {
  readonly name: string;
  /** What one iteration does. */
  readonly work: string;
  /** Floating-point operations of one iteration, where a rate says more than a time. */
  readonly flops?: number;
  /** Bytes that one iteration must read and write, where memory bounds it. */
  readonly bytes?: number;
  /** The share of the copy's bandwidth that it is meant to reach. */
  readonly share?: number;
  /** How fast it is meant to be. */
  readonly targets?: readonly Target[];
  /** What a device may be given per iteration: dispatches of kernels, and submits to its queue. */
  readonly most?: { readonly dispatches: number; readonly submits: number };
}

/** On WebGPU: faster than both of the others. */
const onWebgpu: readonly Target[] = [
  { device: 'webgpu', faster: 1.3, than: 'tfjs-webgpu' },
  { device: 'webgpu', faster: 1.3, than: 'jax-js' },
];

/** Sizes of the rows that show how times grow: square products, and MLPs of that width. */
const sizes = [64, 128, 256, 512, 1024, 2048] as const;

const squareTargets: { readonly [size: number]: readonly Target[] } = {
  256: onWebgpu,
  512: [...onWebgpu, { faster: 1.15, than: 'tfjs-wasm' }, { faster: 1.6, than: 'jax-js' }],
  1024: [
    ...onWebgpu,
    { faster: 1.15, than: 'tfjs-wasm' },
    { faster: 1.6, than: 'jax-js' },
    { faster: 1.7, than: 'tenfold', threads: 2 },
  ],
};

const conv = { work: '3 × 3, padding 1, float32 [8, 32, 28, 28] → 64 channels', flops: 2 * 8 * 64 * 28 * 28 * 32 * 9 };

export const rows: readonly Row[] = [
  ...sizes.map((n) => ({
    name: `matmul ${n}`,
    work: `float32 [${n}, ${n}] @ [${n}, ${n}]`,
    flops: 2 * n ** 3,
    targets: squareTargets[n],
  })),
  { name: 'matmul transposed', work: 'float32 [512, 512] @ [512, 512]ᵀ', flops: 2 * 512 ** 3 },
  { name: 'matmul float64', work: 'float64 [512, 512] @ [512, 512]', flops: 2 * 512 ** 3 },
  { name: 'matmul batched', work: 'float32 [64, 32, 32] @ [64, 32, 32]', flops: 2 * 64 * 32 ** 3 },
  { name: 'add', work: 'sum of two float32 tensors of 2²⁰ elements', targets: [{ faster: 1, than: 'tfjs-wasm' }] },
  { name: 'exp', work: 'exponential of 2²⁰ float32', targets: [...onWebgpu, { faster: 10, than: 'tfjs-wasm' }] },
  { name: 'tanh', work: 'hyperbolic tangent of 2²⁰ float32' },
  { name: 'gelu', work: 'x Φ(x), by erf, of 2²⁰ float32' },
  { name: 'sum', work: 'sum of 2²⁰ float32', targets: [{ faster: 6, than: 'tfjs-wasm' }] },
  { name: 'transpose copy', work: 'float32 [1024, 1024] transposed, written row-major' },
  { name: 'slice copy', work: 'every second column of float32 [1024, 1024]' },
  { name: 'permute copy', work: 'float32 [8, 64, 64, 64] with its channels last' },
  { name: 'embedding', work: '4096 of 10,000 rows of 128 float32' },
  { name: 'softmax', work: 'float32 [512, 1024] along the last dim', targets: onWebgpu },
  { name: 'layer norm', work: 'float32 [512, 1024] along the last dim, with weight and bias' },
  { name: 'batch norm', work: 'float32 [8, 64, 28, 28] by its own mean and variance, with weight and bias' },
  { name: 'max pool', work: '2 × 2, float32 [8, 64, 56, 56]' },
  { name: 'conv', ...conv, targets: [{ faster: 1.3, than: 'tfjs-wasm' }] },
  {
    name: 'conv and gradients',
    work: 'the same, then the gradients of weight and input',
    flops: 3 * conv.flops,
    targets: [...onWebgpu, { faster: 1 / 3.5, than: 'tenfold', row: 'conv' }],
  },
  { name: 'attention', work: 'softmax(q kᵀ / 8) v, float32 [8, 8, 128, 64]', targets: onWebgpu },
  {
    name: 'add 4',
    work: 'sum of two float32 tensors of 4 elements',
    targets: [{ faster: 1 / 0.3, than: 'pytorch' }],
  },
  {
    name: 'add 4 recorded',
    work: 'the same with the gradient recorded',
    targets: [{ faster: 1 / 0.5, than: 'pytorch' }],
  },
  {
    name: 'linear step',
    work: 'training step of x Wᵀ + b, 2 → 1, float64, batch 1, custom Function, SGD with momentum and decay',
    targets: [{ faster: 7, than: 'pytorch' }],
  },
  {
    name: 'net step',
    work: 'step of a two-layer net, 64 × 1000 × 100 × 10: forward, backward, update',
    targets: [{ faster: 5, than: 'tfjs-wasm' }],
  },
  {
    name: 'MLP step',
    work: 'Adam step of an MLP 784-256-128-10 with cross-entropy, batch 64',
    targets: [...onWebgpu, { faster: 5, than: 'tfjs-wasm' }],
    most: { dispatches: 40, submits: 1 },
  },
  ...sizes.map((n) => ({ name: `MLP step ${n}`, work: `the same of an MLP ${n}-${n}-${n}-10` })),
  {
    name: 'CNN step',
    work: 'Adam step of the network of apps/mnist: two convolutions with max pooling, two linear layers, dropout, batch 64; 938 of them are an epoch',
  },
  {
    name: 'char-lm step',
    work: 'AdamW step of the model of apps/char-lm: 4 blocks of attention and GELU of width 128, batch 16 of 96 characters, gradients clipped to norm 1',
  },
  { name: 'model load', work: 'ten MB of float32 arrays into three linear layers' },
];
