/**
 * The package as `threads.test.ts` sees it. A worker is a file that Node runs as it is, so these tests run on a bundle of the sources, which is made when they
 * begin; this file is its entry, with the kernels that the tests share.
 */
import type { Callable } from './wasm/assembler.ts';
import { f64, i32, type Value } from './wasm/assembler.ts';
import type { Machine } from './wasm/machine.ts';

export * from '@tenfold/tensor-core';
export { cpu, getNumThreads, setNumThreads } from './index.ts';
export { generator } from './test-views.ts';
export { theMachine } from './wasm/machine.ts';

type Kernel = (descriptor: number) => void;

/** Kernels of the tests. A descriptor is a block of 32-bit words. */
export interface TestKernels {
  /** Words: address of doubles, how many, steps. Takes each through so many steps of the logistic map. */
  readonly chaos: Kernel;
  /** Words: address of flags, its own, how many, patience. Raises its flag, waits for all, and then sets it to 2 if it saw them. */
  readonly meet: Kernel;
  /** Words: 0, or 1 to fail as a division by zero does, or 2 to trap; address of a counter. Counts, then fails or not. */
  readonly fail: Kernel;
}

export function compileTestKernels(machine: Machine): TestKernels {
  const module = machine.module();
  const at = (descriptor: Value<'i32'>, word: number): Value<'i32'> => i32.load(descriptor, 4 * word);
  module.define({ parameters: ['i32'], result: 'none', name: 'chaos' }, (fn) => {
    const descriptor = fn.parameter(0, 'i32').get;
    const cell = fn.variable(at(descriptor, 0));
    const end = fn.let(i32.add(cell.get, i32.mul(at(descriptor, 1), i32.const(8))));
    fn.while(i32.ltU(cell.get, end), () => {
      const x = fn.variable(f64.load(cell.get));
      const left = fn.variable(at(descriptor, 2));
      fn.doWhile(() => {
        fn.emit(x.set(f64.mul(f64.mul(f64.const(3.9), x.get), f64.sub(f64.const(1), x.get))));
        fn.emit(left.set(i32.sub(left.get, i32.const(1))));
        return left.get;
      });
      fn.emit(f64.store(cell.get, x.get), cell.set(i32.add(cell.get, i32.const(8))));
    });
  });
  // a call into JavaScript keeps an engine from reading a flag once for all
  const call: Callable<readonly ['f64'], 'f64'> = module.import('unary.lgamma', ['f64'], 'f64');
  module.define({ parameters: ['i32'], result: 'none', name: 'meet' }, (fn) => {
    const descriptor = fn.parameter(0, 'i32').get;
    const flags = fn.let(at(descriptor, 0));
    const own = fn.let(i32.add(flags, i32.mul(at(descriptor, 1), i32.const(4))));
    const end = fn.let(i32.add(flags, i32.mul(at(descriptor, 2), i32.const(4))));
    const patience = fn.variable(at(descriptor, 3));
    const raised = fn.local('i32');
    fn.emit(i32.store(own, i32.const(1)));
    fn.doWhile(() => {
      const flag = fn.variable(flags);
      fn.let(call(f64.const(2.5)));
      fn.emit(raised.set(i32.const(1)));
      fn.while(i32.ltU(flag.get, end), () => {
        fn.if(i32.eqz(i32.load(flag.get)), () => fn.emit(raised.set(i32.const(0))));
        fn.emit(flag.set(i32.add(flag.get, i32.const(4))));
      });
      fn.emit(patience.set(i32.sub(patience.get, i32.const(1))));
      return i32.and(i32.eqz(raised.get), i32.gtS(patience.get, i32.const(0)));
    });
    fn.if(raised.get, () => fn.emit(i32.store(own, i32.const(2))));
  });
  const divideByZero: Callable<readonly [], 'f64'> = module.import('divideByZero', [], 'f64');
  module.define({ parameters: ['i32'], result: 'none', name: 'fail' }, (fn) => {
    const descriptor = fn.parameter(0, 'i32').get;
    const how = fn.let(at(descriptor, 0));
    fn.emit(i32.store(at(descriptor, 1), i32.const(1)));
    fn.if(i32.eq(how, i32.const(1)), () => fn.let(divideByZero()));
    fn.if(i32.eq(how, i32.const(2)), () => fn.let(i32.load(i32.const(-1))));
  });
  return machine.compile<TestKernels>(module);
}

/** Descriptors in the shared memory, one for each list of words. */
export function describeChunks(machine: Machine, chunks: readonly (readonly number[])[]): number[] {
  return chunks.map((words) => {
    const address = machine.heap.allocate(words.length * 4);
    new Int32Array(machine.heap.memory.buffer, address, words.length).set(words);
    return address;
  });
}
