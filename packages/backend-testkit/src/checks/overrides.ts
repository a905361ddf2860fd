/** Each override against what core derives in its place: on every sample that reaches it, gradients included, and on work of larger sizes. */
import { type Device, resolveDevice, type Tensor } from '@tenfold/tensor-core';
import { accumulated, ConformanceError, expectNear, narrowed, type Tolerance, tolerances } from '../compare.ts';
import { exercise, samplesOf } from '../conformance.ts';
import type { Sample } from '../fixture.ts';
import { copyOf, derivableOverrides, derived, operandsText, watchOverrides } from '../overridden.ts';
import { runWorkload, workloads } from '../workloads.ts';
import type { Check } from './check.ts';

/** Something to run while overrides are watched. */
interface Source {
  readonly name: string;
  readonly size: number;
  readonly sample?: Sample;
  readonly tolerance: { readonly [dtype: string]: Tolerance };
  run(): unknown;
}

/** What reaches an override, smallest first, and the reasons for which it left the rest to core. */
interface Reach {
  readonly sources: Source[];
  readonly reasons: Set<string>;
}

const elementsOf = ({ inputs }: Sample): number =>
  inputs.reduce<number>((n, x) => n + (typeof x === 'object' && x !== null ? x.data.length : 1), 0);

async function sourcesOf(device: string): Promise<Source[]> {
  const samples = (await samplesOf(device)).map(
    (given): Source => ({
      name: `${given.family} / ${given.op} / ${given.sample.name}`,
      size: elementsOf(given.sample),
      sample: given.sample,
      tolerance: given.narrow ? { ...near, float32: narrowed } : { ...near, ...given.row.tolerance },
      run: () => exercise(given, device),
    }),
  );
  const larger = Object.entries(workloads).map(
    ([name, row]): Source => ({
      name,
      size: Number.POSITIVE_INFINITY,
      tolerance: nearAtSize,
      run: () => runWorkload(row, device),
    }),
  );
  return [...samples.sort((a, b) => a.size - b.size), ...larger];
}

/** Which overrides are reached by what, found by running everything once. */
async function reachOf(device: Device): Promise<ReadonlyMap<string, Reach>> {
  const reach = new Map<string, Reach>();
  for (const op of device.overrides.keys()) reach.set(op, { sources: [], reasons: new Set() });
  for (const source of await sourcesOf(device.name)) {
    const met = new Set<string>();
    await watchOverrides(
      device,
      ({ spec, supports }, next) => {
        if (supports === true) met.add(spec.name);
        else reach.get(spec.name)?.reasons.add(supports);
        return next();
      },
      source.run,
    );
    for (const op of met) reach.get(op)?.sources.push(source);
  }
  return reach;
}

/** For samples, as near as PyTorch's results. */
const near: { readonly [dtype: string]: Tolerance } = { ...tolerances, float32: accumulated };

/** For work of larger sizes, whose sums have up to thousands of terms: float32 keeps that many fewer digits of them, in whatever order. */
const nearAtSize: { readonly [dtype: string]: Tolerance } = { ...near, float32: { ulps: 32, of: 'largest' } };

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function compareOn(device: Device, op: string, source: Source): Promise<void> {
  const pairs: { readonly what: string; readonly actual: Tensor; readonly expected: Tensor }[] = [];
  await watchOverrides(
    device,
    (call, next) => {
      if (call.spec.name !== op || call.supports !== true) return next();
      // before the call, which may write its inputs
      const expected = derived(device, call).map(copyOf);
      const results = next();
      const list: readonly Tensor[] = Array.isArray(results) ? results : [results as Tensor];
      const what = `${op} of ${operandsText(call)}, ${JSON.stringify(call.attrs)}`;
      list.forEach((x, i) => {
        pairs.push({ what: `${what}: output ${i}`, actual: copyOf(x), expected: expected[i].to(x.dtype) });
      });
      return results;
    },
    source.run,
  );
  try {
    for (const { what, actual, expected } of pairs) {
      const { dtype, shape } = expected;
      const tolerance = source.tolerance[dtype];
      const values = await expected.toTypedArray();
      await expectNear(what, actual, { dtype, shape, values, by: 'its derived form' }, tolerance);
    }
  } catch (error) {
    throw new ConformanceError(`${textOf(error)}\nin ${source.name}`, { cause: error, sample: source.sample });
  } finally {
    for (const { actual, expected } of pairs) for (const x of [actual, expected]) x.dispose();
  }
}

/** One check for each override of a device that core could do without. */
export function overrideChecks(deviceName: string): Check[] {
  const device = resolveDevice(deviceName);
  let found: Promise<ReadonlyMap<string, Reach>> | undefined;
  return derivableOverrides(device).map((op) => ({
    op,
    name: 'equals what it is derived from',
    async run() {
      found ??= reachOf(device);
      const { sources, reasons } = (await found).get(op) ?? { sources: [], reasons: new Set() };
      if (sources.length === 0) {
        const why = reasons.size ? `; supports() refused them all: ${[...reasons].join('; ')}` : '';
        throw new ConformanceError(`no sample reaches this override${why}`);
      }
      for (const source of sources) await compareOn(device, op, source);
    },
  }));
}
