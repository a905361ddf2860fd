/** Contenders as pages of one headless Chromium, whose WebGPU adapter they share. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type LaunchOptions, type Page as Tab } from 'playwright';
import type { Page, Sample } from './page.ts';
import type { Contender } from './processes.ts';
import { us } from './table.ts';

/** A page: its script in `dist/pages`, and the package that it shows. */
const pages = [
  { name: us, script: 'tenfold', title: 'Tenfold webgpu' },
  { name: 'tfjs-webgpu', script: 'tfjs', title: 'tfjs webgpu', package: '@tensorflow/tfjs-backend-webgpu' },
  { name: 'jax-js', script: 'jax', title: 'jax-js webgpu', package: '@jax-js/jax' },
];

const folder = fileURLToPath(new URL('./pages', import.meta.url));

/** The Chromium of the test legs, which lies outside of this app. */
const legs = (await import(new URL('../../../tools/legs/chromium-home.mjs', import.meta.url).href)) as {
  setup(): void;
  launchOptions(flags: { webgpu: boolean }): LaunchOptions;
};

async function versionOf(name: string): Promise<string> {
  const entry = createRequire(import.meta.url).resolve(name);
  const root = entry.slice(0, entry.lastIndexOf(join('node_modules', ...name.split('/'))));
  const text = await readFile(join(root, 'node_modules', ...name.split('/'), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Serves the scripts of the pages, and a page for each, to this machine only. */
async function serveScripts(): Promise<Server> {
  const server = createServer(async ({ url = '/' }, response) => {
    const file = basename(url);
    try {
      if (url.startsWith('/show/')) {
        response.setHeader('Content-Type', 'text/html');
        response.end(`<!doctype html><title>${file}</title><script type="module" src="/${file}.js"></script>`);
      } else {
        const code = await readFile(join(folder, file));
        response.setHeader('Content-Type', 'text/javascript');
        response.end(code);
      }
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** What is read of a page: `contender` is there once its script has run. */
type Scope = typeof globalThis & { contender?: Page };

class PageContender implements Contender {
  readonly threads = 1;
  readonly name: string;
  readonly label: string;
  readonly version: string;
  readonly rows: ReadonlySet<string>;
  readonly #tab: Tab;

  constructor(name: string, version: string, rows: readonly string[], tab: Tab) {
    this.name = this.label = name;
    this.version = version;
    this.rows = new Set(rows);
    this.#tab = tab;
  }

  measure(row: string, milliseconds: number): Promise<Sample> {
    return this.#tab.evaluate(([name, time]) => ((globalThis as Scope).contender as Page).measure(name, time), [
      row,
      milliseconds,
    ] as const);
  }
}

/** Opens a page; text in place of its rows says why it can't run here. */
async function open(tab: Tab, url: string): Promise<readonly string[] | string> {
  const failed = new Promise<string>((resolve) => {
    tab.on('pageerror', (error) => resolve(error.message));
  });
  await tab.goto(url);
  const ready = tab
    .waitForFunction(() => (globalThis as Scope).contender, undefined, { timeout: 60_000 })
    .then(() => tab.evaluate(() => ((globalThis as Scope).contender as Page).rows));
  return Promise.race([ready, failed]);
}

async function adapterOf(tab: Tab): Promise<string> {
  return tab.evaluate(async () => {
    const { vendor, architecture, description } = (await navigator.gpu.requestAdapter())?.info ?? {};
    return description || [vendor, architecture].filter(Boolean).join(' ') || 'an adapter without a name';
  });
}

/** Starts Chromium with a page per contender. `stop` ends all of it. */
export async function openPages() {
  legs.setup();
  const server = await serveScripts();
  let browser: Browser | undefined;
  const stop = async (): Promise<void> => {
    await browser?.close();
    server.close();
  };
  try {
    browser = await chromium.launch(legs.launchOptions({ webgpu: true }));
    const { port } = server.address() as AddressInfo;
    const contenders: PageContender[] = [];
    const absent: Record<string, string> = {};
    let adapter = '';
    for (const { name, script, title, package: dependency } of pages) {
      const tab = await browser.newPage();
      const opened = await open(tab, `http://127.0.0.1:${port}/show/${script}`);
      if (typeof opened === 'string') {
        absent[name] = opened;
        continue;
      }
      adapter ||= await adapterOf(tab);
      const version = dependency ? `${title} ${await versionOf(dependency)}` : title;
      contenders.push(new PageContender(name, version, opened, tab));
    }
    return { contenders, absent, adapter: `${adapter} in Chromium ${browser.version()}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
