import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type Diagnosis, main } from './doctor.ts';
import { satisfies } from './installed.ts';

const built = fileURLToPath(new URL('../../dist', import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A project with these packages: path below it → package.json and files; `core` is the built package. */
function project(packages: {
  readonly [path: string]: { readonly manifest: object; readonly files?: Readonly<Record<string, string>> } | 'core';
}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'doctor-')));
  folders.push(root);
  writeFileSync(join(root, 'package.json'), '{"name":"project","type":"module"}');
  for (const [path, content] of Object.entries(packages)) {
    const folder = join(root, path);
    mkdirSync(folder, { recursive: true });
    if (content === 'core') {
      if (!existsSync(join(built, 'cli.js')))
        throw new Error('tensor-core is not built: run `npm run build`, or the tests through `npm test`');
      cpSync(built, join(folder, 'dist'), { recursive: true });
      writeFileSync(
        join(folder, 'package.json'),
        JSON.stringify({
          name: '@tenfold/tensor-core',
          version: '0.1.0',
          type: 'module',
          exports: { '.': './dist/index.js', './package.json': './package.json' },
        }),
      );
      continue;
    }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ version: '0.1.0', type: 'module', ...content.manifest }),
    );
    for (const [name, text] of Object.entries(content.files ?? {})) writeFileSync(join(folder, name), text);
  }
  return root;
}

/** The command as a person runs it: each time in a process of its own, because a process can hold one core. */
function doctor(folder: string, ...flags: string[]): { code: number; out: string } {
  const cli = join(
    existsSync(join(folder, 'node_modules/@tenfold/tensor-core'))
      ? join(folder, 'node_modules/@tenfold/tensor-core/dist')
      : built,
    'cli.js',
  );
  try {
    return {
      code: 0,
      out: execFileSync(process.execPath, [cli, 'doctor', ...flags], { cwd: folder, encoding: 'utf8' }),
    };
  } catch (error) {
    const { status, stdout } = error as { status: number; stdout: string };
    return { code: status, out: stdout };
  }
}

const peer = { '@tenfold/tensor-core': '^0.1.0' };

/** A backend that can do nothing but be asked. */
const backend = (type: string, device: object) =>
  `{ specVersion: 1, deviceType: '${type}', probe: async () => [${JSON.stringify({ name: type, ...device })}], open() { throw new Error('closed'); } }`;

describe('the doctor', () => {
  it('lists packages, and devices of a backend that registers itself and of a stranger that exports one', () => {
    const folder = project({
      'node_modules/@tenfold/tensor-core': 'core',
      'node_modules/@tenfold/backend-one': {
        manifest: {
          name: '@tenfold/backend-one',
          peerDependencies: peer,
          exports: { './register': { types: './x.d.ts', default: './register.js' } },
        },
        files: {
          'register.js': `import { registerBackend } from '@tenfold/tensor-core'; registerBackend(${backend('one', { available: true, description: 'a device' })});`,
        },
      },
      'node_modules/stranger': {
        manifest: { name: 'stranger', peerDependencies: peer, main: 'main.js' },
        files: {
          'main.js': `export default () => (${backend('far', { available: false, reason: 'it is far away' })});`,
        },
      },
      'node_modules/unrelated': {
        manifest: { name: 'unrelated', main: 'main.js' },
        files: { 'main.js': 'throw new Error("imported")' },
      },
    });
    const { code, out } = doctor(folder);
    expect(out).toContain(`Node ${process.version}`);
    expect(out).toContain(`0.1.0  ${join(folder, 'node_modules/@tenfold/backend-one')}`);
    expect(out).toContain('✓ one  a device  (@tenfold/backend-one)');
    expect(out).toContain('✗ far  not available: it is far away  (stranger)');
    expect(out).toContain('Nothing is wrong.');
    expect(out).not.toContain('unrelated');
    expect(code).toBe(0);
  });

  it('marks copies, and finds them in nested folders', () => {
    const folder = project({
      'node_modules/@tenfold/tensor-core': 'core',
      'node_modules/stranger': {
        manifest: { name: 'stranger', peerDependencies: peer, exports: { import: './main.js' } },
        files: { 'main.js': "import '@tenfold/tensor-core';" },
      },
      'node_modules/stranger/node_modules/@tenfold/tensor-core': 'core',
    });
    const { code, out } = doctor(folder, '--json');
    const { ok, packages, backends, problems } = JSON.parse(out) as Diagnosis;
    expect({ ok, code }).toEqual({ ok: false, code: 1 });
    expect(packages.map(({ name, copies }) => [name, copies])).toEqual([
      ['@tenfold/tensor-core', 2],
      ['@tenfold/tensor-core', 2],
      ['stranger', 1],
    ]);
    expect(problems[0]).toContain(
      `@tenfold/tensor-core is there 2 times: 0.1.0 in ${join(folder, 'node_modules/@tenfold/tensor-core')} and 0.1.0 in ${join(folder, 'node_modules/stranger/node_modules/@tenfold/tensor-core')}`,
    );
    // and what happens at run time
    expect(backends[0].failed).toContain('two copies of @tenfold/tensor-core are loaded');
  });

  it('says which peer is missing or of another release, and that there is no backend', () => {
    const folder = project({
      'node_modules/@tenfold/tensor-core': 'core',
      'node_modules/@tenfold/autograd': {
        manifest: {
          name: '@tenfold/autograd',
          version: '0.2.0',
          peerDependencies: { '@tenfold/tensor-core': '^0.2.0' },
        },
      },
      'node_modules/@tenfold/nn': {
        manifest: { name: '@tenfold/nn', peerDependencies: { ...peer, '@tenfold/other': '^0.1.0' } },
      },
    });
    const { code, out } = doctor(folder);
    expect(out).toContain('@tenfold/autograd 0.2.0 needs @tenfold/tensor-core ^0.2.0, but 0.1.0 is installed in');
    expect(out).toContain(
      '@tenfold/nn 0.1.0 needs @tenfold/other ^0.1.0, which is not installed: npm install @tenfold/other@"^0.1.0"',
    );
    expect(out).toContain('npm install @tenfold/backend-cpu');
    expect(code).toBe(1);
  });

  it('says what to install where there is nothing', () => {
    const { code, out } = doctor(project({}));
    expect(out).toContain('@tenfold/tensor-core is not installed');
    expect(code).toBe(1);
  });

  it('takes doctor, --json and --help, and nothing else', async () => {
    const run = async (...args: string[]) => {
      let [text, complaint] = ['', ''];
      const code = await main(args, { folder: '/', out: (s) => (text += s), error: (s) => (complaint += s) });
      return { code, text, complaint };
    };
    expect(await run('--help')).toMatchObject({
      code: 0,
      text: expect.stringContaining('npx @tenfold/tensor-core doctor'),
    });
    expect(await run()).toEqual({ code: 2, text: '', complaint: 'tensor-core: expected: doctor; --help says more\n' });
    expect(await run('doctor', '--jason')).toEqual({
      code: 2,
      text: '',
      complaint: "tensor-core: Unknown option '--jason'; --help lists the flags\n",
    });
  });
});

it('reads ranges as npm does', () => {
  const yes = [
    '1.2.3 ^1.2.3',
    '1.9.0 ^1.2.3',
    '0.2.5 ^0.2.3',
    '0.0.3 ^0.0.3',
    '1.2.3 1.2.3',
    '1.0.0-next.1 ^1.0.0-next.1',
    '3.0.0 >=1',
    '1.2.3 workspace:^',
  ];
  const no = [
    '1.2.2 ^1.2.3',
    '2.0.0 ^1.2.3',
    '0.3.0 ^0.2.3',
    '0.2.2 ^0.2.3',
    '0.0.4 ^0.0.3',
    '1.2.4 1.2.3',
    '1.2.4-next.1 ^1.2.3',
  ];
  for (const pair of yes) expect([pair, satisfies(...(pair.split(' ') as [string, string]))]).toEqual([pair, true]);
  for (const pair of no) expect([pair, satisfies(...(pair.split(' ') as [string, string]))]).toEqual([pair, false]);
});
