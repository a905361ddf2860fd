/** A card that fails while a program runs: what the program is told, and what it can still do. In processes of their own, as a lost card stays lost. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';

const run = promisify(execFile);
const cudaIt = it.skipIf(noCuda !== null);
const reason = noCuda ? `: ${noCuda}` : '';

/** Runs on the packages as they are built: `npm test` builds them. Each line that the program prints is JSON. */
async function node(program: string): Promise<unknown[]> {
  const prelude = `import '@tenfold/backend-cuda-native/register';
import { cuda } from '@tenfold/backend-cuda-native';
import { devices, ones, randn, tensor, BackendError, registerBackend } from '@tenfold/tensor-core';
const set = (settings) => { process.env.TENFOLD_EMULATOR = settings; };
const print = (...values) => console.log(JSON.stringify(values));
const attempt = async (fn) => {
  try {
    return await fn();
  } catch (error) {
    return [error instanceof BackendError, error.message];
  }
};
`;
  const args = ['--input-type=module', '-e', prelude + program];
  const { stdout } = await run(process.execPath, args, { cwd: new URL('..', import.meta.url) });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

cudaIt(`names the kernels since the last wait when one fails, once, and is lost then${reason}`, async () => {
  const [first, second, third, [{ available, reason: why }]] = (await node(`
const x = ones([4], { device: 'cuda' });
set('illegal-at=1');
const y = x.exp();
print(...await attempt(() => y.toArray()));
print(...await attempt(() => x.add(1).toArray()));
print(...await attempt(() => x.toArraySync()));
print((await devices()).find(({ name }) => name === 'cuda:0'));
`)) as [unknown, unknown, unknown, [{ available: boolean; reason: string }]];
  expect(first).toEqual([true, expect.stringMatching(/CUDA_ERROR_ILLEGAL_ADDRESS.*map_small/)]);
  for (const later of [second, third]) expect(later).toEqual([true, expect.stringMatching(/lost/)]);
  expect(available).toBe(false);
  expect(why).toMatch(/CUDA_ERROR_ILLEGAL_ADDRESS/);
});

cudaIt('names the very kernel where every one is waited for', async () => {
  const [told] = await node(`
registerBackend({ ...cuda({ blocking: true }), priority: 1 });
const x = ones([4], { device: 'cuda' });
set('illegal-at=2');
x.exp();
print(...await attempt(() => x.sum()));
`);
  expect(told).toEqual([true, expect.stringMatching(/CUDA_ERROR_ILLEGAL_ADDRESS.*reduce_f32/)]);
});

cudaIt('rejects reads under way when the card is lost, and ends', async () => {
  const told = await node(`
const x = randn([1000], { device: 'cuda' });
set('lost-at=1');
const reads = [1, 2, 3].map((k) => attempt(() => x.add(k).sum().item()));
for (const read of reads) print(...await read);
`);
  expect(told).toHaveLength(3);
  for (const line of told) expect(line).toEqual([true, expect.stringMatching(/^cuda: /)]);
});

cudaIt('survives an allocation that fails at any point of a training step, with the right numbers', async () => {
  const losses = (await node(`
const { Linear, F } = await import('@tenfold/nn');
const { SGD } = await import('@tenfold/optim');
const { manualSeed } = await import('@tenfold/tensor-core');
const train = async (settings) => {
  set(settings);
  manualSeed(0);
  const model = new Linear(3, 2, { device: 'cuda' });
  const optimizer = new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
  const x = randn([8, 3], { device: 'cuda' });
  const losses = [];
  for (let step = 0; step < 3; step++) {
    const loss = F.mseLoss(model.forward(x), x.slice(1, 0, 2));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    losses.push(await loss.item());
  }
  return losses;
};
process.env.TENFOLD_CUDA_NO_CACHE = '1';
print(...await train(''));
for (const n of [1, 5, 12, 20, 33, 50]) print(...await attempt(() => train('oom-at=' + n)));
`)) as number[][];
  // the allocator gives back what it keeps and tries again: nobody notices
  for (const line of losses.slice(1)) expect(line).toEqual(losses[0]);
  expect(losses[0][2]).toBeLessThan(losses[0][0]);
});
