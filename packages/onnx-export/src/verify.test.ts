import '@tenfold/backend-cpu/register';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Linear, Module, Sequential } from '@tenfold/nn';
import {
  defineOp,
  dispatch,
  manualSeed,
  OnnxExportError,
  ones,
  rand,
  type Sig,
  type Tensor,
} from '@tenfold/tensor-core';
import { afterAll, describe, expect, test } from 'vitest';
import { pointsToTry } from './differences.ts';
import { exportOnnx } from './export-file.ts';
import { runInOnnxRuntime } from './runtime.ts';
import { defineSymbol } from './symbols/all.ts';

const folder = mkdtempSync(join(tmpdir(), 'verify-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'model.onnx');

/** An op whose symbol is wrong: what verify is for. */
const twice = defineOp<Sig<[Tensor], null>>({
  name: 'mylib.twice',
  infer: ([x]) => ({ shape: x.shape, dtype: x.dtype }),
  body: ([x]) => x.add(x),
});
defineSymbol(twice, (g) => g.op('Add', [g.x(), g.op('Abs', [g.x()])]));

class Scaled extends Module {
  readonly inner = new Linear(4, 4);
  forward(x: Tensor): Tensor {
    return dispatch(twice, [this.inner.forward(x)], null);
  }
}

describe('verify', () => {
  test('gives the largest difference of each output at each size: one axis at a time, and all together', async () => {
    const names = { inputNames: ['x', 'w'], outputNames: ['sum', 'product'] };
    const dynamicAxes = { x: { 0: 'batch', 1: 'time' }, w: { 0: 'time' } };
    const fn = (x: Tensor, w: Tensor): Tensor[] => [x.sum(1), x.matmul(w)];
    let text = '';
    const { differences, files } = await exportOnnx(fn, [rand([2, 3]), rand([3, 5])], path, {
      ...names,
      dynamicAxes,
      verify: { sizes: [1, 4] },
      verbose: (t) => {
        text = t;
      },
    });
    expect(files).toEqual([path]);
    expect(differences?.filter(({ output }) => output === 'product').map(({ sizes, shape }) => [sizes, shape])).toEqual(
      [
        [{ batch: 1, time: 3 }, [1, 5]],
        [{ batch: 4, time: 3 }, [4, 5]],
        [{ batch: 2, time: 1 }, [2, 5]],
        [{ batch: 2, time: 4 }, [2, 5]],
        [{ batch: 1, time: 1 }, [1, 5]],
        [{ batch: 4, time: 4 }, [4, 5]],
      ],
    );
    expect(differences).toHaveLength(12);
    for (const { difference, limit } of differences ?? []) expect(difference).toBeLessThan(limit);
    expect(text.split('\n')).toHaveLength(13);
    expect(text).toMatch(
      /^output {3}sizes +shape +largest difference {2}allowed\nsum {6}batch = 1, time = 3 {2}\[1\] /,
    );
  });

  test('names the first node that differs, its op and its scope', async () => {
    manualSeed(1);
    const model = new Sequential(new Linear(4, 4), new Scaled(), new Linear(4, 2));
    const run = exportOnnx(model, rand([2, 4]), path, { dynamicAxes: { x: { 0: 'batch' } }, verify: true });
    await expect(run).rejects.toThrow(OnnxExportError);
    await expect(run).rejects.toThrow(/The first node that differs: '\/1\/Add' \(Add\) in 1\noutput {2}sizes/);
    expect(readdirSync(folder)).not.toContain('model.onnx.tmp');
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('sizes that the model here does not take are an error that says which', async () => {
    const fn = (x: Tensor): Tensor => x.add(ones([3])).sum();
    const run = exportOnnx((x: Tensor) => fn(x.slice(1, 0, 3, 1)), rand([2, 40]), path, {
      dynamicAxes: { x: { 1: 'time' } },
      verify: { sizes: [2] },
    });
    await expect(run).rejects.toThrow(/time = 2/);
  });

  test.each([
    [{ sizes: [] }, /sizes must be/],
    [{ sizes: [1.5] }, /sizes must be/],
    [{ tolerance: 'small' }, /tolerance must be/],
    [{ timeout: 0 }, /timeout must be/],
    [{ size: 1 }, /unknown option 'size'/],
  ])('%j is an error', async (verify, message) => {
    await expect(exportOnnx((x: Tensor) => x.neg(), [ones([1])], path, { verify: verify as never })).rejects.toThrow(
      message,
    );
  });

  test('onnxruntime has a time limit', async () => {
    const started = Date.now();
    await expect(runInOnnxRuntime([], 5)).rejects.toThrow(/did not end within 0.005 s and was stopped/);
    expect(Date.now() - started).toBeLessThan(20_000);
  });

  test('a crash is an error with the last words of the process', async () => {
    await expect(runInOnnxRuntime([null as never])).rejects.toThrow(
      /onnxruntime's process ended with 1: [\s\S]*TypeError/,
    );
  });

  test('a refused model is an error with the words of onnxruntime', async () => {
    const [result] = await runInOnnxRuntime([{ model: { path: join(folder, 'absent.onnx') }, runs: [] }]);
    expect('error' in result && result.error).toMatch(/absent\.onnx/);
    expect(existsSync(join(folder, 'absent.onnx'))).toBe(false);
  });

  test('every axis by itself and all together, each choice once', () => {
    expect(pointsToTry(new Map(), [1, 2])).toEqual([new Map()]);
    expect(pointsToTry(new Map([['a', 1]]), [1, 2])).toEqual([new Map([['a', 1]]), new Map([['a', 2]])]);
  });
});
