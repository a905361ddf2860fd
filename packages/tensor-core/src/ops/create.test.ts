import { cpu } from '@tenfold/backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ArgumentError,
  AutogradError,
  arange,
  DeviceError,
  DTypeError,
  empty,
  eye,
  fromTypedArray,
  full,
  linspace,
  logspace,
  ones,
  onesLike,
  registerBackend,
  ShapeError,
  type TensorData,
  tensor,
  zeros,
  zerosLike,
} from '../index.ts';

beforeAll(() => registerBackend(cpu()));

describe('tensor', () => {
  it('infers dtypes: numbers are floats, whole ones too', () => {
    expect(tensor([1, 2]).dtype).toBe('float32');
    expect(tensor([true, false]).dtype).toBe('bool');
    expect(tensor([true, 2]).dtype).toBe('float32');
    expect(tensor([1n, 2n]).dtype).toBe('int64');
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor(3.5).shape).toEqual([]);
    expect(tensor(new Int16Array([1, 2])).dtype).toBe('int16');
    expect(tensor([new Float64Array([1, 2]), new Float64Array([3, 4])]).dtype).toBe('float64');
    expect(tensor([[1, 2, 3]], { dtype: 'int64' }).toTypedArraySync()).toEqual(new BigInt64Array([1n, 2n, 3n]));
    expect(tensor([1.9, -1.9], { dtype: 'int32' }).toArraySync()).toEqual([1, -1]);
    expect(tensor([0, 2, Number.NaN], { dtype: 'bool' }).toArraySync()).toEqual([false, true, true]);
    expect(tensor([1.5, 65504, 1e9], { dtype: 'float16' }).toArraySync()).toEqual([
      1.5,
      65504,
      Number.POSITIVE_INFINITY,
    ]);
    expect(tensor(new Uint32Array([7]), { dtype: 'int64' }).toArraySync()).toEqual([7]);
    expect(tensor([2n ** 62n + 1n], { dtype: 'int64' }).toTypedArraySync()).toEqual(
      new BigInt64Array([2n ** 62n + 1n]),
    );
  });

  it('copies its data', () => {
    const data = new Float32Array([1, 2]);
    const x = tensor(data);
    data[0] = 9;
    expect(x.toArraySync()).toEqual([1, 2]);
  });

  it('refuses what is not a tensor of numbers', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const wrong: [unknown, new (...args: never[]) => Error, RegExp][] = [
      [[[1, 2], [3]], ShapeError, /ragged/],
      [[1, [2]], ShapeError, /ragged/],
      [[[1], 2], ShapeError, /ragged/],
      [cyclic, ArgumentError, /contains itself/],
      [Array.from({ length: 2 }), ArgumentError, /hole/],
      [new Array(2), ArgumentError, /hole/],
      [['1'], ArgumentError, /got string '1'/],
      ['1', ArgumentError, /got string/],
      [{}, ArgumentError, /got an object/],
      [null, ArgumentError, /got null/],
      [[ones([1])], ArgumentError, /stack/],
      [ones([1]), ArgumentError, /clone\(\)\.detach\(\)/],
      [new Uint32Array(2), DTypeError, /no dtype of its own/],
    ];
    for (const [data, kind, message] of wrong) {
      expect(() => tensor(data as TensorData), String(message)).toThrow(kind);
      expect(() => tensor(data as TensorData)).toThrow(message);
    }
    expect(() => tensor([Number.NaN], { dtype: 'int64' })).toThrow('cannot convert float NaN to integer');
    expect(() => tensor([300], { dtype: 'uint8' })).toThrow(/without overflow/);
    expect(() => tensor([2n ** 63n])).toThrow(/without overflow/);
    expect(() => tensor([2 ** 63], { dtype: 'int64' })).toThrow(/without overflow/);
  });

  it('refuses unknown options, dtypes and devices', () => {
    expect(() => tensor([1], { dytpe: 'float64' } as never)).toThrow(
      "unknown option 'dytpe'; known options: dtype, device, requiresGrad",
    );
    expect(() => zeros([1], { dtype: 'float' as never })).toThrow(DTypeError);
    expect(() => zeros([1], { device: 'tpu' })).toThrow(DeviceError);
    expect(() => ones(2 as never)).toThrow('a shape must be an array of sizes');
    expect(() => zeros([-1])).toThrow('Trying to create tensor with negative dimension -1');
    expect(() => zeros([1.5])).toThrow(ArgumentError);
    expect(() => tensor([1], { dtype: 'int64', requiresGrad: true })).toThrow(AutogradError);
  });
});

describe('factories', () => {
  it('make what they say', () => {
    expect(eye(2, 3).toArraySync()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect(arange(3).dtype).toBe('int64');
    expect(arange(1, 2.5, 0.5).toArraySync()).toEqual([1, 1.5, 2]);
    expect(arange(5, 0, -2).toArraySync()).toEqual([5, 3, 1]);
    expect(arange(3, { dtype: 'float64' }).dtype).toBe('float64');
    expect(linspace(0, 1, 5).toArraySync()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(2, 3, 1).toArraySync()).toEqual([2]);
    expect(logspace(0, 3, 4).toArraySync()).toEqual([1, 10, 100, 1000]);
    expect(full([2], true).dtype).toBe('bool');
    expect(empty([2, 0]).shape).toEqual([2, 0]);
    expect(zerosLike(ones([2], { dtype: 'float64' })).dtype).toBe('float64');
    expect(onesLike(zeros([2]), { dtype: 'int64' }).toArraySync()).toEqual([1, 1]);
    expect(fromTypedArray(new Float64Array([1, 2, 3, 4]), [2, 2]).toArraySync()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(fromTypedArray(new Uint8Array([1, 0]), [2], { dtype: 'bool' }).toArraySync()).toEqual([true, false]);
  });

  it('refuse nonsense', () => {
    expect(() => arange(0, 1, 0)).toThrow('step must be nonzero');
    expect(() => arange(0, 1, -1)).toThrow('upper bound and larger bound inconsistent with step sign');
    expect(() => arange(Number.NaN)).toThrow(ArgumentError);
    expect(() => linspace(0, 1, -1)).toThrow('number of steps must be non-negative');
    expect(() => fromTypedArray(new Float32Array(3), [2, 2])).toThrow("shape '[2, 2]' is invalid for input of size 3");
    expect(() => fromTypedArray(new Float32Array(2), [2], { dtype: 'int64' })).toThrow(DTypeError);
  });
});

describe('to', () => {
  it('returns the tensor itself where nothing changes, else a copy', () => {
    const x = tensor([1.7, 0, -2.2]);
    expect(x.to('float32')).toBe(x);
    expect(x.cpu()).toBe(x);
    expect(x.to({ copy: true })).not.toBe(x);
    expect(x.long().toArraySync()).toEqual([1, 0, -2]);
    expect(x.bool().toArraySync()).toEqual([true, false, true]);
    expect(x.to({ dtype: 'float64' }).dtype).toBe('float64');
    expect(x.to(zeros([1], { dtype: 'int32' })).dtype).toBe('int32');
    expect(() => x.to('gpu9')).toThrow(DeviceError);
    expect(() => x.to({ typo: 1 } as never)).toThrow(ArgumentError);
  });

  it('fills in place', () => {
    const x = zeros([2, 2]);
    x.select(0, 1).fill_(3);
    expect(x.toArraySync()).toEqual([
      [0, 0],
      [3, 3],
    ]);
    expect(x.fill_(tensor(2)).toArraySync()).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(x.zero_().toArraySync()).toEqual([
      [0, 0],
      [0, 0],
    ]);
    expect(() => x.fill_(ones([2]))).toThrow('fill_ only supports 0-dimension value tensor');
  });
});
