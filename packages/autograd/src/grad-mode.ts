/** Switching recording on and off: for a function, until its promise settles, or for a scope (`using`). */
import { AutogradError, gradMode } from '@tenfold/tensor-core';

/** A stretch of the program with its own grad mode, ended by `[Symbol.dispose]()`: `using scope = noGrad()`. */
export interface GradScope {
  [Symbol.dispose](): void;
}

interface Entry {
  /** The mode to go back to. */
  before: boolean;
}

const entries: Entry[] = [];

function enter(enabled: boolean): Entry {
  const entry = { before: gradMode.enabled };
  entries.push(entry);
  gradMode.enabled = enabled;
  return entry;
}

/** Ends an entry, wherever it is in the stack: a promise may settle inside of a later scope, which then goes back to what was before this one. */
function leave(entry: Entry): void {
  const i = entries.indexOf(entry);
  if (i < 0) return;
  entries.splice(i, 1);
  if (i === entries.length) gradMode.enabled = entry.before;
  else entries[i].before = entry.before;
}

function scope(name: string, enabled: boolean): GradScope {
  const entry = enter(enabled);
  return {
    [Symbol.dispose]() {
      if (entries.includes(entry) && entries.at(-1) !== entry) {
        throw new AutogradError(
          `${name}: scopes must end in the reverse order of their beginning; an inner scope is still open`,
        );
      }
      leave(entry);
    },
  };
}

function within<T>(enabled: boolean, fn: () => T): T {
  const entry = enter(enabled);
  let pending = false;
  try {
    const result = fn();
    if (!(result instanceof Promise)) return result;
    pending = true;
    return result.finally(() => leave(entry)) as T;
  } finally {
    if (!pending) leave(entry);
  }
}

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
  return fn ? within(false, fn) : scope('noGrad', false);
}

/** With recording, inside of a {@link noGrad}. Takes the same forms. */
export function enableGrad<T>(fn: () => T): T;
export function enableGrad(): GradScope;
export function enableGrad<T>(fn?: () => T): T | GradScope {
  return fn ? within(true, fn) : scope('enableGrad', true);
}

/** As {@link noGrad}, for programs that come from PyTorch: tensors made inside are plain tensors and may be used anywhere. */
export function inferenceMode<T>(fn: () => T): T;
export function inferenceMode(): GradScope;
export function inferenceMode<T>(fn?: () => T): T | GradScope {
  return fn ? within(false, fn) : scope('inferenceMode', false);
}

/** With recording or without, by a flag. Takes the same forms as {@link noGrad}. */
export function setGradEnabled<T>(enabled: boolean, fn: () => T): T;
export function setGradEnabled(enabled: boolean): GradScope;
export function setGradEnabled<T>(enabled: boolean, fn?: () => T): T | GradScope {
  return fn ? within(enabled, fn) : scope('setGradEnabled', enabled);
}

/** Whether ops on tensors that require grad are recorded now. */
export const isGradEnabled = (): boolean => gradMode.enabled;
