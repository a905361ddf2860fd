/**
 * Fused optimiser steps: one kernel call updates a parameter and its state in place. Call them with grad mode off. All tensors have one shape and
 * one float dtype; the numbers compile nothing. Formulas as in PyTorch's optimisers (https://pytorch.org/docs/stable/optim.html).
 */
import { dispatch } from '../dispatch.ts';
import { checkOptions } from '../errors.ts';
import { optim as ops } from '../ops/optim.ts';
import type { Tensor } from '../tensor.ts';

/** Options of every step. */
export interface StepOptions {
  /** The learning rate of this step. */
  lr: number;
  /** Adds `weightDecay · param` to the gradient. Default 0. */
  weightDecay?: number;
  /** Goes up the gradient. Default false. */
  maximize?: boolean;
}

/** Options of {@link sgdStep_}. */
export interface SgdStepOptions extends StepOptions {
  /** Default 0. */
  momentum?: number;
  /** Of this step: pass 0 on the first one, with a momentum buffer of zeros, so that the buffer becomes the gradient. Default 0. */
  dampening?: number;
  /** Default false. */
  nesterov?: boolean;
}

/** Options of {@link adamStep_}. */
export interface AdamStepOptions extends StepOptions {
  /** Which step this is, from 1. */
  step: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  eps?: number;
  /** Decays the parameter instead of the gradient: AdamW. Default false. */
  decoupled?: boolean;
}

/** Options of {@link rmspropStep_}. */
export interface RmspropStepOptions extends StepOptions {
  /** Default 0.99. */
  alpha?: number;
  /** Default 1e-8. */
  eps?: number;
  /** Default 0. */
  momentum?: number;
}

const stepOptions = ['lr', 'weightDecay', 'maximize'];
const sgdOptions = [...stepOptions, 'momentum', 'dampening', 'nesterov'];
const adamOptions = [...stepOptions, 'step', 'beta1', 'beta2', 'eps', 'decoupled'];
const rmspropOptions = [...stepOptions, 'alpha', 'eps', 'momentum'];

/**
 * A step of stochastic gradient descent, into `param` and `momentumBuffer` (`null` without momentum).
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function sgdStep_(param: Tensor, grad: Tensor, momentumBuffer: Tensor | null, options: SgdStepOptions): void {
  checkOptions('sgdStep_', options, sgdOptions);
  const { lr, weightDecay = 0, maximize = false, momentum = 0, dampening = 0, nesterov = false } = options;
  dispatch(ops.sgdStep.inplaceTwin, [param, grad, momentumBuffer, lr, dampening], {
    weightDecay,
    maximize,
    momentum,
    nesterov,
  });
}

/**
 * A step of Adam, or of AdamW, into `param`, `expAvg`, `expAvgSq` and `maxExpAvgSq` (`null` without AMSGrad).
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function adamStep_(
  param: Tensor,
  grad: Tensor,
  expAvg: Tensor,
  expAvgSq: Tensor,
  maxExpAvgSq: Tensor | null,
  options: AdamStepOptions,
): void {
  checkOptions('adamStep_', options, adamOptions);
  const {
    lr,
    step,
    weightDecay = 0,
    maximize = false,
    beta1 = 0.9,
    beta2 = 0.999,
    eps = 1e-8,
    decoupled = false,
  } = options;
  const attrs = { weightDecay, maximize, beta1, beta2, eps, decoupled };
  dispatch(ops.adamStep.inplaceTwin, [param, grad, expAvg, expAvgSq, maxExpAvgSq, lr, step], attrs);
}

/**
 * A step of RMSprop, into `param`, `squareAvg`, `gradAvg` (`null` unless centred) and `momentumBuffer` (`null` without momentum).
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function rmspropStep_(
  param: Tensor,
  grad: Tensor,
  squareAvg: Tensor,
  gradAvg: Tensor | null,
  momentumBuffer: Tensor | null,
  options: RmspropStepOptions,
): void {
  checkOptions('rmspropStep_', options, rmspropOptions);
  const { lr, weightDecay = 0, maximize = false, alpha = 0.99, eps = 1e-8, momentum = 0 } = options;
  const attrs = { weightDecay, maximize, alpha, eps, momentum };
  dispatch(ops.rmspropStep.inplaceTwin, [param, grad, squareAvg, gradAvg, momentumBuffer, lr], attrs);
}
