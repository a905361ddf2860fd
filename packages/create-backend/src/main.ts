/** The command line: where to write which backend, and what to run next. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkDeviceType, checkPackageName } from './names.ts';
import { type License, licenses, type Scaffold, writeScaffold } from './scaffold.ts';
import { UsageError } from './usage-error.ts';

/** What `--help` prints. */
export const help = `Writes a package with the stubs of a Tenfold backend: buffers that work, and kernel families to fill in.

  npm create @tenfold/backend@latest NAME          a package of its own, in ./NAME
  npm create @tenfold/backend@latest NAME -- --license MIT
  npm run create-backend -- NAME                   packages/backend-NAME, in a checkout of Tenfold

NAME is the type of the device, the first part of its device strings: lower-case letters, digits and -, as in 'my-device'.

  --name PACKAGE   the name of the package (default: tenfold-backend-NAME)
  --dir FOLDER     where to write it (default: ./NAME)
  --device TYPE    the type of the device, if it is to be another than NAME
  --license ID     ${licenses.join(' or ')} (default: ${licenses[0]})
  --in-tree        write packages/backend-NAME of the checkout of Tenfold that this folder is
  --help           this text

Exit codes: 0 written, 2 the command is wrong, and nothing was written.
`;

const flags = {
  name: { type: 'string' },
  dir: { type: 'string' },
  device: { type: 'string' },
  license: { type: 'string' },
  'in-tree': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Where the command stands, and where it writes what it has to say. */
export interface Host {
  readonly cwd: string;
  out(text: string): void;
  error(text: string): void;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(/\. |\n/)[0]}; --help lists the flags`);
  }
}

function licenseOf(id: string = licenses[0]): License {
  const license = licenses.find((known) => known === id);
  if (!license) throw new UsageError(`--license ${id}: choose one of ${licenses.join(', ')}`);
  return license;
}

/** The scaffold that a command asks for; `null` if it asks for help. */
function scaffoldOf(argv: readonly string[], cwd: string): Scaffold | null {
  const { values, positionals } = parse(argv);
  if (values.help) return null;
  const [name, ...more] = positionals;
  if (name === undefined) throw new UsageError('a NAME is missing, such as my-device; --help says more');
  if (more.length > 0) throw new UsageError(`one NAME is expected, got ${positionals.join(' ')}; --help says more`);
  checkDeviceType(name);
  if (values['in-tree']) {
    for (const flag of ['name', 'dir', 'device', 'license'] as const)
      if (values[flag] !== undefined)
        throw new UsageError(`--${flag}: packages of the checkout are named, placed and licensed alike`);
    return inTree(name, cwd);
  }
  const device = values.device ?? name;
  checkDeviceType(device);
  const packageName = values.name ?? `tenfold-backend-${name}`;
  checkPackageName(packageName);
  const folder = resolve(cwd, values.dir ?? name);
  return { kind: 'alone', folder, device, packageName, license: licenseOf(values.license) };
}

function inTree(name: string, cwd: string): Scaffold {
  if (!existsSync(join(cwd, 'pnpm-workspace.yaml')) || !existsSync(join(cwd, 'packages/tensor-core')))
    throw new UsageError(
      `--in-tree: ${cwd} is not the root of a checkout of Tenfold; leave the flag out for a package of its own`,
    );
  const folder = join(cwd, `packages/backend-${name}`);
  return { kind: 'workspace', folder, root: cwd, device: name, packageName: `@tenfold/backend-${name}` };
}

function checkFolder(folder: string, cwd: string): void {
  const kind = statSync(folder, { throwIfNoEntry: false });
  const shown = relative(cwd, folder) || '.';
  if (kind && !kind.isDirectory())
    throw new UsageError(`${shown} exists and is not a folder; --dir names another place`);
  if (kind && readdirSync(folder).some((name) => name !== '.git'))
    throw new UsageError(`${shown} exists and is not empty; choose another NAME or --dir`);
}

/** What to run next. */
function next({ kind, device, packageName, folder }: Scaffold, cwd: string, written: number): string {
  const place = relative(cwd, folder) || '.';
  const enter = place === '.' ? [] : [`  cd ${place}`];
  const install = kind === 'alone' ? ['  npm install'] : [];
  return [
    `${packageName}: ${written} files in ${place}, for the device '${device}'. Buffers work; the kernel families wait for you.`,
    '',
    'Next:',
    ...enter,
    ...install,
    '  npm test           # the buffers, and which families of checks are missing',
    '  npm run conform    # all checks of tier 1, and what each failure needs',
    '',
    'From here to tier 1, family by family:',
    '  https://github.com/tenfold-js/tenfold/blob/main/docs/contributing/adding-a-backend.md',
    '',
  ].join('\n');
}

/** Runs the command line and gives its exit code. */
export function main(argv: readonly string[], host: Host): number {
  try {
    const scaffold = scaffoldOf(argv, host.cwd);
    if (scaffold === null) {
      host.out(help);
      return 0;
    }
    checkFolder(scaffold.folder, host.cwd);
    const written = writeScaffold(scaffold);
    host.out(next(scaffold, host.cwd, written.length));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    host.error(`create-backend: ${error.message}\n`);
    return 2;
  }
}
