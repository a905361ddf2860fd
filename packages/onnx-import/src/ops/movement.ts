/** Ops that move elements. */
import type { Row, Rows } from '../context.ts';

/** A size of 0 is the input's, unless `allowzero`. */
const reshape: Row = (c) => {
  const x = c.x();
  const sizes = c.opset < 5 ? [...c.ints('shape')] : c.hostInts(1);
  if (c.int('allowzero', 0)) return x.reshape(sizes);
  return x.reshape(sizes.map((size, d) => (size === 0 ? (x.shape[d] ?? 0) : size)));
};

export const movement: Rows = {
  Reshape: reshape,
  Transpose: (c) => c.x().permute(c.ints('perm', [...c.shape().keys()].reverse())),
};
