import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { inChromium, withChromium } from './tools/legs/chromium.ts';
import { onDawn } from './tools/legs/dawn.ts';
import { globalSetup as emulatedCuda, onEmulatedCuda } from './tools/legs/emulated-cuda.ts';
import { onNode24 } from './tools/legs/node24.ts';

/** Tests run on the TypeScript sources: nothing needs to be built first. */
const conditions = ['tenfold-source', 'module', 'node', 'development|production'];

/** The tests of the engine that don't run on every leg. */
const notOnLegs = [
  // counts the turns of a timer, and a page has other timers
  'src/breathe.test.ts',
  // sets flags of V8 through Node
  'src/kernels.test.ts',
  // starts processes and Node's threads; pages have src/threads-page.test.ts
  'src/threads.test.ts',
  // starts processes
  'src/process.test.ts',
  // 20,000 steps, and kernels against the cpu's at many shapes: long, and the same wherever the conformance suite passes
  'src/memory.test.ts',
  'src/matmul.test.ts',
  'src/reduce.test.ts',
  'src/scan.test.ts',
  'src/overrides.test.ts',
  'src/overrides.attention.test.ts',
  // of shapes and of autograd's batching: long, and the same wherever the conformance suite passes
  'src/inference.test.ts',
  'src/transforms.test.ts',
];

/** `npm test` checks types in `*.test-d.ts` too; a plain `vitest` doesn't pay for it. */
const typeTests = process.env.TENFOLD_TYPE_TESTS === '1';

const folders = ['packages', 'apps'].flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, root: `${group}/${name}` })),
);

/** Whether a project has type tests: vitest starts a compiler for each one that says so. */
function hasTypeTests(root: string): boolean {
  return ['src', 'test']
    .filter((folder) => existsSync(`${root}/${folder}`))
    .flatMap((folder) => readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }))
    .some((path) => path.endsWith('.test-d.ts'));
}

const project = (name: string, root: string, host: object = {}): TestProjectInlineConfiguration => ({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    name,
    include: ['**/*.test.ts'],
    // the backend scaffold's template, and what its tests write
    exclude: ['**/node_modules/**', 'dist/**', 'template/**', '.cache/**'],
    testTimeout: 60_000,
    typecheck: {
      enabled: typeTests && hasTypeTests(root),
      include: ['**/*.test-d.ts'],
      tsconfig: 'tsconfig.json',
      // lint checks the sources; here only the assertions about types count
      ignoreSourceErrors: true,
    },
    ...host,
  },
});

/** What a page needs to be cross-origin isolated, and with that to share memory between threads. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Kernels against plain ones at many shapes: pages run what Node 24 runs, and one that shares no memory what an isolated one does. */
const wasmTests = (...names: string[]): string[] => names.map((name) => `src/wasm/${name}.test.ts`);
const notInPages = wasmTests('matmul', 'reduce', 'winograd');

/** Where tests of backends run besides the Node of the suite; `tools/legs/check-host.ts` looks for what `host` says. */
const legs = [
  { backend: 'cpu', name: 'Node 24', host: { node: 24 }, options: onNode24() },
  {
    backend: 'cpu',
    name: 'Chromium',
    host: { isolated: false },
    options: inChromium(),
    exclude: [...notInPages, ...wasmTests('attention', 'overrides'), 'src/direct/**'],
  },
  {
    backend: 'cpu',
    name: 'Chromium isolated',
    host: { isolated: true },
    options: inChromium(),
    headers: isolation,
    exclude: notInPages,
  },
  // the same Dawn as in Node, which runs every check
  { backend: 'webgpu', name: 'Chromium', host: { isolated: false }, options: inChromium({ webgpu: true }), every: 4 },
];

/** The programs of the legs are fetched for this platform only; `tools/legs/absent.test.ts` says so on others. */
const hasLegs = process.platform === 'linux' && process.arch === 'x64';
const legsOfHere = hasLegs ? legs : [];

/** What the tests of a folder need of the process that runs them. Elsewhere WebGPU has the adapter of the machine. */
// SwiftShader's threads wait for one another: beside other work a step takes ten times as long
const dawn = { ...onDawn(), maxWorkers: 1 };
const browser = hasLegs ? { ...withChromium({ webgpu: true }), maxWorkers: 1 } : {};
const hostOf: { readonly [name: string]: object | undefined } = hasLegs
  ? {
      'backend-cuda-native': onEmulatedCuda(),
      'backend-webgpu': dawn,
      // their tests of CUDA name the emulated driver themselves
      bench: { globalSetup: emulatedCuda },
      'linear-demo': { ...dawn, globalSetup: [dawn.globalSetup, emulatedCuda] },
      data: withChromium(),
      mnist: { ...dawn, ...withChromium(), globalSetup: dawn.globalSetup },
      playground: browser,
    }
  : {};

export default defineConfig({
  test: {
    // vitest leaves one core to itself: on the two of a small machine, half of the suite's time
    maxWorkers: availableParallelism(),
    projects: [
      ...folders.map(({ name, root }) => project(name, root, hostOf[name])),
      project('tools', 'tools'),
      // every program of the pages is a process of its own
      project('docs', 'docs', { ...browser, maxConcurrency: availableParallelism() }),
      ...legsOfHere.map(({ backend, name, host, options, headers, every = 1, exclude = [] }) => ({
        root: `packages/backend-${backend}`,
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        server: { headers },
        test: {
          name: `backend-${backend} on ${name}`,
          include: ['src/**/*.test.ts'],
          exclude: [...notOnLegs, ...exclude],
          testTimeout: 60_000,
          setupFiles: fileURLToPath(new URL('tools/legs/check-host.ts', import.meta.url)),
          provide: { host, every },
          ...options,
        },
      })),
    ],
  },
});
