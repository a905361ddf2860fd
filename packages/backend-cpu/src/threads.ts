/** How many threads compute. */
import { ArgumentError, describe } from '@tenfold/tensor-core';
import { theMachine } from './wasm/machine.ts';
import { maxThreads } from './wasm/pool.ts';
import { shareOn } from './wasm/sharing.ts';

/**
 * Asks for `n` threads, the calling one among them, to share large ops of the device `'cpu'`; at first there is one. Workers start in the background and join
 * as soon as they run. They do not keep a process alive, sleep between ops, and end with `setNumThreads(1)`. Results do not depend on their number.
 *
 * Threads need memory that they share: on pages that are not cross-origin isolated, and without WebAssembly, there is one whatever is asked.
 * {@link getNumThreads} tells how many there are.
 *
 * @example
 * setNumThreads(4);
 * console.log(getNumThreads()); // 4
 * @throws ArgumentError if `n` is not a whole number from 1 to 256.
 */
export function setNumThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > maxThreads)
    throw new ArgumentError(`setNumThreads: n must be a whole number from 1 to ${maxThreads}, got ${describe(n)}`);
  const machine = theMachine();
  if (!machine) return;
  machine.sharing ??= shareOn(machine.heap);
  machine.sharing.pool.resize(n);
}

/** How many threads share large ops of the device `'cpu'`: what {@link setNumThreads} has asked for, or fewer where they can't be had. */
export function getNumThreads(): number {
  return theMachine()?.threads ?? 1;
}
