/** The negative log-likelihood of classes and its gradient, each in one pass over the samples. */
import { IndexError, type Override, type TypedArray } from '@tenfold/tensor-core';
import type { Buffer, View } from '../elements.ts';
import { count, isDense } from '../iterate.ts';

type Floats = Float32Array | Float64Array;
type Input = View | number | null;

interface NllAttrs {
  readonly reduction: 'mean' | 'sum' | 'none';
  readonly ignoreIndex: number;
}

/** Classes `[N, d…]` beside values `[N, C, d…]`: class `c` of sample `s` at place `p` is value `(s·classes + c)·places + p`. */
interface Classified {
  readonly samples: number;
  readonly places: number;
  readonly classes: number;
}

const sizesOf = (shape: readonly number[]): Classified => ({
  samples: shape.length === 1 ? 1 : shape[0],
  places: count(shape.slice(2)),
  classes: shape.length === 1 ? shape[0] : shape[1],
});

const isFloats = (buffer: Buffer): buffer is Floats => buffer instanceof Float32Array || buffer instanceof Float64Array;

const isSimple = (x: Input): boolean => x === null || (typeof x === 'object' && isDense(x.shape, x.strides));

/** The classes of the targets as numbers, with -1 for those that are ignored. @throws IndexError if one is no class. */
function classesOf(target: View, classes: number, ignoreIndex: number): Int32Array {
  const n = count(target.shape);
  const result = new Int32Array(n);
  const buffer: TypedArray = target.storage.buffer;
  for (let i = 0; i < n; i++) {
    const value = Number(buffer[target.offset + i]);
    if (value === ignoreIndex) result[i] = -1;
    else if (value >= 0 && value < classes) result[i] = value;
    else throw new IndexError(`index ${value} is out of bounds for dimension 1 with size ${classes}`);
  }
  return result;
}

const refused = 'dense float32 or float64 only';

const supports = (inputs: readonly Input[]): true | string => {
  const [x, , weight] = inputs;
  if (x === null || typeof x === 'number' || !isFloats(x.storage.buffer) || !inputs.every(isSimple)) return refused;
  return weight === null || (typeof weight === 'object' && weight.dtype === x.dtype) ? true : refused;
};

/** Sums in double precision, rounded once. */
function nllLoss([out]: readonly View[], inputs: readonly Input[], attrs: unknown): void {
  const [x, target, weight] = inputs as readonly [View, View, View | null];
  const { reduction, ignoreIndex } = attrs as NllAttrs;
  const { samples, places, classes } = sizesOf(x.shape);
  const targets = classesOf(target, classes, ignoreIndex);
  const from = x.storage.buffer as Floats;
  const to = out.storage.buffer as Floats;
  const weights = weight ? (weight.storage.buffer as Floats) : null;
  let sum = 0;
  let total = 0;
  for (let s = 0, i = 0; s < samples; s++) {
    for (let p = 0; p < places; p++, i++) {
      const c = targets[i];
      const w = c < 0 ? 0 : weights && weight ? weights[weight.offset + c] : 1;
      // an ignored sample counts for nothing, whatever its values are
      const loss = c < 0 ? 0 : -from[x.offset + (s * classes + c) * places + p] * w;
      if (reduction === 'none') to[out.offset + i] = loss;
      sum += loss;
      total += w;
    }
  }
  if (reduction !== 'none') to[out.offset] = reduction === 'mean' ? sum / total : sum;
}

function nllLossBackward([out]: readonly View[], inputs: readonly Input[], attrs: unknown): void {
  const [grad, target, weight] = inputs as readonly [View, View, View | null];
  const { reduction, ignoreIndex } = attrs as NllAttrs;
  const { samples, places, classes } = sizesOf(out.shape);
  const targets = classesOf(target, classes, ignoreIndex);
  const from = grad.storage.buffer as Floats;
  const to = out.storage.buffer as Floats;
  const weights = weight ? (weight.storage.buffer as Floats) : null;
  const weightOf = (c: number): number => (weights && weight ? weights[weight.offset + c] : 1);
  let total = 1;
  if (reduction === 'mean') {
    total = 0;
    for (const c of targets) if (c >= 0) total += weightOf(c);
  }
  to.fill(0, out.offset, out.offset + samples * classes * places);
  for (let s = 0, i = 0; s < samples; s++) {
    for (let p = 0; p < places; p++, i++) {
      const c = targets[i];
      if (c < 0) continue;
      const share = from[grad.offset + (reduction === 'none' ? i : 0)] / total;
      to[out.offset + (s * classes + c) * places + p] = -share * weightOf(c);
    }
  }
}

/** Losses by op name. */
export const loss: { readonly [op: string]: Override<Buffer> } = {
  nllLoss: { supports, run: nllLoss },
  nllLossBackward: { supports, run: nllLossBackward },
};
