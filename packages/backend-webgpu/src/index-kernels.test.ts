/** Gather and scatter against the plain loops of backend-cpu on operands that lie anywhere, and what happens to indices out of range. */
import './register.ts';
import '@tenfold/backend-cpu/register';
import {
  arange,
  type DType,
  IndexError,
  manualSeed,
  ones,
  rand,
  randint,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';

const dtypes: readonly DType[] = ['float32', 'int64', 'int32', 'uint8', 'bool'];
const modes = ['set', 'add', 'multiply', 'amax', 'amin'] as const;

/** Numbers whose sums depend on their order. */
function values(shape: readonly number[], dtype: DType): Tensor {
  if (dtype === 'float32')
    return rand([...shape])
      .sub(0.5)
      .mul(1000);
  return randint(0, dtype === 'bool' ? 2 : 200, [...shape], { dtype });
}

/** The same elements, lying transposed and with gaps. */
function scattered(x: Tensor): Tensor {
  const wide = x.newZeros([...x.shape.slice(0, -1), 2 * x.shape[x.ndim - 1] + 1]);
  const gaps = wide.transpose(0, -1).contiguous().transpose(0, -1).slice(-1, 1, undefined, 2);
  return gaps.copy_(x);
}

async function bytes(x: Tensor): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = await x.contiguous().toTypedArray();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Runs `f` on copies of the tensors on both devices, dense and not. */
async function expectSameBits(f: (...xs: Tensor[]) => Tensor, ...xs: Tensor[]): Promise<void> {
  const expected = await bytes(f(...xs));
  const there = await Promise.all(xs.map((x) => x.toAsync('webgpu')));
  for (const operands of [there, there.map(scattered)]) {
    const actual = await bytes(f(...operands));
    expect(actual.length).toBe(expected.length);
    expect(actual.findIndex((byte, i) => byte !== expected[i])).toBe(-1);
  }
}

describe('gather', () => {
  it.each(dtypes)('%s', async (dtype) => {
    manualSeed(1);
    for (const indexType of ['int64', 'int32'] as const) {
      for (const dim of [0, 1, 2]) {
        const x = values([5, 7, 9], dtype);
        const index = randint(0, x.shape[dim], [3, 4, 6], { dtype: indexType });
        await expectSameBits((a, i) => a.gather(dim, i), x, index);
      }
    }
  });

  it('of many elements, of rows, and of none', async () => {
    const table = rand([1000, 33]);
    await expectSameBits((a, i) => a.indexSelect(0, i), table, randint(0, 1000, [3000]));
    const x = (await table.toAsync('webgpu')).gather(0, zeros([0, 33], { dtype: 'int64', device: 'webgpu' }));
    expect(await x.toTypedArray()).toEqual(new Float32Array(0));
  });

  it('an index out of range is an IndexError at the next await, and nothing more', async () => {
    const x = tensor([1, 2, 3], { device: 'webgpu' });
    for (const [bad, of] of [
      [3, 'index 3'],
      [-1, 'index -1'],
      [2 ** 31 - 1, 'index 2147483647'],
    ] as const) {
      const y = x.gather(0, tensor([0, bad, 2], { dtype: 'int64', device: 'webgpu' }));
      await expect(y.toArray()).rejects.toThrow(new IndexError(`${of} is out of bounds for dimension 0 with size 3`));
    }
    expect(await x.toArray()).toEqual([1, 2, 3]);
  });
});

describe('scatter', () => {
  const scatter = (mode: (typeof modes)[number], x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor => {
    if (mode === 'set') return x.scatter(dim, index, source);
    if (mode === 'amax' || mode === 'amin') return x.scatterReduce(dim, index, source, mode);
    return x.scatter(dim, index, source, { reduce: mode });
  };

  // few indices along the dim are compared with each other, many are sorted
  describe.each([17, 300])('of %d indices', (count) => {
    it.each(dtypes)('%s', async (dtype) => {
      manualSeed(2);
      for (const [at, mode] of modes.entries()) {
        // a kernel takes a software device long to compile
        for (const dim of dtype === 'float32' && mode === 'add' ? [0, 1, 2] : [at % 3]) {
          const x = values([8, 8, 8], dtype);
          const shape = [4, 5, 6].map((size, d) => (d === dim ? count : size));
          const index = randint(0, 8, shape);
          // int64 has 32 bits there: products stay within them
          const source = mode === 'multiply' && dtype === 'int64' ? ones(shape, { dtype }).neg() : values(shape, dtype);
          await expectSameBits((a, i, s) => scatter(mode, a, dim, i, s), x, index, source);
        }
      }
    });

    it('of rows and numbers', async () => {
      manualSeed(3);
      const x = values([40, 70], 'float32');
      const index = randint(0, 40, [count]);
      await expectSameBits((a, i, s) => a.indexAdd(0, i, s), x, index, values([count, 70], 'float32'));
      await expectSameBits((a, i, s) => a.indexCopy(0, i, s), x, index, values([count, 70], 'float32'));
      await expectSameBits((a, i) => a.indexFill(0, i, 7), x, index);
    });

    it('NaN and infinities', async () => {
      manualSeed(4);
      const source = values([count], 'float32');
      for (const special of [Number.NaN, Infinity, -Infinity, -0, 0])
        source.indexFill_(0, randint(0, count, [4]), special);
      const [x, index] = [
        values([20], 'float32').indexFill_(0, tensor([3], { dtype: 'int64' }), Number.NaN),
        randint(0, 20, [count]),
      ];
      for (const mode of ['amax', 'amin'] as const) {
        const expected = await x.scatterReduce(0, index, source, mode).toArray();
        const [a, i, s] = await Promise.all([x, index, source].map((t) => t.toAsync('webgpu')));
        expect(await a.scatterReduce(0, i, s, mode).toArray()).toEqual(expected);
      }
    });

    it('leaves the tensor as it is where any index is out of range', async () => {
      const index = arange(count, { dtype: 'int64' }).remainder(5);
      for (const bad of [5, -1]) {
        const x = rand([5, 3], { device: 'webgpu' });
        const before = await x.toArray();
        const wrong = await index
          .clone()
          .indexFill_(0, tensor([count - 2], { dtype: 'int64' }), bad)
          .toAsync('webgpu');
        x.indexAdd_(0, wrong, rand([count, 3], { device: 'webgpu' }));
        await expect(x.toArray()).rejects.toThrow(
          new IndexError(`index ${bad} is out of bounds for dimension 0 with size 5`),
        );
        expect(await x.toArray()).toEqual(before);
        x.indexAdd_(0, await index.toAsync('webgpu'), rand([count, 3], { device: 'webgpu' }));
        expect(await x.toArray()).not.toEqual(before);
      }
    });
  });

  it('the gradient of an embedding of 10,000 rows', async () => {
    manualSeed(5);
    const index = randint(0, 10_000, [4096]);
    const source = rand([4096, 128]);
    await expectSameBits((i, s) => s.newZeros([10_000, 128]).indexAdd(0, i, s), index, source);
  });
});
