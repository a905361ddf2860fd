/** The pool of worker threads, as the main thread sees it: it starts and ends workers, publishes jobs and waits until they are done. */
import { ArgumentError, BackendError, IndexError } from '@tenfold/tensor-core';
import { type Spawned, spawn } from '../spawn.ts';
import type { Heap } from './heap.ts';
import {
  awaitChange,
  busy,
  controlBytes,
  giveSlot,
  idle,
  type Kernel,
  slotAt,
  takeFailure,
  word,
  work,
} from './job.ts';

/** The most threads there can be, the main thread among them. */
export const maxThreads = 256;
const slots = maxThreads - 1;

/** Where workers find a kernel: which export of which module. */
export interface KernelPlace {
  readonly module: ModuleBytes;
  readonly index: number;
}

/** The bytes of a module; `address` is 0 until a job has brought them into the shared memory. */
export interface ModuleBytes {
  readonly id: number;
  readonly bytes: Uint8Array;
  address: number;
}

/** The token of a slot without a worker. */
const nobody = 0;

interface Worker {
  /** Its number; the thread that calls is 0. */
  readonly thread: number;
  readonly slot: number;
  readonly token: number;
  readonly spawned: Spawned;
}

/** An error of a worker as it would have been here. */
function revive(name: string, message: string): Error {
  switch (name) {
    case 'ArgumentError':
      return new ArgumentError(message);
    case 'IndexError':
      return new IndexError(message);
    case 'RuntimeError':
      return new WebAssembly.RuntimeError(message);
    default:
      return new BackendError(`cpu: a worker thread failed: ${name}: ${message}`);
  }
}

export class Pool {
  readonly #heap: Heap;
  readonly #workers: Worker[] = [];
  /** Frees the bytes of modules whose kernels are gone. */
  readonly #forgotten: FinalizationRegistry<{ readonly address: number; readonly bytes: number }>;
  #words: Int32Array | undefined;
  #list: Int32Array;
  #maySleep = false;
  #token = nobody;
  #warned = false;

  constructor(heap: Heap) {
    this.#heap = heap;
    this.#list = new Int32Array(0);
    this.#forgotten = new FinalizationRegistry(({ address, bytes }) => heap.free(address, bytes));
  }

  /** Threads that take part in jobs, the main thread among them. */
  get threads(): number {
    return this.#workers.length + 1;
  }

  /** More than the highest number of a thread: how many places a kernel needs that keeps one for each thread. */
  get places(): number {
    return 1 + this.#workers.reduce((most, { thread }) => Math.max(most, thread), 0);
  }

  /** Starts or ends workers until there are `n` threads, or as many as can be had. */
  resize(n: number): void {
    while (this.threads > n) this.#end(this.#workers[this.#workers.length - 1]);
    while (this.threads < n && this.#start());
  }

  /** Calls the kernel with every descriptor, on all threads. Throws what the first chunk that fails has thrown. */
  run(kernel: Kernel, { module, index }: KernelPlace, descriptors: readonly number[]): void {
    const words = this.#control();
    const count = descriptors.length;
    const list = this.#listOf(descriptors);
    if (module.address === 0) this.#publish(module);
    words[word.count] = count;
    words[word.list] = list.byteOffset;
    words[word.module] = module.id;
    words[word.moduleAddress] = module.address;
    words[word.moduleBytes] = module.bytes.length;
    words[word.kernel] = index;
    Atomics.store(words, word.next, 0);
    Atomics.store(words, word.open, 1);
    Atomics.add(words, word.ticket, 1);
    Atomics.notify(words, word.ticket, count - 1);
    let first = work(words, kernel, list, count);
    Atomics.store(words, word.open, 0);
    for (const { slot, token } of this.#workers) {
      awaitChange(words, slot, busy(token), this.#maySleep);
      const failure = takeFailure(words, slot);
      if (failure && (!first || failure.chunk < first.chunk))
        first = { chunk: failure.chunk, error: revive(failure.name, failure.message) };
    }
    if (first) throw first.error;
  }

  #control(): Int32Array {
    if (this.#words) return this.#words;
    const words = this.#heap.allocateArray('int32', controlBytes(slots) / 4) as Int32Array;
    words.fill(0);
    this.#words = words;
    try {
      // the main thread of a page may not wait, not even for nothing
      Atomics.wait(words, word.ticket, 1, 0);
      this.#maySleep = true;
    } catch {
      this.#maySleep = false;
    }
    return words;
  }

  #listOf(descriptors: readonly number[]): Int32Array {
    if (this.#list.length < descriptors.length) {
      if (this.#list.length > 0) this.#heap.free(this.#list.byteOffset, this.#list.byteLength);
      const length = Math.max(256, 2 ** Math.ceil(Math.log2(descriptors.length)));
      this.#list = this.#heap.allocateArray('int32', length) as Int32Array;
    }
    this.#list.set(descriptors);
    return this.#list;
  }

  #publish(module: ModuleBytes): void {
    const { length } = module.bytes;
    const address = this.#heap.allocate(length);
    new Uint8Array(this.#heap.memory.buffer, address, length).set(module.bytes);
    module.address = address;
    this.#forgotten.register(module, { address, bytes: length });
  }

  #start(): boolean {
    const words = this.#control();
    const taken = new Set(this.#workers.map(({ thread }) => thread));
    let thread = 1;
    while (taken.has(thread)) thread++;
    const slot = slotAt(thread - 1);
    const token = ++this.#token;
    giveSlot(words, slot, token);
    const start = { memory: this.#heap.memory, control: words.byteOffset, slots, thread, slot, token };
    try {
      const spawned = spawn(start, (reason) => this.#lose(token, reason));
      if (spawned) this.#workers.push({ thread, slot, token, spawned });
      return spawned !== null;
    } catch (error) {
      this.#warn(String(error));
      return false;
    }
  }

  /** Takes a worker's slot and ends it. No job is open here: if it woke for the last one too late it is idle again in a moment. */
  #end(worker: Worker): void {
    const words = this.#control();
    const { slot, token, spawned } = worker;
    this.#workers.splice(this.#workers.indexOf(worker), 1);
    while (Atomics.compareExchange(words, slot, idle(token), idle(nobody)) !== idle(token));
    spawned.end();
  }

  /** A worker is gone, and nobody has ended it. */
  #lose(token: number, reason: string): void {
    const at = this.#workers.findIndex((worker) => worker.token === token);
    if (at < 0) return;
    const [{ slot }] = this.#workers.splice(at, 1);
    Atomics.store(this.#control(), slot, idle(nobody));
    this.#warn(reason);
  }

  #warn(reason: string): void {
    if (this.#warned) return;
    this.#warned = true;
    console.warn(`@tenfold/backend-cpu: a worker thread could not be had, fewer threads compute: ${reason}`);
  }
}
