/** Memory of a tensor: one buffer of a device, shared by all views of it, and who is told when it goes. */
import { type DType, dtypes, type TypedArray } from './dtype.ts';
import { BackendError, DTypeError, TenfoldError } from './errors.ts';
import { inferenceState } from './grad-mode.ts';
import { type Device, openDevices } from './registry.ts';

/** Counts in-place changes. Views and `detach()` share the counter of their storage; `data` has a fresh one. */
export interface VersionCounter {
  value: number;
}

interface Held {
  readonly device: Device;
  readonly buffer: unknown;
  readonly bytes: number;
  /** The storage, for devices that can make the garbage collector run. */
  owner?: WeakRef<Storage>;
}

/** Bytes that `buffers` buffers with `bytes` bytes of elements cost a device. */
const costOf = ({ runtime }: Device, bytes: number, buffers: number): number =>
  bytes + buffers * (runtime.capabilities.bufferOverhead ?? 0);

// JavaScript runs these callbacks between tasks, so a loop must await once a step (or dispose) for memory to come back
const collected = new FinalizationRegistry<Held>(releaseCollected);

/** What may turn out to be garbage, of devices that can make the collector run. */
const watched = new Map<Device, Set<Held>>();

function releaseCollected(held: Held): void {
  // it was found before the collector told of it
  if (held.owner && !watched.get(held.device)?.delete(held)) return;
  held.device.announcedBytes -= costOf(held.device, held.bytes, 1);
  release(held);
}

/** Makes the garbage collector run and frees what it found: its callbacks would come only after the running job. What this job made is not found. */
function collect(device: Device): void {
  device.runtime.collect?.();
  for (const held of watched.get(device) ?? []) if (!held.owner?.deref()) releaseCollected(held);
}

/**
 * Storages of the running job. V8 puts what it notes of a registered object where only its rare, full collections look, and keeps the object itself until
 * then, even if it is unregistered. No finalizer can run before the job ends: only what has not been freed by then is registered.
 */
const recent: Storage[] = [];
let awaitsEnd = false;

/**
 * The garbage collector does not see the memory of devices, and would let gigabytes of it wait. It does see `ArrayBuffer`s: so one is tied to a storage
 * that outlives its job when so many more bytes are held than it has heard of. What is freed by hand and allocated again is not announced again.
 */
const unheard = 2 ** 23;

/** The least size of such an `ArrayBuffer`: nobody touches its pages, and the system provides none; below it an allocator may take used pages and clear them. */
const announcement = 2 ** 25;
const announced = new WeakMap<Storage, ArrayBuffer>();

function announce(storage: Storage): void {
  const { device } = storage;
  const held = costOf(device, device.usage.bytes, device.usage.buffers);
  const bytes = held - device.announcedBytes;
  if (bytes <= unheard) return;
  device.announcedBytes = held;
  try {
    announced.set(storage, new ArrayBuffer(Math.max(bytes, announcement)));
  } catch {
    // no address space is left for it; the attempt alone makes V8 collect
  }
}

function release({ device, buffer, bytes }: Held): void {
  device.usage.bytes -= bytes;
  device.usage.buffers--;
  device.runtime.free(buffer);
}

/** A buffer of `length` elements on a device, with the number of tensors and saved tensors that hold it. */
export class Storage {
  readonly device: Device;
  readonly dtype: DType;
  readonly length: number;
  readonly version: VersionCounter = { value: 0 };
  /** Whether it was made in inference mode: then no graph may hold it, and it is written in inference mode only. */
  readonly inference: boolean = inferenceState.enabled;
  #buffer: unknown;
  #holders = 0;
  #held: Held | null = null;
  /** Its index in {@link recent}; -1 once it is registered. */
  #place = -1;

  /** @throws DTypeError if the device has no such dtype, BackendError if it has no room. */
  constructor(device: Device, dtype: DType, length: number) {
    const { runtime } = device;
    if (!runtime.capabilities.dtypes.includes(dtype)) {
      throw new DTypeError(
        `device '${device.name}' has no ${dtype}; choose one of ${runtime.capabilities.dtypes.join(', ')}, or another device`,
      );
    }
    this.device = device;
    this.dtype = dtype;
    this.length = length;
    this.#buffer = this.#allocate();
    const bytes = length * dtypes[dtype].itemsize;
    if (bytes < runtime.capabilities.collectedBelow) return;
    this.#held = { device, buffer: this.#buffer, bytes };
    this.#place = recent.push(this) - 1;
    if (!awaitsEnd) {
      awaitsEnd = true;
      Promise.resolve().then(Storage.#registerRecent);
    }
    device.usage.bytes += bytes;
    device.usage.buffers++;
    device.usage.peakBytes = Math.max(device.usage.peakBytes, device.usage.bytes);
  }

  /** A full device gets a second try once the garbage is gone. */
  #allocate(): unknown {
    const { runtime } = this.device;
    try {
      return runtime.allocate(this.dtype, this.length);
    } catch (error) {
      if (!(error instanceof BackendError) || !runtime.collect) throw error;
      collect(this.device);
      return runtime.allocate(this.dtype, this.length);
    }
  }

  /** The backend's buffer. Reading it after the storage was freed is an error. */
  get buffer(): unknown {
    if (this.#buffer === undefined) {
      throw new TenfoldError(
        'this tensor was disposed; its memory is gone. Keep it out of tidy() or dispose it later',
        'DISPOSED',
      );
    }
    return this.#buffer;
  }

  /** How many hold it, counting those that were left to the garbage collector. */
  get holders(): number {
    return this.#holders;
  }

  /** One more holder, which must call {@link Storage.release} in the end or leave it to the garbage collector. */
  retain(): void {
    this.#holders++;
  }

  /** One holder less; the last one frees the buffer. */
  release(): void {
    if (--this.#holders > 0 || this.#buffer === undefined) return;
    this.#buffer = undefined;
    if (!this.#held) return;
    if (this.#place < 0) {
      collected.unregister(this);
      watched.get(this.device)?.delete(this.#held);
    } else this.#leaveRecent();
    release(this.#held);
    this.#held = null;
  }

  /** The last of {@link recent} takes its place. */
  #leaveRecent(): void {
    const last = recent[recent.length - 1];
    recent[this.#place] = last;
    last.#place = this.#place;
    recent.pop();
    this.#place = -1;
  }

  #watch(held: Held): void {
    held.owner = new WeakRef(this);
    const known = watched.get(this.device);
    if (known) known.add(held);
    else watched.set(this.device, new Set([held]));
  }

  static #registerRecent(): void {
    for (const storage of recent) {
      storage.#place = -1;
      if (!storage.#held) continue;
      collected.register(storage, storage.#held, storage);
      if (storage.device.runtime.collect) storage.#watch(storage.#held);
      announce(storage);
    }
    recent.length = 0;
    awaitsEnd = false;
  }

  upload(data: TypedArray, offset = 0): void {
    this.device.runtime.upload(this.buffer, data, offset);
  }
}

/** What core holds on one device. */
export interface MemoryUsage {
  /** Bytes of the counted storages now, and at most so far. */
  readonly bytes: number;
  readonly peakBytes: number;
  /** Storages behind those bytes. */
  readonly buffers: number;
}

/**
 * Bytes and buffers held per open device, such as `{ cpu: { bytes, peakBytes, buffers } }`. Storages that a device leaves to the
 * garbage collector are not counted: those under 4 KiB on cpu, and all of its `'plain'` engine. Memory that was dropped but not yet collected still counts.
 */
export function memory(): { [device: string]: MemoryUsage } {
  return Object.fromEntries(openDevices().map((device) => [device.name, { ...device.usage }]));
}
