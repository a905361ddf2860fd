/** How kernels report what nothing on the device can throw. */
import { ArgumentError } from '@tenfold/tensor-core';
import type { Fault } from './gpu.ts';

/** The error of an integer division by zero, in Python's words. */
export const zeroDivision: Fault = {
  error: () => new ArgumentError('ZeroDivisionError: integer division or modulo by zero'),
};

/** Declares the buffer of faults at `binding`, and `fault(code, value)`: the first one since the last read stays. */
export const declareFaults = (binding: number): string =>
  `@group(0) @binding(${binding}) var<storage, read_write> faults: array<atomic<i32>>;
fn fault(code: u32, value: i32) {
  loop {
    let met = atomicCompareExchangeWeak(&faults[0], 0, i32(code));
    if (met.exchanged) { atomicStore(&faults[1], value); }
    // a weak exchange may fail for no reason
    if (met.exchanged || met.old_value != 0) { break; }
  }
}`;
