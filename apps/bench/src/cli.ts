/** The flags of the bench. */
import { parseArgs } from 'node:util';
import { cudaRows } from './cuda-rows.ts';
import { type Row, rows } from './rows.ts';
import { copyRow } from './table.ts';

export interface Options {
  readonly rows: readonly Row[];
  readonly device: Device;
  /** Each contender that can have several threads is measured with each of these counts. */
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly milliseconds: number;
  readonly json: boolean;
  /** On CUDA: sizes that an emulated card gets through in seconds. */
  readonly quick: boolean;
  /** Where the Markdown page goes, or `null`. */
  readonly write: string | null;
}

/** The devices that can be measured. */
const devices = ['cpu', 'webgpu', 'cuda'] as const;
export type Device = (typeof devices)[number];

/** A mistake in the flags, told in one line. */
export class UsageError extends Error {}

export const help = `Times the same work in Tenfold, TensorFlow.js (wasm, cpu), jax-js (wasm) and, where python3 has torch, PyTorch: each contender is a process of
its own, they take turns, and medians are compared. A ratio says how many times faster Tenfold is. With --device webgpu it is Tenfold, TensorFlow.js and
jax-js on the one adapter of a headless Chromium, each in a page of its own; a turn ends with the reading of a number.
With --device cuda it is Tenfold and PyTorch, of the Python that TENFOLD_PYTHON names, on the same card; a turn ends when the card has done its work.

  npm run bench                                everything, a few minutes
  npm run bench -- --only "matmul 512,add"     some rows
  npm run bench -- --only matmul               all rows whose name begins so
  npm run bench -- --only matmul --threads 1,2     how they scale
  npm run bench -- --device webgpu             the rows that have targets there

  npm run bench -- --device cuda --only matmul     on an NVIDIA card

  --only NAMES      rows, separated by commas (default: all on cpu)
  --device NAME     ${devices.join(', ')} (default: cpu)
  --threads LIST    on cpu: threads of each contender that can have several (default: 1); 1,2 adds a table of how times scale
  --rounds N        turns that each contender gets per row (default: 7)
  --ms N            milliseconds of one turn (default: 100)
  --quick           on cuda: tiny sizes, to see that every row runs; PyTorch may then be on the CPU
  --write FILE      also write the table as a Markdown page (docs/benchmarks is made so)
  --json            print one JSON object instead of the table
  --help            this text

Rows: ${rows.map(({ name }) => name).join(' · ')}

Rows of cuda: ${cudaRows(false)
  .map(({ name }) => name)
  .join(' · ')}
`;

const flags = {
  only: { type: 'string' },
  device: { type: 'string', default: 'cpu' },
  threads: { type: 'string', default: '1' },
  rounds: { type: 'string', default: '7' },
  ms: { type: 'string', default: '100' },
  write: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Reads the command line; `null` means that help was asked for. @throws UsageError */
export function readOptions(argv: readonly string[]): Options | null {
  const values = parse(argv);
  if (values.help) return null;
  const device = deviceOf(values.device);
  return {
    rows: chosen(values.only, device, values.quick),
    device,
    threads: [...new Set(parts(values.threads).map((text) => wholeNumber('--threads', text)))],
    rounds: wholeNumber('--rounds', values.rounds),
    milliseconds: wholeNumber('--ms', values.ms),
    quick: values.quick,
    json: values.json,
    write: values.write ?? null,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

const parts = (text: string): string[] => text.split(',').map((part) => part.trim());

function deviceOf(name: string): Device {
  const device = devices.find((known) => known === name);
  if (!device)
    throw new UsageError(`--device ${name}: there is no such device here; choose one of ${devices.join(', ')}`);
  return device;
}

function chosen(only: string | undefined, device: Device, quick: boolean): readonly Row[] {
  if (quick && device !== 'cuda') throw new UsageError('--quick is for --device cuda');
  const known = device === 'cuda' ? cudaRows(quick) : rows;
  if (only === undefined) {
    if (device !== 'webgpu') return known;
    return known.filter(({ targets = [] }) => targets.some((target) => target.device === device));
  }
  const names = known.map(({ name }) => name);
  const wanted = parts(only).filter(Boolean);
  const list = wanted.flatMap((text) => {
    const found = names.includes(text) ? [text] : names.filter((name) => name.startsWith(text));
    if (found.length === 0) throw new UsageError(`--only ${text}: no such row; there are ${names.join(', ')}`);
    return found;
  });
  if (list.length === 0) throw new UsageError('--only needs the name of a row');
  const asked = known.filter(({ name }) => list.includes(name));
  // what memory bounds is compared with a copy
  const needsCopy = asked.some(({ share }) => share !== undefined) && !list.includes(copyRow);
  return needsCopy ? [...known.filter(({ name }) => name === copyRow), ...asked] : asked;
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`${flag} must be a whole number above 0, got '${text}'`);
  return value;
}
