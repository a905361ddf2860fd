/** `tensor-core doctor`: what is installed, which devices there are, and why something is missing. */
import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Answer, askBackends } from './devices.ts';
import { type Installed, installedIn, problemsOf, projectOf } from './installed.ts';

const help = `Says which @tenfold packages and devices the project in this folder has, and what is wrong.

  npx @tenfold/tensor-core doctor

  --json    print one JSON object instead of text
  --help    this text

Exit codes: 0 there is a device and nothing is wrong, 1 something is missing or wrong, 2 the command is wrong.
`;

/** Where the command writes, and where it looks. */
export interface Surroundings {
  readonly folder: string;
  out(text: string): void;
  error(text: string): void;
}

/** What was found out. */
export interface Diagnosis {
  readonly ok: boolean;
  readonly node: string;
  readonly platform: string;
  readonly project: string;
  readonly packages: readonly {
    readonly name: string;
    readonly version: string;
    readonly path: string;
    readonly copies: number;
  }[];
  readonly backends: readonly Answer[];
  readonly problems: readonly string[];
}

/** Looks at the project at or above a folder. */
export async function diagnose(folder: string): Promise<Diagnosis> {
  const project = realpathSync(projectOf(folder) ?? folder);
  const installed = installedIn(project);
  const backends = await askBackends(installed, project);
  const problems = [...problemsOf(installed, project), ...missing(installed, backends)];
  const packages = installed.map(({ name, version, path }) => ({
    name,
    version,
    path,
    copies: installed.filter((one) => one.name === name).length,
  }));
  const { version: node, platform, arch } = process;
  return { ok: problems.length === 0, node, platform: `${platform}-${arch}`, project, packages, backends, problems };
}

function missing(installed: readonly Installed[], backends: readonly Answer[]): string[] {
  if (installed.length === 0) return [];
  const failed = backends.flatMap(({ package: name, failed: why }) =>
    why ? [`${name} could not be asked for its devices: ${why}`] : [],
  );
  if (backends.length === 0)
    return ['no backend is installed, and without one there is no device: npm install @tenfold/backend-cpu'];
  const usable = backends.some(({ devices }) => devices.some(({ available }) => available));
  return usable
    ? failed
    : [...failed, 'no device is available: the reasons stand above; @tenfold/backend-cpu runs everywhere'];
}

/** The text for people. */
export function textOf({ node, platform, project, packages, backends, problems }: Diagnosis): string {
  const width = Math.max(0, ...packages.map(({ name }) => name.length));
  const lines = [`Node ${node} on ${platform}`, `project ${project}`, '', 'packages'];
  if (packages.length === 0) lines.push('  none of Tenfold');
  for (const { name, version, path, copies } of packages)
    lines.push(`  ${name.padEnd(width)}  ${version}  ${path}${copies > 1 ? `  (one of ${copies} copies)` : ''}`);
  lines.push('', 'devices');
  if (backends.length === 0) lines.push('  none: no backend is installed');
  for (const { package: name, devices, failed } of backends) {
    if (failed) lines.push(`  ✗ ${name}: ${failed}`);
    for (const { name: device, available, description, reason } of devices) {
      const what = available ? (description ?? 'available') : `not available: ${reason ?? 'it gives no reason'}`;
      lines.push(`  ${available ? '✓' : '✗'} ${device}  ${what}  (${name})`);
    }
  }
  lines.push('', problems.length === 0 ? 'Nothing is wrong.' : 'problems');
  for (const problem of problems) lines.push(`  ✗ ${problem}`);
  return `${lines.join('\n')}\n`;
}

/** Runs the command line and gives its exit code. */
export async function main(argv: readonly string[], { folder, out, error }: Surroundings): Promise<number> {
  const wrong = (text: string): number => {
    error(`tensor-core: ${text}\n`);
    return 2;
  };
  const flags = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
  let parsed: ReturnType<typeof parseArgs<{ options: typeof flags; allowPositionals: true }>>;
  try {
    parsed = parseArgs({ args: [...argv], options: flags, allowPositionals: true });
  } catch (cause) {
    return wrong(`${(cause as Error).message.split(/\. |\n/)[0]}; --help lists the flags`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    out(help);
    return 0;
  }
  if (positionals.join(' ') !== 'doctor') return wrong('expected: doctor; --help says more');
  const diagnosis = await diagnose(folder);
  out(values.json ? `${JSON.stringify(diagnosis, null, 2)}\n` : textOf(diagnosis));
  return diagnosis.ok ? 0 : 1;
}
