import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkApis, neededBump, reportText } from './check.mjs';
import { compareApis } from './compare.mjs';
import { apiReport } from './report.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'api-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
}

describe('apiReport', () => {
  it('reads the same whatever the order, the comments, the chunks and the names that a bundler gave', () => {
    const one = write(
      'one/index.d.ts',
      `/** Says hello. */
       declare class Function$1 { #secret; private x: number; b(): Size; a: 'y' | 'x'; }
       interface Size { width: number }
       declare const unused: number;
       export { Function$1 as Function, unused as used };`,
    );
    write('two/chunk-abc.d.ts', 'interface S { width: number }\nexport { S as t };');
    const two = write(
      'two/index.d.ts',
      `import { t as Size } from './chunk-abc.js';
       declare const used: number;
       declare class Function { a: 'x' | 'y'; b(): Size }
       export { used, Function };`,
    );
    expect(apiReport(one)).toBe(apiReport(two).replaceAll(/\bS\b/g, 'Size'));
    expect(apiReport(one)).toBe(
      [
        'export declare class Function {',
        "    a: 'x' | 'y';",
        '    b(): Size;',
        '}',
        'export declare const used: number;',
        '',
        '// not exported, but named above',
        'interface Size {',
        '    width: number;',
        '}',
        '',
      ].join('\n'),
    );
  });

  it('gives a name to what is exported under a reserved word', () => {
    const report = apiReport(write('a.d.ts', 'declare const v: number;\nexport { v as var };'));
    expect(report).toBe('export declare const var_: number;\n');
    expect(compareApis(report, '')).toMatchObject([{ name: 'var_', kind: 'removed' }]);
  });

  it('names what is passed on from another package', () => {
    expect(apiReport(write('a.d.ts', "export { pad } from '@tenfold/tensor-core';"))).toBe(
      "export { pad } from '@tenfold/tensor-core';\n",
    );
  });
});

describe('compareApis', () => {
  const was = `
    export declare function f(x: number | string): number;
    export declare class Layer { forward(x: Tensor): Tensor; }
    export interface Options { lr?: number }
    export type Shape = { n: number };
    export declare namespace F { export { relu, tanh }; }
    interface Hidden { a: number }`;
  const changes = (find: string, put: string) =>
    compareApis(was, was.replace(find, put)).map(
      ({ name, kind, breaking }) => `${breaking ? 'breaks' : 'adds'} ${kind} ${name}`,
    );

  it.each([
    ['a removed export', 'export declare function f(x: number | string): number;', '', 'breaks removed f'],
    ['an export that is hidden', 'export interface Options', 'interface Options', 'breaks removed Options'],
    ['a narrowed parameter', 'x: number | string', 'x: number', 'breaks changed f'],
    ['another result', 'string): number', 'string): string', 'breaks changed f'],
    ['a parameter that must be given', 'string): number', 'string, y: number): number', 'breaks changed f'],
    ['a removed method', 'forward(x: Tensor): Tensor;', '', 'breaks removed Layer.forward'],
    ['a member that users must write', 'lr?: number', 'lr?: number; steps: number', 'breaks added Options.steps'],
    ['an abstract member', 'forward(', 'abstract backward(): void; forward(', 'breaks added Layer.backward'],
    ['another base class', 'class Layer', 'class Layer extends Base', 'breaks changed Layer'],
    ['a removed function of a namespace', 'relu, tanh', 'tanh', 'breaks removed F.relu'],
    ['a changed helper', 'a: number', 'a: string', 'breaks changed Hidden.a'],
    ['a changed member of a literal type', 'n: number', 'n: bigint', 'breaks changed Shape.n'],
    ['an added export', 'export interface', 'export declare const g: number; export interface', 'adds added g'],
    ['an option that may be left out', 'lr?: number', 'lr?: number; momentum?: number', 'adds added Options.momentum'],
    ['a parameter that may be left out', 'string): number', 'string, y?: number): number', 'adds changed f'],
    ['a helper that is exported now', 'interface Hidden', 'export interface Hidden', 'adds added Hidden'],
    ['an added method', 'forward(', 'extra(): void; forward(', 'adds added Layer.extra'],
    [
      'an added overload',
      'export declare class',
      'export declare function f(x: null): null; export declare class',
      'adds changed f',
    ],
    ['an added function of a namespace', 'relu, tanh', 'relu, tanh, gelu', 'adds added F.gelu'],
  ])('%s', (_, find, put, expected) => {
    expect(was).toContain(find);
    expect(changes(find, put)).toEqual([expected]);
  });

  it('lets tables grow whose rows users don’t write', () => {
    const table = 'interface MathOps { add: number }\n/** @sealed */\nexport interface BuiltinOps extends MathOps {}';
    expect(compareApis(table, table.replace('}', '; mul: number }'))).toMatchObject([
      { name: 'MathOps.mul', breaking: false },
    ]);
  });

  it('sees no change where there is none, nor in helpers that nobody names any more', () => {
    expect(changes('export', 'export')).toEqual([]);
    expect(changes('interface Hidden { a: number }', '')).toEqual([]);
  });
});

it('asks for major where programs break, from 1.0 on', () => {
  expect(neededBump('1.2.0', [{ breaking: true }])).toBe('major');
  expect(neededBump('1.2.0', [{ breaking: false }])).toBe('minor');
  expect(neededBump('0.2.0', [{ breaking: true }])).toBe('minor');
});

describe('checkApis', () => {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      cwd: root,
      encoding: 'utf8',
    }).trim();
  const types = 'export declare function f(x: number): number;\nexport declare const g: number;\n';
  const save = (text: string) => {
    const path = write('packages/nn/dist/index.d.ts', text);
    write(
      'packages/nn/api/index.d.ts',
      reportText({ package: '@tenfold/nn', folder: '', version: '', path: '', types: path }),
    );
  };
  let base: string;
  beforeEach(() => {
    const exported = { '.': { types: './dist/index.d.ts' }, './package.json': './package.json' };
    write('packages/nn/package.json', JSON.stringify({ name: '@tenfold/nn', version: '1.0.0', exports: exported }));
    save(types);
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'one');
    base = git('rev-parse', 'HEAD');
  });

  it('passes what did not change', () => expect(checkApis(root, base)).toEqual([]));

  it('asks for the report to be written again', () => {
    write('packages/nn/dist/index.d.ts', types.replace('x: number', 'x: string'));
    const [problem, ...rest] = checkApis(root, base);
    expect(rest).toEqual([]);
    expect(problem).toContain(
      'packages/nn/api/index.d.ts is not what the built types say; if the change is meant, run: npm run api',
    );
    expect(problem).toContain('- declare function f(x: number): number');
    expect(problem).toContain('+ declare function f(x: string): number');
  });

  it('asks for a changeset that is large enough', () => {
    save(types.replace('x: number', 'x: string'));
    expect(checkApis(root, base)).toEqual([
      [
        'The API of @tenfold/nn changed in a way that breaks programs: it needs a major changeset, and this branch has none that names it.',
        '  breaks: f was changed',
        '    - declare function f(x: number): number',
        '    + declare function f(x: string): number',
        'Write one with: npm run changeset (major for @tenfold/nn)',
      ].join('\n'),
    ]);
    write('.changeset/one.md', "---\n'@tenfold/nn': minor\n---\n\nChanged f.\n");
    expect(checkApis(root, base)[0]).toContain('needs a major changeset, and this branch has a minor one');
    write('.changeset/one.md', "---\n'@tenfold/nn': major\n---\n\nChanged f.\n");
    expect(checkApis(root, base)).toEqual([]);
  });

  it('sees an entry point that is gone', () => {
    const extra = write('packages/nn/api/extra.d.ts', '');
    git('add', '.');
    git('commit', '-qm', 'two');
    const [problem] = checkApis(root, git('rev-parse', 'HEAD'));
    expect(problem).toContain('packages/nn/api/extra.d.ts is the API of no entry point');
    rmSync(extra);
    expect(checkApis(root, git('rev-parse', 'HEAD'))[0]).toContain(
      'breaks: the entry point of packages/nn/api/extra.d.ts was removed',
    );
  });

  it('says that a package is not built', () => {
    rmSync(join(root, 'packages/nn/dist'), { recursive: true });
    expect(checkApis(root, base)[0]).toContain('does not exist; build it with: npm run build');
  });

  it('takes a minor one for additions', () => {
    save(`${types}export declare const h: number;\n`);
    expect(checkApis(root, base)[0]).toContain('changed by additions: it needs a minor changeset');
    write('.changeset/two.md', '---\n"@tenfold/nn": minor\n---\n\nAdded h.\n');
    expect(checkApis(root, base)).toEqual([]);
  });
});
