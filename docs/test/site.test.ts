/** The site is built and opened: pages come up without errors, wide things scroll inside of the page, links of the sidebar exist, and the search finds. */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { docs } from '../scripts/pages.mjs';
import { dist, serve } from '../scripts/serve.mjs';
import { run } from './run.ts';

const options = inject('chromium');
const vitepress = join(dirname(createRequire(import.meta.url).resolve('vitepress/package.json')), 'bin/vitepress.js');

beforeAll(async () => {
  // a link between pages that leads nowhere fails the build
  const { code, stdout, stderr } = await run(process.execPath, [vitepress, 'build', docs], {
    cwd: docs,
    // the reference takes as long as all the rest, and typedoc vouches for it
    env: { TENFOLD_DOCS_API: '0' },
  });
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
}, 600_000);

describe.skipIf(!options)('the built site (its browser comes from npm for Linux on x64 only)', () => {
  let browser: Browser;
  let site: { url: string; close(): void };
  beforeAll(async () => {
    site = await serve();
    browser = await chromium.launch(options);
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  const pages = ['', 'guide/autograd', 'guide/from-pytorch', 'guide/from-tensorflow-js', 'parity', 'onnx-support'];
  it.each([
    { name: 'phone', width: 390, height: 844, colorScheme: 'light' },
    { name: 'desktop in the dark', width: 1400, height: 900, colorScheme: 'dark' },
  ] as const)('comes up on a $name', { timeout: 120_000 }, async ({ name, width, height, colorScheme }) => {
    mkdirSync(join(dist, 'screenshots'), { recursive: true });
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const problems: string[] = [];
    for (const path of pages) {
      const page = await context.newPage();
      page.on('pageerror', (error) => void problems.push(`${path}: ${error.message}`));
      page.on('console', (message) => void (message.type() === 'error' && problems.push(`${path}: ${message.text()}`)));
      await page.goto(`${site.url}/${path}`, { waitUntil: 'networkidle' });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) problems.push(`${path}: ${wide} pixels wider than the screen`);
      await page.screenshot({ path: join(dist, 'screenshots', `${path.replaceAll('/', '-') || 'home'} ${name}.png`) });
      await page.close();
    }
    await context.close();
    expect(problems).toEqual([]);
  });

  it('has every page of its sidebar, draws graphs, and finds', { timeout: 120_000 }, async () => {
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
    await page.goto(`${site.url}/guide/autograd`, { waitUntil: 'networkidle' });
    const links = await page.$$eval('.VPSidebar a', (found) => found.map((a) => (a as HTMLAnchorElement).pathname));
    expect(links.length).toBeGreaterThan(20);
    const answers = await Promise.all(links.map(async (link) => `${link} ${(await fetch(site.url + link)).status}`));
    expect(answers.filter((answer) => !answer.endsWith(' 200'))).toEqual([]);
    expect(await page.locator('.picture svg').count()).toBe(6);
    expect(await page.locator('.picture svg text', { hasText: 'MeanBackward0' }).count()).toBe(1);
    await page.keyboard.press('Control+k');
    await page.fill('#localsearch-input', 'saved tensors');
    await page.waitForSelector('#localsearch-list a:has-text("Saved tensors")');
    await page.close();
  });
});
