/** Softmax, its logarithm and their gradients, one dispatch each. */
import type { Override, SoftmaxAttrs } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from '../gpu.ts';
import type { View } from '../shader.ts';
import { dimOf, type Operands, viewed } from './call.ts';
import { type RowWriter, runRows } from './rows.ts';

type Body = (row: RowWriter) => readonly string[];

// operands: the result, x
const softmax: Body = (row) => {
  const shifted = () => row.call('exp_of', `${row.load(1)} - largest`);
  return [
    row.largest('largest', () => row.load(1)),
    row.sums({ total: shifted }),
    row.each(() => row.store(0, `${shifted()} / total`)),
  ];
};

const logSoftmax: Body = (row) => [
  row.largest('largest', () => row.load(1)),
  row.sums({ total: () => row.call('exp_of', `${row.load(1)} - largest`) }),
  `let logarithm = ${row.call('log_of', 'total')};`,
  row.each(() => row.store(0, `${row.load(1)} - largest - logarithm`)),
];

// operands: the result, g, y
const softmaxBackward: Body = (row) => [
  row.sums({ share: () => `${row.load(1)} * ${row.load(2)}` }),
  row.each(() => row.store(0, `${row.load(2)} * (${row.load(1)} - share)`)),
];

const logSoftmaxBackward: Body = (row) => [
  row.sums({ total: () => row.load(1) }),
  row.each(() => row.store(0, `${row.load(1)} - ${row.call('exp_of', row.load(2))} * total`)),
];

/** The dims with `dim`, which is the row, at the end. */
function rowLast(view: View, dim: number): View {
  if (view.shape.length === 0) return viewed(view, [[1, 0]]);
  const others = view.shape.flatMap((_, d) => (d === dim ? [] : [dimOf(view, d)]));
  return viewed(view, [...others, dimOf(view, dim)]);
}

/** By op name. */
export function softmaxOverrides(gpu: Gpu): { readonly [op: string]: Override<Buffer> } {
  const override = (name: string, body: Body): Override<Buffer> => ({
    run([out], inputs: Operands, attrs) {
      const { dim } = attrs as SoftmaxAttrs;
      const [result, ...ins] = [out, ...(inputs as readonly View[])].map((view) => rowLast(view, dim));
      runRows(gpu, { name, outs: [result], ins, outer: result.shape.length - 1, body });
    },
  });
  return {
    softmax: override('softmax', softmax),
    logSoftmax: override('logSoftmax', logSoftmax),
    softmaxBackward: override('softmaxBackward', softmaxBackward),
    logSoftmaxBackward: override('logSoftmaxBackward', logSoftmaxBackward),
  };
}
