/** The backend that is tested: found in a module, registered, and watched for buffers given or used wrongly. */
import { type Backend, devices, type Runtime, registerBackend, type TensorView } from '@tenfold/tensor-core';
import { ConformanceError } from './compare.ts';

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

/** Registers a backend under watch and gives the name of its first device. */
export async function useBackend(backend: Backend): Promise<string> {
  registerBackend({ ...backend, open: (index) => watched(backend.open(index)), probe: () => backend.probe() });
  const [device] = await backend.probe();
  return device?.name ?? backend.deviceType;
}

/** The runtime, which throws where a buffer is handed out twice, freed twice, or used after it was freed. */
export function watched<B>(runtime: Runtime<B>): Runtime<B> {
  const held = new Set<B>();
  const freed = new WeakSet<object>();
  const known = (buffer: B): B => {
    if (typeof buffer === 'object' && buffer !== null && freed.has(buffer))
      throw new ConformanceError('use after free: a kernel was given a buffer that had been freed');
    return buffer;
  };
  const view = (x: TensorView<B>): void => void known(x.storage.buffer);
  // buffers that die with JavaScript's heap are never freed: to hold them here would keep them alive
  const counts = Number.isFinite(runtime.capabilities.collectedBelow);
  const over: Partial<Runtime<B>> = {
    allocate(dtype, length) {
      const buffer = runtime.allocate(dtype, length);
      if (held.has(buffer)) throw new ConformanceError('allocate gave a buffer that is still held');
      if (counts) held.add(buffer);
      if (typeof buffer === 'object' && buffer !== null) freed.delete(buffer);
      return buffer;
    },
    free(buffer) {
      if (typeof buffer === 'object' && buffer !== null) {
        if (freed.has(buffer)) throw new ConformanceError('double free: a buffer was freed a second time');
        freed.add(buffer);
      }
      held.delete(buffer);
      runtime.free(buffer);
    },
    upload: (buffer, ...rest) => runtime.upload(known(buffer), ...rest),
    download: async (buffer, ...rest) => runtime.download(known(buffer), ...rest),
    copy: (from, start, to, ...rest) => runtime.copy(known(from), start, known(to), ...rest),
    map(outs, ins, ...rest) {
      outs.forEach(view);
      ins.forEach(view);
      runtime.map(outs, ins, ...rest);
    },
  };
  // methods that are not watched run on the runtime itself, whatever they read of `this`
  return new Proxy(runtime, {
    get(target, key) {
      const own = over[key as keyof Runtime<B>];
      if (own) return own;
      const value: unknown = target[key as keyof Runtime<B>];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
