import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  defineFunction,
  detectAnomaly,
  type FunctionContext,
  grad,
  isAnomalyEnabled,
  setDetectAnomaly,
} from './index.ts';

const file = fileURLToPath(import.meta.url);

/** Where this file says `marker` in a comment. */
const lineOf = (marker: string): number =>
  readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => line.endsWith(`// ${marker}`)) + 1;

const leaf = (...data: number[]): Tensor => tensor(data, { dtype: 'float64', requiresGrad: true });

/** The error's message, with the file's own lines as `:12:`. */
function messageOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

const at = (marker: string): RegExp => new RegExp(`called at .*anomaly\\.test\\.ts:${lineOf(marker)}:\\d+`);

/** A function of several lines, of which one is to be named. */
function distances(x: Tensor): Tensor {
  const squares = x.mul(x);
  const shifted = squares.sub(1);
  const roots = shifted.sqrt(); // root
  return roots.sum();
}

const failing = defineFunction({
  name: 'Failing',
  forward: (_ctx: FunctionContext, x: Tensor) => x.mul(2),
  backward: (): Tensor => {
    throw new RangeError('nothing to give');
  },
});

describe('detectAnomaly', () => {
  test('names the op that gave NaN, and the line that called it', () => {
    const message = messageOf(() => detectAnomaly(() => distances(leaf(0.5)).backward()));
    expect(message).toMatch(/^Function 'SqrtBackward0' returned nan values in its 0th output\./);
    expect(message).toMatch(at('root'));
  });

  test('says so of an op that raised, and keeps its error', () => {
    const run = (): void =>
      detectAnomaly(() => {
        const y = failing(leaf(1)); // failing
        y.backward();
      });
    expect(messageOf(run)).toMatch(/^nothing to give\nIt was raised in the backward of 'FailingBackward'\./);
    expect(messageOf(run)).toMatch(at('failing'));
    expect(run).toThrow(expect.objectContaining({ name: 'AutogradError', cause: expect.any(RangeError) }));
  });

  test('names what was modified in place', () => {
    const run = (): void =>
      detectAnomaly(() => {
        const y = leaf(1).exp(); // exp
        y.add_(1);
        y.backward();
      });
    expect(messageOf(run)).toMatch(/which is output 0 of ExpBackward0, is at version 1; expected version 0/);
    expect(messageOf(run)).toMatch(at('exp'));
  });

  test('in a second backward, the line of the forward too', () => {
    const run = (): void =>
      detectAnomaly(() => {
        const x = leaf(0);
        const y = x.pow(1.5); // first
        const [g] = grad(y, x, { createGraph: true }); // second
        g.mul(leaf(1)).div(x.mul(0)).backward();
      });
    const message = messageOf(run);
    expect(message).toMatch(/returned nan values/);
    const deeper = (): void =>
      detectAnomaly(() => {
        const x = leaf(0);
        const y = x.pow(1.5); // power
        const [g] = grad(y, x, { createGraph: true }); // gradient
        g.backward(tensor([Number.NaN], { dtype: 'float64' }));
      });
    const nested = messageOf(deeper);
    expect(nested).toMatch(at('gradient'));
    expect(nested).toMatch(/It was recorded by the backward of 'PowBackward0', whose forward was/);
    expect(nested).toMatch(at('power'));
  });

  test('a forward outside is said to be', () => {
    const y = leaf(-1).sqrt();
    expect(messageOf(() => detectAnomaly(() => y.backward()))).toMatch(/called before anomaly mode was on/);
  });

  test('without the check, NaN passes', () => {
    const x = leaf(-1);
    detectAnomaly(() => x.sqrt().backward(), { checkNan: false });
    expect(x.grad?.itemSync()).toBeNaN();
    expect(() => detectAnomaly(() => {}, { checkNaN: false } as never)).toThrow(/unknown option 'checkNaN'/);
  });

  test('holds over a promise, in a scope, and by the switch', async () => {
    const pending = detectAnomaly(async () => {
      await Promise.resolve();
      return isAnomalyEnabled();
    });
    expect(isAnomalyEnabled()).toBe(true);
    expect(await pending).toBe(true);
    expect(isAnomalyEnabled()).toBe(false);
    {
      using _ = detectAnomaly();
      expect(isAnomalyEnabled()).toBe(true);
    }
    {
      using _ = setDetectAnomaly(true);
      expect(isAnomalyEnabled()).toBe(true);
      setDetectAnomaly(false);
      expect(isAnomalyEnabled()).toBe(false);
    }
    expect(isAnomalyEnabled()).toBe(false);
    expect(() => setDetectAnomaly(1 as never)).toThrow('expected a boolean');
  });

  test('gradients are those of a plain run', () => {
    const [x, y] = [leaf(1, 2), leaf(1, 2)];
    detectAnomaly(() => x.mul(x).add(x).sum().backward());
    y.mul(y).add(y).sum().backward();
    expect(x.grad?.toArraySync()).toEqual(y.grad?.toArraySync());
    expect(ones([1]).gradFn).toBe(null);
  });
});
