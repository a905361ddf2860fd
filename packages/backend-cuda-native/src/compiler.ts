/** Programs compiled for the device by NVRTC, where it is found; what was compiled once is kept on disk. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Kernel } from './kernel-library.ts';
import type { NativeDevice } from './native.ts';

/** Code that every device and driver takes which the package serves: see scripts/build-kernels.mjs. */
const architecture = 'compute_75';
const ptxVersion = '7.0';
const options = ['--std=c++17', '--fmad=false', `--gpu-architecture=${architecture}`];

/** The headers of compiled programs, in the order in which they include each other. */
const headers = ['device', 'math', 'program', 'map', 'reduce', 'compiled'];

let prelude: string | undefined;

/** All headers as one text: NVRTC is told of no folder. */
function headerText(): string {
  prelude ??= headers
    .map((name) => readFileSync(new URL(`../native/kernels/${name}.cuh`, import.meta.url), 'utf8'))
    .join('\n')
    .replace(/^#(pragma once|include "(?!emulator).*")$/gm, '');
  return prelude;
}

/** Where compiled programs are kept: `TENFOLD_CACHE_DIR`, else where the system keeps such things. @throws if the user has no home. */
function cacheFolder(): string {
  const { TENFOLD_CACHE_DIR, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (TENFOLD_CACHE_DIR) return join(TENFOLD_CACHE_DIR, 'cuda');
  if (process.platform === 'win32') return join(LOCALAPPDATA ?? join(homedir(), 'AppData/Local'), 'tenfold/cuda');
  return join(XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenfold/cuda');
}

const digest = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

/** PTX that was kept, or `null` if there is none or it is not whole. */
function kept(name: string): string | null {
  try {
    const text = readFileSync(join(cacheFolder(), name), 'utf8');
    const end = text.indexOf('\n');
    const ptx = text.slice(end + 1);
    return digest(ptx) === text.slice(0, end) ? ptx : null;
  } catch {
    return null;
  }
}

/** Writes whole files only, and does without where nothing can be written. */
function keep(name: string, ptx: string): void {
  let unfinished: string | null = null;
  try {
    const folder = cacheFolder();
    mkdirSync(folder, { recursive: true });
    unfinished = join(folder, `${name}.${process.pid}.${threadId}`);
    writeFileSync(unfinished, `${digest(ptx)}\n${ptx}`);
    renameSync(unfinished, join(folder, name));
  } catch {
    if (unfinished !== null) rmSync(unfinished, { force: true });
  }
}

/**
 * Bytes of the arguments of the one kernel in a PTX text. Functions that it calls, as sine and cosine of doubles do, come before it and have parameters, too.
 */
export const argumentBytes = (ptx: string): number => Number(/\.entry \w+\(\s*\.param [^[]*\[(\d+)\]/.exec(ptx)?.[1]);

export class Compiler {
  readonly #native: NativeDevice;
  readonly #version: string;
  readonly #kernels = new Map<string, Kernel>();
  /** How many programs were compiled, and how many came from the disk. */
  readonly counters = { compiled: 0, kept: 0 };

  /** `version` is that of NVRTC: another one may compile to other bits. */
  constructor(native: NativeDevice, version: string) {
    this.#native = native;
    this.#version = version;
  }

  /** The kernel of `key`; its source is asked for if it is not there yet, with the name that it must have. */
  kernel(key: string, threads: number, source: (name: string) => string): Kernel {
    const known = this.#kernels.get(key);
    if (known) return known;
    const name = 'compiled';
    const ptx = this.#ptx(source(name).replace('#include "compiled.cuh"', headerText()));
    const bytes = argumentBytes(ptx);
    const module = this.#native.loadModule(key, new TextEncoder().encode(`${ptx}\0`));
    const kernel = { name, id: this.#native.kernel(module, name, bytes, threads), bytes, threads };
    this.#kernels.set(key, kernel);
    return kernel;
  }

  #ptx(source: string): string {
    const file = `${digest(source, this.#version, ...options)}.ptx`;
    const old = kept(file);
    if (old !== null) {
      this.counters.kept++;
      return old;
    }
    const compiled = new TextDecoder().decode(this.#native.compile(source, options)).replace(/\0$/, '');
    const ptx = compiled
      .replace(/^\.version .*$/m, `.version ${ptxVersion}`)
      .replace(/^\s*\.pragma "used_bytes_mask [^"]*";$/gm, '');
    this.counters.compiled++;
    keep(file, ptx);
    return ptx;
  }
}
