/** The addon over the driver of the emulator's own test kernels, here and in processes of their own. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, inject } from 'vitest';
import type { Addon, Handle, KernelId, NativeDevice, NativeError } from './native.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The emulated driver whose kernels are those of tools/cuda-emulator/test. */
    readonly cudaTestDriver: string | null;
  }
}

export const driver: string = inject('cudaTestDriver') ?? '';
export const addonPath = fileURLToPath(new URL('../native/build/cuda.node', import.meta.url));

/** What a driver reads of a kernel: the emulator runs the one that was compiled for the host, by name. */
export const ptx = (...kernels: readonly (readonly [name: string, bytes: number, threads: number])[]): Uint8Array =>
  new TextEncoder().encode(
    [
      '.version 7.0\n.target sm_75\n.address_size 64',
      ...kernels.map(
        ([name, bytes, threads]) =>
          `.visible .entry ${name}(.param .align 8 .b8 ${name}_param_0[${bytes}]) .maxntid ${threads}, 1, 1 { ret; }`,
      ),
      '\0',
    ].join('\n'),
  );

const opened: NativeDevice[] = [];

/** The emulated device, with the settings that `TENFOLD_EMULATOR` gives the emulator. It is closed when the test ends. */
export function openDevice(settings = '', options: { blocking?: boolean } = {}): NativeDevice {
  process.env.TENFOLD_EMULATOR = settings;
  const addon: Addon = createRequire(import.meta.url)(addonPath);
  // the stand-ins of cuBLASLt and NVRTC lie beside it
  expect(addon.probe({ driver, libraries: [dirname(driver)] }).reason).toBeNull();
  const device = addon.open(0, options);
  opened.push(device);
  return device;
}

afterEach(() => {
  for (const device of opened.splice(0)) {
    try {
      device.close();
    } catch {
      // the test has closed it
    }
  }
  process.env.TENFOLD_EMULATOR = '';
});

/** `out[i] = factor · i`, from the emulator's test kernels. */
export function fillKernel(device: NativeDevice): KernelId {
  return device.kernel(device.loadModule('test', ptx(['test_fill', 24, 256])), 'test_fill', 24, 256);
}

/** Launches {@link fillKernel} on the first `count` elements from `offset` bytes on. */
export function fill(
  device: NativeDevice,
  kernel: KernelId,
  out: Handle,
  count: number,
  factor: number,
  offset = 0,
): void {
  new BigInt64Array(device.argumentBytes, 8, 2).set([BigInt(count), BigInt(factor)]);
  device.pointers.set([0, out, offset]);
  device.launch(kernel, 1, 1, 1, 256, 1);
}

export const integers = (bytes: ArrayBuffer): number[] => [...new BigInt64Array(bytes)].map(Number);

/** The error of a call. */
export function errorOf(call: () => unknown): NativeError {
  try {
    call();
  } catch (error) {
    return error as NativeError;
  }
  throw new Error(`nothing was raised by ${call}`);
}

/** What a program that {@link inChild} starts is given. */
export interface ChildTools {
  readonly addon: Addon;
  readonly driver: string;
  readonly ptx: typeof ptx;
  readonly errorOf: (call: () => unknown) => { code: string; cuda?: string; message: string };
  readonly require: NodeJS.Require;
}

export interface ChildResult<T> {
  /** What the program returned; `undefined` if it ended before. */
  readonly result: T | undefined;
  readonly code: number;
  readonly stderr: string;
}

/** Runs a function, which may use nothing but what it is given, in a process of its own: where state is the process's, or the process ends. */
export async function inChild<T>(
  program: (tools: ChildTools) => T | Promise<T>,
  {
    settings = '',
    env = {},
    addon = addonPath,
  }: { settings?: string; env?: Record<string, string>; addon?: string } = {},
): Promise<ChildResult<T>> {
  const source = `
    const ptx = ${ptx};
    const errorOf = (call) => {
      try { call(); } catch ({ code, cuda, message }) { return { code, cuda, message }; }
      throw new Error('nothing was raised by ' + call);
    };
    const addon = require(${JSON.stringify(addon)});
    const program = ${program};
    Promise.resolve(program({ addon, driver: ${JSON.stringify(driver)}, ptx, errorOf, require })).then(
      (result) => require('node:fs').writeSync(1, JSON.stringify({ result })),
      (error) => { console.error(error); process.exitCode = 1; },
    );`;
  const own = { ...process.env, TENFOLD_EMULATOR: settings, ...env };
  const run = promisify(execFile)(process.execPath, ['-e', source], { env: own, timeout: 60_000 });
  const { stdout, stderr, code } = await run.then(
    (output) => ({ ...output, code: 0 }),
    (error: { stdout: string; stderr: string; code?: number; signal?: string }) => ({
      stdout: error.stdout,
      stderr: `${error.stderr}${error.signal ?? ''}`,
      code: error.code ?? -1,
    }),
  );
  return { result: stdout === '' ? undefined : JSON.parse(stdout).result, code, stderr };
}
