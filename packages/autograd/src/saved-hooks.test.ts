import '@tenfold/backend-cpu/register';
import { cpu } from '@tenfold/backend-cpu';
import { memory, ones, randn, registerBackend, type Tensor, tensor, tidy } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  defineFunction,
  detectAnomaly,
  disableSavedTensorsHooks,
  type FunctionContext,
  grad,
  gradcheck,
  gradgradcheck,
  isGradEnabled,
  type Node,
  savedTensorsHooks,
  saveOnCpu,
} from './index.ts';

const values = (x: Tensor | null | undefined): unknown => x?.toArraySync();
const leaf = (...data: number[]): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });
const same = (x: Tensor): Tensor => x;

/** A device under another name, that can be read at once or not. */
function device(name: string, syncRead: boolean): string {
  const backend = cpu();
  registerBackend({
    ...backend,
    deviceType: name,
    open(index) {
      const runtime = backend.open(index);
      const capabilities = { ...runtime.capabilities, syncRead };
      return { ...runtime, capabilities, downloadSync: syncRead ? runtime.downloadSync : undefined };
    },
  });
  return name;
}

describe('savedTensorsHooks', () => {
  test('pack each tensor that is saved, once, and unpack it in backward', () => {
    const log: string[] = [];
    const [x, w] = [leaf(1, 2), leaf(3, 4)];
    const y = savedTensorsHooks(
      (t) => {
        log.push(`pack ${t.toArraySync()}`);
        expect([t.requiresGrad, isGradEnabled()]).toEqual([false, false]);
        return { data: t.toTypedArraySync().slice(), shape: t.shape };
      },
      ({ data }) => {
        log.push(`unpack ${data}`);
        return tensor(Array.from(data, Number), { dtype: 'float64' });
      },
      () => x.mul(w).exp().add(1),
    );
    // in PyTorch's order
    expect(log).toEqual(['pack 1,2', 'pack 3,4', `pack ${[Math.exp(3), Math.exp(8)]}`]);
    log.length = 0;
    y.sum().backward();
    expect(log.length).toBe(3);
    expect(values(x.grad)).toEqual([3 * Math.exp(3), 4 * Math.exp(8)]);
  });

  test('change what backward sees', () => {
    const x = leaf(1, 2);
    const y = savedTensorsHooks(
      (t) => t.mul(10),
      same,
      () => x.mul(x),
    );
    y.sum().backward();
    expect(values(x.grad)).toEqual([20, 40]);
  });

  test('work for Functions, in-place ops, and higher derivatives', () => {
    const copy = (t: Tensor): Tensor => t.clone();
    const square = defineFunction({
      name: 'Square',
      forward(ctx: FunctionContext, x: Tensor) {
        ctx.saveForBackward(x);
        return x.mul(x);
      },
      backward: (ctx: FunctionContext, g: Tensor) => g.mul(2).mul(ctx.savedTensors[0]),
    });
    const fn = (x: Tensor): Tensor => savedTensorsHooks(copy, same, () => square(x.mul(2)).pow_(2).sin());
    expect(gradcheck(fn, [leaf(0.3, 0.7)])).toBe(true);
    expect(gradgradcheck(fn, [leaf(0.3, 0.7)])).toBe(true);
  });

  test('the innermost alone are called, and only inside', () => {
    const log: string[] = [];
    const named =
      (name: string) =>
      (t: Tensor): Tensor => {
        log.push(name);
        return t;
      };
    const x = leaf(1);
    {
      using _ = savedTensorsHooks(named('outer'), same);
      x.exp();
      {
        using __ = savedTensorsHooks(named('inner'), same);
        x.exp();
      }
      x.exp();
    }
    x.exp();
    expect(log).toEqual(['outer', 'inner', 'outer']);
  });

  test('errors of hooks pass through', () => {
    const raise = (): never => {
      throw new RangeError('from a hook');
    };
    expect(() => savedTensorsHooks(raise, same, () => leaf(1).exp())).toThrow(new RangeError('from a hook'));
    const y = savedTensorsHooks(same, raise, () => leaf(1).exp());
    expect(() => y.backward()).toThrow(new RangeError('from a hook'));
    expect(isGradEnabled()).toBe(true);
    const z = detectAnomaly(() => savedTensorsHooks(same, raise, () => leaf(1).exp()));
    expect(() => detectAnomaly(() => z.backward())).toThrow(expect.objectContaining({ cause: expect.any(RangeError) }));
    expect(() => savedTensorsHooks(1 as never, same)).toThrow('pack must be a function, got number 1');
  });

  test('a tensor unlike the one packed is refused', () => {
    const run = (unpack: (t: Tensor) => Tensor): void =>
      savedTensorsHooks(same, unpack, () => leaf(1, 2).exp())
        .sum()
        .backward();
    expect(() => run((t) => t.sum())).toThrow('expected float64 [2] on cpu, got float64 [] on cpu');
    expect(() => run((t) => t.to('float32'))).toThrow('expected float64 [2] on cpu, got float32 [2] on cpu');
  });

  test('a change in place is found out where the memory is that of the tensor', () => {
    const x = leaf(1, 2);
    const y = savedTensorsHooks(same, same, () => x.exp());
    y.detach().mul_(2);
    expect(() => y.sum().backward()).toThrow(/output 0 of ExpBackward0, is at version 1; expected version 0/);
    const z = savedTensorsHooks(
      (t) => t.clone(),
      same,
      () => x.exp(),
    );
    z.detach().mul_(2);
    z.sum().backward();
    (values(x.grad) as number[]).forEach((g, i) => expect(g).toBeCloseTo(Math.exp(i + 1), 12));
  });

  test('are given up with the graph', () => {
    const y = savedTensorsHooks(same, same, () => leaf(1).exp());
    y.backward();
    expect(() => y.backward()).toThrow('Trying to backward through the graph a second time');
    const z = savedTensorsHooks(same, same, () => leaf(1).exp());
    z.backward(undefined, { retainGraph: true });
    z.backward();
  });

  test('can be forbidden', () => {
    const message = 'not while capturing';
    expect(() => disableSavedTensorsHooks(message, () => savedTensorsHooks(same, same))).toThrow(message);
    expect(() => disableSavedTensorsHooks(message, () => saveOnCpu(() => {}))).toThrow(message);
    expect(() => savedTensorsHooks(same, same, () => disableSavedTensorsHooks(message))).toThrow(message);
    {
      using _ = disableSavedTensorsHooks(message);
      expect(values(grad(leaf(2).square(), [leaf(1)], { materializeGrads: true })[0])).toEqual([0]);
    }
    savedTensorsHooks(same, same, () => {});
  });

  test('hold over a promise', async () => {
    let packed = 0;
    const count = (t: Tensor): Tensor => {
      packed++;
      return t;
    };
    const y = await savedTensorsHooks(count, same, async () => {
      await Promise.resolve();
      return leaf(1).exp();
    });
    expect(packed).toBe(1);
    leaf(1).exp();
    expect(packed).toBe(1);
    y.backward();
  });
});

describe('saveOnCpu', () => {
  const held = (name: string): number => memory()[name]?.bytes ?? 0;
  const n = 64 * 64 * 4;

  test.each([true, false])('moves what is saved off the device; read at once: %s', async (syncRead) => {
    const name = device(syncRead ? 'near' : 'far', syncRead);
    const make = (): Tensor => ones([64, 64], { device: name, requiresGrad: true });
    const x = make();
    const before = held(name);
    const y = tidy(() => saveOnCpu(() => x.mul(2).exp().exp().sum()));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(held(name) - before).toBe(0);
    y.backward();
    const e2 = Math.exp(2);
    const got = Array.from(await (x.grad as Tensor).toTypedArray(), Number);
    expect(got[5] / (2 * e2 * Math.exp(e2))).toBeCloseTo(1, 5);
    expect(x.grad?.device).toBe(name);
  });

  test('a backward before the copy has come reads the original', async () => {
    const name = device('slow', false);
    const x = randn([64, 64], { device: name, requiresGrad: true });
    const before = held(name);
    tidy(() => saveOnCpu(() => x.exp().sum()).backward());
    expect(await (x.grad as Tensor).toArray()).toEqual(await x.exp().toArray());
    await new Promise((resolve) => setTimeout(resolve, 10));
    tidy(() => {});
    expect(held(name) - before).toBeLessThanOrEqual(2 * n);
  });

  test('leaves tensors on the cpu where they are, and checks them', () => {
    const x = leaf(1, 2);
    const y = saveOnCpu(() => x.exp());
    y.detach().mul_(2);
    expect(() => y.sum().backward()).toThrow(/is at version 1; expected version 0/);
    expect(gradgradcheck((t: Tensor) => saveOnCpu(() => t.exp().mul(t)), [leaf(0.5, 0.1)])).toBe(true);
  });
});

test('anomaly mode on a device without synchronous reading says what to do', () => {
  const name = device('blind', false);
  const run = (options?: { checkNan: boolean }): void =>
    detectAnomaly(() => ones([2], { device: name, requiresGrad: true }).exp().sum().backward(), options);
  expect(() => run()).toThrow(/device 'blind' can't be read synchronously.*checkNan: false/);
  run({ checkNan: false });
});

test('a node knows what it has saved', () => {
  const y = leaf(1, 2).exp();
  expect((y.gradFn as Node).savedMetas.map(([key, { shape }]) => [key, shape])).toEqual([['out', [2]]]);
});
