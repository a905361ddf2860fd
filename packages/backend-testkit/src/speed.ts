/** How fast overrides are beside what core derives in their place. A report, not a check: machines are noisy. */
import { isTensor, resolveDevice, type Tensor } from '@tenfold/tensor-core';
import {
  type Call,
  copyOf,
  derivableOverrides,
  derived,
  operandsText,
  overridden,
  watchOverrides,
} from './overridden.ts';
import { runWorkload, workloads } from './workloads.ts';

/** An override on some work, beside its derived form. */
export interface Speed {
  readonly op: string;
  /** The work that it was met in. */
  readonly work: string;
  /** `'float32[512, 1000]'` */
  readonly operands: string;
  /** Medians of alternating runs. */
  readonly milliseconds: number;
  readonly derivedMilliseconds: number;
  /** How many times as fast as the derived form. */
  readonly ratio: number;
}

/** Below this, an override is said to be slower than its derived form: far enough from 1 for noise. */
export const slowBelow = 0.8;

/** Milliseconds that one timed run takes at least, so that clocks and read-backs don't count. */
const runFor = 10;

/** The largest call of each override that a row meets. */
async function callsOf(deviceName: string, work: string): Promise<Call[]> {
  const device = resolveDevice(deviceName);
  const derivable = new Set(derivableOverrides(device));
  const calls = new Map<string, Call>();
  await watchOverrides(
    device,
    (call, next) => {
      if (call.supports === true && derivable.has(call.spec.name) && !calls.has(call.spec.name)) {
        const inputs = call.inputs.map((x) => (isTensor(x) ? copyOf(x) : x));
        calls.set(call.spec.name, { ...call, inputs });
      }
      return next();
    },
    () => runWorkload(workloads[work], deviceName),
  );
  return [...calls.values()];
}

/** The names of the work that is timed on a device: none if there is no override to time. */
export const timedWork = (device: string): readonly string[] =>
  derivableOverrides(resolveDevice(device)).length > 0 ? Object.keys(workloads) : [];

/** Times each override that some work meets. */
export async function timeOverrides(device: string, work: string): Promise<Speed[]> {
  const speeds: Speed[] = [];
  for (const call of await callsOf(device, work)) {
    speeds.push({ op: call.spec.name, work, operands: operandsText(call), ...(await timed(device, call)) });
    for (const x of call.inputs) if (isTensor(x)) x.dispose();
  }
  return speeds;
}

type Times = Pick<Speed, 'milliseconds' | 'derivedMilliseconds' | 'ratio'>;

async function timed(deviceName: string, call: Call): Promise<Times> {
  const device = resolveDevice(deviceName);
  const forms = [() => overridden(device, call), () => derived(device, call)] as const;
  // compiles, and shows how often to run
  for (const form of forms) await timeOf(form, 2);
  const counts: number[] = [];
  for (const form of forms) counts.push(Math.max(1, Math.ceil(runFor / Math.max(await timeOf(form, 1), 1e-3))));
  const measure = async (rounds: number): Promise<Times> => {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++)
      for (const k of [0, 1] as const) times[k].push((await timeOf(forms[k], counts[k])) / counts[k]);
    const [milliseconds, derivedMilliseconds] = times.map(median);
    return { milliseconds, derivedMilliseconds, ratio: derivedMilliseconds / milliseconds };
  };
  const first = await measure(7);
  if (first.ratio >= slowBelow) return first;
  // once more before anything is said
  const second = await measure(15);
  return second.ratio > first.ratio ? second : first;
}

/** Milliseconds of so many runs, the device's work included. */
async function timeOf(form: () => readonly Tensor[], count: number): Promise<number> {
  const start = performance.now();
  let last: readonly Tensor[] = [];
  for (let i = 0; i < count; i++) {
    for (const x of last) x.dispose();
    last = form();
  }
  await finished(last);
  const time = performance.now() - start;
  for (const x of last) x.dispose();
  return time;
}

/** Reads one element, for which everything before must have run. */
async function finished(outputs: readonly Tensor[]): Promise<void> {
  const x = outputs.find(({ storage }) => storage.length > 0);
  if (x) await x.storage.device.runtime.download(x.storage.buffer, 0, 1);
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
