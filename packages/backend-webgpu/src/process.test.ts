/** The backend in a Node process of its own: how it ends, and what it says where the package `webgpu` is missing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { afterAll, beforeAll, expect, it } from 'vitest';
import config from '../tsdown.config.ts';

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** One folder from which Node finds the package `webgpu`, and one from which it doesn't. */
const folders = [mkdtempSync(join(source('..'), 'node_modules', '.process-')), mkdtempSync(join(tmpdir(), 'process-'))];
const [beside, apart] = folders;

beforeAll(async () => {
  const [library] = [config].flat();
  for (const outDir of folders) {
    const entry = { tested: source('./process.test-support.ts') };
    await build({
      ...library,
      config: false,
      tsconfig: false,
      entry,
      outDir,
      sourcemap: false,
      dts: false,
      inputOptions: { resolve: { conditionNames: ['tenfold-source', 'import', 'node', 'default'] } },
      deps: { alwaysBundle: [/^@tenfold\//], neverBundle: ['webgpu'] },
    });
  }
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function run(folder: string, program: string) {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, `import * as lib from './tested.js';\n${program}`);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 50_000 });
  return { status, signal, stdout, stderr };
}

const training = `
lib.registerBackend(await lib.webgpu());
const device = 'webgpu';
const model = new lib.Linear(3, 1, { device });
const optimizer = new lib.Adam(model.parameters(), { lr: 0.1 });
const x = lib.rand([16, 3], { device });
let loss;
for (let step = 0; step < 5; step++) {
  optimizer.zeroGrad();
  loss = model.forward(x).square().mean();
  loss.backward();
  optimizer.step();
}
`;

it('ends by itself after training', () => {
  const result = run(beside, `${training} console.log((await loss.item()) >= 0);`);
  expect(result).toEqual({ status: 0, signal: null, stdout: 'true\n', stderr: '' });
});

it('ends by itself while commands wait and a read is under way', () => {
  const result = run(beside, `${training} loss.item().then(() => {}); console.log('end');`);
  expect(result).toEqual({ status: 0, signal: null, stdout: 'end\n', stderr: '' });
});

it('ends at once by process.exit', () => {
  const result = run(beside, `${training} loss.item(); process.exit(3);`);
  expect(result).toEqual({ status: 3, signal: null, stdout: '', stderr: '' });
});

it('says what to install where the package webgpu is missing', () => {
  const result = run(
    apart,
    `lib.registerBackend(await lib.webgpu());
    console.log((await lib.devices())[0].reason);
    try { lib.ones([2], { device: 'webgpu' }); } catch (error) { console.log(error.name, error.message); }`,
  );
  expect(result).toMatchObject({ status: 0, stderr: '' });
  const [reason, error] = result.stdout.trim().split('\n');
  expect(reason).toContain('npm install webgpu');
  expect(error).toMatch(/^DeviceError .*npm install webgpu/);
});
