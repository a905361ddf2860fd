/** WebAssembly as this process has it: one memory for all kernels, and what its engine can do. */
import { type FunctionBuilder, f32x4, ModuleBuilder, v128 } from './assembler.ts';
import { Heap, type OpenMemory, openMemory } from './heap.ts';
import { scalarImports } from './imports.ts';

/** What kernels may import from JavaScript, by name. */
export type Imports = Readonly<Record<string, (...args: number[]) => number>>;

export class Machine {
  readonly heap: Heap;
  /** Whether the engine has relaxed SIMD: fused multiply-adds in matrix products. */
  readonly relaxed: boolean;
  readonly #open: OpenMemory;
  readonly #imports: Imports;

  constructor(open: OpenMemory, relaxed: boolean, imports: Imports) {
    this.#open = open;
    this.heap = new Heap(open);
    this.relaxed = relaxed;
    this.#imports = imports;
  }

  get memory(): WebAssembly.Memory {
    return this.#open.memory;
  }

  /** A module to fill with kernels. */
  module(): ModuleBuilder {
    return new ModuleBuilder(this.#open.type, this.relaxed);
  }

  /** Compiles a module; its exported functions by name. */
  compile<K>(module: ModuleBuilder): K {
    const compiled = new WebAssembly.Module(module.finish());
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#open.memory, ...this.#imports } });
    // the caller knows what it has defined
    return exports as unknown as K;
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
