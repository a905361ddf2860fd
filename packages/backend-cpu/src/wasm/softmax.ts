/** Softmax, its logarithm and their gradients as one kernel each: a row is read again while it is in the cache. */
import type { Override, SoftmaxAttrs } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import type { Buffer, View } from '../elements.ts';
import { f64 } from './assembler.ts';
import { precisionOf, type RowDims, type Rows } from './rows.ts';
import { arithmetic, type Precision, type RowWriter } from './rows-kernel.ts';

type Body = (row: RowWriter) => void;
type Operands = readonly (View | number | null)[];

const one = f64.const(1);

/** Operands: x, the result, and a row for what is not yet divided: the result itself, where it holds all digits. */
const softmaxBody =
  (work: 1 | 2): Body =>
  (row) => {
    const { mul } = arithmetic(row.precision);
    const largest = row.largest((at) => at.load(0));
    const total = row.sum((at) => {
      const exponential = row.keep(row.expBelow(at.load(0), largest));
      at.store(work, exponential);
      return exponential;
    });
    const scale = row.splat(f64.div(one, total));
    row.each((at) => at.store(1, mul(at.load(work), scale)));
  };

/** Operands: x, the result. */
const logSoftmaxBody: Body = (row) => {
  const { sub } = arithmetic(row.precision);
  const largest = row.largest((at) => at.load(0));
  const total = row.sum((at) => row.expBelow(at.load(0), largest));
  const logarithm = row.compute(e.log(e.input(0, row.precision)), [row.splat(total)]);
  row.each((at) => at.store(1, sub(sub(at.load(0), largest), logarithm)));
};

/** Operands: g, y, the result y · (g - Σ g·y). */
const softmaxBackwardBody: Body = (row) => {
  const { mul, sub } = arithmetic(row.precision);
  const share = row.splat(row.sum((at) => mul(at.load(0), at.load(1))));
  row.each((at) => at.store(2, mul(at.load(1), sub(at.load(0), share))));
};

/** Operands: g, y, the result g - exp(y) · Σ g. */
const logSoftmaxBackwardBody: Body = (row) => {
  const total = row.splat(row.sum((at) => at.load(0)));
  const formula = e.sub(e.input(0, row.precision), e.mul(e.exp(e.input(1, row.precision)), e.input(2, row.precision)));
  row.each((at) => at.store(2, row.compute(formula, [at.load(0), at.load(1), total])));
};

/** The dims around `dim`, which is the row. */
const dimsAround = (shape: readonly number[], dim: number): RowDims =>
  shape.length === 0 ? { outer: [], row: [] } : { outer: shape.flatMap((_, d) => (d === dim ? [] : [d])), row: [dim] };

export function softmaxOverrides(rows: Rows): { readonly [op: string]: Override<Buffer> } {
  const override = (
    name: string,
    body: (precision: Precision, narrow: boolean) => { readonly body: Body; readonly work: boolean },
  ): Override<Buffer> => ({
    supports: (inputs: Operands) => {
      const [first, second = first] = inputs as readonly View[];
      const same = precisionOf(first.dtype) === precisionOf(second.dtype);
      return same || `${first.dtype} beside ${second.dtype}`;
    },
    run: ([out], inputs: Operands, attrs) => {
      const { dim } = attrs as SoftmaxAttrs;
      const { shape } = out;
      const length = shape.length === 0 ? 1 : shape[dim];
      const count = shape.reduce((n, size) => n * size, 1) / Math.max(1, length);
      const precision = precisionOf(out.dtype);
      if (count * length === 0 || precision === null) return;
      const dims = dimsAround(shape, dim);
      const chosen = body(precision, out.dtype !== precision);
      const operands = (inputs as readonly View[]).map((view) => ({ view, dims }));
      rows
        .call(name, precision, chosen.body)
        .run([...operands, { view: out, dims, written: true }], count, length, { work: chosen.work });
    },
  });
  const alone = (body: Body) => () => ({ body, work: false });
  return {
    softmax: override('softmax', (_, narrow) => ({ body: softmaxBody(narrow ? 2 : 1), work: narrow })),
    logSoftmax: override('logSoftmax', alone(logSoftmaxBody)),
    softmaxBackward: override('softmaxBackward', alone(softmaxBackwardBody)),
    logSoftmaxBackward: override('logSoftmaxBackward', alone(logSoftmaxBackwardBody)),
  };
}
