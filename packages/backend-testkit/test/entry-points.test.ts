/** The suite from a script and from vitest, for a device's name and for a backend; lint checks the types here. */
import { cpu } from '@tenfold/backend-cpu';
import type { Backend, TypedArray } from '@tenfold/tensor-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type ConformReport, conform, type Target, type Tier, tierTests, useBackend } from '../src/index.ts';
import { type NullBuffer, nullBackend } from '../src/null.ts';
import { type TestBackendOptions, testBackend } from '../src/vitest.ts';

const backend = cpu({ engine: 'plain' });
const filter = 'elementwise / hypot';

describe('vitest takes a backend', () => testBackend(backend, { tier: 1, filter }));
describe('vitest takes a promise of a backend', () => testBackend(Promise.resolve(backend), { tier: 2, filter }));
describe('vitest takes the name of a device', () => {
  testBackend('cpu', { tier: 1, filter, timeout: 1000 });
});

describe('a script', () => {
  it('takes the same', async () => {
    const reports = [await conform(backend, { filter }), await conform('cpu', { filter })];
    for (const report of reports) expect(report).toMatchObject({ device: 'cpu', asked: 1, reached: null, failed: 0 });
    expect(reports[0].passed).toBe(reports[1].passed);
    expect(reports[0].families).toEqual([{ tier: 1, family: 'elementwise', passed: reports[0].passed, failed: 0 }]);
  });

  it('is told how far it is', async () => {
    const steps: [number, number, string][] = [];
    const { passed } = await conform(backend, { filter, progress: (...step) => void steps.push(step) });
    expect(steps.map(([done]) => done)).toEqual(Array.from({ length: passed + 1 }, (_, i) => i));
    expect(steps[0][2]).toContain(filter);
  });

  it('is told what is no backend', async () => {
    await expect(useBackend({} as Backend)).rejects.toThrow('expected the name of a device or a Backend');
  });

  it('picks the one check of exactly this name, if there is one', async () => {
    const names = (await tierTests('cpu', 1))
      .filter(({ op }) => op === 'add')
      .map(({ name }) => `elementwise / ${name}`);
    const prefix = names.find((name) => names.some((other) => other !== name && other.includes(name))) ?? names[0];
    expect((await conform('cpu', { filter: prefix })).passed).toBe(1);
  });
});

it('have these types', () => {
  expectTypeOf<string | Backend<TypedArray> | Promise<Backend<NullBuffer>>>().toExtend<Target>();
  expectTypeOf<number>().not.toExtend<Target>();
  expectTypeOf(conform).parameter(0).toEqualTypeOf<Target>();
  expectTypeOf(conform).returns.resolves.toEqualTypeOf<ConformReport>();
  expectTypeOf<4>().not.toExtend<Tier>();
  expectTypeOf(testBackend).returns.toEqualTypeOf<void>();
  expectTypeOf<TestBackendOptions>().toEqualTypeOf<{
    readonly tier?: Tier;
    readonly filter?: string;
    readonly timeout?: number;
  }>();
  expectTypeOf(nullBackend).returns.toEqualTypeOf<Backend<NullBuffer>>();
});
