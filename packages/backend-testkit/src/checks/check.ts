/** What a check without a fixture is: for ops that make tensors from data or draw random numbers. */
import { DTypeError, type Tensor } from '@tenfold/tensor-core';
import { ConformanceError } from '../compare.ts';

/** `|actual - expected| <= atol + rtol · |expected|`. */
export interface Nearness {
  readonly rtol: number;
  readonly atol: number;
}

/** One check on a device. */
export interface Check {
  readonly op: string;
  readonly name: string;
  /** Rejects with a {@link ConformanceError} that says what differed. */
  run(device: string): Promise<void>;
}

/** Throws unless a tensor has the shape and, within the tolerance, the values, which are numbers. */
export async function expectNumbers(
  what: string,
  actual: Tensor,
  expected: ArrayLike<number>,
  { rtol, atol }: Nearness = { rtol: 0, atol: 0 },
  shape: readonly number[] = [expected.length],
): Promise<void> {
  expectThat(actual.shape.join() === shape.join(), `${what}: shape [${actual.shape}], expected [${shape}]`);
  const values = Array.from(await actual.toTypedArray(), Number);
  values.forEach((value, i) => {
    const near = Math.abs(value - expected[i]) <= atol + rtol * Math.abs(expected[i]);
    expectThat(
      near,
      `${what}: element ${i} is ${value}, expected ${expected[i]} (allowed: ${rtol} relative + ${atol})`,
    );
  });
}

/** Throws `message` unless `condition` holds. */
export function expectThat(condition: boolean, message: string): void {
  if (!condition) throw new ConformanceError(message);
}

/** Throws unless `call` throws a `DTypeError`. */
export function expectRefusal(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (error instanceof DTypeError) return;
    throw error;
  }
  throw new ConformanceError('expected a DTypeError: the device says that its int64 has 32 bits');
}
