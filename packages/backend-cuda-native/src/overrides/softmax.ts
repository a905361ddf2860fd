/** Softmax, its logarithm and their gradients, one launch each. */
import { isFloat, type Override, type SoftmaxAttrs } from '@tenfold/tensor-core';
import type { Cuda } from '../cuda.ts';
import { type Buffer, kernelTypes, type View } from '../elements.ts';
import { blocksFor, type Operands, ordered, repeated, rowsOf, shareRows, viewed, writeRows } from './rows.ts';

/** The dims but `dim`, which is the row, come first; a scalar is a row of one. */
function rowLast(view: View, dim: number): View {
  if (view.shape.length === 0) return viewed(view, repeated([1]));
  return ordered(
    view,
    view.shape.flatMap((_, d) => (d === dim ? [] : [d])),
  );
}

function run(cuda: Cuda, name: string, out: View, ins: readonly View[], { dim }: SoftmaxAttrs): void {
  const { dtype } = out;
  const operands = [out, ...ins].map((view) => rowLast(view, dim));
  const rows = rowsOf(operands, operands.length, operands[0].shape.length - 1);
  if (rows.count * rows.length === 0) return;
  const { lanes, variant, threads } = shareRows(rows, dtype, true);
  const call = cuda.call(`${name}${variant}_${kernelTypes[dtype]}`);
  for (const view of operands) call.view(view);
  writeRows(call, rows, lanes, rows.across, operands.length);
  call.launch(blocksFor(rows.count, lanes, threads), threads);
}

/** A gradient of another dtype than the result's is rare: the derived op casts it. */
const supports = (inputs: Operands): true | string => {
  const views = inputs as readonly View[];
  const { dtype } = views[0];
  if (!views.every((view) => isFloat(view.dtype) && view.dtype === dtype)) return 'floats of one dtype only';
  return views.every(({ shape }) => shape.length <= 8) || 'more than 8 dims';
};

/** By op name. */
export function softmaxOverrides(cuda: Cuda): { readonly [op: string]: Override<Buffer> } {
  const override = (name: string): Override<Buffer> => ({
    supports,
    run: ([out], inputs: Operands, attrs) => run(cuda, name, out, inputs as readonly View[], attrs as SoftmaxAttrs),
  });
  return {
    softmax: override('softmax'),
    logSoftmax: override('log_softmax'),
    softmaxBackward: override('softmax_backward'),
    logSoftmaxBackward: override('log_softmax_backward'),
  };
}
