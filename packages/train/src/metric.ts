/** What all metrics share: a few tensors on the device of what they were given, and no read-back. */
import {
  ArgumentError,
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

/** The shape and dtype of each state: they begin as zeros. */
export interface StateShapes {
  readonly [name: string]: { readonly shape: Shape; readonly dtype: DType };
}

/**
 * A number that is gathered over batches. `update` takes a batch, `compute` gives the value so far as a tensor, and `reset` begins anew.
 *
 * Everything stays on the device: nothing is read back, no gradient is recorded, and no matter how many updates there are, the state is a few small tensors.
 * It lies on the device of the first update. What an update makes on its way is disposed at once, so that loops that never wait are fine.
 */
export abstract class Metric<Args extends readonly unknown[] = readonly never[]> {
  #state: { [name: string]: Tensor } = {};
  readonly #shapes: StateShapes;

  /** @internal */
  constructor(shapes: StateShapes) {
    this.#shapes = shapes;
  }

  /** Takes a batch. */
  abstract update(...batch: Args): void;

  /** The value of all batches since `reset`. */
  abstract compute(): Tensor;

  /** Forgets all batches. */
  reset(): void {
    for (const tensor of Object.values(this.#state)) tensor.dispose();
    this.#state = {};
  }

  /** Copies of the state's tensors; empty before the first update. */
  stateDict(): { [name: string]: Tensor } {
    return Object.fromEntries(Object.entries(this.#state).map(([name, tensor]) => [name, tensor.clone()]));
  }

  /**
   * Goes on from what `stateDict` gave.
   *
   * @throws ArgumentError or ShapeError if the state is of another metric; then nothing is changed.
   */
  loadStateDict(state: { readonly [name: string]: Tensor }): void {
    const names = Object.keys(this.#shapes);
    const given = Object.keys(state);
    if (
      given.length > 0 &&
      (given.length !== names.length || !given.every((name) => Object.hasOwn(this.#shapes, name)))
    )
      throw new ArgumentError(
        `${this.constructor.name}: expected a state of ${names.join(', ')}, got ${given.join(', ')}`,
      );
    for (const [name, tensor] of Object.entries(state)) {
      const wanted = this.#shapes[name];
      const { shape } = checkTensor(`${this.constructor.name}: the state ${name}`, tensor);
      if (String(shape) !== String(wanted.shape))
        throw new ShapeError(
          `${this.constructor.name}: the state ${name} has shape [${shape}], expected [${wanted.shape}]`,
        );
    }
    this.#replace(() =>
      Object.fromEntries(given.map((name) => [name, state[name].detach().to(this.#shapes[name].dtype).clone()])),
    );
  }

  /** The state, zeros on `device` (default: the default device) before the first update. */
  protected state(device?: string): { readonly [name: string]: Tensor } {
    if (Object.keys(this.#state).length > 0) return this.#state;
    return Object.fromEntries(
      Object.entries(this.#shapes).map(([name, { shape, dtype }]) => [name, zeros(shape, { dtype, device })]),
    );
  }

  /** Adds what `increments` gives to the state. */
  protected add(device: string, increments: () => { [name: string]: Tensor }): void {
    // a new tensor, not an in-place change: in inference mode and out of it, updates may follow each other
    this.#replace(() => {
      const before = this.state(device);
      return Object.fromEntries(
        Object.entries(increments()).map(([name, more]) => [name, before[name].add(more.to(before[name].dtype))]),
      );
    });
  }

  /** Puts the state that `next` gives in the place of the one that is. */
  protected replace(next: () => { [name: string]: Tensor }): void {
    this.#replace(next);
  }

  #replace(next: () => { [name: string]: Tensor }): void {
    const before = this.#state;
    const after = tidy(() => withoutGrad(next));
    for (const tensor of Object.values(after)) keep(tensor);
    this.#state = after;
    for (const tensor of Object.values(before)) tensor.dispose();
  }
}

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
