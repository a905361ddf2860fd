/** `stack`, which no method calls: a page that doesn't call it doesn't ship it. */
import { dispatch } from '../dispatch.ts';
import { resultType } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import { OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { requireTensor } from './build.ts';
import { type DimAttrs, type MovementMethodOps, movement, spliced } from './movement.ts';

interface StackOps {
  stack: Sig<readonly Tensor[], DimAttrs>;
}

/** All ops that move elements, by op name. */
export interface MovementOps extends MovementMethodOps, StackOps {}

function stackMeta(tensors: readonly Tensor[], dim: number): TensorMeta {
  for (const [i, x] of tensors.entries()) requireTensor('stack', x, i);
  if (tensors.length === 0) throw new ArgumentError('stack: expected a non-empty list of Tensors');
  tensors.forEach((x, i) => {
    if (sameShape(x.shape, tensors[0].shape)) return;
    throw new ShapeError(
      `stack expects each tensor to be equal size, but got ${formatShape(tensors[0].shape)} at entry 0 and ${formatShape(x.shape)} at entry ${i}`,
    );
  });
  return { shape: spliced(tensors[0].shape, dim, 0, tensors.length), dtype: resultType(tensors) };
}

/** The tensors side by side along a new dim. */
export const stack: OpSpec<StackOps['stack']> = new OpSpec({
  name: 'stack',
  infer: (tensors, { dim }) => stackMeta(tensors, dim),
  body: (tensors, { dim }) =>
    dispatch(
      movement.cat,
      tensors.map((x) => x.unsqueeze(dim)),
      { dim },
    ),
});
