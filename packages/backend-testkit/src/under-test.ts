/** The backend that is tested: found in a module, registered, and watched for buffers given or used wrongly. */
import { type Backend, devices, type Runtime, registerBackend, type TensorView } from '@tenfold/tensor-core';
import { ConformanceError } from './compare.ts';

/** What is tested: a device that is registered, by its name, or a backend, of which the first device is. */
// biome-ignore lint/suspicious/noExplicitAny: buffers are opaque, and only the backend's own runtime reads them
export type Target = string | Backend<any> | PromiseLike<Backend<any>>;

const isBackend = (x: unknown): x is Backend =>
  typeof x === 'object' && x !== null && 'deviceType' in x && 'open' in x && typeof x.open === 'function';

/**
 * Imports a module and registers its backend: its default export or its export `backend`, which is a {@link Backend}, a promise of one, or a function
 * that gives either. A module without these must register itself. Gives the name of the device to test.
 */
export async function loadBackend(url: string): Promise<string> {
  const before = new Set((await devices()).map(({ name }) => name));
  const module = (await import(/* @vite-ignore */ url)) as { readonly default?: unknown; readonly backend?: unknown };
  const exported = module.default ?? module.backend;
  const backend: unknown = await (typeof exported === 'function' ? exported() : exported);
  if (isBackend(backend)) return useBackend(backend);
  if (exported !== undefined)
    throw new TypeError(
      "the module's default export or its export 'backend' must be a Backend, a promise of one, or a function that gives one",
    );
  const added = (await devices()).filter(({ name }) => !before.has(name));
  const device = added.find(({ available }) => available) ?? added[0];
  if (!device)
    throw new TypeError(
      "the module exports no backend (as 'default' or 'backend') and registers none on import; if it does register one, it uses another copy of @tenfold/tensor-core",
    );
  return device.name;
}

/** The device to test: one that is registered, by its name, or the first of a backend, which is registered under watch. */
export const deviceOf = async (target: Target): Promise<string> =>
  typeof target === 'string' ? target : useBackend(await target);

/** Registers a backend under watch and gives the name of its first device. */
export async function useBackend<B>(backend: Backend<B>): Promise<string> {
  if (!isBackend(backend))
    throw new TypeError(`expected the name of a device or a Backend (with deviceType, probe and open), got ${backend}`);
  registerBackend(instead(backend, { open: (index) => watched(backend.open(index)) }));
  const [device] = await backend.probe();
  return device?.name ?? backend.deviceType;
}

/** An object with some members replaced. The others run on the object itself, whatever they read of `this`. */
function instead<T extends object>(object: T, members: Partial<T>): T {
  return new Proxy(object, {
    get(target, key) {
      const own = members[key as keyof T];
      if (own !== undefined) return own;
      const value: unknown = target[key as keyof T];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The families of kernels: all take views, lists of views, or an epilogue with views. */
const kernels = [
  'map',
  'reduce',
  'argReduce',
  'scan',
  'matmul',
  'gather',
  'scatter',
  'sort',
  'random',
  'randomIntegers',
] as const satisfies readonly (keyof Runtime)[];

/** The views among the arguments of a kernel. */
function viewsIn<B>(argument: unknown): readonly TensorView<B>[] {
  if (Array.isArray(argument)) return argument.flatMap((x) => viewsIn<B>(x));
  if (typeof argument !== 'object' || argument === null) return [];
  if ('storage' in argument) return [argument as TensorView<B>];
  return 'inputs' in argument && 'program' in argument ? viewsIn(argument.inputs) : [];
}

/** One more than the highest place that a view reads; 0 if it has no elements. */
const endOf = ({ shape, strides, offset }: TensorView): number =>
  shape.includes(0) ? 0 : shape.reduce((end, size, d) => end + (size - 1) * strides[d], offset + 1);

/** The runtime, which throws where a buffer is handed out twice, freed twice, used after it was freed, or used beyond its end. */
export function watched<B>(runtime: Runtime<B>): Runtime<B> {
  const held = new Set<B>();
  const freed = new WeakSet<object>();
  const lengths = new WeakMap<object, number>();
  const isObject = (buffer: B): buffer is B & object => typeof buffer === 'object' && buffer !== null;
  /** Throws unless the buffer is in use and has this many elements. */
  const check = (name: string, buffer: B, start: number, end: number): void => {
    if (!isObject(buffer)) return;
    if (freed.has(buffer)) throw new ConformanceError(`use after free: ${name} was given a buffer that had been freed`);
    const length = lengths.get(buffer) ?? Number.POSITIVE_INFINITY;
    if (start < end && (start < 0 || end > length))
      throw new ConformanceError(`out of bounds: ${name} was given elements ${start} to ${end} of ${length}`);
  };
  const checkViews = (name: string, args: readonly unknown[]): void => {
    for (const view of viewsIn<B>(args)) check(name, view.storage.buffer, view.offset, endOf(view));
  };
  // buffers that die with JavaScript's heap are never freed: to hold them here would keep them alive
  const counts = Number.isFinite(runtime.capabilities.collectedBelow);
  const buffers: Partial<Runtime<B>> = {
    allocate(dtype, length) {
      const buffer = runtime.allocate(dtype, length);
      if (held.has(buffer)) throw new ConformanceError('allocate gave a buffer that is still held');
      if (counts) held.add(buffer);
      if (isObject(buffer)) {
        freed.delete(buffer);
        lengths.set(buffer, length);
      }
      return buffer;
    },
    free(buffer) {
      if (isObject(buffer)) {
        if (freed.has(buffer)) throw new ConformanceError('double free: a buffer was freed a second time');
        freed.add(buffer);
      }
      held.delete(buffer);
      runtime.free(buffer);
    },
    upload(buffer, data, offset) {
      check('upload', buffer, offset, offset + data.length);
      runtime.upload(buffer, data, offset);
    },
    async download(buffer, offset, length) {
      check('download', buffer, offset, offset + length);
      return runtime.download(buffer, offset, length);
    },
    downloadSync:
      runtime.downloadSync &&
      ((buffer, offset, length) => {
        check('downloadSync', buffer, offset, offset + length);
        return (runtime.downloadSync as NonNullable<Runtime<B>['downloadSync']>)(buffer, offset, length);
      }),
    copy(from, start, to, at, length) {
      check('copy', from, start, start + length);
      check('copy', to, at, at + length);
      runtime.copy(from, start, to, at, length);
    },
  };
  const families = kernels.map((name) => [
    name,
    (...args: unknown[]) => {
      checkViews(name, args);
      (runtime[name] as (...args: unknown[]) => void)(...args);
    },
  ]);
  const overrides = Object.entries(runtime.overrides).map(([op, override]) => [
    op,
    override &&
      instead(override, {
        run(outs, inputs, attrs) {
          checkViews(op, [outs, inputs]);
          override.run(outs, inputs, attrs);
        },
      }),
  ]);
  return instead(runtime, {
    ...buffers,
    ...Object.fromEntries(families),
    overrides: Object.fromEntries(overrides),
  });
}
