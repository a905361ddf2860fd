import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkImports } from './check-imports.mjs';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imports-'));
  for (const name of ['tensor-core', 'autograd', 'backend-cpu', 'nn']) {
    write(`packages/${name}/package.json`, JSON.stringify({ name: `@tenfold/${name}` }));
    write(`packages/${name}/src/index.ts`, "export * from './a.ts';\n");
    write(`packages/${name}/src/a.ts`, 'export const a = 1;\n');
  }
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

it('passes a tree that keeps the law', () => {
  write(
    'packages/nn/src/b.ts',
    "import { x } from '@tenfold/tensor-core';\nimport { y } from './a.ts';\nexport { x, y };\n",
  );
  write('packages/nn/src/b.test.ts', "import '@tenfold/backend-cpu/register';\nimport './index.ts';\n");
  expect(checkImports(root)).toEqual([]);
});

it.each([
  [
    'an import away from the core',
    'packages/tensor-core/src/b.ts',
    "import '@tenfold/autograd';",
    'tensor-core must not import autograd',
  ],
  [
    'a backend that imports autograd',
    'packages/backend-cpu/src/b.ts',
    "import '@tenfold/autograd';",
    'backend-cpu must not import autograd',
  ],
  [
    'a concrete backend',
    'packages/nn/src/b.ts',
    "import '@tenfold/backend-cpu/register';",
    'names the concrete backend backend-cpu',
  ],
  [
    'a dynamic import of one',
    'packages/nn/src/b.ts',
    "await import('@tenfold/backend-cpu');",
    'names the concrete backend backend-cpu',
  ],
  [
    'the type of one',
    'packages/nn/src/b.ts',
    "export type B = import('@tenfold/backend-cpu').B;",
    'names the concrete backend backend-cpu',
  ],
  ['the own index', 'packages/nn/src/b.ts', "import { a } from './index.ts';", "imports its own package's index.ts"],
  ['the own name', 'packages/nn/src/b.ts', "import { a } from '@tenfold/nn';", 'imports its own package by name'],
  [
    'a path into another package',
    'packages/nn/src/b.ts',
    "import '../../autograd/src/a.ts';",
    'reaches into another folder by path',
  ],
])('catches %s', (_, file, text, problem) => {
  write(file, `${text}\n`);
  expect(checkImports(root)).toEqual([expect.stringMatching(new RegExp(`^${file.replaceAll('.', '\\.')}:1: .*`))]);
  expect(checkImports(root)[0]).toContain(problem);
});

it('lets a backend name its own binaries, as optional dependencies, and nobody else', () => {
  const binary = '@tenfold/backend-cpu-linux-x64';
  write('packages/backend-cpu-linux-x64/package.json', JSON.stringify({ name: binary }));
  write('packages/backend-cpu/package.json', JSON.stringify({ optionalDependencies: { [binary]: '*' } }));
  expect(checkImports(root)).toEqual([]);
  write('packages/backend-cpu/package.json', JSON.stringify({ dependencies: { [binary]: '*' } }));
  write('packages/nn/package.json', JSON.stringify({ optionalDependencies: { [binary]: '*' } }));
  write(
    'packages/backend-cpu-linux-x64/package.json',
    JSON.stringify({ peerDependencies: { '@tenfold/tensor-core': '*' } }),
  );
  expect(checkImports(root).sort()).toEqual([
    'packages/backend-cpu-linux-x64/package.json: backend-cpu-linux-x64 must not depend on tensor-core',
    'packages/backend-cpu/package.json: backend-cpu must not depend on backend-cpu-linux-x64',
    'packages/nn/package.json: nn must not depend on backend-cpu-linux-x64',
  ]);
});

it('catches a dependency in a manifest', () => {
  write('packages/tensor-core/package.json', JSON.stringify({ peerDependencies: { '@tenfold/nn': '*' } }));
  expect(checkImports(root)).toEqual(['packages/tensor-core/package.json: tensor-core must not depend on nn']);
});

it('catches a core that could be installed twice', () => {
  write('packages/nn/package.json', JSON.stringify({ dependencies: { '@tenfold/tensor-core': '^0.1.0' } }));
  expect(checkImports(root)).toEqual(['packages/nn/package.json: @tenfold/tensor-core must be a peer dependency']);
});

it('catches cycles of runtime imports, and lets cycles of types be', () => {
  write('packages/nn/src/c.ts', "import type { d } from './d.ts';\nexport const c = 1 as unknown as typeof d;\n");
  write('packages/nn/src/d.ts', "import { c } from './c.ts';\nexport const d = c;\n");
  expect(checkImports(root)).toEqual([]);
  write('packages/nn/src/c.ts', "import { d } from './d.ts';\nexport const c = () => d;\n");
  expect(checkImports(root)).toEqual([
    'import cycle: packages/nn/src/c.ts → packages/nn/src/d.ts → packages/nn/src/c.ts',
  ]);
});

it('asks about a package it does not know', () => {
  write('packages/mystery/package.json', '{}');
  expect(checkImports(root)[0]).toContain('packages/mystery: unknown package');
});
