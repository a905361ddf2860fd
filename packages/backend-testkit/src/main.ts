/** The command line: `conform ./my-backend`. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Options, Presets, SingleBar } from 'cli-progress';
import { type ConformReport, conform } from './conform.ts';
import { badge, textReport } from './conform-report.ts';
import type { Tier } from './tiers.ts';
import { loadBackend } from './under-test.ts';

/** What `--help` prints. */
export const help = `Checks a Tenfold backend against PyTorch's results.

  npx @tenfold/backend-testkit conform ./my-backend            tier 1
  npx @tenfold/backend-testkit conform ./my-backend --tier 2   tiers 1 and 2

The module is a file, a folder with a package.json, or a package's name. It exports (as default or as 'backend') a Backend, a promise of one or a
function that gives either, or it registers its backend when it is imported.

  --tier N         1: the kernel families, from which every op is derived (default)
                   2: gradients, dtypes, views, random streams, programs, memory and faults
                   3: overrides equal what core derives, and how fast they are; the same numbers and no more memory after many steps
  --device NAME    the device to test (default: the backend's first)
  --filter TEXT    only the check of this name, or all that have it in their names; failures print the command
  --json           print one JSON object instead of text
  --badge FILE     write an SVG that says which tier was reached
  --help           this text

Exit codes: 0 all checks passed, 1 some failed, 2 the command or the module is wrong.
`;

/** An error of the person at the keyboard: one clear line, exit code 2. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

const flags = {
  tier: { type: 'string', default: '1' },
  device: { type: 'string' },
  filter: { type: 'string' },
  json: { type: 'boolean', default: false },
  badge: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\. |\n/)[0]}; --help lists the flags`);
  }
}

/** Where a module given on the command line lies. */
function locate(module: string): string {
  const path = resolve(module);
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind?.isFile()) return pathToFileURL(path).href;
  try {
    if (!kind) return pathToFileURL(createRequire(join(process.cwd(), 'x.js')).resolve(module)).href;
    const manifest = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { name: string };
    // a package finds itself by its own name, through its exports
    return pathToFileURL(createRequire(join(path, 'x.js')).resolve(manifest.name)).href;
  } catch (cause) {
    throw new UsageError(
      `${module}: neither a file, nor a package with an entry point: ${(cause as Error).message.split('\n')[0]}`,
    );
  }
}

/** One line on stderr, gone when all is done. */
const barOptions: Options = {
  format: '  {bar} {value} of {total} checks, {eta_formatted} left  {name}',
  stream: process.stderr,
  clearOnComplete: true,
  hideCursor: true,
  // a long name would begin a second line at each step
  linewrap: false,
};

/** Where the command writes. */
export interface Streams {
  out(text: string): void;
  error(text: string): void;
  /** Whether somebody watches stderr, and wants to see how far it is. */
  readonly live: boolean;
}

async function load(module: string): Promise<string> {
  const url = locate(module);
  try {
    return await loadBackend(url);
  } catch (error) {
    throw new UsageError(`${module}: ${(error as Error).message}`);
  }
}

async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help) {
    streams.out(help);
    return 0;
  }
  const [command, module, ...more] = positionals;
  if (command !== 'conform' || module === undefined || more.length > 0)
    throw new UsageError('expected: conform MODULE; --help says more');
  if (!/^[123]$/.test(values.tier)) throw new UsageError(`--tier ${values.tier}: choose one of 1, 2, 3`);
  if (values.badge !== undefined && values.filter !== undefined)
    throw new UsageError('--badge and --filter exclude each other: a part of the checks shows no tier');
  const first = await load(module);
  const tier = Number(values.tier) as Tier;
  const bar = streams.live ? new SingleBar(barOptions, Presets.shades_classic) : null;
  let report: ConformReport;
  try {
    report = await conform(values.device ?? first, {
      tier,
      filter: values.filter,
      progress(done, total, name) {
        if (done === 0) bar?.start(total, 0, { name });
        else bar?.update(done, { name });
      },
    });
  } finally {
    bar?.stop();
  }
  if (report.passed + report.failed + report.speed.length === 0)
    throw new UsageError(`--filter ${values.filter}: no check of tier ${tier} has this in its name`);
  streams.out(values.json ? `${JSON.stringify(report, null, 2)}\n` : textReport(report, module, values));
  if (values.badge !== undefined) writeFileSync(values.badge, badge(report));
  return report.failed > 0 ? 1 : 0;
}

/** Runs the command line and gives its exit code. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    return await run(argv, streams);
  } catch (error) {
    // a device that can't be opened is the module's or the command's mistake, too
    if (!(error instanceof UsageError) && (error as Error).name !== 'DeviceError') throw error;
    streams.error(`backend-testkit: ${(error as Error).message}\n`);
    return 2;
  }
}
