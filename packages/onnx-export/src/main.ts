/** The command line: `check model.onnx`. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type ModelProto, printModel, toDot } from '@tenfold/onnx-model';
import { type CheckReport, type CheckSettings, checkFile } from './check-file.ts';
import { differenceTable } from './differences.ts';

/** What `--help` prints. */
export const help = `Checks an ONNX file: whether it is well-formed, whether onnxruntime runs it at several sizes, and whether Tenfold gets the same numbers.

  npx @tenfold/onnx-export check model.onnx
  npx @tenfold/onnx-export check model.onnx --sizes 1,3,17 --size time=8,12
  npx @tenfold/onnx-export check model.onnx --no-run --svg model.svg

To run the file: npm install onnxruntime-node. To compare: npm install @tenfold/onnx-import @tenfold/nn @tenfold/backend-cpu as well.

  --sizes LIST      sizes of every dynamic axis, one axis at a time and all together (default: 1,7,64)
  --size NAME=LIST  sizes of one axis; may be given several times
  --seed N          of the random inputs (default: 0); floats are in [-1, 1)
  --below N         integer inputs are from 0 to below N, at most 128 (default: 2)
  --tolerance X     the largest difference that passes, relative to 1 + |expected| (default: 1e-12 float64, 1e-4 float32, 2e-2 halves)
  --timeout S       seconds that onnxruntime may take (default: 300)
  --no-run          check the file without running it
  --print           print the graph as text
  --dot [FILE]      write the graph for Graphviz, to the terminal if no file is named
  --svg [FILE]      write a picture; this needs @viz-js/viz
  --json            print one JSON object instead of text
  --help            this text

Exit codes: 0 the file is good, 1 it is not, 2 the command is wrong, or something that it needs is missing.
`;

/** An error of the person at the keyboard: one clear line, exit code 2. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

const flags = {
  sizes: { type: 'string', default: '1,7,64' },
  size: { type: 'string', multiple: true, default: [] as string[] },
  seed: { type: 'string', default: '0' },
  below: { type: 'string', default: '2' },
  tolerance: { type: 'string' },
  timeout: { type: 'string', default: '300' },
  'no-run': { type: 'boolean', default: false },
  print: { type: 'boolean', default: false },
  dot: { type: 'string' },
  svg: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Where the command writes. */
export interface Streams {
  out(text: string): void;
  error(text: string): void;
}

function parse(argv: readonly string[]) {
  // a picture goes to the terminal where no file is named
  const args = argv.flatMap((arg, i) => {
    const alone = (arg === '--dot' || arg === '--svg') && (argv[i + 1] === undefined || argv[i + 1].startsWith('--'));
    return alone ? [`${arg}=-`] : [arg];
  });
  try {
    return parseArgs({ args, options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\. |\n/)[0]}; --help lists the flags`);
  }
}

function sizeList(text: string, flag: string): number[] {
  const sizes = text.split(',').map((x) => (/^\d+$/.test(x.trim()) ? Number(x) : Number.NaN));
  if (!sizes.every(Number.isSafeInteger)) throw new UsageError(`${flag}: give sizes such as 1,7,64, not '${text}'`);
  return sizes;
}

function numberOf(text: string, flag: string, least: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(value) || value < least)
    throw new UsageError(`${flag}: '${text}' is no number from ${least} on`);
  return value;
}

function readSettings(values: ReturnType<typeof parse>['values']): CheckSettings {
  const axes = new Map(
    values.size.map((text) => {
      const at = text.lastIndexOf('=');
      if (at < 1) throw new UsageError(`--size: write NAME=LIST, as batch=1,4, not '${text}'`);
      return [text.slice(0, at), sizeList(text.slice(at + 1), '--size')] as const;
    }),
  );
  return {
    sizes: sizeList(values.sizes, '--sizes'),
    axes,
    seed: numberOf(values.seed, '--seed', 0),
    below: numberOf(values.below, '--below', 1),
    tolerance: values.tolerance === undefined ? undefined : numberOf(values.tolerance, '--tolerance', 0),
    timeout: 1000 * numberOf(values.timeout, '--timeout', 0.001),
    run: !values['no-run'],
  };
}

async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values.help) {
    streams.out(help);
    return 0;
  }
  const [command, file, ...more] = positionals;
  if (command !== 'check' || file === undefined || more.length > 0)
    throw new UsageError('expected: check FILE; --help says more');
  if (values.json && (values.print || values.dot === '-' || values.svg === '-'))
    throw new UsageError('--json prints one object; give --dot and --svg the names of files, and leave --print out');
  const settings = readSettings(values);
  const { report, model } = await checkFile(file, settings);
  if (model) {
    if (values.print) streams.out(`${printModel(model)}\n\n`);
    if (values.dot !== undefined) write(values.dot, toDot(model), streams);
    if (values.svg !== undefined) write(values.svg, await toSvg(model), streams);
  }
  streams.out(values.json ? `${JSON.stringify(report, finite, 2)}\n` : reportText(report, settings));
  return report.problems.length > 0 ? 1 : 0;
}

/** JSON has no infinity. */
const finite = (_: string, value: unknown): unknown => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value);

function write(path: string, text: string, streams: Streams): void {
  if (path === '-') streams.out(text);
  else writeFileSync(path, text);
}

/** The part of `@viz-js/viz` that is used here. */
interface Viz {
  instance(): Promise<{ renderString(dot: string, options: { format: string }): string }>;
}

async function toSvg(model: ModelProto): Promise<string> {
  let viz: Viz | undefined;
  for (const from of [import.meta.url, pathToFileURL(`${process.cwd()}/`).href]) {
    try {
      viz = (await import(pathToFileURL(createRequire(from).resolve('@viz-js/viz')).href)) as Viz;
      break;
    } catch {
      // the next place
    }
  }
  if (!viz) throw new UsageError('--svg draws with @viz-js/viz, which is not installed: npm install @viz-js/viz');
  return (await viz.instance()).renderString(toDot(model), { format: 'svg' });
}

function reportText(report: CheckReport, { run }: CheckSettings): string {
  const { file, facts, problems, notes, inferred, runs, differences } = report;
  const lines: string[] = [];
  if (facts) {
    const opsets = Object.entries(facts.opsets).map(([domain, version]) => `${domain} ${version}`);
    lines.push(
      `${file}: IR ${facts.irVersion}, opset ${opsets.join(', ')}${facts.producer ? `, by ${facts.producer}` : ''}`,
      `  ${facts.nodes} nodes, ${facts.initializers} initializers with ${facts.parameters} numbers, ${facts.functions} functions, ${facts.bytes} bytes`,
      ...(facts.externalFiles.length ? [`  data in ${facts.externalFiles.join(', ')}`] : []),
    );
  } else lines.push(`${file}:`);
  if (inferred) {
    lines.push('outputs, as onnxruntime infers them:');
    for (const { name, type, shape } of inferred) lines.push(`  ${name}: ${type}[${shape.join(', ')}]`);
  }
  if (runs > 0) lines.push(`ran in onnxruntime at ${runs} ${runs === 1 ? 'choice' : 'choices'} of sizes`);
  if (differences) lines.push('compared with @tenfold/onnx-import:', differenceTable(differences));
  for (const note of notes) lines.push(`note: ${note}`);
  for (const problem of problems) lines.push(`problem: ${problem}`);
  lines.push(problems.length > 0 ? `${problems.length} problems` : run ? 'good' : 'well-formed; not run');
  return `${lines.join('\n')}\n`;
}

/** Runs the command line and gives its exit code. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  try {
    return await run(argv, streams);
  } catch (error) {
    streams.error(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}
