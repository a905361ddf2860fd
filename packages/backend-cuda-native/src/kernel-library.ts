/** The kernels that ship with the package: which file each is in, and how it is loaded. */
import { readFileSync } from 'node:fs';
import { BackendError } from '@tenfold/tensor-core';
import type { KernelId, NativeDevice } from './native.ts';

/** `kernels/kernels.json`, as scripts/build-kernels.mjs writes it. */
interface Manifest {
  /** By module: cubins by architecture (`'90a'`); PTX is always there. */
  readonly modules: { readonly [module: string]: { readonly cubins: readonly string[] } };
  readonly kernels: {
    readonly [name: string]: { readonly module: string; readonly bytes: number; readonly threads: number };
  };
}

/** A kernel that can be launched. */
export interface Kernel {
  readonly name: string;
  readonly id: KernelId;
  /** Size of its struct of arguments. */
  readonly bytes: number;
  /** Most threads of a block. */
  readonly threads: number;
}

const folder = new URL('../kernels/', import.meta.url);

let manifest: Manifest | null = null;

/** The manifest, or why there is none in words. */
export function kernelManifest(): Manifest | string {
  try {
    manifest ??= JSON.parse(readFileSync(new URL('kernels.json', folder), 'utf8')) as Manifest;
    return manifest;
  } catch {
    return 'the kernels of this package are missing: install it anew, or in the repository build them with `npm run pnpm -- --filter @tenfold/backend-cuda-native build:kernels` (needs nvcc)';
  }
}

/** An architecture whose code a device of this compute capability runs: the same major number, and a minor one that is not larger. `90a` fits 9.0 alone. */
function fits(architecture: string, [major, minor]: readonly [number, number]): boolean {
  const [, digits, exact] = /^(\d+)(a?)$/.exec(architecture) ?? [];
  const own = [Math.floor(Number(digits) / 10), Number(digits) % 10];
  return own[0] === major && (exact ? own[1] === minor : own[1] <= minor);
}

export class KernelLibrary {
  readonly #native: NativeDevice;
  readonly #capability: readonly [number, number];
  readonly #modules = new Map<string, number>();
  readonly #kernels = new Map<string, Kernel>();

  constructor(native: NativeDevice, capability: readonly [number, number]) {
    this.#native = native;
    this.#capability = capability;
  }

  kernel(name: string): Kernel {
    const known = this.#kernels.get(name);
    if (known) return known;
    const shipped = kernelManifest();
    if (typeof shipped === 'string') throw new BackendError(`cuda: ${shipped}`);
    const row = shipped.kernels[name];
    if (!row) throw new BackendError(`cuda: there is no kernel '${name}'`);
    const { module, bytes, threads } = row;
    const id = this.#native.kernel(this.#module(module, shipped.modules[module].cubins), name, bytes, threads);
    const kernel = { name, id, bytes, threads };
    this.#kernels.set(name, kernel);
    return kernel;
  }

  #module(name: string, cubins: readonly string[]): number {
    const known = this.#modules.get(name);
    if (known !== undefined) return known;
    const module = this.#load(name, cubins);
    this.#modules.set(name, module);
    return module;
  }

  /** The cubin that was made for the device if there is one, else the PTX, which the driver compiles. */
  #load(name: string, cubins: readonly string[]): number {
    const fitting = cubins.filter((architecture) => fits(architecture, this.#capability)).sort();
    const best = fitting[fitting.length - 1];
    if (best) {
      try {
        return this.#native.loadModule(name, readFileSync(new URL(`${name}.sm_${best}.cubin`, folder)));
      } catch (error) {
        // a driver older than the cubin's compiler takes the PTX
        if (this.#native.lost !== null) throw error;
      }
    }
    const text = readFileSync(new URL(`${name}.ptx`, folder));
    return this.#native.loadModule(name, Buffer.concat([text, Buffer.alloc(1)]));
  }
}
