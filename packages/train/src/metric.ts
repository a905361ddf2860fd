/** What all metrics share: a few tensors on the device of what they were given, and no read-back. */
import {
  ArgumentError,
  cat,
  type DType,
  DTypeError,
  describe,
  isTensor,
  keep,
  type Shape,
  ShapeError,
  type Tensor,
  tidy,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';

/** The shape and dtype of each state: they begin as zeros. A first length of -1 is that of a list, which begins empty. */
export interface StateShapes {
  readonly [name: string]: { readonly shape: Shape; readonly dtype: DType };
}

/**
 * A number that is gathered over batches. `update` takes a batch, `compute` gives the value so far as a tensor, and `reset` begins anew.
 *
 * Everything stays on the device: nothing is read back, no gradient is recorded, and no matter how many updates there are, the state is a few small tensors
 * (but for metrics that say otherwise). It lies on the device of the first update. What an update makes on its way is disposed at once, so that loops that
 * never wait are fine.
 */
export abstract class Metric<Args extends readonly unknown[] = readonly never[]> {
  /** Each state's tensor; of a list, its parts. */
  #state: { readonly [name: string]: Tensor[] } = {};
  readonly #shapes: StateShapes;

  /** For metrics of your own: what they add up. */
  constructor(shapes: StateShapes) {
    this.#shapes = shapes;
  }

  /** Takes a batch. */
  abstract update(...batch: Args): void;

  /** The value of all batches since `reset`. */
  abstract compute(): Tensor;

  /** Forgets all batches. */
  reset(): void {
    this.#put({});
  }

  /** Copies of the state's tensors; empty before the first update. */
  stateDict(): { [name: string]: Tensor } {
    return Object.fromEntries(
      Object.entries(this.#state).map(([name, parts]) => [name, withoutGrad(() => cat0(parts))]),
    );
  }

  /**
   * Goes on from what `stateDict` gave.
   *
   * @throws ArgumentError or ShapeError if the state is of another metric; then nothing is changed.
   */
  loadStateDict(state: { readonly [name: string]: Tensor }): void {
    const where = this.constructor.name;
    const names = Object.keys(this.#shapes);
    const given = Object.keys(state);
    if (given.length > 0 && String([...given].sort()) !== String([...names].sort()))
      throw new ArgumentError(`${where}: expected a state of ${names.join(', ')}, got ${given.join(', ')}`);
    for (const name of given) {
      const { shape: wanted } = this.#shapes[name];
      const { shape } = checkTensor(`${where}: the state ${name}`, state[name]);
      if (shape.length !== wanted.length || !shape.every((length, i) => wanted[i] === -1 || wanted[i] === length))
        throw new ShapeError(`${where}: the state ${name} has shape [${shape}], expected [${wanted}]`);
    }
    this.replace(() =>
      Object.fromEntries(given.map((name) => [name, state[name].to(this.#shapes[name].dtype).clone()])),
    );
  }

  /** The state, as it begins on `device` (default: the default device) before the first update. */
  protected state(device?: string): { readonly [name: string]: Tensor } {
    if (Object.keys(this.#state).length === 0)
      return Object.fromEntries(
        Object.entries(this.#shapes).map(([name, { shape, dtype }]) => [
          name,
          zeros(
            shape.map((length) => Math.max(length, 0)),
            { dtype, device },
          ),
        ]),
      );
    if (Object.values(this.#state).some((parts) => parts.length > 1)) {
      const lists = this.#state;
      this.replace(() => Object.fromEntries(Object.entries(lists).map(([name, parts]) => [name, cat0(parts)])));
    }
    return Object.fromEntries(Object.entries(this.#state).map(([name, [tensor]]) => [name, tensor]));
  }

  /** Adds what `increments` gives to the state. */
  protected add(device: string, increments: () => { [name: string]: Tensor }): void {
    // a new tensor, not an in-place change: in inference mode and out of it, updates may follow each other
    this.replace(() => {
      const before = this.state(device);
      return Object.fromEntries(
        Object.entries(increments()).map(([name, more]) => [name, before[name].add(more.to(before[name].dtype))]),
      );
    });
  }

  /** Puts what `more` gives behind the lists. */
  protected append(more: () => { [name: string]: Tensor }): void {
    const parts = tidy(() => withoutGrad(more));
    for (const [name, part] of Object.entries(parts)) parts[name] = keep(part);
    const before = this.#state;
    this.#state = Object.fromEntries(
      Object.entries(parts).map(([name, part]) => [name, [...(before[name] ?? []), part]]),
    );
  }

  /** Puts what `next` gives in the place of the state. */
  protected replace(next: () => { [name: string]: Tensor }): void {
    const after = tidy(() => withoutGrad(next));
    this.#put(Object.fromEntries(Object.entries(after).map(([name, tensor]) => [name, [keep(tensor)]])));
  }

  #put(next: { readonly [name: string]: Tensor[] }): void {
    for (const tensor of Object.values(this.#state).flat()) tensor.dispose();
    this.#state = next;
  }
}

/** A new tensor of parts behind each other. */
const cat0 = (parts: readonly Tensor[]): Tensor => (parts.length === 1 ? parts[0].clone() : cat(parts, 0));

/** Runs `fn`, which computes a value: no gradient, and no memory left behind but the result's. */
export const computing = (fn: () => Tensor): Tensor => tidy(() => withoutGrad(fn));

/** `numerator / denominator` in float32, and `otherwise` where nothing was counted. */
export function safeDivide(numerator: Tensor, denominator: Tensor, otherwise = 0): Tensor {
  const some = denominator.ne(0);
  const quotient = numerator.to('float32').div(denominator.to('float32').where(some, 1));
  return quotient.where(some, otherwise);
}

export function checkTensor(where: string, value: unknown): Tensor {
  if (isTensor(value)) return value;
  throw new ArgumentError(`${where} must be a tensor, got ${describe(value)}`);
}

/** Whole numbers or bool. */
export function checkIntegers(where: string, value: Tensor): void {
  if (value.dtype.startsWith('float') || value.dtype === 'bfloat16')
    throw new DTypeError(`${where} to be an int or long tensor, but got ${value.dtype}`);
}

export function checkWhole(where: string, value: unknown, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new ArgumentError(`${where} to be an integer of at least ${least}, but got ${describe(value)}`);
}

export function checkOneOf<const T>(where: string, value: unknown, choices: readonly T[]): T {
  if (choices.includes(value as T)) return value as T;
  throw new ArgumentError(`${where} to be one of ${choices.map(String).join(', ')}, but got ${describe(value)}`);
}
