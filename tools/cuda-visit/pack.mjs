/**
 * Packs what a machine with a card needs to test and time the CUDA backend, where nothing can be installed: `node tools/cuda-visit/pack.mjs [FILE]`.
 * It has Node, the built packages, the addon with its kernels, the bench, the backend's tests in bundles, and `visit.mjs`, which runs it all.
 * Build first: `npm run build`, then scripts/build-native.mjs and scripts/build-kernels.mjs of packages/backend-cuda-native.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { cache } from '../bootstrap/fetch.mjs';
import { root } from '../bootstrap/root.mjs';

/** Files of the tree that travel, as they lie there. */
const packages = ['tensor-core', 'autograd', 'nn', 'optim', 'backend-cpu', 'backend-cuda-native', 'backend-testkit'];
const more = [
  'packages/backend-testkit/fixtures',
  'packages/backend-cuda-native/kernels',
  'packages/backend-cuda-native/native/build/cuda.node',
  'apps/bench/package.json',
  'apps/bench/dist',
  'apps/bench/src/contenders',
  'tools/cuda-visit/visit.mjs',
];

/** Tests that say something about a card; the others are about the emulated driver's faults. */
const tests = [
  'conformance',
  'overrides',
  'overrides.attention',
  'matmul',
  'index-kernels',
  'optimizer',
  'random',
  'scan',
  'sort',
  'streams',
];

const stage = join(cache, 'cuda-visit');
const home = fileURLToPath(new URL('.', import.meta.url));
const cuda = 'packages/backend-cuda-native';

/** @param {string} path */
function take(path) {
  if (!existsSync(join(root, path))) throw new Error(`pack: ${path} is not built`);
  const kept = (/** @type {string} */ file) => !/\.map$|\.d\.ts$|[/\\]pages$/.test(file);
  mkdirSync(dirname(join(stage, path)), { recursive: true });
  cpSync(join(root, path), join(stage, path), { recursive: true, filter: kept });
}

rmSync(stage, { recursive: true, force: true });
for (const path of [...packages.flatMap((name) => [`packages/${name}/package.json`, `packages/${name}/dist`]), ...more])
  take(path);

// packages find each other as they would if installed
mkdirSync(join(stage, 'node_modules/@tenfold'), { recursive: true });
for (const name of packages) symlinkSync(`../../packages/${name}`, join(stage, 'node_modules/@tenfold', name));

await build({
  config: false,
  cwd: join(root, cuda),
  entry: Object.fromEntries([
    ['run-tests', join(home, 'run-tests.mjs')],
    ...tests.map((name) => [name, join(root, cuda, `src/${name}.test.ts`)]),
  ]),
  // as deep as `dist`: from there the backend looks for its addon and kernels
  outDir: join(stage, cuda, 'tests'),
  format: 'esm',
  platform: 'node',
  target: 'es2023',
  fixedExtension: false,
  dts: false,
  logLevel: 'warn',
  alias: { vitest: join(home, 'vitest.mjs') },
  deps: {
    alwaysBundle: [/^@vitest\//, 'chai', 'pathe', 'tinyrainbow'],
    neverBundle: [/^@tenfold\//],
    onlyBundle: false,
  },
});

// the bundler put chunks beside them
writeFileSync(join(stage, cuda, 'tests/list.json'), JSON.stringify(tests.map((name) => `${name}.js`)));

mkdirSync(join(stage, 'bin'));
copyFileSync(process.execPath, join(stage, 'bin/node'));

const file = resolve(process.argv[2] ?? join(cache, 'cuda-visit.tar.gz'));
execFileSync('tar', ['-czf', file, '-C', stage, ...readdirSync(stage)]);
console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
