/** Runs the checks of a device up to a tier, and says what held. */
import { resolveDevice } from '@tenfold/tensor-core';
import { ConformanceError } from './compare.ts';
import type { Sample } from './fixture.ts';
import { builtinOp } from './overridden.ts';
import { type Speed, slowBelow, timedWork, timeOverrides } from './speed.ts';
import { fullName, type Tier, type TierTest, tierTests } from './tiers.ts';
import { deviceOf, type Target } from './under-test.ts';

/** The page that explains the families, one heading each. */
const page = 'https://github.com/tenfold-js/tenfold/blob/main/docs/contributing/adding-a-backend.md';

/** The failures of one op in one family. */
export interface Failure {
  readonly tier: Tier;
  readonly family: TierTest['family'];
  readonly op: string;
  /** How many checks of the op failed. */
  readonly count: number;
  /** The smallest of them: its name, which `--filter` takes, what differed, and the sample if it has one. */
  readonly name: string;
  readonly message: string;
  readonly sample?: Sample | undefined;
  /** Where the family is explained. */
  readonly link: string;
}

/** How many checks of a family in a tier passed and failed. */
export interface FamilyCount {
  readonly tier: Tier;
  readonly family: TierTest['family'];
  readonly passed: number;
  readonly failed: number;
}

/** What a run of the suite found. */
export interface ConformReport {
  readonly device: string;
  readonly asked: Tier;
  /** The highest tier of which, and of those below, everything held; `null` where checks were picked by a filter. */
  readonly reached: Tier | 0 | null;
  readonly passed: number;
  readonly failed: number;
  /** The same by tier and family. */
  readonly families: readonly FamilyCount[];
  readonly failures: readonly Failure[];
  /** Tier 3: each override beside what core derives in its place, on work of larger sizes. */
  readonly speed: readonly Speed[];
  /** What is no failure, but worth a look: overrides that are slower than their derived form, or of no op that core knows. */
  readonly warnings: readonly string[];
}

/** Options of {@link conform}. */
export interface ConformOptions {
  readonly tier?: Tier;
  /** Only the check whose `family / op / name` this is, or else all whose name contains it. `'speed / …'` picks from what is timed. */
  readonly filter?: string;
  /** Is told before each check, and at the end. */
  progress?(done: number, total: number, name: string): void;
}

/** Elements of a sample's inputs: what makes one smaller than another. */
const sizeOf = ({ sample }: TierTest): number =>
  sample?.inputs.reduce<number>((n, x) => n + (typeof x === 'object' && x !== null ? x.data.length : 1), 0) ?? 0;

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Runs the suite on a device, or on the first one of a backend. */
export async function conform(target: Target, options: ConformOptions = {}): Promise<ConformReport> {
  const { tier = 1, filter, progress } = options;
  const device = await deviceOf(target);
  const tests = picked(await tierTests(device, tier), fullName, filter);
  const timed = tier === 3 ? picked(timedWork(device), (work) => `speed / ${work}`, filter) : [];
  const total = tests.length + timed.length;
  const failed: Failed[] = [];
  for (const [i, test] of tests.entries()) {
    progress?.(i, total, fullName(test));
    try {
      await test.run();
    } catch (error) {
      failed.push({ test, message: messageOf(error), sample: test.sample ?? sampleOf(error) });
    }
  }
  const speed: Speed[] = [];
  for (const [i, work] of timed.entries()) {
    progress?.(tests.length + i, total, work);
    speed.push(...(await timeOverrides(device, work)));
  }
  progress?.(total, total, '');
  const lowest = Math.min(tier + 1, ...failed.map(({ test }) => test.tier));
  return {
    device,
    asked: tier,
    reached: filter === undefined ? ((lowest - 1) as Tier | 0) : null,
    passed: tests.length - failed.length,
    failed: failed.length,
    families: counted(tests, new Set(failed.map(({ test }) => test))),
    failures: summed(failed),
    speed,
    warnings: [...(tier === 3 && filter === undefined ? unknownOverrides(device) : []), ...slowOverrides(speed)],
  };
}

function counted(tests: readonly TierTest[], failed: ReadonlySet<TierTest>): FamilyCount[] {
  const counts = new Map<string, FamilyCount>();
  for (const test of tests) {
    const { tier, family } = test;
    const { passed, failed: not } = counts.get(`${tier} ${family}`) ?? { passed: 0, failed: 0 };
    const holds = !failed.has(test);
    counts.set(`${tier} ${family}`, { tier, family, passed: passed + Number(holds), failed: not + Number(!holds) });
  }
  return [...counts.values()];
}

/** What has exactly this name, or else what has it in its name. */
function picked<T>(all: readonly T[], nameOf: (x: T) => string, filter: string | undefined): readonly T[] {
  if (filter === undefined) return all;
  const exact = all.filter((x) => nameOf(x) === filter);
  return exact.length > 0 ? exact : all.filter((x) => nameOf(x).includes(filter));
}

const sampleOf = (error: unknown): Sample | undefined => (error instanceof ConformanceError ? error.sample : undefined);

const unknownOverrides = (device: string): string[] =>
  [...resolveDevice(device).overrides.keys()]
    .filter((op) => !builtinOp(op))
    .map(
      (op) =>
        `the override '${op}' is of no builtin op: it is mistyped, or for an op of another package, and not checked`,
    );

const slowOverrides = (speed: readonly Speed[]): string[] =>
  speed
    .filter(({ ratio }) => ratio < slowBelow)
    .map(
      ({ op, work, ratio }) =>
        `the override '${op}' is slower than what core derives in its place (${ratio.toFixed(2)}× as fast, measured twice): ${work}`,
    );

/** A check that failed. */
interface Failed {
  readonly test: TierTest;
  readonly message: string;
  readonly sample?: Sample | undefined;
}

/** One entry for each op of a family, with the smallest sample. */
function summed(failed: readonly Failed[]): Failure[] {
  const groups = new Map<string, readonly Failed[]>();
  for (const entry of failed) {
    const { tier, family, op } = entry.test;
    const key = `${tier} ${family} ${op}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].map((group) => {
    const { test, message, sample } = group.reduce((a, b) => (sizeOf(b.test) < sizeOf(a.test) ? b : a));
    const { tier, family, op, name } = test;
    return { tier, family, op, count: group.length, name, message, sample, link: `${page}#${family}` };
  });
}
