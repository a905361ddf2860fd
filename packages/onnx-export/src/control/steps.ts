/** What the ops of control flow share: how they run, and what they check. */
import {
  ArgumentError,
  DeviceError,
  DTypeError,
  describe,
  formatShape,
  isTensor,
  ShapeError,
  type Tensor,
} from '@tenfold/tensor-core';

/** What a function is given, with its types from the tensors alone and not from the function's parameters, of which it may have fewer. */
export type Given<T extends Tensor[]> = T extends infer U extends Tensor[] ? U : never;

/** A function of some tensors, whose number only its caller's types know. */
export type OfTensors<R> = (...given: never) => R;

/** Calls it; the public signature has seen to the types. */
export const callWith = <R>(fn: OfTensors<R>, given: readonly Tensor[]): R =>
  (fn as unknown as (...given: readonly Tensor[]) => R)(...given);

/** A body: tensors in, tensors out. */
export type Body = (...given: readonly Tensor[]) => readonly Tensor[];

/** A run that hands out the tensors whose value it needs and is told it, so that values can be read at once or awaited. */
export type Steps<T> = Generator<Tensor, T, number>;

/** Runs to the end, reading values at once. */
export function atOnce<T>(name: string, steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) {
    const { value } = step;
    if (!value.storage.device.runtime.downloadSync) {
      throw new DeviceError(
        `${name}: what runs depends on a value, and device '${value.device}' can't be read synchronously; use: await ${name}Async(…)`,
      );
    }
    step = steps.next(value.itemSync());
  }
  return step.value;
}

/** Runs to the end, awaiting values. */
export async function awaited<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) step = steps.next(await step.value.item());
  return step.value;
}

/** A condition must be one boolean of a tensor. */
export function checkCondition(name: string, x: unknown, what: string): asserts x is Tensor {
  if (!isTensor(x)) {
    const hint = typeof x === 'boolean' ? ': what JavaScript knows needs no more than an if' : '';
    throw new ArgumentError(`${name}: ${what} must be a tensor of one bool, got ${describe(x)}${hint}`);
  }
  if (x.dtype !== 'bool') throw new DTypeError(`${name}: ${what} must be of dtype bool, got ${x.dtype}; write x.ne(0)`);
  if (x.numel() !== 1)
    throw new ShapeError(
      `${name}: ${what} must have one element, got shape ${formatShape(x.shape)}; reduce it by any or all`,
    );
}

export function checkFunction(name: string, x: unknown, what: string): void {
  if (typeof x !== 'function') throw new ArgumentError(`${name}: ${what} must be a function, got ${describe(x)}`);
}

export function checkTensors(name: string, list: unknown, what: string): asserts list is readonly Tensor[] {
  if (!Array.isArray(list))
    throw new ArgumentError(`${name}: ${what} must be an array of tensors, got ${describe(list)}`);
  const other = list.findIndex((x) => !isTensor(x));
  if (other >= 0)
    throw new ArgumentError(`${name}: ${what} must be an array of tensors, got ${describe(list[other])} at ${other}`);
}

/** Two tensors that stand for one value must agree in dtype and number of dims. */
export function checkAlike(name: string, a: Tensor, b: Tensor, what: string): void {
  if (a.dtype !== b.dtype) throw new DTypeError(`${name}: ${what} must be of one dtype, got ${a.dtype} and ${b.dtype}`);
  if (a.ndim === b.ndim) return;
  throw new ShapeError(
    `${name}: ${what} must have one number of dims, got shapes ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
  );
}

/** Results in memory of their own: what the bodies hand through is copied. */
export const apart = (results: readonly Tensor[], inputs: readonly Tensor[]): Tensor[] =>
  results.map((x) => (inputs.some(({ storage }) => storage === x.storage) ? x.clone() : x));
