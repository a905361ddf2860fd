/** One-hot vectors and embeddings. A file of their own: no method needs them. */
import { dispatch } from '../dispatch.ts';
import { IndexError, ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import { OpSpec } from '../spec.ts';
import { requireTensor } from './build.ts';
import { checkIndex, type EmbeddingOps, type IndexOps, index, like } from './index.ts';

/** Rows by op name. */
export const embedding: { readonly [K in EmbeddingOps]: OpSpec<IndexOps[K]> } = {
  oneHot: new OpSpec({
    name: 'oneHot',
    infer([x], { numClasses }) {
      checkIndex('oneHot', x, 0);
      return { shape: [...x.shape, numClasses], dtype: 'int64' };
    },
    body([x], { numClasses }) {
      const zeros = x.newZeros([...x.shape, numClasses], { dtype: 'int64' });
      try {
        return dispatch(index.scatter, [zeros, x.unsqueeze(-1), 1], { dim: x.shape.length });
      } catch (error) {
        if (!(error instanceof IndexError)) throw error;
        throw new IndexError(
          `Class values must be smaller than num_classes. There are ${numClasses} classes, from 0: ${error.message}`,
          { cause: error },
        );
      }
    },
  }),
  embedding: new OpSpec({
    name: 'embedding',
    infer([weight, indices]) {
      checkIndex('embedding', indices, 1);
      requireTensor('embedding', weight);
      if (weight.shape.length !== 2)
        throw new ShapeError(`embedding: 'weight' must be 2-D, got shape ${formatShape(weight.shape)}`);
      return like(weight, [...indices.shape, weight.shape[1]]);
    },
    body: ([weight, indices]) =>
      dispatch(index.indexSelect, [weight, indices.flatten()], { dim: 0 }).unflatten(0, indices.shape),
  }),
  // the rows that were read get the gradient, but for the padding row
  embeddingBackward: new OpSpec({
    name: 'embeddingBackward',
    infer([grad, indices], { rows }) {
      const name = 'embeddingBackward';
      requireTensor(name, grad);
      checkIndex(name, indices, 1);
      if (grad.ndim === 0 || !sameShape(grad.shape.slice(0, -1), indices.shape))
        throw new ShapeError(
          `${name}: expected a gradient of shape [${[...indices.shape, 'columns'].join(', ')}], got ${formatShape(grad.shape)}`,
        );
      return { shape: [rows, grad.shape[grad.ndim - 1]], dtype: grad.dtype };
    },
    body([grad, indices], { rows, paddingIdx }) {
      const columns = grad.shape[grad.ndim - 1];
      const at = indices.flatten();
      const each = grad.reshape([at.numel(), columns]);
      const kept = paddingIdx === null ? each : each.maskedFill(at.eq(paddingIdx).unsqueeze(1), 0);
      return grad.newZeros([rows, columns]).indexAdd(0, at, kept);
    },
  }),
};
