import { builtinOps, dispatch, registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { beforeAll, expect, it } from 'vitest';
import { cpu } from '../runtime.ts';
beforeAll(() => { registerBackend(cpu({ engine: 'wasm' }));
  const device = cpu({ engine: 'plain' });
  registerBackend({ ...device, deviceType: 'plain', open: (index) => ({ ...device.open(index), overrides: {} }) });
});
const rnd = (n: number) => Array.from({ length: n }, () => Math.random() - 0.5);
function cmp(name: 'convolution'|'convolutionTranspose'|'convolutionWeight', a: number[], b: number[], bias: number | null, p: number[], pe: number[]) {
  const num = (s: number[]) => s.reduce((x, y) => x * y, 1);
  const [av, bv, cv] = [rnd(num(a)), rnd(num(b)), bias ? rnd(bias) : null];
  const run = (device: string, dtype: 'float32' | 'float64') => {
    const ins: (Tensor | null)[] = [tensor(av, { device, dtype }).reshape(a), tensor(bv, { device, dtype }).reshape(b)];
    if (name !== 'convolutionWeight') ins.push(cv && tensor(cv, { device, dtype }));
    return (dispatch as any)(builtinOps[name], ins, { stride: [1, 1], dilation: [1, 1], padding: p, paddingEnd: pe, groups: 1 }) as Tensor;
  };
  const x = run('cpu', 'float32'), y = run('plain', 'float64');
  expect(x.shape).toEqual(y.shape);
  const [u, v] = [x.toTypedArraySync(), y.toTypedArraySync()] as any;
  let worst = 0, scale = 0;
  for (let i = 0; i < u.length; i++) { worst = Math.max(worst, Math.abs(u[i] - v[i])); scale = Math.max(scale, Math.abs(v[i])); if (Number.isNaN(u[i])) worst = NaN; }
  console.log(name, a, b, worst / scale);
  expect(worst / scale).toBeLessThan(1e-5);
}
it('conv', () => {
  cmp('convolution', [2, 16, 12, 12], [16, 16, 3, 3], null, [1, 1], [1, 1]);
  cmp('convolution', [2, 19, 12, 13], [13, 19, 3, 3], 13, [1, 0], [2, 1]);
  cmp('convolution', [1, 32, 32, 32], [64, 32, 3, 3], 64, [0, 0], [0, 0]);
  cmp('convolutionTranspose', [2, 16, 12, 12], [16, 8, 3, 3], null, [1, 1], [1, 1]);
  cmp('convolutionTranspose', [2, 19, 12, 13], [19, 13, 3, 3], 13, [1, 0], [2, 1]);
  cmp('convolutionWeight', [2, 16, 12, 12], [2, 8, 12, 12], null, [1, 1], [1, 1]);
  cmp('convolutionWeight', [2, 19, 13, 13], [2, 13, 12, 14], null, [1, 0], [2, 1]);
  cmp('convolutionWeight', [8, 64, 28, 28], [8, 32, 28, 28], null, [1, 1], [1, 1]);
});
