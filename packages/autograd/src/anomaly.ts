/** Anomaly mode: nodes remember where they were recorded, and backward says which of them failed or gave NaN. */
import {
  ArgumentError,
  AutogradError,
  callerLine,
  checkOptions,
  DeviceError,
  describe,
  isFloat,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import { type Node, recorder, watcher } from './node.ts';
import { type Scope, Scopes } from './scopes.ts';

/** Options of {@link detectAnomaly} and {@link setDetectAnomaly}. */
export interface AnomalyOptions {
  /** Whether gradients that hold NaN are an error. Default true. */
  checkNan?: boolean;
}

interface AnomalyMode {
  readonly enabled: boolean;
  readonly checkNan: boolean;
}

let mode: AnomalyMode = { enabled: false, checkNan: true };

/** The node whose formulas are running: what is recorded meanwhile comes from it. */
let running: Node | null = null;

/** Errors that say already where the forward was. */
const explained = new WeakSet<Error>();

function change(value: AnomalyMode): void {
  mode = value;
  recorder.originOf = value.enabled ? () => ({ place: callerLine(), parent: running }) : null;
  watcher.apply = value.enabled ? applyWatched : null;
}

const scopes = new Scopes<AnomalyMode>(() => mode, change);

function modeOf(where: string, enabled: boolean, options: AnomalyOptions): AnomalyMode {
  checkOptions(where, options, ['checkNan']);
  const { checkNan = true } = options;
  if (typeof checkNan !== 'boolean')
    throw new ArgumentError(`${where}: checkNan must be a boolean, got ${describe(checkNan)}`);
  return { enabled, checkNan };
}

/**
 * Finds the op behind a failing backward (https://pytorch.org/docs/stable/autograd.html#anomaly-detection). While it is on, every recorded node
 * remembers the line of your program that called its forward; when its backward raises, or gives NaN, an AutogradError names the node, which gradient,
 * and that line. The forward and the backward must both run inside. With a function, runs it and gives its result, also over a promise; without one,
 * until the scope is disposed. Slow: for finding mistakes only.
 *
 * Looking for NaN reads every gradient at once. On a device that cannot be read synchronously (WebGPU), backward throws a DeviceError; with
 * `{ checkNan: false }` it runs, and only errors are explained.
 *
 * @example
 * detectAnomaly(() => tensor([-1], { requiresGrad: true }).sqrt().sum().backward());
 * // AutogradError: Function 'SqrtBackward0' returned nan values in its 0th output. Its forward was called at …/model.ts:12:30.
 */
export function detectAnomaly<T>(fn: () => T, options?: AnomalyOptions): T;
export function detectAnomaly(options?: AnomalyOptions): Scope;
export function detectAnomaly<T>(first?: (() => T) | AnomalyOptions, second: AnomalyOptions = {}): T | Scope {
  if (typeof first === 'function') return scopes.within(modeOf('detectAnomaly', true, second), first);
  return scopes.open('detectAnomaly', modeOf('detectAnomaly', true, first ?? {}));
}

/**
 * Switches {@link detectAnomaly} on or off, until it is switched again, an outer scope ends, or the scope that this gives is disposed
 * (https://pytorch.org/docs/stable/autograd.html#torch.autograd.set_detect_anomaly).
 */
export function setDetectAnomaly(enabled: boolean, options: AnomalyOptions = {}): Scope {
  if (typeof enabled !== 'boolean')
    throw new ArgumentError(`setDetectAnomaly: expected a boolean, got ${describe(enabled)}`);
  const before = mode;
  let ended = false;
  change(modeOf('setDetectAnomaly', enabled, options));
  return {
    [Symbol.dispose]() {
      if (!ended) change(before);
      ended = true;
    },
  };
}

/** Whether anomaly mode is on. */
export const isAnomalyEnabled = (): boolean => mode.enabled;

function applyWatched(node: Node, grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
  const outer = running;
  running = node;
  let results: readonly (Tensor | null)[];
  try {
    results = node.apply(grads);
  } catch (error) {
    if (!(error instanceof Error) || explained.has(error)) throw error;
    throw explain(`${error.message}\nIt was raised in the backward of '${node.name}'.`, node, error);
  } finally {
    running = outer;
  }
  if (mode.checkNan) checkForNaN(node, results);
  return results;
}

function checkForNaN(node: Node, results: readonly (Tensor | null)[]): void {
  results.forEach((grad, i) => {
    if (grad && isFloat(grad.dtype) && holdsNaN(grad))
      throw explain(`Function '${node.name}' returned nan values in its ${i}th output.`, node);
  });
}

function holdsNaN(grad: Tensor): boolean {
  if (!grad.storage.device.runtime.capabilities.syncRead) {
    throw new DeviceError(
      `detectAnomaly: device '${grad.device}' can't be read synchronously, so that gradients can't be checked for NaN within backward; ` +
        'use detectAnomaly(fn, { checkNan: false }), or look for it on cpu',
    );
  }
  return withoutGrad(() => grad.isnan().any().itemSync() !== 0);
}

/** An error that says where the forward of a node was, and those of the nodes whose backward recorded it. */
function explain(what: string, node: Node, cause?: Error): AutogradError {
  const lines = [what];
  lines.push(
    node.origin
      ? `Its forward was called${node.origin.place || ' from a place that the stack does not name'}.`
      : 'Its forward was called before anomaly mode was on: run the forward inside of detectAnomaly() too.',
  );
  for (let { origin } = node, depth = 0; origin?.parent && depth < 10; { origin } = origin.parent, depth++) {
    const { parent } = origin;
    lines.push(
      `It was recorded by the backward of '${parent.name}'${parent.origin?.place ? `, whose forward was called${parent.origin.place}` : ''}.`,
    );
  }
  const error = new AutogradError(lines.join('\n'), cause && { cause });
  explained.add(error);
  return error;
}
