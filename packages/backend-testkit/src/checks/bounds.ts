/** Each family of kernels on views in the midst of larger buffers: the same results as on dense ones, and nothing around them is read or written. */
import {
  contiguousStrides,
  type DType,
  expr,
  numel,
  Program,
  type Runtime,
  resolveDevice,
  type TensorView,
  type TypedArray,
} from '@tenfold/tensor-core';
import { excerpt } from '../compare.ts';
import { type Check, expectThat } from './check.ts';

/** A tensor of a call; outputs without data begin as what surrounds them. */
interface Data {
  readonly dtype: 'float32' | 'int64';
  readonly shape: readonly [number, number];
  readonly data?: readonly number[];
}

interface Call {
  readonly family: string;
  readonly outs: readonly Data[];
  readonly ins: readonly Data[];
  run(runtime: Runtime, outs: readonly TensorView[], ins: readonly TensorView[]): void;
}

const float = (shape: Data['shape'], ...data: number[]): Data => ({ dtype: 'float32', shape, data });
const long = (shape: Data['shape'], ...data: number[]): Data => ({ dtype: 'int64', shape, data });
const out = (shape: Data['shape'], dtype: Data['dtype'] = 'float32'): Data => ({ dtype, shape });

const a = float([2, 3], 3, 1, 2, -1, 5, 4);
const b = float([2, 3], 1, 2, 3, 4, 5, 6);
const [x, y] = [expr.input(0, 'float32'), expr.input(1, 'float32')];
const sum = new Program([expr.add(x, y)], ['float32', 'float32']);
const itself = new Program([x], ['float32']);
const key = { lo: 7, hi: 9 };

const calls: readonly Call[] = [
  { family: 'map', outs: [out([2, 3])], ins: [a, b], run: (r, outs, ins) => r.map(outs, ins, sum, []) },
  { family: 'reduce', outs: [out([2, 1])], ins: [a], run: (r, [to], ins) => r.reduce('max', to, ins, itself, []) },
  {
    family: 'argReduce',
    outs: [out([2, 1], 'int64')],
    ins: [a],
    run: (r, [to], [from]) => r.argReduce('argmax', to, from, [1]),
  },
  { family: 'scan', outs: [out([2, 3])], ins: [a], run: (r, outs, [from]) => r.scan('cumsum', outs, from, 1, false) },
  {
    family: 'matmul',
    outs: [out([2, 2])],
    ins: [a, float([3, 2], 1, 2, 3, 4, 5, 6)],
    run: (r, [to], [left, right]) => r.matmul(to, left, right, { batch: 0, m: 1, n: 1, k: 1 }),
  },
  {
    family: 'gather',
    outs: [out([2, 2])],
    ins: [a, long([2, 2], 2, 0, 1, 1)],
    run: (r, [to], [source, index]) => r.gather(to, source, index, 1),
  },
  {
    family: 'scatter',
    outs: [b],
    ins: [long([2, 2], 2, 0, 1, 1), float([2, 2], 10, 20, 30, 40)],
    run: (r, [to], [index, source]) => r.scatter('add', to, index, source, 1),
  },
  {
    family: 'sort',
    outs: [out([2, 3]), out([2, 3], 'int64')],
    ins: [a],
    run: (r, [values, indices], [from]) => r.sort(values, indices, from, 1, false),
  },
  { family: 'random', outs: [out([2, 3])], ins: [], run: (r, [to]) => r.random('uniform', to, key, 0) },
  {
    family: 'randomIntegers',
    outs: [out([2, 3], 'int64')],
    ins: [],
    run: (r, [to]) => r.randomIntegers(to, key, 0, 0, 100),
  },
];

/** What surrounds a view: no sum, extreme or index that reads it stays unnoticed. */
const around = { float32: Number.NaN, int64: 1000 };

type Layout = Pick<TensorView, 'strides' | 'offset'> & { readonly length: number };

const dense = ({ shape }: Data): Layout => ({ strides: contiguousStrides(shape), offset: 0, length: numel(shape) });

/** Every second element of wider rows, with more before and after. */
const amidst = ({ shape: [rows, columns] }: Data): Layout => {
  const row = 2 * columns + 3;
  return { strides: [row, 2], offset: 5, length: rows * row + 9 };
};

/** Where the elements of a view lie in its buffer. */
const places = ({ shape: [rows, columns] }: Data, { strides, offset }: Layout): number[] =>
  Array.from(
    { length: rows * columns },
    (_, i) => offset + Math.floor(i / columns) * strides[0] + (i % columns) * strides[1],
  );

interface Placed {
  readonly data: Data;
  readonly layout: Layout;
  readonly view: TensorView;
  /** What the buffer held at first. */
  readonly before: readonly number[];
}

const typed = (dtype: DType, values: readonly number[]): TypedArray =>
  dtype === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);

function place(runtime: Runtime, data: Data, layout: Layout): Placed {
  const { dtype, shape } = data;
  const before: number[] = new Array(layout.length).fill(around[dtype]);
  places(data, layout).forEach((at, i) => {
    before[at] = data.data?.[i] ?? around[dtype];
  });
  const buffer = runtime.allocate(dtype, layout.length);
  runtime.upload(buffer, typed(dtype, before), 0);
  return {
    data,
    layout,
    before,
    view: { dtype, shape, strides: layout.strides, offset: layout.offset, storage: { buffer } },
  };
}

const read = async (runtime: Runtime, { view, layout }: Placed): Promise<number[]> =>
  Array.from(await runtime.download(view.storage.buffer, 0, layout.length), Number);

/** What the outputs hold; throws where anything else has changed. */
async function resultsOf(runtime: Runtime, call: Call, layoutOf: (data: Data) => Layout): Promise<number[][]> {
  const [outs, ins] = [call.outs, call.ins].map((list) => list.map((data) => place(runtime, data, layoutOf(data))));
  call.run(
    runtime,
    outs.map(({ view }) => view),
    ins.map(({ view }) => view),
  );
  const results: number[][] = [];
  for (const placed of [...outs, ...ins]) {
    const now = await read(runtime, placed);
    const isOut = outs.includes(placed);
    const own = new Set(isOut ? places(placed.data, placed.layout) : []);
    const changed = now.findIndex((value, at) => !own.has(at) && !Object.is(value, placed.before[at]));
    expectThat(
      changed < 0,
      `element ${changed} of the buffer of an ${isOut ? 'output, outside of the view' : 'input'}, was ${placed.before[changed]} and is now ${now[changed]}`,
    );
    if (isOut) results.push([...own].map((at) => now[at]));
  }
  for (const { view } of [...outs, ...ins]) runtime.free(view.storage.buffer);
  return results;
}

/** One check for each family. */
export const boundsChecks: readonly Check[] = calls.map((call) => ({
  op: call.family,
  name: 'reads and writes nothing outside of its views',
  async run(device) {
    const { runtime } = resolveDevice(device);
    const wanted = await resultsOf(runtime, call, dense);
    const got = await resultsOf(runtime, call, amidst);
    got.forEach((values, k) => {
      const same = values.every((value, i) => Object.is(value, wanted[k][i]));
      expectThat(same, `output ${k} of strided views is ${excerpt(values)}, of dense ones ${excerpt(wanted[k])}`);
    });
  },
}));
