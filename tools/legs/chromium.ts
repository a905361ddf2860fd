/** A headless Chromium with no installation: the npm package holds the program and its shared libraries, compressed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import { playwright } from '@vitest/browser-playwright';
import { cache } from '../bootstrap/fetch.mjs';

const folder = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../..');
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
const home = join(cache, `chromium-${version}`);

/** vitest calls it before the first test of the leg: unpacks Chromium, once. */
export function setup(): void {
  if (existsSync(home)) return;
  console.error(`tenfold: unpacking Chromium ${version} for its test legs into .cache (once)`);
  const unpacked = (name: string): Buffer => brotliDecompressSync(readFileSync(join(folder, 'bin', name)));
  const staging = `${home}-${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    writeFileSync(join(staging, 'chromium'), unpacked('chromium.br'));
    chmodSync(join(staging, 'chromium'), 0o755);
    const { status } = spawnSync('tar', ['-x', '-C', staging], { input: unpacked('al2023.tar.br') });
    if (status !== 0) throw new Error(`tar could not unpack the libraries of Chromium (exit code ${status})`);
    renameSync(staging, home);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** The options of a vitest project whose tests run in that Chromium. They are our own tests: they need no sandbox, which containers often lack. */
export const inChromium = () => ({
  globalSetup: fileURLToPath(import.meta.url),
  browser: {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    provider: playwright({
      launchOptions: {
        executablePath: join(home, 'chromium'),
        args: ['--no-sandbox'],
        env: { ...process.env, LD_LIBRARY_PATH: join(home, 'lib') } as { [name: string]: string },
      },
    }),
    instances: [{ browser: 'chromium' as const }],
  },
});
