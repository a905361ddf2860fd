#!/usr/bin/env node
/** The bench: starts the contenders, lets them take turns on each row, and prints medians. `--help` lists the flags. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { help, type Options, readOptions, UsageError } from './cli.ts';
import { Contender, commands } from './processes.ts';
import { rows } from './rows.ts';
import {
  comparison,
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
  readonly machine: string;
  readonly contenders: readonly (Entrant & { readonly version: string })[];
  readonly absent: { readonly [contender: string]: string };
  readonly threads: readonly number[];
  readonly measured: readonly Measured[];
}

const machine = (): string =>
  `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ` +
  `${platform()} ${arch()}, Node ${process.versions.node}`;

async function measure(options: Options): Promise<Report> {
  const contenders: Contender[] = [];
  const absent: Record<string, string> = {};
  for (const command of commands(options.device, options.threads)) {
    const started = await Contender.start(command);
    if (typeof started === 'string') absent[labelOf(command.name, command.threads)] = started;
    else if (contenders.some(({ label }) => label === started.label)) {
      started.stop();
      absent[labelOf(command.name, command.threads)] = `it has ${started.threads} here`;
    } else contenders.push(started);
  }
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
      for (let round = 0; round < options.rounds; round++) {
        for (const contender of contenders) {
          if (!quiet) progress.increment({ row: row.name, contender: contender.label });
          if (!contender.rows.has(row.name) || errors[contender.label]) continue;
          try {
            const time = await contender.measure(row.name, options.milliseconds);
            samples.set(contender.label, [...(samples.get(contender.label) ?? []), time]);
          } catch (error) {
            errors[contender.label] = error instanceof Error ? error.message : String(error);
            samples.delete(contender.label);
          }
        }
      }
      const times = Object.fromEntries([...samples].map(([name, list]) => [name, median(list)]));
      measured.push({ row, times, errors });
    }
    const entrants = contenders.map(({ label, name, threads, version }) => ({ label, name, threads, version }));
    return { machine: machine(), contenders: entrants, absent, threads: options.threads, measured };
  } finally {
    progress.stop();
    for (const contender of contenders) contender.stop();
  }
}

const versions = ({ contenders }: Report): string => [...new Set(contenders.map(({ version }) => version))].join(' · ');

/** The parts of a report that have something to say: a heading, and a table or list. */
function sections(
  { measured, contenders }: Report,
  table: typeof textTable,
): readonly (readonly [heading: string, body: string])[] {
  const more = scaling(contenders);
  const targets = targetLines(measured);
  return [
    ['', table(measured, comparison(contenders))],
    ...(more.length ? [['Threads', table(measured, more)] as const] : []),
    ...(targets.length ? [['Targets', targets.map((line) => `- ${line}`).join('\n')] as const] : []),
  ];
}

function page(report: Report, rounds: number): string {
  const threads = report.threads[0];
  const body = sections(report, markdownTable).map(([heading, text]) => (heading ? `## ${heading}\n\n${text}` : text));
  return `# Speed on the CPU

Made by \`npm run bench -- --write docs/benchmarks/cpu.md\` on ${new Date().toISOString().slice(0, 10)}: medians of ${rounds} turns, in which the contenders
alternate, each with ${threads} ${threads === 1 ? 'thread' : 'threads'}. In brackets: how many times faster Tenfold is (below 1: slower); under "Threads": how many times faster
than with the first count.

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
