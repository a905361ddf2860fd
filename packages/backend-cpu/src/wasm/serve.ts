/** The life of a worker: it waits for jobs, compiles modules it has not seen, and does its share of the chunks. */
import {
  awaitChange,
  busy,
  controlBytes,
  idle,
  type Kernel,
  type WorkerStart,
  word,
  work,
  writeFailure,
} from './job.ts';

/** Instances that a worker keeps; the oldest goes first, and is made again when it is needed. */
const keptModules = 500;

/** Serves jobs until the slot is taken away. */
export function serve(start: WorkerStart, imports: WebAssembly.ModuleImports): void {
  const { memory, control, slots, slot, token } = start;
  const words = new Int32Array(memory.buffer, control, controlBytes(slots) / 4);
  const modules = new Map<number, readonly Kernel[]>();
  const env = { ...imports, memory, thread: () => start.thread };

  /** The memory up to `end`. An engine may learn a little later that another thread has grown it. */
  const bufferUpTo = (end: number): ArrayBufferLike => {
    while (memory.buffer.byteLength < end);
    return memory.buffer;
  };

  const kernelsOf = (module: number): readonly Kernel[] => {
    const known = modules.get(module);
    if (known) return known;
    const at = words[word.moduleAddress] >>> 0;
    const bytes = new Uint8Array(bufferUpTo(at + words[word.moduleBytes]), at, words[word.moduleBytes]);
    // modules are compiled from unshared memory only
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes.slice() as BufferSource), { env });
    const kernels = Object.values(exports) as Kernel[];
    const [oldest] = modules.keys();
    if (modules.size >= keptModules) modules.delete(oldest);
    modules.set(module, kernels);
    return kernels;
  };

  const share = (): void => {
    let kernel: Kernel;
    try {
      kernel = kernelsOf(words[word.module])[words[word.kernel]];
    } catch {
      // what this thread can't compile the others do
      return;
    }
    const count = words[word.count];
    const at = words[word.list] >>> 0;
    const failure = work(words, kernel, new Int32Array(bufferUpTo(at + count * 4), at, count), count);
    if (failure) writeFailure(words, slot, failure);
  };

  let seen = Atomics.load(words, word.ticket);
  while (Atomics.compareExchange(words, slot, idle(token), busy(token)) === idle(token)) {
    // a job may be under way when this worker is born
    if (Atomics.load(words, word.open) === 1) share();
    Atomics.store(words, slot, idle(token));
    Atomics.notify(words, slot);
    awaitChange(words, word.ticket, seen, true);
    seen = Atomics.load(words, word.ticket);
  }
}
