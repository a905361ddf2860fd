/**
 * Pieces that the formulas of optimiser steps share. Their order of operations is that of PyTorch's single-tensor implementations.
 */
import * as e from '../expr.ts';

/** Attributes of every step: the gradient gets `weightDecay · param` added, and is negated first to `maximize`. */
export interface StepAttrs {
  readonly weightDecay: number;
  readonly maximize: boolean;
}

/** The gradient as the optimisers use it: negated to maximise, with L2 decay added unless it is `decoupled`. */
export function decayed(
  param: e.Expr,
  grad: e.Expr,
  weightDecay: e.Expr,
  { maximize, weightDecay: rate }: StepAttrs,
  decoupled = false,
): e.Expr {
  const signed = maximize ? e.neg(grad) : grad;
  return rate === 0 || decoupled ? signed : e.add(signed, e.mul(weightDecay, param));
}

/** x · decay + value · y: PyTorch's `x.mul_(decay).add_(y, alpha=value)`. */
export const blend = (x: e.Expr, decay: e.Expr, value: e.Expr, y: e.Expr): e.Expr =>
  e.add(e.mul(x, decay), e.mul(value, y));

/** x · decay + value · y · y: PyTorch's `x.mul_(decay).addcmul_(y, y, value=value)`. */
export const blendSquare = (x: e.Expr, decay: e.Expr, value: e.Expr, y: e.Expr): e.Expr =>
  e.add(e.mul(x, decay), e.mul(e.mul(value, y), y));

/** x + value · y / z: PyTorch's `addcdiv`. */
export const addQuotient = (x: e.Expr, value: e.Expr, y: e.Expr, z: e.Expr): e.Expr =>
  e.add(x, e.div(e.mul(value, y), z));
