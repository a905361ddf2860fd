/** Ops that compute nothing: constants, shapes, identities, control flow. */
import type { Row, Rows } from '../context.ts';
import { HostTensor } from '../values.ts';

const constant: Row = (c) => {
  if (c.given('value')) return c.tensor('value');
  if (c.given('value_float')) return new HostTensor('float32', [], [Math.fround(c.float('value_float'))]);
  if (c.given('value_int')) return c.ofInts([c.int('value_int')], []);
  if (c.given('value_floats')) {
    const floats = c.floats('value_floats').map(Math.fround);
    return new HostTensor('float32', [floats.length], floats);
  }
  if (c.given('value_ints')) return c.ofInts(c.ints('value_ints'));
  throw c.error('only tensors, numbers and lists of numbers can be constants here, no strings and no sparse tensors');
};

/** The `start`th to `end`th dim of a shape; negative ones count from its end, and others are clamped. */
const shape: Row = (c) => {
  const sizes = c.shape();
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + sizes.length : at, 0), sizes.length);
  return c.ofInts(sizes.slice(clamp(c.int('start', 0)), clamp(c.int('end', sizes.length))));
};

/** These make no tensors. */
export const structure: Rows = {
  Constant: constant,
  Identity: (c) => c.value(0),
  Shape: shape,
  Size: (c) => c.ofInts([c.shape().reduce((n, size) => n * size, 1)], []),
};
