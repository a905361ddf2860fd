/** Streams and events, as `torch.cuda.Stream` and `torch.cuda.Event` are. */
import { ArgumentError, BackendError } from '@tenfold/tensor-core';
import { attempt, type Cuda } from './cuda.ts';
import { type CudaDeviceOptions, disown, handleOf, openCuda, own, refuseAsync } from './open-devices.ts';

/** The stream that each device queues on, and its own one. */
const currents = new WeakMap<Cuda, { readonly own: CudaStream; current: CudaStream }>();

/**
 * A queue of a device. What is queued on one runs in order; streams run beside each other, so that a tensor which one stream writes may be read on another
 * only behind an event: `reader.waitStream(writer)`. Reads from JavaScript wait for the current stream.
 *
 * @example
 * const side = new CudaStream();
 * side.waitStream(currentStream());
 * const y = withStream(side, () => x.mm(x));
 * currentStream().waitStream(side);
 */
export class CudaStream {
  /** `'cuda:0'`. */
  readonly device: string;

  /** A new stream. @throws DeviceError if there is no such device. */
  constructor(options?: CudaDeviceOptions);
  /** @internal the device's own stream */
  constructor(options: CudaDeviceOptions, existing: 0);
  constructor(options?: CudaDeviceOptions, existing?: 0) {
    const { cuda, device } = openCuda('CudaStream', options);
    this.device = device;
    const { native } = cuda;
    const id = existing ?? attempt(() => cuda.createStream());
    own(this, { cuda, device, id, release: () => id !== 0 && attempt(() => native.destroyStream(id)) });
  }

  /** An event behind all that is queued here so far: a new one, unless one is given. */
  recordEvent(event: CudaEvent = new CudaEvent({ device: this.device })): CudaEvent {
    event.record(this);
    return event;
  }

  /** What is queued here from now on waits for the event. */
  waitEvent(event: CudaEvent): void {
    event.wait(this);
  }

  /** What is queued here from now on waits for all that is queued there so far. */
  waitStream(stream: CudaStream): void {
    behind(stream, (event) => event.wait(this));
  }

  /** Waits until all that was queued has run; JavaScript waits, too. */
  synchronize(): void {
    behind(this, (event) => event.synchronize());
  }

  /** Waits, and gives the stream back. The garbage collector does so at some time, too. @throws BackendError if it is the current one. */
  destroy(): void {
    disown(this);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

/** Runs `use` with an event behind all that `stream` has queued. */
function behind<T>(stream: CudaStream, use: (event: CudaEvent) => T): T {
  const event = new CudaEvent({ device: stream.device });
  try {
    event.record(stream);
    return use(event);
  } finally {
    event.destroy();
  }
}

function stateOf(options?: CudaDeviceOptions) {
  const { cuda, device } = openCuda('currentStream', options);
  let state = currents.get(cuda);
  if (!state) {
    const first = new CudaStream({ device }, 0);
    currents.set(cuda, (state = { own: first, current: first }));
  }
  return { cuda, state };
}

/** The stream that work of a device is queued on: its own one, but within {@link withStream}. */
export const currentStream = (options?: CudaDeviceOptions): CudaStream => stateOf(options).state.current;

/**
 * Queues what `fn` does on a stream, and gives its result.
 *
 * @throws ArgumentError if `fn` is async: what other tasks queue meanwhile would go there, too.
 */
export function withStream<T>(stream: CudaStream, fn: () => T): T {
  const { id } = handleOf('withStream', stream);
  const { cuda, state } = stateOf({ device: stream.device });
  const before = state.current;
  const previous = handleOf('withStream', before).id;
  attempt(() => cuda.native.setStream(id));
  state.current = stream;
  try {
    const result = fn();
    refuseAsync('withStream', result);
    return result;
  } finally {
    state.current = before;
    if (cuda.native.lost === null) attempt(() => cuda.native.setStream(previous));
  }
}

/** A point in a stream's queue, which others can wait for and whose time can be taken. */
export class CudaEvent {
  /** `'cuda:0'`. */
  readonly device: string;
  #isRecorded = false;

  /** @throws DeviceError if there is no such device. */
  constructor(options?: CudaDeviceOptions) {
    const { cuda, device } = openCuda('CudaEvent', options);
    this.device = device;
    const { native } = cuda;
    const id = attempt(() => native.createEvent());
    own(this, { cuda, device, id, release: () => attempt(() => native.destroyEvent(id)) });
  }

  /** Puts the event behind all that a stream has queued so far; before, it was elsewhere or nowhere. */
  record(stream: CudaStream = currentStream({ device: this.device })): void {
    const { cuda, id } = this.#handleBeside('record', stream);
    withStream(stream, () => attempt(() => cuda.native.recordEvent(id)));
    this.#isRecorded = true;
  }

  /** What a stream queues from now on waits for the event; one that was not recorded has happened. */
  wait(stream: CudaStream = currentStream({ device: this.device })): void {
    const { cuda, id } = this.#handleBeside('wait', stream);
    withStream(stream, () => attempt(() => cuda.native.waitEvent(id)));
  }

  /** Whether it has happened. */
  query(): boolean {
    const { cuda, id } = handleOf('CudaEvent.query', this);
    return attempt(() => cuda.native.queryEvent(id));
  }

  /** Waits until it has happened; JavaScript waits, too. */
  synchronize(): void {
    const { cuda, id } = handleOf('CudaEvent.synchronize', this);
    attempt(() => cuda.native.synchronizeEvent(id));
  }

  /** Milliseconds from this event to `end`. @throws BackendError unless both were recorded and have happened. */
  elapsedTime(end: CudaEvent): number {
    const { cuda, id } = handleOf('CudaEvent.elapsedTime', this);
    const to = handleOf('CudaEvent.elapsedTime', end);
    requireSame('CudaEvent.elapsedTime', this.device, end.device);
    for (const [event, name] of [
      [this, 'the first event'],
      [end, 'the second event'],
    ] as const) {
      if (!event.#isRecorded) throw new BackendError(`CudaEvent.elapsedTime: ${name} was not recorded`);
      if (!event.query())
        throw new BackendError(`CudaEvent.elapsedTime: ${name} has not happened yet: call synchronize() on it first`);
    }
    return attempt(() => cuda.native.elapsed(id, to.id));
  }

  /** Gives the event back. The garbage collector does so at some time, too. */
  destroy(): void {
    disown(this);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  #handleBeside(method: string, stream: CudaStream) {
    const what = `CudaEvent.${method}`;
    const handle = handleOf(what, this);
    handleOf(what, stream);
    requireSame(what, this.device, stream.device);
    return handle;
  }
}

function requireSame(what: string, one: string, other: string): void {
  if (one !== other) throw new ArgumentError(`${what}: expected both to be of one device, got ${one} and ${other}`);
}
