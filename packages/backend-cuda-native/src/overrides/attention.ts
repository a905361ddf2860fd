/** Attention and its gradient in tiles, with no scores kept: `native/kernels/attention.cu`. */
import type { AttentionAttrs, DType, Override } from '@tenfold/tensor-core';
import type { Call, Cuda } from '../cuda.ts';
import { type Buffer, itemsize, kernelTypes, type View } from '../elements.ts';
import { axesOf, forEachPart, merged, sizeOf } from '../geometry.ts';

type BackwardAttrs = AttentionAttrs & { readonly wanted: readonly boolean[] };
type Operands = readonly (View | number | null)[];

/** Features of a query, or of a value, beyond which products of whole matrices do less work. */
const mostFeatures = 256;
/** Rows that kernels count in 32 bits, a tile beyond them included. */
const mostRows = 2 ** 31 - 65;
/** Queries, or keys, of a block. */
const side = 64;

/** What scores and logarithms of sums are computed in. */
const scoreTypes: { readonly [D in DType]?: DType } = {
  float32: 'float32',
  float64: 'float64',
  float16: 'float32',
  bfloat16: 'float32',
};

interface Strided {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** The batch dims of an operand with `own` dims of its own, repeated to `batch`. */
function headsOf(view: View | null, own: number, batch: readonly number[]): Strided {
  const missing = view ? batch.length - (view.shape.length - own) : batch.length;
  return {
    shape: batch,
    strides: batch.map((_, d) =>
      !view || d < missing || view.shape[d - missing] === 1 ? 0 : view.strides[d - missing],
    ),
  };
}

const rowsOf = ({ shape }: View): number => shape[shape.length - 2];
const columnsOf = ({ shape }: View): number => shape[shape.length - 1];

/** A `Matrix` of one head: a pointer to its first element, and the steps along both dims. */
function matrix(call: Call, view: View | null, offset: number): Call {
  if (!view) return call.none().long(0).long(0);
  return call
    .view(view, offset)
    .long(view.strides[view.shape.length - 2])
    .long(view.strides[view.shape.length - 1]);
}

/** A column of numbers, one to a row. */
function column(call: Call, view: View | null, offset: number): Call {
  if (!view) return call.none().long(0);
  return call.view(view, offset).long(view.strides[view.shape.length - 1]);
}

/** A `Mask`, which repeats dims of size 1. */
function mask(call: Call, view: View | null, offset: number, { dtype }: View, { isCausal }: AttentionAttrs): Call {
  if (!view) call.none().long(0).long(0).int(0);
  else {
    const stride = (fromEnd: number): number => {
      const d = view.shape.length - fromEnd;
      return d < 0 || view.shape[d] === 1 ? 0 : view.strides[d];
    };
    const kind = view.dtype === 'bool' ? 1 : view.dtype === dtype ? 2 : 3;
    call.view(view, offset).long(stride(2)).long(stride(1)).int(kind);
  }
  return call.int(isCausal ? 1 : 0);
}

const sizes = (call: Call, query: View, key: View, value: View, { scale }: AttentionAttrs): Call =>
  call.int(rowsOf(query)).int(rowsOf(key)).int(columnsOf(query)).int(columnsOf(value)).double(scale);

/** Features that a block keeps: kernels of doubles have no room for more than 64. */
const sliceOf = (dtype: DType, features: number): number => (dtype === 'float64' || features <= 64 ? 64 : 128);

/** An operand with as many dims of its own as are not batch dims. */
type Operand = readonly [view: View | null, own: number];

const matrixOf = (view: View | null): Operand => [view, 2];
const rowOf = (view: View | null): Operand => [view, 1];

/** Begins calls with the heads of operands, one call but for very many dims, each with its heads and where operands begin, in elements. */
function forEachCall(
  cuda: Cuda,
  kernel: string,
  batch: readonly number[],
  operands: readonly Operand[],
  run: (call: Call, heads: number, offsets: readonly number[]) => void,
): void {
  const axes = merged(axesOf(operands.map(([view, own]) => headsOf(view, own, batch))));
  const starts = operands.map(([view]) => view?.offset ?? 0);
  forEachPart(axes, starts, (part, offsets) => {
    run(cuda.call(kernel).walk(part, operands.length), sizeOf(part.map(({ size }) => size)), offsets);
  });
}

function forward(cuda: Cuda, [out, sums]: readonly View[], inputs: Operands, attrs: AttentionAttrs): void {
  const [query, key, value, given] = inputs as readonly [View, View, View, View | null];
  if (sizeOf(sums.shape) === 0) return;
  const slice = sliceOf(query.dtype, columnsOf(value));
  const kernel = `attention_${kernelTypes[query.dtype]}_${slice}`;
  const operands = [matrixOf(out), rowOf(sums), matrixOf(query), matrixOf(key), matrixOf(value), matrixOf(given)];
  forEachCall(cuda, kernel, sums.shape.slice(0, -1), operands, (call, heads, at) => {
    column(matrix(call, out, at[0]), sums, at[1]);
    matrix(matrix(matrix(call, query, at[2]), key, at[3]), value, at[4]);
    sizes(mask(call, given, at[5], query, attrs), query, key, value, attrs);
    call.launch(heads * Math.ceil(rowsOf(query) / side), undefined, Math.ceil(columnsOf(value) / slice));
  });
}

/** For each query Σ grad · out, less what its sum's own gradient adds. */
function meanGradients(cuda: Cuda, means: View, grad: View, out: View, gradSums: View | null): void {
  const kernel = cuda.kernel(`attention_means_${kernelTypes[grad.dtype]}`);
  const operands = [rowOf(means), matrixOf(grad), matrixOf(out), rowOf(gradSums)];
  forEachCall(cuda, kernel.name, means.shape.slice(0, -1), operands, (call, heads, at) => {
    column(call, means, at[0]);
    matrix(matrix(call, grad, at[1]), out, at[2]);
    column(call, gradSums, at[3]).long(rowsOf(grad)).long(columnsOf(grad));
    // a warp to a query
    call.launch(Math.ceil((heads * rowsOf(grad) * 32) / kernel.threads));
  });
}

/** What both gradients read. */
interface Given {
  readonly query: View;
  readonly key: View;
  readonly value: View;
  readonly grad: View;
  readonly sums: View;
  readonly means: View;
  readonly mask: View | null;
}

const givenOperands = ({ query, key, value, grad, sums, means, mask }: Given): readonly Operand[] => [
  matrixOf(query),
  matrixOf(key),
  matrixOf(value),
  matrixOf(grad),
  rowOf(sums),
  rowOf(means),
  matrixOf(mask),
];

/** A `Given`, whose operands begin at `at`. */
function given(call: Call, all: Given, at: readonly number[], attrs: AttentionAttrs): Call {
  const { query, key, value, grad, sums, means } = all;
  matrix(matrix(matrix(matrix(call, query, at[0]), key, at[1]), value, at[2]), grad, at[3]);
  column(column(call, sums, at[4]), means, at[5]);
  return sizes(mask(call, all.mask, at[6], query, attrs), query, key, value, attrs);
}

function gradientOfQueries(cuda: Cuda, out: View, all: Given, attrs: AttentionAttrs): void {
  const { query, sums } = all;
  const slice = sliceOf(query.dtype, columnsOf(query));
  const kernel = `attention_queries_${kernelTypes[query.dtype]}_${slice}`;
  forEachCall(cuda, kernel, sums.shape.slice(0, -1), [matrixOf(out), ...givenOperands(all)], (call, heads, at) => {
    given(matrix(call, out, at[0]), all, at.slice(1), attrs);
    call.launch(heads * Math.ceil(rowsOf(query) / side), undefined, Math.ceil(columnsOf(query) / slice));
  });
}

function gradientsOfKeys(
  cuda: Cuda,
  toKey: View | null,
  toValue: View | null,
  all: Given,
  attrs: AttentionAttrs,
): void {
  const { key, sums } = all;
  const columns = Math.max(...[toKey, toValue].map((view) => (view ? columnsOf(view) : 0)));
  const slice = sliceOf(key.dtype, columns);
  const kernel = `attention_keys_${kernelTypes[key.dtype]}_${slice}`;
  const operands = [matrixOf(toKey), matrixOf(toValue), ...givenOperands(all)];
  forEachCall(cuda, kernel, sums.shape.slice(0, -1), operands, (call, heads, at) => {
    given(matrix(matrix(call, toKey, at[0]), toValue, at[1]), all, at.slice(2), attrs);
    call.launch(heads * Math.ceil(rowsOf(key) / side), undefined, Math.ceil(columns / slice));
  });
}

function backward(cuda: Cuda, outs: readonly View[], inputs: Operands, attrs: BackwardAttrs): void {
  const [grad, gradSums, query, key, value, mask, out, sums] = inputs as readonly [
    View,
    View | null,
    View,
    View,
    View,
    View | null,
    View,
    View,
  ];
  const rest = [...outs];
  const [toQuery, toKey, toValue] = attrs.wanted.map((want) => (want ? (rest.shift() as View) : null));
  if (sizeOf(sums.shape) === 0) {
    // keys that no query meets have no gradient
    for (const { storage, offset, shape, dtype } of outs)
      cuda.fill(storage.buffer, offset * itemsize(dtype), sizeOf(shape) * itemsize(dtype), 0);
    return;
  }
  cuda.temporary(sums.dtype, sizeOf(sums.shape), (buffer) => {
    const means = contiguous(sums.dtype, buffer, sums.shape);
    meanGradients(cuda, means, grad, out, gradSums);
    const all = { query, key, value, grad, sums, means, mask };
    if (toQuery) gradientOfQueries(cuda, toQuery, all, attrs);
    if (toKey || toValue) gradientsOfKeys(cuda, toKey, toValue, all, attrs);
  });
}

/** The whole of a buffer as a view. */
function contiguous(dtype: DType, buffer: Buffer, shape: readonly number[]): View {
  const strides = shape.map((_, d) => sizeOf(shape.slice(d + 1)));
  return { dtype, storage: { buffer }, offset: 0, shape, strides };
}

const sameSizes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, d) => size === b[d]);

/** Why tiles don't take these queries, keys and values. */
function refusal(query: View, key: View, value: View): true | string {
  const [features, width] = [columnsOf(query), columnsOf(value)];
  const [length, columns] = [rowsOf(query), rowsOf(key)];
  if (features > mostFeatures || width > mostFeatures) return `more than ${mostFeatures} features`;
  if (features === 0 || width === 0 || columns === 0) return 'no keys or features';
  if (length > mostRows || columns > mostRows) return `more than ${mostRows} queries or keys`;
  if (length < 16 && columns > 512) return 'few queries for many keys: a product shares them better';
  const batches = [query, key, value].map(({ shape }) => shape.slice(0, -2));
  return batches.every((batch) => sameSizes(batch, batches[0])) || 'heads that are shared';
}

/** By op name. */
export function attentionOverrides(cuda: Cuda): { readonly [op: string]: Override<Buffer> } {
  return {
    scaledDotProductAttention: {
      supports: ([query, key, value]) => refusal(query as View, key as View, value as View),
      run: (outs, inputs, attrs) => forward(cuda, outs, inputs, attrs as AttentionAttrs),
    },
    scaledDotProductAttentionBackward: {
      supports(inputs, attrs) {
        const [grad, gradSums, query, key, value, , out, sums] = inputs as readonly (View | null)[] as readonly View[];
        if ((attrs as BackwardAttrs).wanted[3]) return 'the gradient of a mask is one of all scores';
        const { dtype } = query;
        const like = scoreTypes[dtype];
        const mixed =
          grad.dtype !== dtype || out.dtype !== dtype || [gradSums, sums].some((x) => x && x.dtype !== like);
        return mixed ? 'gradients or results of another dtype' : refusal(query, key, value);
      },
      run: (outs, inputs, attrs) => backward(cuda, outs, inputs, attrs as BackwardAttrs),
    },
  };
}
