/** Ops on tensors whose values JavaScript knows: the arithmetic of shapes. A row gives `null` where it leaves the op to the device. */
import { broadcastShapes } from '@tenfold/tensor-core';
import type { Row, Rows } from './context.ts';
import { HOST_LIMIT, HostTensor, hostTensor } from './values.ts';

const binary =
  (op: (a: number, b: number) => number): Row =>
  (c) => {
    const [a, b] = [c.host(0), c.host(1)];
    if (a.dtype !== b.dtype || !a.numbers || !b.numbers) return null;
    const shape = broadcastShapes([a.shape, b.shape], c.node.opType);
    if (shape.length > 1) return null;
    const [x, y] = [a.numbers, b.numbers];
    const count = shape[0] ?? 1;
    if (count > HOST_LIMIT) return null;
    const numbers = Array.from({ length: count }, (_, i) => op(x[x.length === 1 ? 0 : i], y[y.length === 1 ? 0 : i]));
    return hostTensor(a.dtype, shape, numbers);
  };

export const hostRows: Rows = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Concat: (c) => {
    const parts = Array.from({ length: c.inputCount }, (_, i) => c.host(i));
    if (parts.some(({ dtype, shape, numbers }) => dtype !== parts[0].dtype || shape.length !== 1 || !numbers))
      return null;
    const numbers = parts.flatMap((part) => part.numbers ?? []);
    return new HostTensor(parts[0].dtype, [numbers.length], numbers);
  },
};
