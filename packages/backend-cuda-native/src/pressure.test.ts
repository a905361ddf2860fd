/** A card that is full of garbage. In processes of their own: the emulated card is made smaller. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';

const run = promisify(execFile);

/** Runs on the packages as they are built: `npm test` builds them. */
const node = (program: string) =>
  run(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, TENFOLD_EMULATOR: 'memory=64M' },
  });

const prelude = `import '@tenfold/backend-cuda-native/register';
import { memory, ones, BackendError } from '@tenfold/tensor-core';
const turn = () => new Promise((resolve) => setImmediate(resolve));`;

it.skipIf(noCuda !== null)(
  `frees what was dropped before it says that there is no room${noCuda ? `: ${noCuda}` : ''}`,
  async () => {
    // 24 buffers of 8 MiB, one after the other: three cards full; V8 has no reason of its own to collect
    const { stdout } = await node(`${prelude}
let last = ones([1], { device: 'cuda' });
for (let i = 0; i < 24; i++) {
  last = last.add(ones([2 ** 21], { device: 'cuda' }));
  last = last.slice(0, 0, 1);
  await turn();
}
console.log(last.itemSync(), memory()['cuda:0'].peakBytes < 2 ** 26);`);
    expect(stdout.trim()).toBe('25 true');
  },
);

it.skipIf(noCuda !== null)('says what was asked for, held and free where nothing is garbage, and goes on', async () => {
  const { stdout } = await node(`${prelude}
const kept = Array.from({ length: 6 }, () => ones([2 ** 21], { device: 'cuda' }));
try {
  ones([2 ** 23], { device: 'cuda' });
} catch (error) {
  console.log(error instanceof BackendError, error.message);
}
console.log(kept[5].sum().itemSync());`);
  const [error, sum] = stdout.trim().split('\n');
  expect(error).toMatch(/^true cuda: out of memory: 33554432 bytes asked, \d+ held in buffers, \d+ cached, \d+ free/);
  expect(sum).toBe(String(2 ** 21));
});
