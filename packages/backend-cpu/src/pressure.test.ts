import { empty, memory, registerBackend } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { cpu } from './index.ts';

registerBackend(cpu());

it('a loop that only awaits may drop more than the memory holds: the garbage collector sees it in time', async () => {
  const held = (): number => memory().cpu?.bytes ?? 0;
  let most = 0;
  // 12 GiB, of which nobody touches more than a page each
  for (let step = 0; step < 3072; step++) {
    const x = empty([2 ** 20]);
    most = Math.max(most, held());
    await x.narrow(0, 0, 1).sum().item();
  }
  expect(most).toBeLessThan(2 * 2 ** 30);
});

it('what is freed by hand comes back at once, and the peak is what was held together', () => {
  const { bytes, buffers } = memory().cpu ?? { bytes: 0, buffers: 0 };
  const blocks = Array.from({ length: 4 }, () => empty([2 ** 20]));
  expect(memory().cpu).toMatchObject({ bytes: bytes + 2 ** 24, buffers: buffers + 4 });
  for (const block of blocks) block.dispose();
  expect(memory().cpu).toMatchObject({ bytes, buffers });
  expect(memory().cpu?.peakBytes).toBeGreaterThanOrEqual(bytes + 2 ** 24);
});
