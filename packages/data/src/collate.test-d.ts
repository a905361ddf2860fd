/** Types of batches, and of what the loader's options do to them. */
import type { Generator, Tensor } from '@tenfold/tensor-core';
import { expectTypeOf, it } from 'vitest';
import { readCsv } from './csv.ts';
import { type Collated, DataLoader, type Dataset, mapDataset, readJson, type Table, TensorDataset } from './index.ts';

declare const images: Tensor;
declare const labels: Tensor;

it('batches have the structure of samples', () => {
  expectTypeOf<Collated<Tensor>>().toEqualTypeOf<Tensor>();
  expectTypeOf<Collated<number | bigint | boolean>>().toEqualTypeOf<Tensor>();
  expectTypeOf<Collated<'a' | 'b'>>().toEqualTypeOf<('a' | 'b')[]>();
  expectTypeOf<Collated<readonly [Tensor, bigint, string]>>().toEqualTypeOf<[Tensor, Tensor, string[]]>();
  expectTypeOf<Collated<{ readonly x: Float32Array; y: { z: string } }>>().toEqualTypeOf<{
    x: Tensor;
    y: { z: string[] };
  }>();
  expectTypeOf<Collated<null>>().toEqualTypeOf<never>();
});

it('a loader of tensors gives tuples of tensors', async () => {
  const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 2, shuffle: true });
  for await (const batch of loader) expectTypeOf(batch).toEqualTypeOf<[Tensor, Tensor]>();
  for (const [x] of loader) expectTypeOf(x).toEqualTypeOf<Tensor>();
});

it('arrays, iterables, collateFn and batchSize null say what they give', () => {
  for (const batch of new DataLoader([{ id: 1n, name: 'a' }]))
    expectTypeOf(batch).toEqualTypeOf<{ id: Tensor; name: string[] }>();
  for (const batch of new DataLoader(new Set([1, 2]))) expectTypeOf(batch).toEqualTypeOf<Tensor>();
  const joined = new DataLoader(['a', 'b'], { collateFn: (samples) => samples.join() });
  for (const batch of joined) expectTypeOf(batch).toEqualTypeOf<string>();
  for (const sample of new DataLoader(['a', 'b'], { batchSize: null })) expectTypeOf(sample).toEqualTypeOf<string>();
});

it('a class needs no generator to be a dataset, and may take one', () => {
  class Plain implements Dataset<[Tensor, string]> {
    readonly length = 1;
    get(_index: number): [Tensor, string] {
      return [images, 'a'];
    }
  }
  const augmented = mapDataset(new Plain(), ([image, name], generator) => {
    expectTypeOf(generator).toEqualTypeOf<Generator | undefined>();
    return [image.flip([-1]), name];
  });
  expectTypeOf(augmented).toEqualTypeOf<Dataset<readonly [Tensor, string]>>();
});

it('readers give columns of the types that were asked for', () => {
  const table = readCsv('', { columns: { x: 'float32', name: 'string' } });
  expectTypeOf(table.columns.x).toEqualTypeOf<Tensor>();
  expectTypeOf(table.columns.name).toEqualTypeOf<string[]>();
  for (const batch of new DataLoader(table)) expectTypeOf(batch.name).toEqualTypeOf<string[]>();
  const any = readJson('[]');
  expectTypeOf(any).toEqualTypeOf<Table>();
  expectTypeOf(any.columns.x).toEqualTypeOf<Tensor | string[]>();
});
