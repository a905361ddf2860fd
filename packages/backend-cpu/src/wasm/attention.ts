/**
 * Attention and its gradient for some heads and queries at a time, whose scores stay in the cache. The gradient computes the weights again, as the result did,
 * so that no scores are kept.
 */
import { type DType, type MatmulDims, type Override, Program } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import type { Buffer, View } from '../elements.ts';
import { lineStride } from '../iterate.ts';
import { f64 } from './assembler.ts';
import { precisionOf, type RowDims } from './rows.ts';
import { arithmetic, type Precision, type RowWriter } from './rows-kernel.ts';
import { type Families, numel, type Operands, type Temporary } from './steps.ts';

interface Attrs {
  readonly isCausal: boolean;
  readonly scale: number;
}
interface BackwardAttrs extends Attrs {
  readonly wanted: readonly boolean[];
}

/** Scores at a time: about as many as a second-level cache holds. */
const scoresAtOnce = 2 ** 18;
/** Fewer queries at a time would not be worth packing the keys for them. */
const fewestQueries = 64;

const perHead: MatmulDims = { batch: 1, m: 1, n: 1, k: 1 };
const byRows: RowDims = { outer: [0, 1], row: [2] };

const programs = new Map<string, Program>();
function programOf(key: string, make: () => Program): Program {
  let program = programs.get(key);
  if (!program) programs.set(key, (program = make()));
  return program;
}
const scaling = (dtype: DType): Program =>
  programOf(`scale ${dtype}`, () => new Program([e.mul(e.input(0, dtype), e.param(0, dtype))], [dtype], [dtype]));
const adding = (dtype: DType): Program =>
  programOf(`add ${dtype}`, () => new Program([e.add(e.input(0, dtype), e.input(1, dtype))], [dtype, dtype]));
/** Whether a column is not after the row. */
const upToRow = (): Program => programOf('causal', () => new Program([e.le(e.indexOf(1), e.indexOf(0))], []));
const both = (): Program =>
  programOf('both', () => new Program([e.bitAnd(e.input(0, 'bool'), e.input(1, 'bool'))], ['bool', 'bool']));

/** What takes part, and what is added, as operands of the kernel of weights. */
interface Masked {
  readonly kept: boolean;
  readonly added: boolean;
}

/** Operands: scores, which become weights, the logarithm of their sum of exponentials, then masks. */
const weightsBody =
  ({ kept, added }: Masked) =>
  (row: RowWriter): void => {
    const { precision } = row;
    const { mul } = arithmetic(precision);
    const x = e.input(0, precision);
    const mask = kept ? e.select(e.input(1, 'bool'), x, e.constant(Number.NEGATIVE_INFINITY, precision)) : x;
    const masked = added ? e.add(mask, e.input(kept ? 2 : 1, precision)) : mask;
    const masks = [kept, added].filter((is) => is).map((_, i) => 2 + i);
    if (masks.length > 0)
      row.each((at) => at.store(0, row.compute(masked, [at.load(0), ...masks.map((o) => at.load(o))])));
    // an infinite score is no number to measure others by
    const isInfinite = e.eq(e.abs(x), e.constant(Number.POSITIVE_INFINITY, precision));
    const largest = row.compute(e.select(isInfinite, e.constant(0, precision), x), [row.largest((at) => at.load(0))]);
    const origin = row.keep(largest);
    const shifted = e.exp(e.sub(x, e.input(1, precision)));
    const total = row.sum((at) => {
      const exponential = row.compute(shifted, [at.load(0), origin]);
      at.store(0, exponential);
      return exponential;
    });
    row.storeOne(1, row.compute(e.add(e.input(1, precision), e.log(x)), [row.splat(total), origin]));
    const scale = row.splat(f64.div(f64.const(1), total));
    row.each((at) => at.store(0, mul(at.load(0), scale)));
  };

/** Operands: the gradient of weights, which becomes that of scores p (g - Σ p g + gradient of the sum), weights, then the gradient of the sum. */
const scoresBackwardBody =
  (hasSum: boolean) =>
  (row: RowWriter): void => {
    const { mul, sub } = arithmetic(row.precision);
    const mean = row.splat(row.sum((at) => mul(at.load(0), at.load(1))));
    const share = hasSum ? row.keep(sub(mean, row.loadOne(2))) : mean;
    row.each((at) => at.store(0, mul(at.load(1), sub(at.load(0), share))));
  };

/** Some heads of the last batch dim, and some queries of each: the latter only of a single head. */
interface Block {
  /** Positions in the batch dims before the last. */
  readonly at: readonly number[];
  readonly head: number;
  readonly heads: number;
  readonly query: number;
  readonly queries: number;
}

function* blocksOf(batch: readonly number[], length: number, columns: number): Generator<Block> {
  const outer = batch.slice(0, -1);
  const last = batch.at(-1) ?? 1;
  const heads = Math.max(1, Math.min(last, Math.floor(scoresAtOnce / (length * columns))));
  const most = Math.max(fewestQueries, Math.floor(scoresAtOnce / columns));
  const queries = heads === 1 ? Math.min(length, most) : length;
  const at = outer.map(() => 0);
  for (let left = numel(outer); left > 0; left--) {
    for (let head = 0; head < last; head += heads)
      for (let query = 0; query < length; query += queries)
        yield {
          at,
          head,
          heads: Math.min(heads, last - head),
          query,
          queries: Math.min(queries, length - query),
        };
    for (let d = outer.length - 1; d >= 0 && ++at[d] === outer[d]; d--) at[d] = 0;
  }
}

/** The dims before the last `own` as one, where they follow each other; none if they are of size 1. */
function flattened(view: View, own: number): View | null {
  const rank = view.shape.length - own;
  if (rank <= 0) return view;
  const [batch, shape] = [view.shape.slice(0, rank), view.shape.slice(rank)];
  const strides = view.strides.slice(rank);
  if (numel(batch) === 1) return { ...view, shape, strides };
  const step = lineStride(batch, view.strides.slice(0, rank));
  return step === null ? null : { ...view, shape: [numel(batch), ...shape], strides: [step, ...strides] };
}

type Optional = View | null;
type Flat<T extends readonly Optional[]> = { readonly [K in keyof T]: T[K] };

/** Operands with one batch dim, where all can have it: many small heads are few blocks then. `matrices` have two dims of their own, `vectors` one. */
function flattenedAll<const M extends readonly Optional[], const V extends readonly Optional[]>(
  batch: readonly number[],
  matrices: M,
  vectors: V,
): { readonly matrices: Flat<M>; readonly vectors: Flat<V> } {
  const flat = (views: readonly Optional[], own: number) => views.map((view) => view && flattened(view, own));
  const [flatMatrices, flatVectors] = [flat(matrices, 2), flat(vectors, 1)];
  const fits = (views: readonly Optional[], flats: readonly Optional[], own: number): boolean =>
    views.every((view, i) => {
      const x = flats[i];
      return view === null || (x !== null && (x.shape.length <= own || x.shape[0] === numel(batch)));
    });
  return fits(matrices, flatMatrices, 2) && fits(vectors, flatVectors, 1)
    ? { matrices: flatMatrices as unknown as Flat<M>, vectors: flatVectors as unknown as Flat<V> }
    : { matrices, vectors };
}

/** The heads of a block as `[heads, …]`: the last `own` dims are kept, those before broadcast to the batch. */
function headsOf(view: View, { at, head, heads }: Block, own: number): View {
  const rank = view.shape.length - own;
  const strideOf = (fromEnd: number): number => {
    const d = rank - fromEnd;
    return d < 0 || view.shape[d] === 1 ? 0 : view.strides[d];
  };
  const offset = at.reduce((sum, i, d) => sum + i * strideOf(at.length + 1 - d), view.offset + head * strideOf(1));
  return {
    ...view,
    offset,
    shape: [heads, ...view.shape.slice(rank)],
    strides: [strideOf(1), ...view.strides.slice(rank)],
  };
}

/** The queries of a block in dim 1. */
const queriesOf = (view: View, { query, queries }: Block): View => ({
  ...view,
  offset: view.offset + query * view.strides[1],
  shape: view.shape.map((n, d) => (d === 1 ? queries : n)),
});

const transposed = (view: View): View => ({
  ...view,
  shape: [view.shape[0], view.shape[2], view.shape[1]],
  strides: [view.strides[0], view.strides[2], view.strides[1]],
});

/** One head of a block. */
const single = (view: View, head: number): View => ({
  ...view,
  offset: view.offset + head * view.strides[0],
  shape: [1, ...view.shape.slice(1)],
});

/** A mask with all dims of scores of one head, those that it lacks with stride 0. */
function expandedMask(mask: View, length: number, columns: number): View {
  const shape = [...mask.shape];
  const strides = [...mask.strides];
  while (shape.length < 2) {
    shape.unshift(1);
    strides.unshift(0);
  }
  [length, columns].forEach((size, i) => {
    const d = shape.length - 2 + i;
    if (shape[d] !== size) strides[d] = 0;
    shape[d] = size;
  });
  return { ...mask, shape, strides };
}

/** A call's scores, block by block. */
class Scores {
  readonly #families: Families;
  readonly #attrs: Attrs;
  readonly #precision: Precision;
  readonly #mask: View | null;
  /** What a causal mask keeps. */
  readonly #causal: View | null;

  constructor(
    families: Families,
    temporary: Temporary,
    [query, key, mask]: readonly [View, View, View | null],
    attrs: Attrs,
  ) {
    this.#families = families;
    this.#attrs = attrs;
    this.#precision = query.dtype as Precision;
    const [length, columns] = [query, key].map(({ shape }) => shape[shape.length - 2]);
    this.#mask = mask && expandedMask(mask, length, columns);
    this.#causal = attrs.isCausal ? temporary('bool', [length, columns]) : null;
    if (this.#causal) families.map([this.#causal], [], upToRow(), []);
  }

  /** `query · scale`, into a view of its own. */
  scaled(query: View, temporary: Temporary): View {
    const to = temporary(query.dtype, query.shape);
    this.#families.map([to], [query], scaling(query.dtype), [this.#attrs.scale]);
    return to;
  }

  /** The weights of a block from its scaled queries and its keys; the logarithms of their sums go to `sums`, `[heads, queries]`. */
  weights(query: View, key: View, sums: View, block: Block, temporary: Temporary): View {
    const { matmul } = this.#families;
    const shape = [query.shape[0], query.shape[1], key.shape[1]];
    const scores = temporary(query.dtype, shape);
    matmul(scores, query, transposed(key), perHead);
    const masks = this.#masks(block, temporary);
    // rows of a mask that heads share are not one step apart from head to head
    const parts = masks.kept || masks.added ? Array.from({ length: block.heads }, (_, h) => h) : [null];
    const name = `attention${masks.kept ? ' kept' : ''}${masks.added ? ' added' : ''}`;
    const body = weightsBody({ kept: masks.kept !== null, added: masks.added !== null });
    for (const head of parts) {
      const part = (view: View): View => (head === null ? view : single(view, head));
      const own = part(scores);
      this.#families.rows
        .call(name, this.#precision, body)
        .run(
          [
            { view: own, dims: byRows, written: true },
            { view: part(sums), dims: { outer: [0, 1], row: [] }, written: true },
            ...[masks.kept, masks.added]
              .filter((mask): mask is View => mask !== null)
              .map((mask) => ({ view: part(mask), dims: byRows })),
          ],
          own.shape[0] * own.shape[1],
          own.shape[2],
        );
    }
    return scores;
  }

  #masks(block: Block, temporary: Temporary): { readonly kept: View | null; readonly added: View | null } {
    const ofBlock = (view: View | null): View | null => view && queriesOf(headsOf(view, block, 2), block);
    const causal = ofBlock(this.#causal);
    const mask = ofBlock(this.#mask);
    if (mask?.dtype !== 'bool') return { kept: causal, added: mask };
    if (causal === null) return { kept: mask, added: null };
    const kept = temporary('bool', mask.shape);
    this.#families.map([kept], [causal, mask], both(), []);
    return { kept, added: null };
  }
}

const lengthsOf = (query: View, key: View): readonly [number, number] => [
  query.shape[query.shape.length - 2],
  key.shape[key.shape.length - 2],
];

function forward(
  families: Families,
  [result, logSums]: readonly View[],
  [q, k, v, m]: readonly [View, View, View, Optional],
  attrs: Attrs,
): void {
  const batch = logSums.shape.slice(0, -1);
  const { matrices, vectors } = flattenedAll(batch, [q, k, v, m, result], [logSums]);
  const [query, key, value, mask, out] = matrices;
  const [sums] = vectors;
  const { rows, matmul } = families;
  rows.withTemporaries((keep) => {
    const scores = new Scores(families, keep, [query, key, mask], attrs);
    for (const block of blocksOf(sums.shape.slice(0, -1), ...lengthsOf(query, key))) {
      rows.withTemporaries((temporary) => {
        const ofBlock = (view: View, own: number): View => queriesOf(headsOf(view, block, own), block);
        const scaled = scores.scaled(ofBlock(query, 2), temporary);
        const weights = scores.weights(scaled, headsOf(key, block, 2), ofBlock(sums, 1), block, temporary);
        matmul(ofBlock(out, 2), weights, headsOf(value, block, 2), perHead);
      });
    }
  });
}

function backward(
  families: Families,
  outs: readonly View[],
  [g, gSum, q, k, v, m, , logSums]: readonly [View, Optional, View, View, View, Optional, View, View],
  attrs: BackwardAttrs,
): void {
  const { rows, matmul, map } = families;
  const { dtype } = q;
  let given = 0;
  const [toQuery = null, toKey = null, toValue = null] = attrs.wanted.map((is) => (is ? outs[given++] : null));
  const batch = logSums.shape.slice(0, -1);
  const { matrices, vectors } = flattenedAll(batch, [q, k, v, m, g, toQuery, toKey, toValue], [logSums, gSum]);
  const [query, key, value, mask, grad, queryGrad, keyGrad, valueGrad] = matrices;
  const [sums, gradSum] = vectors;
  rows.withTemporaries((keep) => {
    const scores = new Scores(families, keep, [query, key, mask], attrs);
    for (const block of blocksOf(sums.shape.slice(0, -1), ...lengthsOf(query, key))) {
      rows.withTemporaries((temporary) => {
        const ofHeads = (view: View): View => headsOf(view, block, 2);
        const ofBlock = (view: View, own = 2): View => queriesOf(headsOf(view, block, own), block);
        /** Σ over queries: those of the first block, then each other. */
        const accumulate = (to: View, a: View, b: View): void => {
          const sum = block.query === 0 ? to : temporary(dtype, to.shape);
          matmul(sum, transposed(a), b, perHead);
          if (sum !== to) map([to], [to, sum], adding(dtype), []);
        };
        const [toResult, scaled] = [ofBlock(grad), scores.scaled(ofBlock(query), temporary)];
        const again = temporary(dtype, toResult.shape.slice(0, 2));
        const weights = scores.weights(scaled, ofHeads(key), again, block, temporary);
        if (valueGrad) accumulate(ofHeads(valueGrad), weights, toResult);
        if (!queryGrad && !keyGrad) return;
        const toScores = temporary(dtype, weights.shape);
        matmul(toScores, toResult, transposed(ofHeads(value)), perHead);
        const beside = gradSum ? [{ view: ofBlock(gradSum, 1), dims: { outer: [0, 1], row: [] } }] : [];
        rows
          .call(`attentionBackward${gradSum ? ' sum' : ''}`, dtype as Precision, scoresBackwardBody(gradSum !== null))
          .run(
            [{ view: toScores, dims: byRows, written: true }, { view: weights, dims: byRows }, ...beside],
            weights.shape[0] * weights.shape[1],
            weights.shape[2],
          );
        if (queryGrad) {
          const to = ofBlock(queryGrad);
          matmul(to, toScores, ofHeads(key), perHead);
          map([to], [to], scaling(dtype), [attrs.scale]);
        }
        if (keyGrad) accumulate(ofHeads(keyGrad), toScores, scaled);
      });
    }
  });
}

const isSame = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, d) => n === b[d]);

/** Whether there is a kernel for queries, keys, values and a mask. */
function supports([query, key, value, mask]: Operands): true | string {
  const views = [query, key, value] as readonly View[];
  const [{ dtype }] = views;
  if (precisionOf(dtype) !== dtype) return `no kernel for ${dtype}`;
  if (mask !== null && typeof mask === 'object' && mask.dtype !== 'bool' && mask.dtype !== dtype)
    return `a mask of ${mask.dtype} beside ${dtype}`;
  if (views.some(({ shape }) => numel(shape) === 0)) return 'no elements';
  const batches = views.map(({ shape }) => shape.slice(0, -2));
  return batches.every((batch) => isSame(batch, batches[0])) || 'heads that are broadcast';
}

export function attentionOverrides(families: Families): { readonly [op: string]: Override<Buffer> } {
  return {
    scaledDotProductAttention: {
      supports,
      run: (outs, inputs, attrs) => forward(families, outs, inputs as never, attrs as Attrs),
    },
    scaledDotProductAttentionBackward: {
      supports: ([, , ...inputs], attrs) =>
        (attrs as BackwardAttrs).wanted[3] ? 'no kernel for the gradient of a mask' : supports(inputs),
      run: (outs, inputs, attrs) => backward(families, outs, inputs as never, attrs as BackwardAttrs),
    },
  };
}
