/** Workers of a page, bundled by Vite and run in a browser. Those of Node have `workers.test.ts`. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';
import { build, preview } from 'vite';
import { describe, expect, inject, it } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** How to start a browser; absent on platforms for which none is fetched. */
    chromium?: { readonly executablePath: string; readonly args: string[]; readonly env: { [name: string]: string } };
  }
}

const options = inject('chromium');
const root = fileURLToPath(new URL('../test/page', import.meta.url));

describe.skipIf(!options)('on a page (its browser comes from npm for Linux on x64 only)', () => {
  it('workers give what the page gives, in its order, and their errors', async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'tenfold-page-'));
    await build({ root, base: './', logLevel: 'error', worker: { format: 'es' }, build: { outDir } });
    copyFileSync(join(root, 'squares.js'), join(outDir, 'squares.js'));
    const server = await preview({
      root,
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1' },
      logLevel: 'error',
    });
    const browser = await chromium.launch(options);
    try {
      const page = await browser.newPage();
      await page.goto(server.resolvedUrls?.local[0] ?? '');
      // biome-ignore lint/suspicious/noExplicitAny: what the page leaves there
      const results = await page.evaluate(() => (globalThis as any).results);
      expect(results.here).toHaveLength(4);
      expect(results.there).toEqual(results.here);
      expect(results.started).toBe(3);
      expect(results.failure).toMatch(
        /^Caught RangeError in DataLoader worker 0: no sample 3 \| RangeError: no sample 3\n +at /,
      );
    } finally {
      await browser.close();
      await server.close();
      rmSync(outDir, { recursive: true });
    }
  }, 120_000);
});
