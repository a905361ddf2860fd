/**
 * Fused optimiser steps: they update a parameter and its state in place, or lists of them, for which a device may have one kernel. Call them with grad mode
 * off. All tensors have one float dtype, and those of one parameter its shape; the numbers compile nothing. Formulas as in PyTorch's optimisers (https://pytorch.org/docs/stable/optim.html).
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, checkOptions, describe } from '../errors.ts';
import { optim as ops, type StepInit, stepOp } from '../ops/optim.ts';
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
  /** How many steps the momentum has had, with this one: the first is not damped. Default: some. */
  step?: number;
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
const sgdOptions = [...stepOptions, 'momentum', 'dampening', 'step', 'nesterov'];
const adamOptions = [...stepOptions, 'step', 'beta1', 'beta2', 'eps', 'decoupled'];
const rmspropOptions = [...stepOptions, 'alpha', 'eps', 'momentum'];

/** One tensor, or one for each parameter of a list. */
export type OneOrMore = Tensor | readonly Tensor[];

/** The inputs of each parameter, one after the other. */
function flat(name: string, tensors: readonly (OneOrMore | null)[]): (Tensor | null)[] {
  const [first] = tensors;
  if (!isList(first)) return tensors as (Tensor | null)[];
  const inputs: (Tensor | null)[] = [];
  for (let k = 0; k < tensors.length; k++) {
    const list = tensors[k];
    if (list !== null && (!isList(list) || list.length !== first.length))
      throw new ArgumentError(
        `${name}: argument ${k} must be a list of ${first.length} tensors, as the parameters are, got ${isList(list) ? `${list.length}` : describe(list)}`,
      );
  }
  for (let i = 0; i < first.length; i++)
    for (const list of tensors) inputs.push(list && (list as readonly Tensor[])[i]);
  return inputs;
}

const isList = (x: unknown): x is readonly Tensor[] => Array.isArray(x);

/**
 * A step of stochastic gradient descent, into `param` and `momentumBuffer` (`null` without momentum), or into each of lists of them.
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function sgdStep_(
  param: OneOrMore,
  grad: OneOrMore,
  momentumBuffer: OneOrMore | null,
  options: SgdStepOptions,
): void {
  checkOptions('sgdStep_', options, sgdOptions);
  const { lr, weightDecay = 0, maximize = false, momentum = 0, dampening = 0, step = 2, nesterov = false } = options;
  dispatch(ops.sgdStep.inplaceTwin, [...flat('sgdStep_', [param, grad, momentumBuffer]), lr, dampening, step], {
    weightDecay,
    maximize,
    momentum,
    nesterov,
  });
}

/**
 * A step of Adam, or of AdamW, into `param`, `expAvg`, `expAvgSq` and `maxExpAvgSq` (`null` without AMSGrad), or into each of lists of them.
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function adamStep_(
  param: OneOrMore,
  grad: OneOrMore,
  expAvg: OneOrMore,
  expAvgSq: OneOrMore,
  maxExpAvgSq: OneOrMore | null,
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
  dispatch(
    ops.adamStep.inplaceTwin,
    [...flat('adamStep_', [param, grad, expAvg, expAvgSq, maxExpAvgSq]), lr, step],
    attrs,
  );
}

/**
 * A step of RMSprop, into `param`, `squareAvg`, `gradAvg` (`null` unless centred) and `momentumBuffer` (`null` without momentum), or into
 * each of lists of them.
 *
 * @throws ShapeError, DTypeError unless all tensors are alike.
 */
export function rmspropStep_(
  param: OneOrMore,
  grad: OneOrMore,
  squareAvg: OneOrMore,
  gradAvg: OneOrMore | null,
  momentumBuffer: OneOrMore | null,
  options: RmspropStepOptions,
): void {
  checkOptions('rmspropStep_', options, rmspropOptions);
  const { lr, weightDecay = 0, maximize = false, alpha = 0.99, eps = 1e-8, momentum = 0 } = options;
  const attrs = { weightDecay, maximize, alpha, eps, momentum };
  dispatch(
    ops.rmspropStep.inplaceTwin,
    [...flat('rmspropStep_', [param, grad, squareAvg, gradAvg, momentumBuffer]), lr],
    attrs,
  );
}

/** Runs a step: the tensors of one parameter, or a list of parameters for each of them; then the numbers, and the attributes. */
export type Step<A extends object> = (
  tensors: readonly (OneOrMore | null)[],
  numbers: readonly number[],
  attrs: A,
) => void;

/**
 * A fused step of an optimiser of your own: one pointwise program, which writes a parameter and its state in place. It needs no kernel, and no row in any
 * table. Call it with grad mode off.
 *
 * @example
 * // p -= lr · sign(g)
 * const signStep = defineStep('signStep', {
 *   tensors: 2, optional: 0, numbers: 1,
 *   formula: ([param, grad], [negativeLr]) => [expr.add(param, expr.mul(negativeLr, expr.sign(grad)))],
 *   params: ([lr]) => [-lr],
 *   variant: () => 0,
 * });
 * signStep([params, grads], [lr], {});
 */
export function defineStep<A extends object>(name: string, init: StepInit<A>): Step<A> {
  const { inplaceTwin } = stepOp(name, init);
  return (tensors, numbers, attrs) => {
    if (tensors.length !== init.tensors || numbers.length !== init.numbers)
      throw new ArgumentError(
        `${name}: expected ${init.tensors} tensors and ${init.numbers} numbers, got ${tensors.length} and ${numbers.length}`,
      );
    dispatch(inplaceTwin, [...flat(name, tensors), ...numbers], attrs);
  };
}
