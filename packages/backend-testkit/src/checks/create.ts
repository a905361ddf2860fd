/** Data that goes to a device and comes back, and tensors whose contents are undefined. */
import {
  arrayTypes,
  type DType,
  dtypeNames,
  empty,
  emptyLike,
  fromTypedArray,
  resolveDevice,
  type TypedArray,
  tensor,
} from '@tenfold/tensor-core';
import { ConformanceError } from '../compare.ts';
import { type Check, expectNumbers, expectRefusal, expectThat } from './check.ts';

/** Elements as they lie in memory, the extremes of each dtype among them. float16 and bfloat16 as bits. */
const elements: { readonly [D in DType]: readonly (number | bigint)[] } = {
  float64: [0, -0, 1.5, -Number.MAX_VALUE, Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY],
  float32: [0, -0, 1.5, -3.4028234663852886e38, 2 ** -149, Number.NaN, Number.NEGATIVE_INFINITY],
  float16: [0, 0x8000, 0x3c00, 0x7bff, 0x0001, 0x7c00],
  bfloat16: [0, 0x8000, 0x3f80, 0x7f7f, 0x0001, 0xff80],
  int64: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n],
  int32: [0, -1, 2 ** 31 - 1, -(2 ** 31)],
  int16: [0, -1, 2 ** 15 - 1, -(2 ** 15)],
  int8: [0, -1, 127, -128],
  uint8: [0, 1, 255],
  bool: [0, 1, 1],
};

/** The extremes of int64 where a device keeps it in 32 bits. */
const narrow = [0n, -1n, 2n ** 31n - 1n, -(2n ** 31n)];

/** A typed array of a dtype's own kind. */
function typed(dtype: DType, device: string): TypedArray {
  const values = dtype === 'int64' && isNarrow(device) ? narrow : elements[dtype];
  if (dtype === 'int64') return BigInt64Array.from(values as bigint[]);
  const array = new arrayTypes[dtype](values.length) as Float64Array;
  array.set(values as number[]);
  return array;
}

const has = (device: string, dtype: DType): boolean =>
  resolveDevice(device).runtime.capabilities.dtypes.includes(dtype);

const isNarrow = (device: string): boolean => resolveDevice(device).runtime.capabilities.int64Bits === 32;

const roundTrip = (dtype: DType): Check => ({
  op: 'fromData',
  name: `${dtype} there and back`,
  async run(device) {
    if (!has(device, dtype)) return;
    const data = typed(dtype, device);
    const x = fromTypedArray(data, [1, data.length], { dtype, device });
    const back = await x.toTypedArray();
    // halves come back as the numbers they stand for: through float32 and back they are the same bits
    const wide = dtype === 'float16' || dtype === 'bfloat16';
    const wanted = wide
      ? await fromTypedArray(data, [data.length], { dtype, device }).to('float32').toTypedArray()
      : data;
    const differs = Array.from(wanted as Float64Array).findIndex((value, i) => !Object.is(value, back[i]));
    if (differs >= 0)
      throw new ConformanceError(`element ${differs} came back as ${back[differs]}, it went as ${wanted[differs]}`);
  },
});

/** Checks of ops that have no samples. */
export const createChecks: readonly Check[] = [
  ...dtypeNames.map(roundTrip),
  {
    op: 'fromData',
    name: 'int64 that the device has no bits for is a DTypeError',
    async run(device) {
      if (!isNarrow(device)) return;
      for (const x of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)])
        expectRefusal(() => fromTypedArray(BigInt64Array.of(1n, x), [2], { device }));
    },
  },
  {
    op: 'fromData',
    name: 'nested arrays are in row-major order',
    async run(device) {
      const x = tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { device },
      );
      await expectNumbers('values', x, [1, 2, 3, 4, 5, 6], undefined, [2, 3]);
      await expectNumbers('a column', x.select(1, 2), [3, 6]);
    },
  },
  {
    op: 'fromData',
    name: 'copies its data',
    async run(device) {
      const data = new Float32Array([1, 2]);
      const x = fromTypedArray(data, [2], { device });
      data[0] = 9;
      await expectNumbers('values', x, [1, 2]);
    },
  },
  {
    op: 'fromData',
    name: 'no elements',
    async run(device) {
      await expectNumbers('values', fromTypedArray(new Float32Array(0), [2, 0], { device }), [], undefined, [2, 0]);
    },
  },
  {
    op: 'empty',
    name: 'has memory of its own',
    async run(device) {
      const [x, y] = [empty([2, 3], { device }), empty([2, 3], { device })];
      expectThat(x.storage !== y.storage && x.device === resolveDevice(device).name, 'two empty tensors share memory');
      x.fill_(1);
      y.fill_(2);
      await expectNumbers('the first', x, [1, 1, 1, 1, 1, 1], undefined, [2, 3]);
    },
  },
  {
    op: 'emptyLike',
    name: 'has shape, dtype and device, and memory of its own',
    async run(device) {
      const x = tensor([[1, 2]], { dtype: 'int32', device });
      const y = emptyLike(x);
      expectThat(
        y.dtype === 'int32' && y.device === x.device && y.shape.join() === '1,2',
        `emptyLike gave ${y.dtype}[${y.shape}] on ${y.device}`,
      );
      y.fill_(5);
      await expectNumbers('the tensor', x, [1, 2], undefined, [1, 2]);
    },
  },
];
