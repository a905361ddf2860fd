#!/usr/bin/env node
/** The bench: starts the contenders, lets them take turns on each row, and prints medians. `--help` lists the flags. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { openPages } from './browser.ts';
import { type Device, help, type Options, readOptions, UsageError } from './cli.ts';
import type { Counts } from './page.ts';
import { type Contender, commands, ProcessContender } from './processes.ts';
import { rows } from './rows.ts';
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
} from './table.ts';
import { targetLines } from './targets.ts';

interface Report {
  readonly device: Device;
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
  stop(): Promise<void> | void;
}

/** Where the contenders of each device come from. */
const fields: { readonly [D in Device]: (options: Options) => Promise<Field> } = {
  cpu: startProcesses,
  webgpu: openPages,
};

async function startProcesses(options: Options): Promise<Field> {
  const contenders: ProcessContender[] = [];
  const absent: Record<string, string> = {};
  for (const command of commands(options.threads)) {
    const started = await ProcessContender.start(command);
    if (typeof started === 'string') absent[labelOf(command.name, command.threads)] = started;
    else if (contenders.some(({ label }) => label === started.label)) {
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

async function measureField({ contenders, absent, adapter }: Field, options: Options): Promise<Report> {
  const wanted = rows.filter(({ name }) => options.rows.includes(name));
  const progress = new SingleBar({
    format: '{bar} {percentage}% · {row} · {contender}',
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  const quiet = options.json || !process.stderr.isTTY;
  if (!quiet) progress.start(wanted.length * options.rounds * contenders.length, 0, { row: '', contender: '' });
  try {
    const measured: Measured[] = [];
    for (const row of wanted) {
      const samples = new Map<string, number[]>();
      const errors: Record<string, string> = {};
      let counts: Counts | undefined;
      for (let round = 0; round < options.rounds; round++) {
        for (const contender of contenders) {
          if (!quiet) progress.increment({ row: row.name, contender: contender.label });
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
    const entrants = contenders.map(({ label, name, threads, version }) => ({ label, name, threads, version }));
    const { device, threads } = options;
    return { device, machine: machine(adapter), contenders: entrants, absent, threads, measured };
  } finally {
    progress.stop();
  }
}

const versions = ({ contenders }: Report): string => [...new Set(contenders.map(({ version }) => version))].join(' · ');

/** The parts of a report that have something to say: a heading, and a table or list. */
function sections(
  { device, measured, contenders }: Report,
  table: typeof textTable,
): readonly (readonly [heading: string, body: string])[] {
  const more = scaling(contenders);
  const targets = targetLines(measured, device);
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
  const { measured, absent, machine } = report;
  const lines = [machine, versions(report)];
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
