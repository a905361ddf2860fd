/** Tensors that are made while the model runs: constants, where their sizes are fixed. */
import type { CreateOps, DType } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import type { Dim } from '../dims.ts';
import type { Symbols } from './symbol.ts';

/** The values that the factory gave when it was run for the export. */
function folded(g: OpContext): Ref {
  const data = g.frame.folded.get(g.node);
  if (!data)
    throw g.error(
      `its size depends on ${g.axesBehind()}; make the tensor from an input (zerosLike, a slice of a larger constant)`,
    );
  return g.constantBytes(data, g.outDType(), g.node.outputs[0].shape);
}

/** One value everywhere. */
const filled = (g: OpContext, value: Dim, dtype: DType, dims: readonly Dim[]): Ref =>
  g.expand(g.scalar(value, dtype), dims);

/** Rows by op name. */
export const create: Symbols<CreateOps> = {
  full: (g) => {
    g.sizes('shape');
    return filled(g, g.size('value'), g.outDType(), g.outDims());
  },
  // whoever makes it writes it before reading
  empty: (g) => {
    g.sizes('shape');
    return filled(g, 0, g.outDType(), g.outDims());
  },
  fullLike: (g) => filled(g, g.size('value'), g.outDType(), g.outDims()),
  emptyLike: (g) => filled(g, 0, g.outDType(), g.outDims()),
  fromData: (g) => folded(g),
  eye: (g) => folded(g),
  arange: (g) => {
    if (g.frame.folded.has(g.node)) return folded(g);
    const dtype = g.outDType();
    const wide: DType =
      dtype === 'int64' || dtype === 'int32' || dtype === 'float64' || dtype === 'float32' ? dtype : 'int64';
    const bounds = ['start', 'end', 'step'].map((name) => g.scalar(g.size(name), wide));
    return g.cast(g.op('Range', bounds), dtype);
  },
  linspace: (g) => folded(g),
  logspace: (g) => folded(g),
  toCopy: (g) => g.cast(g.x(), g.outDType()),
  fill: (g) => g.expand(g.operand(1, g.outDType()), g.outDims()),
};
