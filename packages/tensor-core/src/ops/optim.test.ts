import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, expect, it } from 'vitest';
import { adamStep_, registerBackend, rmspropStep_, sgdStep_, tensor, zeros } from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const double = (data: number[]) => tensor(data, { dtype: 'float64' });

it('takes the plain gradient as first momentum and changes both in place', () => {
  const [param, grad, buffer] = [double([1, -2]), double([0.5, 4]), zeros([2], { dtype: 'float64' })];
  sgdStep_(param, grad, buffer, { lr: 0.1, momentum: 0.9, dampening: 0 });
  expect(buffer.toArraySync()).toEqual([0.5, 4]);
  expect(param.toArraySync()).toEqual([1 - 0.1 * 0.5, -2 - 0.1 * 4]);
  expect(param.version).toBe(1);
  expect(grad.version).toBe(0);
});

it('moves by the learning rate in the first step of Adam, whatever the gradient', () => {
  const param = double([1, 1]);
  const state = () => zeros([2], { dtype: 'float64' });
  adamStep_(param, double([1e-3, -50]), state(), state(), state(), { lr: 0.01, step: 1, eps: 0 });
  const [first, second] = param.toArraySync() as number[];
  expect(first).toBeCloseTo(0.99, 12);
  expect(second).toBeCloseTo(1.01, 12);
});

it('refuses tensors of unlike shapes and dtypes', () => {
  const x = double([1, 2]);
  expect(() => sgdStep_(x, double([1]), null, { lr: 1 })).toThrow('argument 1 has shape [1], the parameter [2]');
  expect(() => rmspropStep_(x, tensor([1, 2]), x, null, null, { lr: 1 })).toThrow(
    'argument 1 is float32, the parameter float64',
  );
  expect(() => sgdStep_(x, x, null, { lr: 1, momentun: 0.9 } as { lr: number })).toThrow("unknown option 'momentun'");
});
