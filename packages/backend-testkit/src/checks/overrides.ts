/** Each override against what core derives in its place: on every sample that reaches it, gradients included, and on work of larger sizes. */
import {
  type Device,
  type OpSpec,
  type Outputs,
  registerBackend,
  resolveDevice,
  type Tensor,
} from '@tenfold/tensor-core';
import { accumulated, ConformanceError, expectNear, narrowed, type Tolerance, tolerances } from '../compare.ts';
import { exercise, samplesOf } from '../conformance.ts';
import type { Sample } from '../fixture.ts';
import { nullBackend } from '../null.ts';
import { copyOf, derivableOverrides, derived, operandsText, watchOps, watchOverrides } from '../overridden.ts';
import { runWorkload, workloads } from '../workloads.ts';
import type { Check } from './check.ts';

/** Something to run while overrides are watched. */
interface Source {
  readonly name: string;
  readonly sample?: Sample;
  readonly tolerance: { readonly [dtype: string]: Tolerance };
  run(): unknown;
}

/** The ops that each sample and each work calls, in gradients and within others, too. */
type Called = ReadonlyMap<Sample | string, ReadonlySet<string>>;

let called: Promise<Called> | undefined;

/** Found on a device that computes nothing, and so within seconds. */
async function findCalled(): Promise<Called> {
  const deviceType = 'testkit-null';
  registerBackend({ ...nullBackend(), deviceType });
  const device = resolveDevice(deviceType);
  const found = new Map<Sample | string, ReadonlySet<string>>();
  const note = async (key: Sample | string, run: () => unknown): Promise<void> => {
    const ops = new Set<string>();
    const seen = ({ spec }: { readonly spec: OpSpec }, next: () => Outputs): Outputs => {
      ops.add(spec.name);
      return next();
    };
    await watchOps(device, seen, run);
    found.set(key, ops);
  };
  for (const given of await samplesOf(deviceType)) await note(given.sample, () => exercise(given, deviceType));
  for (const [name, row] of Object.entries(workloads)) await note(name, () => runWorkload(row, deviceType));
  return found;
}

const elementsOf = ({ inputs }: Sample): number =>
  inputs.reduce<number>((n, x) => n + (typeof x === 'object' && x !== null ? x.data.length : 1), 0);

/** What calls an op, smallest first. */
async function sourcesOf(device: string, op: string): Promise<Source[]> {
  called ??= findCalled();
  const calls = await called;
  const all = await samplesOf(device);
  const larger = Object.entries(workloads).filter(([name]) => calls.get(name)?.has(op));
  let samples = all.filter(({ original }) => calls.get(original)?.has(op));
  // what reads values as it runs could not be followed to its end
  if (samples.length + larger.length === 0) samples = all.filter(({ row }) => row.reads);
  samples.sort((a, b) => elementsOf(a.sample) - elementsOf(b.sample));
  return [
    ...samples.map((given) => ({
      name: `${given.family} / ${given.op} / ${given.sample.name}`,
      sample: given.sample,
      tolerance: given.narrow ? { ...near, float32: narrowed } : { ...near, ...given.row.tolerance },
      run: () => exercise(given, device),
    })),
    ...larger.map(([name, row]) => ({ name, tolerance: nearAtSize, run: () => runWorkload(row, device) })),
  ];
}

/** For samples, as near as PyTorch's results. */
const near: { readonly [dtype: string]: Tolerance } = { ...tolerances, float32: accumulated };

/** For work of larger sizes, whose sums have up to thousands of terms: float32 keeps that many fewer digits of them, in whatever order. */
const nearAtSize: { readonly [dtype: string]: Tolerance } = { ...near, float32: { ulps: 32, of: 'largest' } };

/** What became of the calls of an op. */
interface Outcome {
  compared: number;
  readonly refusals: Set<string>;
}

async function compareOn(device: Device, op: string, source: Source, outcome: Outcome): Promise<void> {
  const pairs: { readonly what: string; readonly actual: Tensor; readonly expected: Tensor }[] = [];
  await watchOverrides(
    device,
    (call, next) => {
      if (call.spec.name !== op) return next();
      if (call.supports !== true) {
        outcome.refusals.add(call.supports);
        return next();
      }
      // before the call, which may write its inputs
      const expected = derived(device, call).map(copyOf);
      const results = next();
      const list: readonly Tensor[] = Array.isArray(results) ? results : [results as Tensor];
      const what = `${op} of ${operandsText(call)}${call.attrs ? ` with ${JSON.stringify(call.attrs)}` : ''}`;
      list.forEach((x, i) => {
        pairs.push({ what: `${what}: output ${i}`, actual: copyOf(x), expected: copyOf(expected[i].to(x.dtype)) });
      });
      for (const x of expected) x.dispose();
      return results;
    },
    source.run,
  );
  outcome.compared += pairs.length;
  try {
    for (const { what, actual, expected } of pairs) {
      const { dtype, shape } = expected;
      const values = await expected.toTypedArray();
      await expectNear(what, actual, { dtype, shape, values, by: 'its derived form' }, source.tolerance[dtype]);
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConformanceError(`${message}\nin ${source.name}`, { cause: error, sample: source.sample });
  } finally {
    for (const { actual, expected } of pairs) for (const x of [actual, expected]) x.dispose();
  }
}

/** One check for each override of a device that core could do without. */
export function overrideChecks(deviceName: string): Check[] {
  const device = resolveDevice(deviceName);
  return derivableOverrides(device).map((op) => ({
    op,
    name: 'equals what it is derived from',
    async run() {
      const outcome: Outcome = { compared: 0, refusals: new Set() };
      for (const source of await sourcesOf(device.name, op)) await compareOn(device, op, source, outcome);
      if (outcome.compared > 0) return;
      const why = outcome.refusals.size ? `; supports() refused all: ${[...outcome.refusals].join('; ')}` : '';
      throw new ConformanceError(`no sample reaches this override${why}`);
    },
  }));
}
