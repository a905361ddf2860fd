import { cpu } from '@tenfold/backend-cpu';
import { describe, expect, it, vi } from 'vitest';
import type { Backend } from './backend.ts';
import { ArgumentError, BackendError, DeviceError, DTypeError } from './errors.ts';
import {
  devices,
  isTensor,
  memory,
  ones,
  registerBackend,
  resolveDevice,
  setDefaultDevice,
  tensor,
  zeros,
} from './index.ts';

/** The CPU's kernels under another name: what another backend looks like to core. */
const named = (deviceType: string, more: Partial<Backend> = {}): Backend => {
  const backend = cpu() as Backend;
  const probe = async () => [{ name: deviceType, available: true }];
  return { ...backend, deviceType, probe, open: () => ({ ...backend.open(0) }), ...more };
};

describe('before any backend', () => {
  it('says what to install', () => {
    expect(() => zeros([2])).toThrow(DeviceError);
    expect(() => zeros([2])).toThrow(
      "no backend is registered for device 'cpu' (no backend is registered); install its package and import its register entry, " +
        "for example: import '@tenfold/backend-cpu/register'",
    );
  });
});

describe('registerBackend', () => {
  it('opens devices by their strings', () => {
    registerBackend(cpu());
    registerBackend(named('chip', { indexed: true }));
    expect(ones([2]).device).toBe('cpu');
    expect(ones([2], { device: 'chip' }).device).toBe('chip:0');
    expect(resolveDevice('chip')).toBe(resolveDevice('chip:0'));
    expect(resolveDevice('chip:1')).not.toBe(resolveDevice('chip:0'));
  });

  it('refuses what is no backend, and backends of another contract', () => {
    expect(() => registerBackend(null as never)).toThrow(ArgumentError);
    expect(() => registerBackend(cpu as never)).toThrow('expected a backend such as cpu(), got a function (cpu)');
    expect(() => registerBackend(named('Chip!'))).toThrow("'Chip!' is not a device type");
    const old = named('old', { specVersion: 2 as never });
    expect(() => registerBackend(old)).toThrow(BackendError);
    expect(() => registerBackend(old)).toThrow('written for version 2 of the backend contract');
  });

  it('lets the available provider of highest priority serve', () => {
    const broken = named('pair', {
      priority: 2,
      open: () => {
        throw new DeviceError('no driver');
      },
    });
    registerBackend(named('pair', { priority: 1 }));
    registerBackend(broken);
    expect(ones([1], { device: 'pair' }).device).toBe('pair');
  });
});

describe('devices', () => {
  it('lists each one, with the reason where it can’t be used', async () => {
    const reason = 'the driver is missing';
    registerBackend(
      named('gone', {
        probe: async () => [{ name: 'gone', available: false, reason }],
        open: () => {
          throw new DeviceError(reason);
        },
      }),
    );
    const list = await devices();
    expect(list.find(({ name }) => name === 'cpu')?.available).toBe(true);
    expect(list.find(({ name }) => name === 'gone')).toEqual({ name: 'gone', available: false, reason });
    expect(() => ones([1], { device: 'gone' })).toThrow(`device 'gone' can't be used: ${reason}`);
  });

  it.each([['abacus'], ['CPU'], [''], ['cpu:1'], ['cpu:-1'], [7], [{}]])('%s is an error', (device) => {
    expect(() => zeros([1], { device: device as never })).toThrow(DeviceError);
  });

  it('do not mix in one op, and tensors move only when asked', async () => {
    const x = tensor([1, 2]);
    const y = tensor([3, 4], { device: 'chip' });
    expect(() => x.add(y)).toThrow(
      'Expected all tensors to be on the same device, but found at least two devices, cpu and chip:0!',
    );
    const moved = y.to('cpu');
    expect(await x.add(moved).toArray()).toEqual([4, 6]);
    expect(moved.storage).not.toBe(y.storage);
  });

  it('have their dtypes', () => {
    const narrow = named('narrow');
    const runtime = narrow.open(0);
    registerBackend({
      ...narrow,
      open: () => ({ ...runtime, capabilities: { ...runtime.capabilities, dtypes: ['float32', 'int32'] } }),
    });
    const asked = () => zeros([1], { dtype: 'float64', device: 'narrow' });
    expect(asked).toThrow(DTypeError);
    expect(asked).toThrow("device 'narrow' has no float64; choose one of float32, int32, or another device");
  });

  it('read synchronously or say how else', async () => {
    const backend = named('later');
    const { downloadSync: _, ...runtime } = backend.open(0);
    registerBackend({
      ...backend,
      open: () => ({ ...runtime, capabilities: { ...runtime.capabilities, syncRead: false } }),
    });
    const x = tensor([1, 2], { device: 'later' });
    expect(() => x.toArraySync()).toThrow(
      "toArraySync: device 'later' can't be read synchronously; use: await x.toArray()",
    );
    expect(await x.toArray()).toEqual([1, 2]);
    expect(String(x)).toContain("device='later'");
  });

  it('one of them is the default', () => {
    setDefaultDevice('chip');
    expect(zeros([1]).device).toBe('chip:0');
    setDefaultDevice('cpu');
    expect(() => setDefaultDevice('abacus')).toThrow(DeviceError);
    expect(zeros([1]).device).toBe('cpu');
  });
});

describe('memory', () => {
  it('counts large storages until they are disposed; freed through the backend where it owns them', () => {
    const freed: unknown[] = [];
    const backend = named('manual');
    const runtime = backend.open(0);
    registerBackend({
      ...backend,
      open: () => ({
        ...runtime,
        capabilities: { ...runtime.capabilities, collectedBelow: 0 },
        free: (buffer) => freed.push(buffer),
      }),
    });
    const x = zeros([1000], { device: 'manual' });
    const view = x.view([10, 100]);
    expect(memory().manual).toMatchObject({ bytes: 4000, buffers: 1 });
    const { buffer } = x.storage;
    x.dispose();
    expect(freed).toEqual([]);
    expect(view.shape).toEqual([10, 100]);
    view.dispose();
    expect(freed).toEqual([buffer]);
    expect(memory().manual).toMatchObject({ bytes: 0, buffers: 0, peakBytes: 4000 });
    expect(() => view.add(1)).toThrow('was disposed');
    view.dispose();
    expect(freed).toHaveLength(1);
  });

  it('is watched by the garbage collector only beyond the job that made it', async () => {
    const register = vi.spyOn(FinalizationRegistry.prototype, 'register');
    const unregister = vi.spyOn(FinalizationRegistry.prototype, 'unregister');
    const made = Array.from({ length: 5 }, () => zeros([2000]));
    for (const i of [0, 4, 2]) made[i].dispose();
    expect(register).not.toHaveBeenCalled();
    await null;
    const watched = register.mock.calls.map(([storage]) => storage);
    expect(watched).toHaveLength(2);
    expect(watched).toContain(made[1].storage);
    expect(watched).toContain(made[3].storage);
    expect(unregister).not.toHaveBeenCalled();
    made[3].dispose();
    made[1].dispose();
    expect(unregister).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();
  });
});

it('knows its own tensors', () => {
  expect(isTensor(zeros([1]))).toBe(true);
  for (const other of [null, undefined, 1, [], {}, { shape: [1], storage: {} }]) expect(isTensor(other)).toBe(false);
  expect(() => zeros([1]).add({ storage: {} } as never)).toThrow('second copy of @tenfold/tensor-core');
});
