/** What the backend says of devices before one is used. */
import { DeviceError } from '@tenfold/tensor-core';
import { afterEach, expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';
import { cuda } from './runtime.ts';

const { TENFOLD_EMULATOR } = process.env;
afterEach(() => {
  if (TENFOLD_EMULATOR === undefined) delete process.env.TENFOLD_EMULATOR;
  else process.env.TENFOLD_EMULATOR = TENFOLD_EMULATOR;
});

it.skipIf(noCuda !== null).each(['7.0', '6.1'])('refuses a device of compute capability %s', async (capability) => {
  process.env.TENFOLD_EMULATOR = `capability=${capability}`;
  const backend = cuda();
  const reason = expect.stringContaining(`of compute capability ${capability}; 7.5 (Turing) or newer is needed`);
  expect(await backend.probe()).toEqual([{ name: 'cuda:0', available: false, reason }]);
  expect(() => backend.open(0)).toThrow(DeviceError);
  expect(() => backend.open(0)).toThrow('7.5 (Turing) or newer');
});

it.skipIf(noCuda !== null).each(['7.5', '10.0', '12.1'])('takes one of %s', async (capability) => {
  process.env.TENFOLD_EMULATOR = `capability=${capability}`;
  const [device] = await cuda().probe();
  expect(device).toMatchObject({ available: true, description: expect.stringContaining(`capability ${capability}`) });
});
