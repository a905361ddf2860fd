/** The package as npm gets it, installed in an empty folder: it loads, with or without a card, and says what there is. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { noCuda } from './no-cuda.test-support.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tenfold-package-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `import '@tenfold/backend-cuda-native/register';
import { devices, tensor } from '@tenfold/tensor-core';
const [device] = await devices();
let error = null;
try {
  tensor([1], { device: 'cuda' });
} catch ({ name, message }) {
  error = { name, message };
}
console.log(JSON.stringify({ device, error }));`;

const node = async (variables: NodeJS.ProcessEnv) => {
  const env = { ...process.env, ...variables };
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, env });
  return JSON.parse(stdout);
};

const here = `${process.platform}-${process.arch}`;

it.skipIf(noCuda !== null)(
  `loads from an empty folder and says why there is no device${noCuda ? `: ${noCuda}` : ''}`,
  async () => {
    await run(process.execPath, [join(root, 'packages/backend-cuda-native/scripts/prebuild.mjs')]);
    for (const name of ['tensor-core', 'backend-cuda-native', `backend-cuda-native-${here}`]) {
      const pack = ['pnpm', '--filter', `@tenfold/${name}`, 'pack', '--pack-destination', folder];
      await run(process.execPath, [join(root, 'tools/bootstrap.mjs'), ...pack], { cwd: root });
    }
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    expect(tarballs).toHaveLength(3);
    writeFileSync(join(folder, 'package.json'), '{}');
    // nothing of other platforms is needed, and no script runs
    const install = ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', [...install, ...tarballs.map((name) => `./${name}`)], { cwd: folder });

    const missing = await node({ TENFOLD_CUDA_DRIVER: join(folder, 'libcuda.so.1') });
    expect(missing.device).toMatchObject({ name: 'cuda:0', available: false });
    expect(missing.device.reason).toMatch(/can't be opened: .*libcuda\.so\.1/);
    expect(missing.error).toMatchObject({ name: 'DeviceError', message: expect.stringContaining("can't be opened") });

    // the machine's own
    const { device } = await node({ TENFOLD_CUDA_DRIVER: undefined });
    expect(device.available ? device.description : device.reason).toMatch(
      /compute capability|no NVIDIA driver|no device/,
    );

    const old = await node({ TENFOLD_EMULATOR: 'driver-version=10020' });
    expect(old.device).toMatchObject({ available: false, reason: expect.stringMatching(/driver.* 10\.2/) });

    const present = await node({});
    expect(present).toMatchObject({ device: { name: 'cuda:0', available: true }, error: null });
  },
  240_000,
);
