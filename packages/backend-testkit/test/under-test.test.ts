/** The watch over a backend: every way in which a buffer can be given or used wrongly, in each family. */
import { expr, Program, type Runtime, type TensorView } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { type NullBuffer, nullBackend } from '../src/null.ts';
import { watched } from '../src/under-test.ts';

type View = TensorView<NullBuffer>;

const view = (buffer: NullBuffer, shape: readonly number[] = [2, 2], offset = 0): View => ({
  dtype: 'float32',
  shape,
  strides: shape.map((_, d) => 2 ** (shape.length - 1 - d)),
  offset,
  storage: { buffer },
});
const program = new Program([expr.input(0, 'float32')], ['float32']);
const dims = { batch: 0, m: 1, n: 1, k: 1 };
const key = { lo: 0, hi: 0 };

/** Each kernel with the views that it takes, of which one is `x` in turn. */
const kernels: readonly [
  name: string,
  views: number,
  call: (runtime: Runtime<NullBuffer>, v: readonly View[]) => void,
][] = [
  ['map', 2, (r, [a, b]) => r.map([a], [b], program, [])],
  ['reduce', 2, (r, [a, b]) => r.reduce('sum', a, [b], program, [])],
  ['argReduce', 2, (r, [a, b]) => r.argReduce('argmax', a, b, [0])],
  ['scan', 3, (r, [a, b, c]) => r.scan('cummax', [a, b], c, 0, false)],
  ['matmul', 4, (r, [a, b, c, d]) => r.matmul(a, b, c, dims, { program, inputs: [d], params: [] })],
  ['gather', 3, (r, [a, b, c]) => r.gather(a, b, c, 0)],
  ['scatter', 3, (r, [a, b, c]) => r.scatter('add', a, b, c, 0)],
  ['sort', 3, (r, [a, b, c]) => r.sort(a, b, c, 0, false)],
  ['random', 1, (r, [a]) => r.random('uniform', a, key, 0)],
  ['randomIntegers', 1, (r, [a]) => r.randomIntegers(a, key, 0, 0, 9)],
  ['svd', 2, (r, [a, b]) => r.overrides.svd?.run([a], [b, null, 1], null)],
];

/** Calls that take a range of a buffer. */
const ranges: readonly [name: string, call: (runtime: Runtime<NullBuffer>, x: NullBuffer, start: number) => unknown][] =
  [
    ['upload', (r, x, start) => r.upload(x, new Float32Array(4), start)],
    ['download', (r, x, start) => r.download(x, start, 4)],
    ['copy', (r, x, start) => r.copy(x, start, r.allocate('float32', 4), 0, 4)],
    ['copy', (r, x, start) => r.copy(r.allocate('float32', 4), 0, x, start, 4)],
  ];

const open = () => watched(nullBackend().open(0));

/** What a call throws, at once or later; the null device's own refusal to give values is none. */
async function thrown(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    const { message } = error as Error;
    return message.includes('computes no values') ? '' : message;
  }
  return '';
}

describe.each(kernels)('%s', (name, count, call) => {
  it.each(Array.from({ length: count }, (_, i) => i))('is watched for its view %i', (i) => {
    const runtime = open();
    const views = Array.from({ length: count }, () => view(runtime.allocate('float32', 4)));
    const replaced = (x: View) => views.map((other, k) => (k === i ? x : other));
    call(runtime, views);
    const beyond = view(views[i].storage.buffer, [2, 2], 1);
    expect(() => call(runtime, replaced(beyond))).toThrow(`out of bounds: ${name} was given elements 1 to 5 of 4`);
    call(runtime, replaced(view(views[i].storage.buffer, [0, 2], 9)));
    runtime.free(views[i].storage.buffer);
    expect(() => call(runtime, views)).toThrow(`use after free: ${name} was given a buffer that had been freed`);
  });
});

describe.each(ranges)('%s', (name, call) => {
  it('is watched', async () => {
    const runtime = open();
    const buffer = runtime.allocate('float32', 4);
    expect(await thrown(() => call(runtime, buffer, 0))).toBe('');
    expect(await thrown(() => call(runtime, buffer, 1))).toBe(`out of bounds: ${name} was given elements 1 to 5 of 4`);
    runtime.free(buffer);
    expect(await thrown(() => call(runtime, buffer, 0))).toContain(`use after free: ${name}`);
  });
});

it('sees buffers that are freed or given out twice', () => {
  const runtime = open();
  const buffer = runtime.allocate('float32', 4);
  runtime.free(buffer);
  expect(() => runtime.free(buffer)).toThrow('double free');
  const same = { length: 4 };
  const pool = watched({ ...nullBackend().open(0), allocate: () => same });
  pool.allocate('float32', 4);
  expect(() => pool.allocate('float32', 4)).toThrow('still held');
  pool.free(same);
  expect(pool.allocate('float32', 4)).toBe(same);
});

it('leaves methods and fields of the runtime as they are', () => {
  const plain = Object.assign(nullBackend().open(0), { own: 7, self: (): unknown => plain });
  const runtime = watched(plain) as typeof plain;
  expect(runtime).toMatchObject({ own: 7, capabilities: plain.capabilities });
  expect(runtime.self()).toBe(plain);
  expect(Object.keys(runtime.overrides)).toEqual(Object.keys(plain.overrides));
});
