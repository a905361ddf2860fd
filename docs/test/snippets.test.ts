/** Every program of the pages and READMEs, run as pasted; `scripts/snippets.mjs` says how blocks are read. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright';
import { describe, expect, inject, it } from 'vitest';
import { swiftShader } from '../../tools/legs/chromium.ts';
import { readmes, sitePages } from '../scripts/pages.mjs';
import { differs, excusesOf, programsOf, runnable, strangersOf } from '../scripts/snippets.mjs';
import { bundle, folder, linesOf, run, runInNode, writePrograms } from './run.ts';

const pages = [...sitePages(), ...readmes()];
const programs = pages.flatMap(programsOf);
writePrograms(programs);

/** WebGPU in Node: SwiftShader's driver, where it is fetched. */
const gpu = inject('chromium') ? swiftShader : {};

it('finds the programs, and knows the language of every block', () => {
  expect(programs.length).toBeGreaterThan(50);
  expect(pages.flatMap(strangersOf)).toEqual([]);
});

it('leaves out what needs a backend of the reader', () => {
  const reasons = new Set(pages.flatMap(excusesOf));
  expect([...reasons].filter((reason) => !/^it needs (your (backend|own op)|the file above)/.test(reason))).toEqual([]);
});

it('tells a page that says something else than its programs print', () => {
  expect(differs(['1', 'a…c'], ['1', 'abc'])).toBeUndefined();
  expect(differs(['…', '2'], ['0', '1', '2'])).toBeUndefined();
  expect(differs(['1'], ['2'])).toMatch('the page says:\n1\n\nbut the program prints:\n2');
  expect(differs([], ['unsaid'])).toMatch('unsaid');
  expect(differs(['said'], [])).toMatch('said');
  expect(runnable('f(); // throws Error: no')).toMatch(/^try { f\(\); } catch/);
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

const inPages = programs.filter(({ place }) => place === 'browser');
const options = inject('chromium');

describe.skipIf(!options)('in a page (its browser comes from npm for Linux on x64 only)', () => {
  it('runs what the pages mark `browser`', { timeout: 120_000 }, async () => {
    expect(inPages.length).toBeGreaterThan(0);
    const files = await Promise.all(inPages.map((program) => bundle(program, 'browser')));
    const server = createServer((request, response) => {
      const file = files[Number(/^\/(\d+)\.js$/.exec(request.url ?? '')?.[1])];
      const [type, text] = file
        ? ['text/javascript', readFileSync(file)]
        : ['text/html', `<!doctype html><body><script type="module" src="${request.url}.js"></script>`];
      response.writeHead(200, { 'Content-Type': type }).end(text);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const browser = await chromium.launch(options);
    try {
      const { port } = server.address() as AddressInfo;
      for (const [i, program] of inPages.entries()) {
        const page = await browser.newPage();
        const printed: string[] = [];
        const problem = new Promise<never>((_, failed) => page.once('pageerror', failed));
        page.on('console', (message) => void printed.push(...message.text().split('\n')));
        await page.goto(`http://127.0.0.1:${port}/${i}`);
        const wanted = program.expected.length;
        for (let waited = 0; printed.length < wanted && waited < 60_000; waited += 50)
          await Promise.race([problem, page.waitForTimeout(50)]);
        expect(differs(program.expected, printed), `${program.page}:${program.line}`).toBeUndefined();
        await page.close();
      }
    } finally {
      await browser.close();
      server.close();
    }
  });
});
