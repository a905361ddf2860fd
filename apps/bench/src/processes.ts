/** Contenders as child processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { CudaRow } from './cuda-rows.ts';
import type { Sample } from './page.ts';
import type { Hello, Reply } from './protocol.ts';
import { labelOf, us } from './table.ts';

/** How a contender is started; the number of threads comes after the arguments. */
interface Program {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

/** What runs: a contender with so many threads. */
export interface Command extends Program {
  readonly threads: number;
}

const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** PyTorch of the system, or of the interpreter that `TENFOLD_PYTHON` names. */
const python = process.env.TENFOLD_PYTHON ?? 'python3';

const node = (name: string, script: string, ...args: string[]): Program => ({
  name,
  file: process.execPath,
  args: ['--no-warnings', beside(`./contenders/${script}.js`), ...args],
});

const programs: readonly Program[] = [
  node(us, 'tenfold'),
  node('tfjs-wasm', 'tfjs', 'wasm'),
  node('tfjs-cpu', 'tfjs', 'cpu'),
  node('jax-js', 'jax'),
  { name: 'pytorch', file: python, args: [beside('../src/contenders/torch_rows.py')] },
];

/** All contenders on the cpu with each number of threads. */
export const commands = (counts: readonly number[]): Command[] =>
  counts.flatMap((threads) => programs.map((program) => ({ ...program, threads })));

/**
 * The contenders on CUDA. Tenfold is two processes, for whether products round to TF32 is said when a device is opened; each measures its own rows.
 * @param anywhere whether PyTorch may compute on the CPU if it has no CUDA: to see that its rows run
 */
export function cudaCommands(rows: readonly CudaRow[], anywhere: boolean): Command[] {
  const json = (some: readonly CudaRow[]): string => JSON.stringify(some.map(({ name, spec }) => ({ name, spec })));
  const ours = [false, true].flatMap((tf32) => {
    const some = rows.filter(({ spec }) => (spec?.tf32 ?? false) === tf32);
    return some.length === 0 ? [] : [node(us, 'tenfold-cuda', json(some), tf32 ? 'tf32' : 'float32')];
  });
  const torch = [beside('../src/contenders/torch_cuda_rows.py'), json(rows), anywhere ? 'any' : 'cuda'];
  return [...ours, { name: 'pytorch', file: python, args: torch }].map((program) => ({ ...program, threads: 1 }));
}

/** What the table measures. */
export interface Contender {
  readonly name: string;
  /** Its name, and its threads if it has several. */
  readonly label: string;
  readonly version: string;
  /** What it computes on, if it isn't the machine's own processor. */
  readonly adapter?: string;
  readonly threads: number;
  readonly rows: ReadonlySet<string>;
  /** Measures a row for about `milliseconds`. @throws Error with the contender's own words. */
  measure(row: string, milliseconds: number): Promise<Sample>;
}

/** A running process. */
export class ProcessContender implements Contender {
  readonly name: string;
  readonly label: string;
  readonly version: string;
  readonly adapter?: string;
  readonly threads: number;
  readonly rows: ReadonlySet<string>;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(name: string, hello: Hello, child: ChildProcess, lines: AsyncIterator<string>) {
    this.name = name;
    this.label = labelOf(name, hello.threads);
    this.version = hello.version;
    this.adapter = hello.adapter;
    this.threads = hello.threads;
    this.rows = new Set(hello.rows);
    this.#child = child;
    this.#lines = lines;
  }

  /** Starts a contender; text in place of it says why it can't run here. */
  static async start({ name, file, args, threads }: Command): Promise<ProcessContender | string> {
    const child = spawn(file, [...args, String(threads)], { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (data: Buffer) => {
      complaint = (complaint + data.toString()).slice(-2000);
    });
    const failed = new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([lines.next(), failed]);
    if (typeof first === 'string') return first;
    if (first.done) return complaint.trim().split('\n').at(-1) ?? 'it ended at once';
    return new ProcessContender(name, JSON.parse(first.value) as Hello, child, lines);
  }

  async measure(row: string, milliseconds: number): Promise<Sample> {
    this.#child.stdin?.write(`${JSON.stringify({ row, milliseconds })}\n`);
    const line = await this.#lines.next();
    if (line.done) throw new Error(`${this.label} has ended`);
    const reply = JSON.parse(line.value) as Reply;
    if ('error' in reply) throw new Error(reply.error);
    return { milliseconds: reply.milliseconds };
  }

  stop(): void {
    this.#child.stdin?.end();
  }
}
