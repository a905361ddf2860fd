/** Many steps of a small model: the numbers repeat, and memory does not grow. */
import { memory, resolveDevice, tensor } from '@tenfold/tensor-core';
import { type Check, expectThat } from './check.ts';

const steps = 2000;

export const soakChecks: readonly Check[] = [
  {
    op: 'step',
    name: `${steps} steps give the same bits each, and memory stays`,
    async run(device) {
      const { name } = resolveDevice(device);
      const held = () => memory()[name]?.bytes ?? 0;
      const x = tensor(
        [
          [0.5, -1.25, 2],
          [3, 0.125, -4],
        ],
        { device },
      );
      let first: string | undefined;
      let early = 0;
      for (let i = 0; i < steps; i++) {
        const product = x.t().matmul(x);
        const result = product.softmax(1).sum(0);
        const bits = Array.from(await result.toTypedArray(), Number).join();
        first ??= bits;
        expectThat(bits === first, `step ${i} gives [${bits}], the first gave [${first}]`);
        product.dispose();
        result.dispose();
        if (i === 100) early = held();
      }
      // what was dropped waits for the collector: a few thousand small tensors may
      expectThat(held() <= early + 2 ** 22, `${held()} bytes are held after ${steps} steps, ${early} after 100`);
    },
  },
];
