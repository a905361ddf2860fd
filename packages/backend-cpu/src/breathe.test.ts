import { tensor } from '@tenfold/tensor-core';
import './register.ts';
import { expect, it } from 'vitest';

it('a loop that awaits a value lets timers run', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const x = tensor([1, 2]);
  for (const end = performance.now() + 200; performance.now() < end; ) await x.sum().item();
  clearInterval(timer);
  // a turn every 10 ms would be 20
  expect(ticks).toBeGreaterThan(5);
});
