/**
 * What the tracer and the ops of control flow say to each other. Such an op has functions among its attributes; it knows what their parameters are and what
 * comes of their results, and the tracer knows how to write a function down.
 */
import { dispatch } from './dispatch.ts';
import { withoutGrad } from './grad-mode.ts';
import { interpreters, transforms } from './hooks.ts';
import { create } from './ops/create.ts';
import { movement } from './ops/movement.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Chooses a size that depends on values, for a trace to go on with: how often a loop runs. */
export interface OpenSizes {
  /**
   * The size to trace with, or `null` for the size that came out. `place` names it, the same in each trace of one program; `kind` is a word for messages and
   * names. With `differs` there is no one size that came out: throw where the trace could not hold for another.
   */
  at(place: string, kind: string, differs: boolean): number | null;
}

/** What `recordControl` hands to the function that writes control flow down. */
export interface ControlRecorder {
  /** Traces one body. The ops go into a graph of their own, whose inputs are `parameters`; a body may be traced again, and the last trace counts. */
  body(name: string, parameters: readonly Tensor[], fn: () => readonly Tensor[]): readonly Tensor[];
  /** See {@link OpenSizes.at}; `place` is within this call. */
  size(place: string, kind: string, differs: boolean): number | null;
  /** A tensor that stands for what is not known yet, and that no op has given: like `make()`, with its elements cut or over and over to fill `shape`. */
  example(make: () => Tensor, shape?: Shape): Tensor;
}

/** A result of control flow: the tensor that the program goes on with, and what it may be: results of the bodies. */
export interface ControlResult {
  readonly tensor: Tensor;
  readonly from: readonly Tensor[];
}

/** Runs `fn` unrecorded and unseen: it makes tensors that stand for others. */
export function aside<T>(fn: () => T): T {
  const [layers, rewriting] = [interpreters.splice(0), transforms.splice(0)];
  try {
    return withoutGrad(fn);
  } finally {
    interpreters.splice(0, interpreters.length, ...layers);
    transforms.splice(0, transforms.length, ...rewriting);
  }
}

/** A copy of `x` with the sizes `shape`: cut, or with its elements over and over. */
export function resized(x: Tensor, shape: Shape): Tensor {
  const { dtype, device } = x;
  if (x.shape.includes(0)) return dispatch(create.full, [], { shape, dtype, device, value: 0 });
  let y = x;
  shape.forEach((size, dim) => {
    const parts = Array.from({ length: Math.ceil(size / y.shape[dim]) }, () => y);
    if (size === y.shape[dim]) return;
    const long = parts.length > 1 ? dispatch(movement.cat, parts, { dim }) : y;
    y = dispatch(movement.slice, [long], { dim, start: 0, end: size, step: 1 });
  });
  return dispatch(movement.clone, [y], null);
}
