/** The backends of this process and the devices opened from them. */
import { type Backend, backendSpecVersion, type DeviceInfo, type Override, type Runtime } from './backend.ts';
import { ArgumentError, BackendError, DeviceError, describe } from './errors.ts';
import { formatOrigin, thisCore } from './release.ts';

/** An open device. There is one object per device string, so devices compare by identity. */
export class Device {
  /** The device string: `'cpu'`, `'cuda:0'`. */
  readonly name: string;
  readonly type: string;
  readonly index: number;
  readonly runtime: Runtime;
  /** {@link Runtime.overrides}, for the dispatcher: most ops have none, and a map says so at once. */
  readonly overrides: ReadonlyMap<string, Override | undefined>;
  /** Bytes and buffers that core holds on this device, for `memory()`. */
  readonly usage = { bytes: 0, buffers: 0, peakBytes: 0 };
  /** The most bytes held here, with what buffers cost besides, that the garbage collector has heard of, less those that it has given back (see `storage.ts`). */
  announcedBytes = 0;

  constructor(name: string, type: string, index: number, runtime: Runtime) {
    this.name = name;
    this.type = type;
    this.index = index;
    this.runtime = runtime;
    this.overrides = new Map(Object.entries(runtime.overrides));
  }

  toString(): string {
    return this.name;
  }
}

const backends: Backend[] = [];
const open = new Map<string, Device>();
let defaultDevice = 'cpu';

/**
 * Makes a backend's devices usable: `registerBackend(cpu())`. Registering the same device type again adds a provider; the one of the highest
 * priority serves, the latest among equals, for devices opened from then on.
 *
 * @throws BackendError if the backend was written for another version of the contract.
 */
export function registerBackend<B>(backend: Backend<B>): void {
  if (backend === null || typeof backend !== 'object' || typeof backend.deviceType !== 'string') {
    throw new ArgumentError(`registerBackend: expected a backend such as cpu(), got ${describe(backend)}`);
  }
  if (backend.specVersion !== backendSpecVersion) {
    throw new BackendError(
      `registerBackend: the backend '${backend.deviceType}' is written for version ${String(backend.specVersion)} of the backend contract, ` +
        `@tenfold/tensor-core ${formatOrigin(thisCore)} has version ${backendSpecVersion}. ` +
        `Update the ${Number(backend.specVersion) > backendSpecVersion ? 'core: npm install @tenfold/tensor-core@latest' : "backend's package, or install the core that it was made for"}`,
    );
  }
  if (!/^[a-z][a-z0-9_-]*$/.test(backend.deviceType)) {
    throw new ArgumentError(
      `registerBackend: '${backend.deviceType}' is not a device type; use lower-case letters, digits, - and _`,
    );
  }
  // a runtime's buffers are opaque to core: only the runtime that made one ever reads it
  backends.push(backend as Backend);
  for (const name of [...open.keys()]) if (parseDevice(name).type === backend.deviceType) open.delete(name);
}

/** Every device of every registered backend, with the reason in words where it can't be used. */
export async function devices(): Promise<DeviceInfo[]> {
  const lists = await Promise.all(backends.map((backend) => backend.probe()));
  const byName = new Map<string, DeviceInfo>();
  for (const list of lists) {
    for (const device of list) {
      const known = byName.get(device.name);
      if (!known?.available) byName.set(device.name, device);
    }
  }
  return [...byName.values()];
}

/** The device that factories use when none is named: `'cpu'` unless changed. */
export const getDefaultDevice = (): string => defaultDevice;

/** Sets the device that factories use when none is named. */
export function setDefaultDevice(device: string): void {
  defaultDevice = resolveDevice(device).name;
}

function parseDevice(name: unknown): { type: string; index: number } {
  const match = typeof name === 'string' ? /^([a-z][a-z0-9_-]*)(?::(\d{1,3}))?$/.exec(name) : null;
  if (!match) throw new DeviceError(`${describe(name)} is not a device; pass a string such as 'cpu' or 'cuda:0'`);
  return { type: match[1], index: Number(match[2] ?? 0) };
}

/**
 * The open device of a device string.
 *
 * @throws DeviceError naming the registered device types, or the reason why the device can't be opened.
 */
export function resolveDevice(name: string = defaultDevice): Device {
  const known = open.get(name);
  if (known) return known;
  const { type, index } = parseDevice(name);
  const candidates = backends
    .filter((backend) => backend.deviceType === type)
    .reverse()
    .sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
  if (candidates.length === 0) throw unknownDevice(type);
  const reasons: string[] = [];
  for (const backend of candidates) {
    const canonical = backend.indexed ? `${type}:${index}` : type;
    if (!backend.indexed && index > 0) {
      reasons.push(`there is one ${type} device, named '${type}'`);
      continue;
    }
    try {
      const device = open.get(canonical) ?? new Device(canonical, type, index, backend.open(index));
      open.set(canonical, device);
      open.set(name, device);
      return device;
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new DeviceError(`device '${name}' can't be used: ${reasons.join('; ')}`);
}

function unknownDevice(type: string): DeviceError {
  const types = [...new Set(backends.map((backend) => backend.deviceType))];
  const registered = types.length ? `registered device types: ${types.join(', ')}` : 'no backend is registered';
  return new DeviceError(
    `no backend is registered for device '${type}' (${registered}); ` +
      `install its package and import its register entry, for example: import '@tenfold/backend-${type === 'cuda' ? 'cuda-native' : type}/register'`,
  );
}

/** Devices opened so far. */
export const openDevices = (): Device[] => [...new Set(open.values())];
