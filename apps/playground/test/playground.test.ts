/** The page in a browser: trains to a stated accuracy on both devices, and the file that it gives runs in onnxruntime. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** How to start a browser that has a WebGPU adapter; absent on platforms for which none is fetched. */
    chromium?: { readonly executablePath: string; readonly args: string[]; readonly env: { [name: string]: string } };
  }
}

const root = fileURLToPath(new URL('..', import.meta.url));
const pictures = `${root}dist/screenshots`;
const options = inject('chromium');

let server: PreviewServer;
let browser: Browser;
let page: Page;
let problems: string[];

/** What the page shows under an id. */
const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? '';
const number = async (id: string): Promise<number> => Number.parseFloat((await text(id)).replaceAll(',', ''));

/** Waits until the score is at least `percent`, then pauses. */
async function trainUntil(percent: number): Promise<void> {
  await page.click('#train');
  await page.waitForFunction(
    (wanted) => Number.parseFloat(document.getElementById('score')?.textContent ?? '') >= wanted,
    percent,
  );
  await page.click('#train');
  await page.waitForFunction(() => document.getElementById('train')?.textContent === 'Train');
}

/** Runs the downloaded network in onnxruntime. */
async function exported(dims: readonly number[], data: readonly number[]): Promise<number[]> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}test/run-onnx.mjs`, await file.path()], {
    input: JSON.stringify({ dims, data }),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Picks a device or what to learn, and waits until the page shows it. */
async function choose(name: 'device' | 'subject', value: string): Promise<void> {
  await page.check(`input[name=${name}][value=${value}]`, { force: true });
  const shown = { cpu: '#device-name', webgpu: '#device-name', line: 'canvas[role=img]', digits: 'ul.digits' }[value];
  await page.waitForSelector(name === 'device' ? `${shown}:text-is("${value}")` : `#picture ${shown}`);
}

describe.skipIf(!options)('the page (its browser comes from npm for Linux on x64 only)', () => {
  beforeAll(async () => {
    await build({ root, logLevel: 'error' });
    mkdirSync(pictures, { recursive: true });
    server = await preview({ root, preview: { port: 0, host: '127.0.0.1' }, logLevel: 'error' });
    browser = await chromium.launch(options);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  beforeEach(async () => {
    page = await browser.newPage({ locale: 'en-US', viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(45_000);
    problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    await page.waitForSelector('#devices label');
  });

  afterEach(async () => {
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(['cpu', 'webgpu'])('separates two moons on %s, and the file agrees', async (device) => {
    await choose('device', device);
    await trainUntil(97);
    expect(await text('device-name')).toBe(device);
    expect(await number('rate')).toBeGreaterThan(0);
    expect(await text('memory')).toMatch(/ [KM]iB$/);
    expect(await text('message')).toBe('');
    await page.screenshot({ path: `${pictures}/moons-${device}.png` });
    // the middles of the two moons, well inside of each
    const [a, b, c, d] = await exported([2, 2], [0, 0.95, 1, -0.45]);
    expect(a).toBeGreaterThan(b);
    expect(c).toBeLessThan(d);
  });

  it('fits a line, whose file has its slope and intercept', async () => {
    await choose('subject', 'line');
    await page.click('#train');
    await page.waitForFunction(() => Number.parseFloat(document.getElementById('loss')?.textContent ?? '9') < 0.03);
    await page.click('#train');
    await page.screenshot({ path: `${pictures}/line.png` });
    const [at0, at1] = await exported([2, 1], [0, 1]);
    // the points lie near 0.8 x + 0.4, with noise of 0.15: the mean of 120 of them is within 0.06 of it
    expect(at0).toBeCloseTo(0.4, 1);
    expect(at1 - at0).toBeCloseTo(0.8, 1);
  });

  it('learns digits', async () => {
    await choose('subject', 'digits');
    await trainUntil(90);
    await page.screenshot({ path: `${pictures}/digits.png`, fullPage: true });
    expect(await page.locator('ul.digits .right').count()).toBeGreaterThan(22);
    expect(await exported([3, 1, 28, 28], Array(3 * 784).fill(0))).toHaveLength(30);
  });

  it('can be used from the keyboard, and a trained network keeps learning when points are drawn', async () => {
    await page.keyboard.press('s');
    await expect.poll(() => number('steps')).toBe(1);
    await page.focus('canvas.plane');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Enter');
    await page.keyboard.press('t');
    await expect.poll(() => number('steps')).toBeGreaterThan(20);
    await page.keyboard.press('t');
    await page.waitForFunction(() => document.getElementById('train')?.textContent === 'Train');
    await page.keyboard.press('r');
    await expect.poll(() => text('steps')).toBe('0');
  });

  it('draws points with the mouse', async () => {
    await page.click('text=Clear');
    const { x, y, width, height } = (await page.locator('canvas.plane').boundingBox()) ?? {
      x: 0,
      y: 0,
      width: 0,
      height: 0,
    };
    const stroke = async (part: number): Promise<void> => {
      await page.mouse.move(x + width * part, y + height * 0.3);
      await page.mouse.down();
      await page.mouse.move(x + width * part, y + height * 0.7, { steps: 12 });
      await page.mouse.up();
    };
    await stroke(0.25);
    await page.check('input[name=class] >> nth=1', { force: true });
    await stroke(0.75);
    await trainUntil(100);
    await page.screenshot({ path: `${pictures}/drawn.png` });
    // left and right of the middle
    const [a, b, c, d] = await exported([2, 2], [-0.5, 0.25, 1.5, 0.25]);
    expect(a).toBeGreaterThan(b);
    expect(c).toBeLessThan(d);
  });

  it('says why a device is not there', async () => {
    const bare = await chromium.launch({ ...options, args: ['--no-sandbox', '--disable-features=WebGPU'] });
    try {
      const other = await bare.newPage({ locale: 'en-US' });
      await other.goto(server.resolvedUrls?.local[0] ?? '');
      await other.waitForSelector('#devices label');
      expect(await other.isDisabled('input[value=webgpu]')).toBe(true);
      expect(await other.textContent('#device-hint')).toMatch(/^webgpu: /);
      await other.click('#train');
      await other.waitForFunction(() => Number.parseFloat(document.getElementById('steps')?.textContent ?? '') > 10);
    } finally {
      await bare.close();
    }
  });
});
