/** The backend without values: what can be said of shapes is right for every op, and a model trains on it. */
import { grad } from '@tenfold/autograd';
import {
  DeviceError,
  fromTypedArray,
  isTensor,
  memory,
  ones,
  randn,
  registerBackend,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { caseOf } from '../src/cases/all.ts';
import { families, loadFixture, type Sample } from '../src/fixture.ts';
import { makeInput, makeTensorOf } from '../src/input.ts';
import { nullBackend } from '../src/null.ts';

registerBackend(nullBackend());

const signature = ({ dtype, shape }: { readonly dtype: string; readonly shape: readonly number[] }): string =>
  `${dtype}[${shape}]`;

/** What an op gives on the device, and its gradients, as dtypes and shapes. */
function outlines(
  op: string,
  { inputs, outputs, args = {}, gradOut, grads }: Sample,
): [got: string[], wanted: string[]] {
  const given = inputs.map((input) => makeInput(input, 'null', true));
  const results = caseOf(op)?.call(given, args, 'null');
  const list: readonly Tensor[] = isTensor(results) ? [results] : (results ?? []);
  const wanted = outputs.map(signature);
  if (!gradOut || !grads) return [list.map(signature), wanted];
  const leaves = given.filter((x): x is Tensor => isTensor(x) && x.requiresGrad);
  const gradients = grad(
    list.filter((_, i) => gradOut[i]),
    leaves,
    { gradOutputs: gradOut.flatMap((x) => (x ? [makeTensorOf(x, 'null')] : [])), allowUnused: true },
  );
  return [
    [...list, ...gradients.map((gradient, i) => gradient ?? leaves[i])].map(signature),
    [...wanted, ...leaves.map(signature)],
  ];
}

describe.each(families)('%s', (family) => {
  it('has the shapes and dtypes of PyTorch, gradients included', async () => {
    const wrong: string[] = [];
    let checked = 0;
    for (const { op, samples } of await loadFixture(family)) {
      const row = caseOf(op);
      if (!row || row.reads) continue;
      for (const sample of samples) {
        if (row.exclude?.[sample.name]) continue;
        const [got, wanted] = outlines(op, sample);
        checked++;
        if (got.join() !== wanted.join()) wrong.push(`${op} / ${sample.name}: ${got}, PyTorch gives ${wanted}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(0);
  });
});

it('holds no elements: tensors of any size, counted as if they did', () => {
  const before = memory().null?.bytes ?? 0;
  const queries = zeros([64, 32, 8192, 128], { device: 'null', dtype: 'bfloat16' });
  const scores = queries.matmul(queries.transpose(-1, -2)).softmax(-1);
  expect(scores).toMatchObject({
    shape: [64, 32, 8192, 8192],
    strides: [2 ** 31, 2 ** 26, 8192, 1],
    dtype: 'bfloat16',
  });
  expect(memory().null.peakBytes - before).toBeGreaterThanOrEqual(2 * 2 * 64 * 32 * 8192 ** 2);
  expect(randn([2, 3], { device: 'null' }).sort(1).indices).toMatchObject({ dtype: 'int64', shape: [2, 3] });
  expect(String(scores)).toContain("device='null'");
  expect(() => zeros([-1], { device: 'null' })).toThrow();
});

it('says so where values are read', async () => {
  const x = ones([2], { device: 'null' });
  const said = /the device 'null' computes no values/;
  for (const read of [() => x.sum().item(), () => x.toArray(), () => x.nonzeroAsync()])
    await expect(read()).rejects.toThrow(said);
  await expect(x.item()).rejects.toThrow();
  for (const read of [() => x.sum().itemSync(), () => x.toArraySync(), () => x.nonzero()])
    expect(read).toThrow(DeviceError);
  await expect(x.sum().item()).rejects.toBeInstanceOf(DeviceError);
});

it('takes data, and gives none', () => {
  const x = fromTypedArray(Float32Array.of(1, 2, 3), [3], { device: 'null' });
  expect(x.add(tensor([1, 2, 3], { device: 'null', dtype: 'float64' }))).toMatchObject({
    dtype: 'float64',
    shape: [3],
  });
  expect(() => x.add(tensor([1, 2], { device: 'null' }))).toThrow(/must match/);
});
