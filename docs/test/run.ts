/** Running what the pages say: programs in processes of their own, or in a page of Chromium, on the built packages. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { docs } from '../scripts/pages.mjs';
import { type Program, runnable } from '../scripts/snippets.mjs';

/** Where programs lie while they run: below the site, so that they find its packages. Ignored by git. */
export const folder = join(docs, '.snippets');

export const nameOf = ({ page, line }: Program): string => `${page.replaceAll('/', '.')}.${line}`;

/** Writes every program twice: as the page has it, for the type check, and as JavaScript. */
export function writePrograms(programs: readonly Program[]): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const program of programs) {
    const name = nameOf(program);
    writeFileSync(join(folder, `${name}.ts`), `${program.source}\n`);
    const { outputText } = ts.transpileModule(runnable(program.source), {
      fileName: `${name}.ts`,
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        inlineSourceMap: true,
        inlineSources: true,
      },
    });
    writeFileSync(join(folder, `${name}.mjs`), outputText);
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      // what a program sees that installed the packages; a page may show a value that it doesn't use
      compilerOptions: { customConditions: [], noUnusedLocals: false, types: ['node'], incremental: true },
      include: ['*.ts'],
    }),
  );
}

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(file: string, args: readonly string[], options: { cwd: string; env?: object }): Promise<Result> {
  return new Promise((done, failed) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
    child.once('error', failed);
    child.once('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Runs one program in Node, in an empty folder of its own. */
export async function runInNode(program: Program, env: object): Promise<Result> {
  const cwd = join(folder, `${nameOf(program)}.files`);
  mkdirSync(cwd, { recursive: true });
  // Node doesn't find the modules of TensorFlow.js by itself: their imports have no endings
  if (program.source.includes("'@tensorflow/")) await bundle(program, 'node');
  const flags = ['--enable-source-maps', '--disable-warning=ExperimentalWarning'];
  return run(process.execPath, [...flags, join(folder, `${nameOf(program)}.mjs`)], { cwd, env });
}

/** Makes one file of a program and all that it imports. */
export async function bundle(program: Program, platform: 'node' | 'browser'): Promise<string> {
  const outfile = join(folder, `${nameOf(program)}.mjs`);
  await build({
    entryPoints: [join(folder, `${nameOf(program)}.ts`)],
    bundle: true,
    format: 'esm',
    platform,
    ...(platform === 'node' && {
      mainFields: ['module', 'main'],
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    }),
    target: 'es2023',
    // what writes files is for Node; no page reaches it
    external: ['node:*', 'webgpu', 'onnxruntime-node'],
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

export const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));
