/** Elementwise ops. */
import { add, div, mul, relu, sub, type Tensor } from '@tenfold/tensor-core';
import type { NodeContext, Row, Rows } from '../context.ts';

/** A row of an op of two operands that broadcast. */
export const binary =
  (op: (a: Tensor, b: Tensor | number) => Tensor): Row =>
  (c: NodeContext) =>
    op(c.x(0), c.operand(1));

export const elementwise: Rows = {
  Relu: (c) => relu(c.x()),
  Add: binary(add),
  Sub: binary(sub),
  Mul: binary(mul),
  Div: binary(div),
};
