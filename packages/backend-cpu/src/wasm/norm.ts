/** Normalisations of rows, and their gradients: one kernel each, which reads a row again while it is in the cache. */
import type { Expr, Override } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import type { Buffer, View } from '../elements.ts';
import { f64 } from './assembler.ts';
import { precisionOf, type RowDims, type Rows } from './rows.ts';
import { arithmetic, type Place, type Precision, type RowWriter } from './rows-kernel.ts';
import { bySteps, type Families, numel, type Operands, seenAs } from './steps.ts';

type Wanted = readonly boolean[];

/** Where a row kernel finds its operands. */
interface LayerOperands {
  readonly weight: number | null;
  readonly bias: number | null;
}

type Numbers = Parameters<Parameters<Rows['call']>[2]>[1];

/** Operands: x, the result, mean, 1/√(variance + ε), then weight and bias. Numbers: one by the length, ε. */
const layerNormBody =
  ({ weight, bias }: LayerOperands) =>
  (row: RowWriter, [perLength, eps]: Numbers): void => {
    const { add, mul, sub } = arithmetic(row.precision);
    const mean = row.splat(
      f64.mul(
        row.sum((at) => at.load(0)),
        perLength,
      ),
    );
    const squares = row.sum((at) => {
      const centred = row.keep(sub(at.load(0), mean));
      return mul(centred, centred);
    });
    const rstd = row.splat(reciprocalRoot(squares, perLength, eps));
    row.storeOne(2, mean);
    row.storeOne(3, rstd);
    row.each((at) => {
      const normed = mul(sub(at.load(0), mean), rstd);
      const scaled = weight === null ? normed : mul(normed, at.load(weight));
      at.store(1, bias === null ? scaled : add(scaled, at.load(bias)));
    });
  };

/** Operands: x, the result, 1/√(mean of squares + ε), then weight. */
const rmsNormBody =
  ({ weight }: LayerOperands) =>
  (row: RowWriter, [perLength, eps]: Numbers): void => {
    const { mul } = arithmetic(row.precision);
    const squares = row.sum((at) => {
      const x = at.load(0);
      return mul(x, x);
    });
    const rstd = row.splat(reciprocalRoot(squares, perLength, eps));
    row.storeOne(2, rstd);
    row.each((at) => {
      const normed = mul(at.load(0), rstd);
      at.store(1, weight === null ? normed : mul(normed, at.load(weight)));
    });
  };

const reciprocalRoot = (sum: Numbers[0], perLength: Numbers[0], eps: Numbers[0]) =>
  f64.div(f64.const(1), f64.sqrt(f64.add(f64.mul(sum, perLength), eps)));

/**
 * Operands: g, x, the gradient, 1/√(variance + ε), then mean, if it is subtracted, and weight:  dx = r (g - mean(g) - n · mean(g n)), where the mean of g
 * is left out if no mean was subtracted.
 */
const layerBackwardBody =
  (mean: number | null, weight: number | null) =>
  (row: RowWriter, [perLength]: Numbers): void => {
    const { mul, sub } = arithmetic(row.precision);
    const rstd = row.loadOne(3);
    const middle = mean === null ? null : row.loadOne(mean);
    const scaled = (at: Place) => (weight === null ? at.load(0) : row.keep(mul(at.load(0), at.load(weight))));
    const normed = (at: Place) => row.keep(mul(middle === null ? at.load(1) : sub(at.load(1), middle), rstd));
    const average = middle === null ? null : row.splat(f64.mul(row.sum(scaled), perLength));
    const share = row.splat(
      f64.mul(
        row.sum((at) => mul(scaled(at), normed(at))),
        perLength,
      ),
    );
    row.each((at) => {
      const gradient = average === null ? scaled(at) : sub(scaled(at), average);
      at.store(2, mul(sub(gradient, mul(normed(at), share)), rstd));
    });
  };

const splitDims = (rank: number, dims: number): RowDims => {
  const all = Array.from({ length: rank }, (_, d) => d);
  return { outer: all.slice(0, rank - dims), row: all.slice(rank - dims) };
};

/** A weight beside rows: the same for each. */
const besideRows = (view: View): { view: View; dims: RowDims } => ({
  view,
  dims: { outer: [], row: view.shape.map((_, d) => d) },
});

/** Overrides by op name. */
export function layerOverrides(families: Families): { readonly [op: string]: Override<Buffer> } {
  const { rows } = families;

  const layerForward = (name: string, hasMean: boolean): Override<Buffer> =>
    bySteps(
      families,
      name,
      (_, [out, ...stats], [x, weight, bias = null]: Operands, { dims, eps }: { dims: number; eps: number }) => {
        const input = x as View;
        const split = splitDims(input.shape.length, dims);
        const beside = [weight, bias].filter((view): view is View => view !== null);
        const first = 2 + stats.length;
        const at: LayerOperands = {
          weight: weight === null ? null : first,
          bias: bias === null ? null : first + (weight === null ? 0 : 1),
        };
        const length = numel(input.shape.slice(input.shape.length - dims));
        const body = hasMean ? layerNormBody(at) : rmsNormBody(at);
        const key = `${name}${weight === null ? '' : ' weight'}${bias === null ? '' : ' bias'}`;
        rows
          .call(key, precisionOf(input.dtype) as Precision, body)
          .run(
            [
              { view: input, dims: split },
              { view: out, dims: split, written: true },
              ...stats.map((view) => ({ view, dims: split, written: true })),
              ...beside.map(besideRows),
            ],
            numel(input.shape) / length,
            length,
            { numbers: [1 / length, eps] },
          );
      },
    );

  const layerBackward = (name: string, hasMean: boolean): Override<Buffer> =>
    bySteps(families, name, (steps, outs, inputs, { dims, wanted }: { dims: number; wanted: Wanted }) => {
      const [grad, x] = inputs as readonly View[];
      const [mean, rstd, weight] = (hasMean ? inputs.slice(2) : [null, ...inputs.slice(2)]) as [
        View | null,
        View,
        View | null,
      ];
      const split = splitDims(x.shape.length, dims);
      const length = numel(x.shape.slice(x.shape.length - dims));
      const left = [...outs];
      const next = (): View => left.shift() as View;
      if (wanted[0]) {
        const body = layerBackwardBody(mean && 4, weight && (mean ? 5 : 4));
        const key = `${name}${weight ? ' weight' : ''}`;
        rows
          .call(key, precisionOf(x.dtype) as Precision, body)
          .run(
            [
              { view: grad, dims: split },
              { view: x, dims: split },
              { view: next(), dims: split, written: true },
              ...[rstd, mean].filter((view): view is View => view !== null).map((view) => ({ view, dims: split })),
              ...(weight ? [besideRows(weight)] : []),
            ],
            numel(x.shape) / length,
            length,
            { numbers: [1 / length] },
          );
      }
      const kept = x.shape.map((size, d) => (d < x.shape.length - dims ? 1 : size));
      const sumTo = (out: View, step: string, ins: readonly View[], body: (e: readonly Expr[]) => Expr): void => {
        const sum = steps.sum(step, kept, ins, body);
        steps.map('store', [out], [seenAs(sum, out.shape, sum.strides.slice(x.shape.length - dims))], [], ([total]) => [
          total,
        ]);
      };
      if (wanted[1]) {
        const ins = mean ? [grad, x, rstd, mean] : [grad, x, rstd];
        sumTo(next(), 'weight', ins, ([g, v, r, m]) => e.mul(g, e.mul(m ? e.sub(v, m) : v, r)));
      }
      if (wanted[2]) sumTo(next(), 'bias', [grad], ([g]) => g);
    });

  return {
    layerNorm: layerForward('layerNorm', true),
    rmsNorm: layerForward('rmsNorm', false),
    layerNormBackward: layerBackward('layerNormBackward', true),
    rmsNormBackward: layerBackward('rmsNormBackward', false),
  };
}
