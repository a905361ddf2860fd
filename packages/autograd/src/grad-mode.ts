/** Switching recording on and off: for a function, until its promise settles, or for a scope (`using`). */
import { ArgumentError, describe, gradMode, inferenceState } from '@tenfold/tensor-core';
import { type Scope, Scopes } from './scopes.ts';

/** A stretch of the program with its own grad mode, ended by `[Symbol.dispose]()`: `using scope = noGrad()`. */
export type GradScope = Scope;

interface Mode {
  readonly grad: boolean;
  readonly inference: boolean;
}

const now = (): Mode => ({ grad: gradMode.enabled, inference: inferenceState.enabled });

/** In inference mode nothing is recorded, whatever else is asked for. */
function change({ grad, inference }: Mode): void {
  gradMode.enabled = grad && !inference;
  inferenceState.enabled = inference;
}

const scopes = new Scopes<Mode>(now, change);
const recording = (grad: boolean): Mode => ({ grad, inference: inferenceState.enabled });

/**
 * Without recording (https://pytorch.org/docs/stable/generated/torch.no_grad.html). With a function, runs it and gives its result; if that is a
 * promise, recording stays off until it settles, for other tasks too. Without one, recording is off until the scope is disposed.
 *
 * @throws AutogradError on disposing a scope before an inner one.
 * @example
 * noGrad(() => w.sub_(w.grad.mul(lr)));
 * { using _ = noGrad(); w.zero_(); }
 */
export function noGrad<T>(fn: () => T): T;
export function noGrad(): GradScope;
export function noGrad<T>(fn?: () => T): T | GradScope {
  return fn ? scopes.within(recording(false), fn) : scopes.open('noGrad', recording(false));
}

/** With recording, inside of a {@link noGrad}; inside of {@link inferenceMode} it changes nothing. Takes the same forms. */
export function enableGrad<T>(fn: () => T): T;
export function enableGrad(): GradScope;
export function enableGrad<T>(fn?: () => T): T | GradScope {
  return fn ? scopes.within(recording(true), fn) : scopes.open('enableGrad', recording(true));
}

/**
 * Without recording, and for good: tensors made inside are inference tensors, of which no graph may hold any
 * (https://pytorch.org/docs/stable/generated/torch.inference_mode.html). Outside, one cannot be saved for backward nor written in place; a
 * `clone()` of it is a normal tensor. Views of normal tensors made inside are normal, but may not be written outside with recording on.
 * Takes the same forms as {@link noGrad}, and a flag first: `inferenceMode(false, fn)` leaves the mode for `fn`.
 *
 * @example
 * const y = inferenceMode(() => model(x));
 * y.isInference(); // true
 */
export function inferenceMode<T>(fn: () => T): T;
export function inferenceMode<T>(mode: boolean, fn: () => T): T;
export function inferenceMode(mode?: boolean): GradScope;
export function inferenceMode<T>(first: boolean | (() => T) = true, second?: () => T): T | GradScope {
  const fn = typeof first === 'function' ? first : second;
  const inference = typeof first === 'function' ? true : first;
  if (typeof inference !== 'boolean')
    throw new ArgumentError(`inferenceMode: mode must be a boolean, got ${describe(inference)}`);
  const mode = { grad: !inference, inference };
  return fn ? scopes.within(mode, fn) : scopes.open('inferenceMode', mode);
}

/**
 * With recording or without, by a flag (https://pytorch.org/docs/stable/generated/torch.set_grad_enabled.html). With a function as {@link noGrad};
 * without one the switch stays as it is set, until an outer scope ends or the scope that this gives is disposed.
 */
export function setGradEnabled<T>(enabled: boolean, fn: () => T): T;
export function setGradEnabled(enabled: boolean): GradScope;
export function setGradEnabled<T>(enabled: boolean, fn?: () => T): T | GradScope {
  if (typeof enabled !== 'boolean')
    throw new ArgumentError(`setGradEnabled: expected a boolean, got ${describe(enabled)}`);
  if (fn) return scopes.within(recording(enabled), fn);
  const before = gradMode.enabled;
  let ended = false;
  change(recording(enabled));
  return {
    [Symbol.dispose]() {
      if (!ended) change(recording(before));
      ended = true;
    },
  };
}

/** Whether ops on tensors that require grad are recorded now. */
export const isGradEnabled = (): boolean => gradMode.enabled;

/** Whether tensors made now are inference tensors. */
export const isInferenceModeEnabled = (): boolean => inferenceState.enabled;
