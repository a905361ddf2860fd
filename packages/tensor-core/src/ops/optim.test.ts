import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, expect, it } from 'vitest';
import {
  adamStep_,
  builtinOps,
  defineStep,
  dispatch,
  expr,
  registerBackend,
  rmspropStep_,
  sgdStep_,
  stepFormulas,
  tensor,
  zeros,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

const sgd = { weightDecay: 0, maximize: false, momentum: 0, nesterov: false };

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

it('steps lists as it steps each of them', () => {
  const make = () => {
    const params = [double([1, -2]), double([3]), double([])];
    const grads = [double([0.5, 4]), double([-1]), double([])];
    return { params, grads, buffers: params.map((x) => x.mul(0.5)) };
  };
  const options = { lr: 0.1, momentum: 0.9, dampening: 0.2, weightDecay: 0.01 };
  const [all, each] = [make(), make()];
  sgdStep_(all.params, all.grads, all.buffers, options);
  each.params.forEach((param, i) => {
    sgdStep_(param, each.grads[i], each.buffers[i], options);
  });
  const numbers = (list: readonly { toArraySync(): unknown }[]) => list.map((x) => x.toArraySync());
  expect(numbers(all.params)).toEqual(numbers(each.params));
  expect(numbers(all.buffers)).toEqual(numbers(each.buffers));
  expect(all.params.map(({ version }) => version)).toEqual([1, 1, 1]);
});

it('steps one after the other where one reads what another writes, and refuses what overlaps', () => {
  const flat = double([1, 2, 3, 4]);
  const [x, y] = [double([10, 20]), double([30, 40])];
  // the second gradient is the first parameter after its step
  sgdStep_([x, y, flat], [y, x, double([1, 1, 1, 1])], null, { lr: 1 });
  expect(x.toArraySync()).toEqual([-20, -20]);
  expect(y.toArraySync()).toEqual([50, 60]);
  expect(() =>
    sgdStep_([flat.slice(0, 0, 3), x, y], [flat.slice(0, 1, 4), double([0, 0]), double([0, 0])], null, { lr: 1 }),
  ).toThrow('refer to a single memory location');
});

it('refuses lists that do not fit each other', () => {
  const x = double([1, 2]);
  const single = tensor([1, 2]);
  expect(() => sgdStep_([x, x], [x], null, { lr: 1 })).toThrow('argument 1 must be a list of 2 tensors');
  expect(() => sgdStep_([x, x], x, null, { lr: 1 })).toThrow('argument 1 must be a list of 2 tensors');
  expect(() => sgdStep_([x, single], [x, single], null, { lr: 1 })).toThrow(
    'argument 3 is float32, the first parameter',
  );
  expect(() => dispatch(builtinOps.sgdStep, [x, x, null, x, x, x, 1, 0, 2], sgd)).toThrow('argument 5 must be null');
  expect(() => dispatch(builtinOps.sgdStep, [x, x, 1, 0, 2], sgd)).toThrow('expected 3 inputs for each parameter, then 3');
});

it('takes steps that are defined elsewhere', () => {
  // buf = ½ buf + g; p -= lr · sign(buf)
  const signStep = defineStep<{ maximize: boolean }>('my.signStep', {
    tensors: 3,
    optional: 0,
    numbers: 1,
    formula([param, grad, buffer], [negativeLr, half, one], { maximize }) {
      const next = stepFormulas.blend(buffer, half, one, maximize ? expr.neg(grad) : grad);
      return [expr.add(param, expr.mul(negativeLr, expr.sign(next))), next];
    },
    params: ([lr]) => [-lr, 0.5, 1],
    variant: ({ maximize }) => (maximize ? 1 : 0),
  });
  const [x, y] = [double([1, -2]), double([3])];
  const buffers = [double([4, 0]), double([-8])];
  signStep([[x, y], [double([0.5, 4]), double([1])], buffers], [0.25], { maximize: false });
  expect([x.toArraySync(), y.toArraySync()]).toEqual([[0.75, -2.25], [3.25]]);
  expect(buffers.map((b) => b.toArraySync())).toEqual([[2.5, 4], [-3]]);
  signStep([x, double([9, 1]), buffers[0]], [0.25], { maximize: true });
  expect([x.toArraySync(), buffers[0].toArraySync()]).toEqual([
    [1, -2.5],
    [-7.75, 1],
  ]);
  expect(() => signStep([x, x], [1], { maximize: false })).toThrow('expected 3 tensors and 1 numbers, got 2 and 1');
});
