/** Which checks belong to which tier. A tier counts only where those below it hold. */
import type { DType } from '@tenfold/tensor-core';
import { boundsChecks } from './checks/bounds.ts';
import type { Check } from './checks/check.ts';
import { faultChecks, memoryChecks, viewChecks } from './checks/memory.ts';
import { overrideChecks } from './checks/overrides.ts';
import { soakChecks } from './checks/soak.ts';
import { type ConformanceTest, conformanceTests } from './conformance.ts';
import type { Sample } from './fixture.ts';

/**
 * 1: every op gives PyTorch's values through the kernel families. 2: gradients, all dtypes, strided inputs, views, random streams, programs, memory and
 * faults. 3: each override equals what it is derived from; the same numbers and no more memory after many steps.
 */
export type Tier = 1 | 2 | 3;

/** A check of a tier. */
export interface TierTest extends Omit<ConformanceTest, 'family' | 'run'> {
  readonly tier: Tier;
  readonly family: ConformanceTest['family'] | 'views' | 'memory' | 'faults' | 'overrides' | 'soak';
  run(): Promise<unknown>;
}

/** The name under which a filter finds a check. */
export const fullName = ({ family, name }: Pick<TierTest, 'family' | 'name'>): string => `${family} / ${name}`;

/** The families of tier 1 are shown on these alone; a device has at least one float of them. */
const plainDTypes: ReadonlySet<DType> = new Set(['float64', 'float32', 'int64', 'int32', 'bool']);

function isPlain({ inputs, outputs }: Sample): boolean {
  return [...inputs, ...outputs].every(
    (x) => typeof x !== 'object' || x === null || (plainDTypes.has(x.dtype) && !('view' in x && x.view)),
  );
}

const own = (device: string, tier: Tier, family: TierTest['family'], checks: readonly Check[]): TierTest[] =>
  checks.map(({ op, name, run }) => ({ tier, family, op, name: `${op} / ${name}`, run: () => run(device) }));

/** All checks up to a tier, lowest tier first. */
export async function tierTests(device: string, upTo: Tier = 3): Promise<TierTest[]> {
  const values = await conformanceTests(device, 'values');
  const first = values
    .filter(({ family, sample }) => (sample ? isPlain(sample) : family === 'create'))
    .map((test) => ({ ...test, tier: 1 as const }));
  if (upTo === 1) return first;
  const gradients = (await conformanceTests(device, 'gradients'))
    .filter(({ sample }) => sample && isPlain(sample) && (sample.gradFn || sample.grads))
    .map((test) => ({ ...test, name: `${test.name} / gradients`, tier: 2 as const }));
  const rest = (await conformanceTests(device))
    .filter(({ family, sample }) => (sample ? !isPlain(sample) : family !== 'create'))
    .map((test) => ({ ...test, tier: 2 as const }));
  const second = [
    ...gradients,
    ...rest,
    ...own(device, 2, 'views', [...viewChecks, ...boundsChecks]),
    ...own(device, 2, 'memory', memoryChecks),
    ...own(device, 2, 'faults', faultChecks),
  ];
  if (upTo === 2) return [...first, ...second];
  const third = [...own(device, 3, 'overrides', overrideChecks(device)), ...own(device, 3, 'soak', soakChecks)];
  return [...first, ...second, ...third];
}
