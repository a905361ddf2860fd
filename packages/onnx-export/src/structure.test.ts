/** Inputs and outputs of any structure: names, order, constants, and dynamic axes of what lies inside. */
import '@tenfold/backend-cpu/register';
import { ModelProto } from '@tenfold/onnx-model';
import { cat, isTensor, randn, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { type ExampleInputs, exportOnnx, type ToOnnxOptions, toOnnx } from './index.ts';
import { type Comparison, compareAll } from './testing.ts';

const f = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
type Program = Comparison['fn'];

/** A program whose arguments are no plain tensors. */
const program = (fn: (...args: never[]) => unknown): Program => fn as Program;

async function names(
  fn: (...args: never[]) => unknown,
  inputs: ExampleInputs,
  options?: ToOnnxOptions,
): Promise<{ inputs: string[]; outputs: string[] }> {
  const { graph } = ModelProto.decode(await toOnnx(fn, inputs, options));
  return {
    inputs: graph?.input?.map(({ name = '' }) => name) ?? [],
    outputs: graph?.output?.map(({ name = '' }) => name) ?? [],
  };
}

const x = f(2, 3);
const tensorsIn = (value: unknown): Tensor[] => {
  if (isTensor(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
};
const sum = (...values: unknown[]): Tensor => tensorsIn(values).reduce((a, b) => a.add(b));

describe('default names', () => {
  test.each<[string, ExampleInputs, string[]]>([
    ['one tensor', x, ['x']],
    ['one argument', [x], ['x']],
    ['several', [x, x], ['x_0', 'x_1']],
    ['a list inside', [x, [x, x]], ['x_0', 'x_1', 'x_2']],
    ['constants between', [x, 2, null, 'mode', x], ['x_0', 'x_1']],
    ['keywords', [x, { attnMask: x }], ['x_0', 'attnMask']],
    ['a keyword alone', [{ ids: x }], ['ids']],
    ['lists and records under keys', [x, { past: [x, x], at: { first: x } }], ['x_0', 'past_0', 'past_1', 'at_first']],
    ['one key twice', [{ a: x }, { a: x, b: x }], ['x_0_a', 'x_1_a', 'b']],
    ['keys that are no words', [{ 'a b': x, 'c.d': x }], ['a_b', 'c_d']],
  ])('of inputs: %s', async (_, inputs, expected) => {
    expect((await names((...args) => sum(args), inputs)).inputs).toEqual(expected);
  });

  test.each<[string, (x: Tensor) => unknown, string[]]>([
    ['one', (x) => x.neg(), ['y']],
    ['one in a list', (x) => [x.neg()], ['y']],
    ['nested lists', (x) => [x.neg(), [x.exp(), null, x.abs()]], ['y_0', 'y_1', 'y_2']],
    [
      'records',
      (x) => ({ logits: x.neg(), past: [[x.exp(), x.abs()]], loss: undefined }),
      ['logits', 'past_0_0', 'past_0_1'],
    ],
    ['of an op', (x) => x.max(1), ['values', 'indices']],
    ['a list and a record', (x) => [x.neg(), { h: x.exp() }], ['y_0', 'h']],
    ['one key twice', (x) => [{ h: x.neg() }, { h: x.exp() }], ['y_0_h', 'y_1_h']],
    ['the name of an input', (x) => ({ x: x.neg(), y: x.exp() }), ['x_out', 'y']],
  ])('of outputs: %s', async (_, fn, expected) => {
    expect((await names(fn, x)).outputs).toEqual(expected);
  });

  test('give way to names by path', async () => {
    const fn = (x: Tensor, { past: [k, v] }: { past: Tensor[] }): object => ({
      logits: x.add(k),
      past: [k.neg(), v.neg()],
    });
    const inputs: ExampleInputs = [x, { past: [x, x] }];
    const options = {
      inputNames: { '0': 'ids', 'past.0': 'k', '1.past.1': 'v' },
      outputNames: { logits: 'scores', 'past.0': 'k_new' },
    };
    expect(await names(fn, inputs, options)).toEqual({
      inputs: ['ids', 'k', 'v'],
      outputs: ['scores', 'k_new', 'past_1'],
    });
    expect(await names(fn, inputs, { inputNames: ['a', 'b', 'c'] })).toEqual({
      inputs: ['a', 'b', 'c'],
      outputs: ['logits', 'past_0', 'past_1'],
    });
    expect((await names(fn, inputs)).outputs).toEqual(['logits', 'past_0_out', 'past_1_out']);
  });
});

interface Cached {
  readonly mask: Tensor;
  readonly past: readonly (readonly [Tensor, Tensor])[];
  readonly scale?: number;
  readonly flags?: { readonly negate: boolean };
}

/** A decoder step with a cache, as language models have it. */
const step = (x: Tensor, { mask, past, scale = 1, flags }: Cached): object => {
  const present = past.map(([k, v]) => [cat([k, x], 1), cat([v, x.mul(2)], 1)] as const);
  const y = present.reduce((h, [k, v]) => h.matmul(k.transpose(1, 2)).add(mask).softmax(-1).matmul(v), x).mul(scale);
  return { logits: flags?.negate ? y.neg() : y, past: present };
};

const cache = (batch: number, past: number, now: number): [Tensor, Cached] => [
  f(batch, now, 4),
  {
    mask: f(now, past + now),
    past: [0, 1].map(() => [f(batch, past, 4), f(batch, past, 4)] as const),
    scale: 0.5,
    flags: { negate: true },
  },
];

test('a step with a cache agrees at other sizes of its axes', async () => {
  const dynamicAxes = {
    x_0: { 0: 'batch', 1: 'now' },
    past_0_0: { 0: 'batch', [-2]: 'past' },
    past_0_1: { 0: 'batch', 1: 'past' },
    past_1_0: { 0: 'batch', 1: 'past' },
    past_1_1: { 0: 'batch', 1: 'past' },
    past_0_0_out: { [-2]: 'total' },
  };
  const comparisons: Comparison[] = [
    {
      name: 'fixed',
      fn: program(step),
      example: cache(2, 3, 2) as never,
    },
    {
      name: 'dynamic batch and cache',
      fn: program((x: Tensor, c: Cached) => step(x, { ...c, mask: c.mask.sum().mul(0) })),
      example: cache(2, 3, 2) as never,
      runs: [cache(1, 1, 1), cache(3, 17, 2), cache(2, 0, 5)] as never,
      options: { dynamicAxes: { ...dynamicAxes, mask: [0, 1] } },
    },
    {
      name: 'a loop state',
      fn: program((x: Tensor, [h, c]: [Tensor, Tensor], times: number) => [x.add(h).mul(times), [h.add(c), c]]),
      example: [f(2, 3), [f(2, 3), f(2, 3)], 3],
      runs: [[f(5, 3), [f(5, 3), f(5, 3)], 3]],
      options: { dynamicAxes: { x_0: { 0: 'n' }, x_1: { 0: 'n' }, x_2: { [-2]: 'n' } } },
    },
  ];
  for (const result of await compareAll(comparisons)) {
    expect(result).toHaveProperty('difference');
    expect('difference' in result && result.difference).toBeLessThanOrEqual(1e-12);
  }
});

test('files of nested inputs are verified', async () => {
  const { mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join } = await import('node:path');
  const folder = mkdtempSync(join(tmpdir(), 'tenfold-onnx-'));
  try {
    const fn = (x: Tensor, { past }: { past: Tensor[] }): object => ({
      sum: cat([x, ...past], 0).sum(0),
      past: past.map((p) => p.neg()),
    });
    await exportOnnx(fn, [zeros([2, 3]), { past: [zeros([2, 3]), zeros([1, 3])] }], join(folder, 'm.onnx'), {
      dynamicAxes: { x_0: { 0: 'n' }, past_0: { 0: 'm' } },
      verify: true,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('constants of the call stay, and the example is not touched', async () => {
  const t = tensor([1, 2]);
  const seen: unknown[] = [];
  const args = [t, { a: [true, undefined, null, 'word', 7n], b: Number.NaN }] as const;
  const fn = (x: Tensor, rest: unknown): Tensor => {
    seen.push(rest);
    return x.add_(1);
  };
  await toOnnx(fn, args);
  expect(seen).toEqual([args[1]]);
  expect(seen[0]).not.toBe(args[1]);
  expect(t.toArraySync()).toEqual([1, 2]);
});
