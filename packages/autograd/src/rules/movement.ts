/** Derivatives of movement ops. All are linear: what moved elements there moves gradients back. */
import {
  type AnySig,
  AutogradError,
  builtinOps,
  dispatch,
  type MovementOps,
  type OpSpec,
  type Tensor,
} from '@tenfold/tensor-core';
import { type FormulaContext, formula, joint, linear, noGradient, type Rules, viaBody, type Wrt } from '../rule.ts';

/** The gradient written through a view into zeros of the input's shape. */
const throughView = <S extends AnySig>(view: OpSpec): Wrt<S> => ({
  ...linear((c) => dispatch(builtinOps.viewScatter, [c.grad.newZeros(c.shape(0)), c.grad], { view, attrs: c.attrs })),
  window: true,
});

/** Zeros of the shape of input `i`: what it held was overwritten. */
const overwritten = <S extends AnySig>(i = 0): Wrt<S> => linear((c) => c.grad.newZeros(c.shape(i)));

/** Positions 0 … n - 1 on the gradient's device. */
const positions = (grad: Tensor, n: number): Tensor =>
  dispatch(builtinOps.arange, [], { start: 0, end: n, step: 1, dtype: 'int64', device: grad.device });

/** The sum over all windows that an element is in: window w holds positions w·step … w·step + size - 1. */
function foldWindows(c: FormulaContext<MovementOps['unfold']>): Tensor {
  const { dim, size, step } = c.attrs;
  if (c.shape(0).length === 0) return c.grad.reshape([]);
  const at = positions(c.grad, c.grad.shape[dim]).mul(step).unsqueeze(1).add(positions(c.grad, size)).flatten();
  const windows = c.grad.movedim(-1, dim + 1).flatten(dim, dim + 1);
  return c.grad.newZeros(c.shape(0)).indexAdd(dim, at, windows);
}

/** The gradient of the storage, summed where the view shows an element more than once, read as the input reads the storage. */
function throughStorage(c: FormulaContext<MovementOps['asStrided']>): Tensor {
  const { shape, strides, offset, from } = c.attrs;
  const input = c.shape(0);
  if (input.some((size, d) => size > 1 && from.strides[d] === 0)) {
    throw new AutogradError(
      'asStrided: the gradient for an expanded input is not implemented; use clone() before asStrided()',
    );
  }
  const last = (sizes: readonly number[], steps: readonly number[]): number =>
    sizes.reduce((sum, size, d) => sum + Math.max(size - 1, 0) * steps[d], 0);
  const start = offset ?? from.offset;
  const extent = 1 + Math.max(start + last(shape, strides), from.offset + last(input, from.strides));
  const at = positions(c.grad, extent).asStrided(shape, strides, start).flatten();
  return c.grad.newZeros([extent]).indexAdd(0, at, c.grad.flatten()).asStrided(input, from.strides, from.offset);
}

export const movement: Rules<MovementOps> = {
  view: formula(linear((c) => c.grad.reshape(c.shape(0)))),
  // summed over the repeated dims by the engine
  expand: formula(linear((c) => c.grad)),
  permute: formula(linear((c) => c.grad.permute(c.attrs.dims.map((_, d) => c.attrs.dims.indexOf(d))))),
  transpose: formula(linear((c) => c.grad.transpose(c.attrs.dim0, c.attrs.dim1))),
  t: formula(linear((c) => c.grad.t())),
  squeeze: formula(linear((c) => c.grad.reshape(c.shape(0)))),
  unsqueeze: formula(linear((c) => c.grad.squeeze(c.attrs.dim))),
  unflatten: formula(linear((c) => c.grad.reshape(c.shape(0)))),
  slice: formula(throughView(builtinOps.slice)),
  select: formula(throughView(builtinOps.select)),
  diagonal: formula(throughView(builtinOps.diagonal)),
  unfold: formula(linear(foldWindows)),
  asStrided: formula(linear(throughStorage)),
  detach: noGradient,
  data: noGradient,

  reshape: viaBody,
  flatten: viaBody,
  viewAs: viaBody,
  reshapeAs: viaBody,
  expandAs: viaBody,

  clone: formula(linear((c) => c.grad)),
  copy: formula(
    overwritten(),
    linear((c) => c.grad),
  ),
  // the base keeps its gradient outside of the view, the value gets what is inside; views are replayed on memory in row-major order
  viewScatter: formula(
    linear((c) => dispatch(builtinOps.viewScatter, [c.grad.contiguous(), c.grad.newZeros(c.shape(1))], c.attrs)),
    linear((c) => dispatch(c.attrs.view, [c.grad.contiguous()], c.attrs.attrs) as Tensor),
  ),

  flip: formula(linear((c) => c.grad.flip(c.attrs.dims))),
  roll: viaBody,
  tril: formula(linear((c) => c.grad.tril(c.attrs.diagonal))),
  triu: formula(linear((c) => c.grad.triu(c.attrs.diagonal))),
  diag: viaBody,
  diagEmbed: viaBody,
  repeat: viaBody,
  repeatInterleave: viaBody,
  cat: joint([], (c) => {
    const { dim } = c.attrs;
    const grads: (Tensor | null)[] = [];
    let start = 0;
    // inputs of cat have at least one dim; those of shape [0] were passed over
    for (let i = 0; c.shape(i).length > 0; i++) {
      const passed = c.shape(i).length !== c.grad.shape.length;
      const size = passed ? 0 : c.shape(i)[dim];
      grads.push(!c.needs(i) ? null : passed ? c.grad.newZeros(c.shape(i)) : c.grad.narrow(dim, start, size));
      start += size;
    }
    return grads;
  }),
  stack: joint([], (c) =>
    Array.from({ length: c.grad.shape[c.attrs.dim] }, (_, i) => (c.needs(i) ? c.grad.select(c.attrs.dim, i) : null)),
  ),
};
