/** Threads on a page: where it is cross-origin isolated they share the work, elsewhere there is one. On Node `threads.test.ts` has the tests. */
import { afterEach, expect, it } from 'vitest';
import { compileTestKernels, describeChunks } from './threads.test-support.ts';
import { getNumThreads, setNumThreads } from './threads.ts';
import { theMachine } from './wasm/machine.ts';

const isPage = typeof window !== 'undefined';
const isIsolated = isPage && crossOriginIsolated;

afterEach(() => setNumThreads(1));

it.runIf(isPage && !isIsolated)('there is one where no memory can be shared, whatever is asked', () => {
  setNumThreads(2);
  expect(getNumThreads()).toBe(1);
});

it.runIf(isIsolated)('two work at the same time', async () => {
  const machine = theMachine();
  if (!machine) throw new Error('this page has no WebAssembly');
  const { meet } = compileTestKernels(machine);
  setNumThreads(2);
  expect(getNumThreads()).toBe(2);
  const flags = machine.heap.allocateArray('int32', 2) as Int32Array;
  let met = 0;
  // the worker begins when this page lets go of its thread
  while (met < 2) {
    flags.fill(0);
    machine.run(
      meet,
      describeChunks(
        machine,
        [0, 1].map((i) => [flags.byteOffset, i, 2, 10_000]),
      ),
    );
    met = flags.filter((flag) => flag === 2).length;
    await new Promise((done) => setTimeout(done, 5));
  }
  expect(met).toBe(2);
});
