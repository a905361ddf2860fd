#!/usr/bin/env node
/** The bench: starts the contenders, lets them take turns on each row, and prints medians. `--help` lists the flags. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type Device, help, type Options, readOptions, UsageError } from './cli.ts';
import type { Counts } from './page.ts';
import { type Command, type Contender, commands, cudaCommands, ProcessContender } from './processes.ts';
import {
  comparison,
  countLines,
  type Entrant,
  labelOf,
  type Measured,
  markdownTable,
  median,
  scaling,
  textTable,
  us,
} from './table.ts';
import { targetLines } from './targets.ts';

interface Report {
  readonly device: Device;
  /** Whether it only shows that the rows run: times of an emulated card, or of tiny sizes, say nothing. */
  readonly isTrial: boolean;
  readonly machine: string;
  readonly contenders: readonly (Entrant & { readonly version: string })[];
  readonly absent: { readonly [contender: string]: string };
  readonly threads: readonly number[];
  readonly measured: readonly Measured[];
}

const machine = (adapter?: string): string =>
  `${adapter === undefined ? '' : `${adapter} on `}${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
  `${platform()} ${arch()}, Node ${process.versions.node}`;

/** The contenders that are here, why others are not, and how to end them. */
interface Field {
  readonly contenders: readonly Contender[];
  readonly absent: { readonly [contender: string]: string };
  /** What they compute on, if it isn't the machine's own processor. */
  readonly adapter?: string;
  readonly isTrial?: boolean;
  stop(): Promise<void> | void;
}

/** Where the contenders of each device come from. */
const fields: { readonly [D in Device]: (options: Options) => Promise<Field> } = {
  cpu: ({ threads }) => startProcesses(commands(threads)),
  webgpu: async () => (await import('./browser.ts')).openPages(),
  cuda: startCuda,
};

/** Tenfold has two processes there, and is one contender; without it there is nothing to compare. */
async function startCuda({ rows, quick, write }: Options): Promise<Field> {
  const field = await startProcesses(cudaCommands(rows, quick));
  const refuse = (why: string): never => {
    field.stop();
    throw new UsageError(why);
  };
  const ours = field.contenders.find(({ name }) => name === us);
  if (!ours) refuse(`--device cuda: ${Object.values(field.absent)[0]}`);
  // the name of the device of tools/cuda-emulator
  const isTrial = quick || ours?.adapter?.includes('CUDA emulator') === true;
  if (write && isTrial) refuse('--write: times of an emulated card, or of --quick, say nothing about CUDA');
  return { ...field, adapter: ours?.adapter, isTrial };
}

async function startProcesses(list: readonly Command[]): Promise<Field> {
  const contenders: ProcessContender[] = [];
  const absent: Record<string, string> = {};
  for (const command of list) {
    const started = await ProcessContender.start(command);
    if (typeof started === 'string') absent[labelOf(command.name, command.threads)] = started;
    else if (
      contenders.some(({ label, rows }) => label === started.label && [...rows].every((row) => started.rows.has(row)))
    ) {
      started.stop();
      absent[labelOf(command.name, command.threads)] = `it has ${started.threads} here`;
    } else contenders.push(started);
  }
  return {
    contenders,
    absent,
    stop: () => {
      for (const contender of contenders) contender.stop();
    },
  };
}

async function measure(options: Options): Promise<Report> {
  const field = await fields[options.device](options);
  try {
    return await measureField(field, options);
  } finally {
    await field.stop();
  }
}

async function measureField(
  { contenders, absent, adapter, isTrial = false }: Field,
  options: Options,
): Promise<Report> {
  const wanted = options.rows;
  const progress =
    options.json || !process.stderr.isTTY ? null : await startBar(wanted.length * options.rounds * contenders.length);
  try {
    const measured: Measured[] = [];
    for (const row of wanted) {
      const samples = new Map<string, number[]>();
      const errors: Record<string, string> = {};
      let counts: Counts | undefined;
      for (let round = 0; round < options.rounds; round++) {
        for (const contender of contenders) {
          progress?.increment({ row: row.name, contender: contender.label });
          if (!contender.rows.has(row.name) || errors[contender.label]) continue;
          try {
            const sample = await contender.measure(row.name, options.milliseconds);
            samples.set(contender.label, [...(samples.get(contender.label) ?? []), sample.milliseconds]);
            counts ??= sample.counts;
          } catch (error) {
            errors[contender.label] = error instanceof Error ? error.message : String(error);
            samples.delete(contender.label);
          }
        }
      }
      const times = Object.fromEntries([...samples].map(([name, list]) => [name, median(list)]));
      measured.push({ row, times, errors, counts });
    }
    const entrants = contenders
      .map(({ label, name, threads, version }) => ({ label, name, threads, version }))
      .filter(({ label }, i, all) => all.findIndex((other) => other.label === label) === i);
    const { device, threads } = options;
    return { device, isTrial, machine: machine(adapter), contenders: entrants, absent, threads, measured };
  } finally {
    progress?.stop();
  }
}

/** Loaded where it is shown: on a machine with a card the bench runs without installed packages. */
async function startBar(total: number) {
  const { SingleBar } = await import('cli-progress');
  const format = '{bar} {percentage}% · {row} · {contender}';
  const bar = new SingleBar({ format, hideCursor: true, clearOnComplete: true, noTTYOutput: false });
  bar.start(total, 0, { row: '', contender: '' });
  return bar;
}

const versions = ({ contenders }: Report): string => [...new Set(contenders.map(({ version }) => version))].join(' · ');

/** The parts of a report that have something to say: a heading, and a table or list. */
function sections(
  { device, isTrial, measured, contenders }: Report,
  table: typeof textTable,
): readonly (readonly [heading: string, body: string])[] {
  const more = scaling(contenders);
  const targets = isTrial ? [] : targetLines(measured, device);
  const counts = countLines(measured);
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');
  return [
    ['', table(measured, comparison(contenders))],
    ...(more.length ? [['Threads', table(measured, more)] as const] : []),
    ...(counts.length ? [['Work given to the device per iteration', list(counts)] as const] : []),
    ...(targets.length ? [['Targets', list(targets)] as const] : []),
  ];
}

/** The heading of a device's page, and how its numbers came to be. */
const introductions: { readonly [D in Device]: (report: Report) => readonly [heading: string, how: string] } = {
  cpu: ({ threads: [threads] }) => [
    'Speed on the CPU',
    `each with ${threads} ${threads === 1 ? 'thread' : 'threads'}. In brackets: how many times faster Tenfold is (below 1: slower); under "Threads": how many times faster
than with the first count.`,
  ],
  webgpu: () => [
    'Speed on WebGPU',
    `each in a page of its own of one headless Chromium, on the same adapter. A turn ends with the reading of a number. In brackets: how many times faster
Tenfold is (below 1: slower).`,
  ],
  cuda: () => [
    'Speed on CUDA',
    `each in a process of its own on the same card. A turn ends when the card has done its work. In brackets: how many times faster Tenfold is (below 1:
slower); "of copy": the share of the bandwidth of the faster contender's copy.`,
  ],
};

function page(report: Report, rounds: number): string {
  const body = sections(report, markdownTable).map(([heading, text]) => (heading ? `## ${heading}\n\n${text}` : text));
  const { device } = report;
  const [heading, how] = introductions[device](report);
  const flags = device === 'cpu' ? '' : `--device ${device} `;
  return `# ${heading}

Made by \`npm run bench -- ${flags}--write docs/benchmarks/${device}.md\` on ${new Date().toISOString().slice(0, 10)}: medians of ${rounds} turns, in which the contenders
alternate, ${how}

- Machine: ${report.machine}
- ${versions(report)}

${body.join('\n\n')}
`;
}

function print(report: Report): void {
  const { measured, absent, machine, isTrial } = report;
  const lines = [machine, versions(report)];
  if (isTrial)
    lines.push('A trial on an emulated card or of tiny sizes: these times say nothing, but that the rows run');
  for (const [heading, text] of sections(report, textTable)) lines.push('', ...(heading ? [heading] : []), text);
  for (const [name, reason] of Object.entries(absent)) lines.push(`${name} is not here: ${reason}`);
  for (const { row, errors } of measured)
    for (const [name, error] of Object.entries(errors)) lines.push(`${row.name}: ${name} failed: ${error}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) process.stdout.write(help);
  else {
    const report = await measure(options);
    if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    else print(report);
    if (options.write) {
      const file = resolve(process.env.INIT_CWD ?? process.cwd(), options.write);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, page(report, options.rounds));
    }
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
