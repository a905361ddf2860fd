#!/usr/bin/env node
/** The demo: train, compare with the closed form, export, check, report. `--help` lists the flags. */
import { resolve } from 'node:path';
import { prepareFolder, UsageError } from 'app-common/command-line';
import { help, type Options, readOptions } from './cli.ts';
import { chooseDevice } from './devices.ts';
import { fitLine, fitTable, type Result } from './fit.ts';
import { removeUnfinished } from './output.ts';
import { penguins, readCsv } from './table.ts';

/** npm runs scripts in the package's folder; paths on the command line are meant from where the person stands. */
const here = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);

async function run(options: Options): Promise<Result[]> {
  const table = options.csv && readCsv(here(options.csv.path), options.csv.target, options.csv.features);
  const place = await chooseDevice(options.device, options.dtype);
  const out = here(options.out);
  const folderOf = (name: string) => (table || options.examples.length === 1 ? out : resolve(out, name));
  const settings = { ...options, ...place };
  if (table) {
    prepareFolder(out);
    return [await fitTable(table, 'Your data', { ...settings, out })];
  }
  for (const name of options.examples) prepareFolder(folderOf(name));
  const results: Result[] = [];
  for (const name of options.examples) {
    const own = { ...settings, out: folderOf(name) };
    results.push(name === 'line' ? await fitLine(own) : await fitTable(penguins(), 'Penguins', own));
  }
  return results;
}

process.once('SIGINT', () => {
  removeUnfinished();
  // the conventional exit code of a program ended by Ctrl-C; the newline leaves the progress bar's line
  process.stderr.write('\x1b[?25h\nstopped; earlier files are as they were\n');
  process.exit(130);
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) process.stdout.write(help);
  else {
    const results = await run(options);
    if (options.json) process.stdout.write(`${JSON.stringify({ results }, null, 2)}\n`);
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`linear-demo: ${error.message}\n`);
  process.exitCode = 2;
}
