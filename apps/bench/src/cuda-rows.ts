/** What is measured on CUDA: each row is data that Tenfold and PyTorch make the same work of. */
import type { DType } from '@tenfold/tensor-core';
import type { Row } from './rows.ts';
import type { Target } from './targets.ts';

/** What a row computes; `cuda-works.ts` and `torch_cuda_rows.py` have a function for each. */
export type Kind =
  | 'copy'
  | 'add'
  | 'exp'
  | 'tanh'
  | 'sum'
  | 'sum of rows'
  | 'sum of columns'
  | 'transpose'
  | 'softmax'
  | 'layer norm'
  | 'matmul'
  | 'attention'
  | 'conv'
  | 'conv and gradients'
  | 'MLP step'
  | 'block step';

/** Work as data. */
export interface Spec {
  readonly kind: Kind;
  /** Of the operand; of a product, `[n]`; of a step, as the kind reads it. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Whether factors of float32 may be rounded to TF32. */
  readonly tf32: boolean;
}

/** A row of the table of CUDA. Those without `spec` are rows of the cpu's table, on small tensors: there the host counts. */
export interface CudaRow extends Row {
  readonly spec?: Spec;
}

/** The sizes of a real card, and those that an emulated one gets through in seconds. */
interface Sizes {
  readonly matmul: readonly number[];
  /** Elements of pointwise work and sums: far more than the caches of a card hold. */
  readonly square: number;
  readonly rows: readonly [number, number];
  readonly attention: readonly (readonly [number, number, number, number])[];
  readonly conv: readonly [batch: number, from: number, side: number, to: number];
  readonly mlp: readonly number[];
  readonly block: readonly [batch: number, length: number, width: number, heads: number];
}

const full: Sizes = {
  matmul: [1024, 2048, 4096, 8192],
  square: 8192,
  rows: [16_384, 4096],
  attention: [
    [8, 16, 1024, 64],
    [2, 16, 4096, 128],
  ],
  conv: [64, 128, 56, 128],
  mlp: [1024, 4096, 4096, 4096, 1000],
  block: [8, 1024, 768, 12],
};

const quick: Sizes = {
  matmul: [32],
  square: 32,
  rows: [16, 32],
  attention: [[1, 2, 16, 16]],
  conv: [1, 2, 6, 3],
  mlp: [4, 8, 8, 5],
  block: [1, 8, 16, 2],
};

const beside: readonly Target[] = [{ device: 'cuda', faster: 0.95, than: 'pytorch' }];
const ahead: readonly Target[] = [{ device: 'cuda', faster: 1, than: 'pytorch' }];
/** Of the copy's bandwidth. */
const enough = 0.85;

const bytesOf: { readonly [D in DType]?: number } = { float32: 4, float16: 2, bfloat16: 2 };

function spec(kind: Kind, shape: readonly number[], dtype: DType = 'float32', tf32 = false): { readonly spec: Spec } {
  return { spec: { kind, shape, dtype, tf32 } };
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Work that memory bounds: it reads and writes `passes` times what the operand has. */
function bound(kind: Kind, shape: readonly number[], passes: number, dtype: DType = 'float32'): CudaRow {
  const bytes = passes * product(shape) * (bytesOf[dtype] ?? 0);
  const name = dtype === 'float32' ? kind : `${kind} ${dtype}`;
  const share = kind === 'copy' ? {} : { share: enough };
  return { name, work: `${dtype} [${shape.join(', ')}]`, bytes, ...share, ...spec(kind, shape, dtype) };
}

const named = (dtype: DType, tf32: boolean): string => (tf32 ? 'TF32' : dtype);

function matmul(n: number, dtype: DType, tf32 = false): CudaRow {
  return {
    name: `matmul ${named(dtype, tf32)} ${n}`,
    work: `[${n}, ${n}] @ [${n}, ${n}]`,
    flops: 2 * n ** 3,
    targets: beside,
    ...spec('matmul', [n], dtype, tf32),
  };
}

function attention([batch, heads, length, width]: readonly number[], dtype: DType): CudaRow {
  return {
    name: `attention ${dtype} ${length}`,
    work: `causal, [${batch}, ${heads}, ${length}, ${width}]`,
    // half of both products
    flops: 2 * batch * heads * length ** 2 * width,
    targets: beside,
    ...spec('attention', [batch, heads, length, width], dtype),
  };
}

function conv([batch, from, side, to]: Sizes['conv'], gradients: boolean, tf32: boolean): CudaRow {
  const kind = gradients ? 'conv and gradients' : 'conv';
  return {
    name: `${kind} ${named('float32', tf32)}`,
    work: `3 × 3, padding 1, [${batch}, ${from}, ${side}, ${side}] → ${to} channels${gradients ? ', gradients of weight and input' : ''}`,
    flops: (gradients ? 6 : 2) * batch * to * side ** 2 * from * 9,
    targets: beside,
    ...spec(kind, [batch, from, side, to], 'float32', tf32),
  };
}

function mlp([batch, ...widths]: readonly number[], tf32: boolean): CudaRow {
  const work = `Adam step of an MLP ${widths.join('-')} with cross-entropy, batch ${batch}`;
  return {
    name: `wide MLP step ${named('float32', tf32)}`,
    work,
    targets: beside,
    ...spec('MLP step', [batch, ...widths], 'float32', tf32),
  };
}

function block([batch, length, width, heads]: Sizes['block'], tf32: boolean): CudaRow {
  return {
    name: `transformer step ${named('float32', tf32)}`,
    work: `Adam step of a pre-norm block, ${heads} heads, causal, MLP of ${4 * width} with ReLU, [${batch}, ${length}, ${width}]`,
    targets: beside,
    ...spec('block step', [batch, length, width, heads], 'float32', tf32),
  };
}

const small: readonly CudaRow[] = [
  {
    name: 'add 4',
    work: 'sum of two float32 tensors of 4 elements: what a call costs the host',
    targets: ahead,
    ...spec('add', [4]),
  },
  { name: 'add 4 recorded', work: 'the same with the gradient recorded', targets: ahead },
  { name: 'linear step', work: 'training step of x Wᵀ + b, 2 → 1, float64, batch 1, custom Function', targets: ahead },
  { name: 'net step', work: 'step of a two-layer net, 64 × 1000 × 100 × 10', targets: ahead },
  { name: 'MLP step', work: 'Adam step of an MLP 784-256-128-10 with cross-entropy, batch 64', targets: ahead },
];

/** The rows of CUDA, of the sizes of a card or of `--quick`. */
export function cudaRows(isQuick: boolean): readonly CudaRow[] {
  const sizes = isQuick ? quick : full;
  const square = [sizes.square, sizes.square];
  return [
    bound('copy', square, 2),
    bound('add', square, 3),
    bound('add', square, 3, 'float16'),
    bound('exp', square, 2),
    bound('tanh', square, 2),
    bound('sum', square, 1),
    bound('sum of rows', square, 1),
    bound('sum of columns', square, 1),
    bound('transpose', square, 2),
    bound('softmax', sizes.rows, 2),
    bound('softmax', sizes.rows, 2, 'float16'),
    bound('layer norm', sizes.rows, 2),
    ...sizes.matmul.flatMap((n) => [
      matmul(n, 'float32'),
      matmul(n, 'float32', true),
      matmul(n, 'float16'),
      matmul(n, 'bfloat16'),
    ]),
    ...sizes.attention.flatMap((shape) => [attention(shape, 'float32'), attention(shape, 'float16')]),
    ...[false, true].flatMap((tf32) => [conv(sizes.conv, false, tf32), conv(sizes.conv, true, tf32)]),
    ...[false, true].flatMap((tf32) => [mlp(sizes.mlp, tf32), block(sizes.block, tf32)]),
    ...small,
  ];
}
