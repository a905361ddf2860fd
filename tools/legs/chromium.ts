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
const home = join(cache, `chromium-${version}-gpu`);

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
    // the libraries it needs, and SwiftShader: a Vulkan driver that computes on the CPU
    for (const name of ['al2023', 'swiftshader']) {
      const { status } = spawnSync('tar', ['-x', '-C', staging], { input: unpacked(`${name}.tar.br`) });
      if (status !== 0) throw new Error(`tar could not unpack ${name} of Chromium (exit code ${status})`);
    }
    renameSync(staging, home);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Variables under which Vulkan finds SwiftShader, for processes that use WebGPU outside of a browser. */
export const swiftShader = {
  VK_ICD_FILENAMES: join(home, 'vk_swiftshader_icd.json'),
  LD_LIBRARY_PATH: home,
};

/** How to start that Chromium. What runs in it are our own tests: they need no sandbox, which containers often lack. */
export const launchOptions = ({ webgpu = false } = {}) => ({
  executablePath: join(home, 'chromium'),
  // a WebGPU adapter where there is no GPU
  args: webgpu
    ? ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']
    : ['--no-sandbox'],
  env: { ...process.env, LD_LIBRARY_PATH: `${join(home, 'lib')}:${home}` } as { [name: string]: string },
});

/** The options of a vitest project whose tests run in that Chromium. */
export const inChromium = (options: { readonly webgpu?: boolean } = {}) => ({
  globalSetup: fileURLToPath(import.meta.url),
  browser: {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    provider: playwright({ launchOptions: launchOptions(options) }),
    instances: [{ browser: 'chromium' as const }],
  },
});

/** The options of a vitest project whose tests start that Chromium themselves: `inject('chromium')` says how. */
export const withChromium = (options: { readonly webgpu?: boolean } = {}) => ({
  globalSetup: fileURLToPath(import.meta.url),
  provide: { chromium: launchOptions(options) },
});
