/** WebAssembly as this process has it: one memory for all kernels, and what its engine can do. */
import { type FunctionBuilder, f32x4, ModuleBuilder, v128 } from './assembler.ts';
import { Heap, type OpenMemory, openMemory } from './heap.ts';
import { scalarImports } from './imports.ts';
import type { Kernel } from './job.ts';
import type { KernelPlace } from './pool.ts';
import type { Sharing } from './sharing.ts';

/** What kernels may import from JavaScript, by name. */
export type Imports = Readonly<Record<string, (...args: number[]) => number>>;

export class Machine {
  readonly heap: Heap;
  /** Whether the engine has relaxed SIMD: fused multiply-adds in matrix products. */
  readonly relaxed: boolean;
  /** The threads, once they have been asked for. */
  sharing: Sharing | null = null;
  readonly #open: OpenMemory;
  readonly #imports: Imports;
  /** Where workers find the kernels that were compiled here. */
  readonly #places = new WeakMap<object, KernelPlace>();
  #modules = 0;

  constructor(open: OpenMemory, relaxed: boolean, imports: Imports) {
    this.#open = open;
    this.heap = new Heap(open);
    this.relaxed = relaxed;
    this.#imports = imports;
  }

  /** Threads that share jobs, the calling one among them. */
  get threads(): number {
    return this.sharing?.pool.threads ?? 1;
  }

  /** How many places a kernel needs that has one for each thread, by the number that it imports. */
  get places(): number {
    return this.sharing?.pool.places ?? 1;
  }

  get memory(): WebAssembly.Memory {
    return this.#open.memory;
  }

  /** A module to fill with kernels. */
  module(): ModuleBuilder {
    return new ModuleBuilder(this.#open.type, this.relaxed);
  }

  /** Compiles a module; its exported functions by name. */
  compile<K>(builder: ModuleBuilder): K {
    const bytes = builder.finish();
    const compiled = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#open.memory, ...this.#imports } });
    const module = { id: this.#modules++, bytes, address: 0 };
    Object.values(exports).forEach((kernel, index) => this.#places.set(kernel as Kernel, { module, index }));
    // the caller knows what it has defined
    return exports as unknown as K;
  }

  /**
   * Calls a compiled kernel with each descriptor, an address, on all threads and in any order: no call may read what another writes. A job too small
   * to share is one descriptor. Throws what the first of the calls that fail has thrown.
   */
  run(kernel: Kernel, descriptors: readonly number[]): void {
    const { sharing } = this;
    if (descriptors.length < 2 || !sharing || sharing.pool.threads === 1) {
      for (const descriptor of descriptors) kernel(descriptor);
      return;
    }
    const place = this.#places.get(kernel);
    if (!place) throw new TypeError('Machine.run takes kernels of Machine.compile');
    sharing.pool.run(kernel, place, descriptors);
  }
}

/** Whether the engine takes code that uses these instructions. */
function has(open: OpenMemory, body: (fn: FunctionBuilder) => void): boolean {
  const module = new ModuleBuilder(open.type);
  module.define({ parameters: [], result: 'none', name: 'probe' }, body);
  return WebAssembly.validate(module.finish());
}

let machine: Machine | null | undefined;

/** The machine of this process; `null` where WebAssembly, its SIMD or its shared memory is absent or forbidden. */
export function theMachine(): Machine | null {
  if (machine === undefined) machine = openMachine(scalarImports);
  return machine;
}

function openMachine(imports: Imports): Machine | null {
  if (typeof WebAssembly !== 'object') return null;
  try {
    const open = openMemory();
    if (!open || !has(open, (fn) => void fn.let(v128.zero))) return null;
    const relaxed = has(open, (fn) => void fn.let(f32x4.relaxedMadd(v128.zero, v128.zero, v128.zero)));
    // a page's security policy may forbid to compile what validates
    const machine = new Machine(open, relaxed, imports);
    machine.compile(machine.module());
    return machine;
  } catch {
    return null;
  }
}
