/**
 * How threads share a job: a control block in the shared memory that says which kernel to call with which descriptors, and the protocol around it. Main
 * thread and workers both read this file; it knows nothing of how workers start.
 *
 * A job is open from when it is written until its last chunk is claimed. A worker takes part only between marking its slot busy and idle again, and looks
 * whether the job is open after it has marked; the publisher closes the job before it looks at the slots. Both orders are sequentially consistent, so a
 * worker that the publisher does not see busy has not seen the job, however late it wakes.
 */

/** Positions of 32-bit words in the control block. What different threads write lies in different cache lines. */
const lineWords = 16;
export const word = {
  /** Changes with every job: idle workers wait on it. */
  ticket: 0,
  /** 1 while the job may be joined. */
  open: lineWords,
  /** The next chunk to claim. */
  next: 2 * lineWords,
  /** The job: chunks, address of the list of descriptors, id, address and length of the module, index of the kernel among its exports. */
  count: 3 * lineWords,
  list: 3 * lineWords + 1,
  module: 3 * lineWords + 2,
  moduleAddress: 3 * lineWords + 3,
  moduleBytes: 3 * lineWords + 4,
  kernel: 3 * lineWords + 5,
} as const;

/** Each worker has a slot: its state, and the first of its chunks that failed with the text of the error. */
const slotWords = 8 * lineWords;
export const slotAt = (i: number): number => 4 * lineWords + i * slotWords;
const failedChunk = lineWords;
const textBytes = lineWords + 1;
const text = lineWords + 2;
const maxTextBytes = (slotWords - text) * 4;

/** Bytes of a control block with so many slots. */
export const controlBytes = (slots: number): number => slotAt(slots) * 4;

/**
 * States of a slot, each with the token of the worker that holds the slot in its upper bits. A slot is let go by a new token: its old worker can never be
 * busy again, though its thread may go on for a while.
 */
export const idle = (token: number): number => token << 1;
export const busy = (token: number): number => (token << 1) | 1;

export type Kernel = (descriptor: number) => void;

/** A chunk that failed, and why. */
export interface Failure {
  readonly chunk: number;
  readonly error: unknown;
}

/** Claims chunks and runs them until none is left. After a failure nobody claims another; all chunks before it are claimed by then. */
export function work(words: Int32Array, kernel: Kernel, list: Int32Array, count: number): Failure | null {
  while (true) {
    const chunk = Atomics.add(words, word.next, 1);
    if (chunk >= count) return null;
    try {
      kernel(list[chunk]);
    } catch (error) {
      Atomics.store(words, word.next, count);
      return { chunk, error };
    }
  }
}

/** Writes a worker's failure into its slot. */
export function writeFailure(words: Int32Array, slot: number, { chunk, error }: Failure): void {
  const what = error instanceof Error ? `${error.name}\n${error.message}` : `Error\n${error}`;
  const bytes = new TextEncoder().encode(what).subarray(0, maxTextBytes);
  new Uint8Array(words.buffer, words.byteOffset + (slot + text) * 4, bytes.length).set(bytes);
  words[slot + textBytes] = bytes.length;
  words[slot + failedChunk] = chunk;
}

/** The failure in a worker's slot as name and message, taken out of it. */
export function takeFailure(words: Int32Array, slot: number): { chunk: number; name: string; message: string } | null {
  const chunk = words[slot + failedChunk];
  if (chunk < 0) return null;
  words[slot + failedChunk] = none;
  const bytes = new Uint8Array(words.buffer, words.byteOffset + (slot + text) * 4, words[slot + textBytes]);
  // decoders take no shared memory
  const [name, ...message] = new TextDecoder().decode(bytes.slice()).split('\n');
  return { chunk, name, message: message.join('\n') };
}

const none = -1;

/** Gives a slot to the worker `token`, which has not begun. */
export function giveSlot(words: Int32Array, slot: number, token: number): void {
  words[slot + failedChunk] = none;
  Atomics.store(words, slot, idle(token));
}

/** Rounds of looking before a thread sleeps: the next job of a running program comes within microseconds, and waking costs more. */
const spins = 2000;

/** Returns when the word is no longer `value`; a thread that may not sleep looks on. */
export function awaitChange(words: Int32Array, at: number, value: number, maySleep: boolean): void {
  for (let i = 0; i < spins; i++) if (Atomics.load(words, at) !== value) return;
  while (Atomics.load(words, at) === value) if (maySleep) Atomics.wait(words, at, value);
}

/** What a worker is given when it starts. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  /** Address and slots of the control block. */
  readonly control: number;
  readonly slots: number;
  /** The number of the thread, not 0, which kernels may ask for. */
  readonly thread: number;
  /** Its slot, as a position in the control block, and its token. */
  readonly slot: number;
  readonly token: number;
}
