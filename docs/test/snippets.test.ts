/** Every program of the pages and READMEs, run as pasted; `scripts/snippets.mjs` says how blocks are read. */
import { createRequire } from 'node:module';
import { describe, expect, inject, it } from 'vitest';
import { swiftShader } from '../../tools/legs/chromium.ts';
import { docs, readmes, sitePages } from '../scripts/pages.mjs';
import { differs, programsOf } from '../scripts/snippets.mjs';
import { folder, linesOf, run, runInNode, writePrograms } from './run.ts';

const pages = [...sitePages(), ...readmes()];
const programs = pages.flatMap(programsOf);
writePrograms(programs);

/** WebGPU in Node: SwiftShader's driver, where it is fetched. */
const gpu = inject('chromium') ? swiftShader : {};

it('has programs to run', () => {
  expect(programs.length).toBeGreaterThan(30);
});

it.concurrent('types of all programs', { timeout: 240_000 }, async () => {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { code, stdout } = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder });
  expect(stdout).toBe('');
  expect(code).toBe(0);
});

for (const page of pages) {
  const here = programs.filter((program) => program.page === page && program.place === 'node');
  if (here.length === 0) continue;
  describe(page, () => {
    it.concurrent.each(here)('line $line', { timeout: 120_000 }, async (program) => {
      const { code, stdout, stderr } = await runInNode(program, program.source.includes('webgpu') ? gpu : {});
      if (code !== 0) expect.fail(`exit code ${code}:\n${stderr}${stdout}`);
      expect(differs(program.expected, linesOf(stdout))).toBeUndefined();
    });
  });
}
