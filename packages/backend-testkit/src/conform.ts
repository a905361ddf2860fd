/** Runs the checks of a device up to a tier, and says what held. */
import type { Sample } from './fixture.ts';
import { type Tier, type TierTest, tierTests } from './tiers.ts';
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
  readonly sample?: Sample;
  /** Where the family is explained. */
  readonly link: string;
}

/** What a run of the suite found. */
export interface ConformReport {
  readonly device: string;
  readonly asked: Tier;
  /** The highest tier of which, and of those below, everything held; `null` where checks were picked by a filter. */
  readonly reached: Tier | 0 | null;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
}

/** Options of {@link conform}. */
export interface ConformOptions {
  readonly tier?: Tier;
  /** Only checks whose `family / op / name` contains this text. */
  readonly filter?: string;
  /** Is told after each check. */
  progress?(done: number, total: number): void;
}

/** Elements of a sample's inputs: what makes one smaller than another. */
const sizeOf = ({ sample }: TierTest): number =>
  sample?.inputs.reduce<number>((n, x) => n + (typeof x === 'object' && x !== null ? x.data.length : 1), 0) ?? 0;

/** The name under which `filter` finds a check. */
export const fullName = ({ family, name }: Pick<TierTest, 'family' | 'name'>): string => `${family} / ${name}`;

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Runs the suite on a device, or on the first one of a backend. */
export async function conform(target: Target, options: ConformOptions = {}): Promise<ConformReport> {
  const { tier = 1, filter, progress } = options;
  const device = await deviceOf(target);
  const all = await tierTests(device, tier);
  const tests = filter === undefined ? all : all.filter((test) => fullName(test).includes(filter));
  const failed: { readonly test: TierTest; readonly message: string }[] = [];
  for (const [i, test] of tests.entries()) {
    try {
      await test.run();
    } catch (error) {
      failed.push({ test, message: messageOf(error) });
    }
    progress?.(i + 1, tests.length);
  }
  const lowest = Math.min(tier + 1, ...failed.map(({ test }) => test.tier));
  return {
    device,
    asked: tier,
    reached: filter === undefined ? ((lowest - 1) as Tier | 0) : null,
    passed: tests.length - failed.length,
    failed: failed.length,
    failures: summed(failed),
  };
}

/** One entry for each op of a family, with the smallest sample. */
function summed(failed: readonly { readonly test: TierTest; readonly message: string }[]): Failure[] {
  const groups = new Map<string, typeof failed>();
  for (const entry of failed) {
    const { tier, family, op } = entry.test;
    const key = `${tier} ${family} ${op}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].map((group) => {
    const { test, message } = group.reduce((a, b) => (sizeOf(b.test) < sizeOf(a.test) ? b : a));
    const { tier, family, op, name, sample } = test;
    return { tier, family, op, count: group.length, name, message, sample, link: `${page}#${family}` };
  });
}
