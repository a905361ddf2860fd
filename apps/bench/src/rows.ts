/** What is measured: each row is one piece of work that every contender does in its own way. */

/** A row of the table. */
export interface Row {
  readonly name: string;
  /** What one iteration does. */
  readonly work: string;
  /** Floating-point operations of one iteration, where a rate says more than a time. */
  readonly flops?: number;
}

const product = (name: string, work: string, [m, n, k]: readonly [number, number, number], batch = 1): Row => ({
  name,
  work,
  flops: 2 * batch * m * n * k,
});

/** Sizes of square products, beside the three that are always measured. */
const scaling = [64, 128, 2048] as const;

export const rows: readonly Row[] = [
  ...([256, 512, 1024] as const).map((n) => product(`matmul ${n}`, `float32 [${n}, ${n}] @ [${n}, ${n}]`, [n, n, n])),
  product('matmul transposed', 'float32 [512, 512] @ [512, 512]ᵀ', [512, 512, 512]),
  product('matmul float64', 'float64 [512, 512] @ [512, 512]', [512, 512, 512]),
  product('matmul batched', 'float32 [64, 32, 32] @ [64, 32, 32]', [32, 32, 32], 64),
  ...scaling.map((n) => product(`matmul ${n}`, `float32 [${n}, ${n}] @ [${n}, ${n}]`, [n, n, n])),
  { name: 'add', work: 'sum of two float32 tensors of 2²⁰ elements' },
  { name: 'exp', work: 'exponential of 2²⁰ float32' },
  { name: 'sum', work: 'sum of 2²⁰ float32' },
  { name: 'transpose copy', work: 'float32 [1024, 1024] transposed, written row-major' },
  { name: 'softmax', work: 'float32 [512, 1024] along the last dim' },
  { name: 'attention', work: 'softmax(q kᵀ / 8) v, float32 [8, 8, 128, 64]' },
  { name: 'add 4', work: 'sum of two float32 tensors of 4 elements' },
  { name: 'add 4 recorded', work: 'the same with the gradient recorded' },
  {
    name: 'linear step',
    work: 'training step of x Wᵀ + b, 2 → 1, float64, batch 1, custom Function, SGD with momentum and decay',
  },
  { name: 'net step', work: 'step of a two-layer net, 64 × 1000 × 100 × 10: forward, backward, update' },
  { name: 'MLP step', work: 'Adam step of an MLP 784-256-128-10 with cross-entropy, batch 64' },
];
