import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { buildEmulator } from './build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const built = await buildEmulator({ kernels: [join(here, 'test/kernels.cu')] });
const reason = 'reason' in built ? built.reason : null;
const folder = mkdtempSync(join(tmpdir(), 'cuda-emulator-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const program = join(folder, 'program');
if (!('reason' in built)) {
  const libraries = ['libcuda.so.1', 'libnvrtc.so.12', 'libcublasLt.so.12'].map((name) => join(built.libraries, name));
  const options = ['-std=c++17', '-Wall', '-Wextra', '-Werror', `-Wl,-rpath,${built.libraries}`, '-o', program];
  const compiled = spawnSync('g++', [...options, join(here, 'test/program.cc'), ...libraries], { encoding: 'utf8' });
  if (compiled.status !== 0) throw new Error(compiled.stderr);
}

interface Ran {
  readonly numbers: readonly number[];
  /** What the driver wrote. */
  readonly said: string;
}

/** Runs a scenario of `test/program.cc` with settings of the emulator. */
function run(scenario: string, settings = ''): Ran {
  const { status, stdout, stderr } = spawnSync(program, scenario.split(' '), {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, TENFOLD_EMULATOR: settings },
  });
  if (status !== 0) throw new Error(`${scenario} ended with ${status}: ${stdout}${stderr}`);
  return { numbers: stdout.trim().split(/\s+/).map(Number), said: stderr };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Results of the driver. */
const [ok, outOfMemory, noDevice, noBinary, invalidPtx, ptxTooNew, notReady, illegalAddress, launchFailed] = [
  0, 2, 100, 209, 218, 222, 600, 700, 719,
];
const notPermitted = 800;
const captureUnsupported = 900;
const captureInvalidated = 901;

describe.skipIf(reason !== null)(`the emulated CUDA driver${reason === null ? '' : ` (${reason})`}`, () => {
  describe('threads', () => {
    test.each(['', 'threads=backward', 'blocks=backward', 'blocks=shuffled,threads=backward'])(
      'reduce by shuffles and shared memory in any order: %s',
      (settings) => {
        for (const [count, blocks] of [
          [1, 1],
          [257, 3],
          [100_003, 17],
        ]) {
          expect(run(`sum ${count} ${blocks}`, settings).numbers).toEqual([(count * (count - 1)) / 2]);
        }
      },
    );

    test.each(['', 'threads=backward'])('exchange as warps do: %s', (settings) => {
      const bits = (holds: (lane: number) => boolean): number =>
        range(32).reduce((mask, lane) => mask + (holds(lane) ? 2 ** lane : 0), 0);
      const expected = range(64).flatMap((thread) => {
        const lane = thread % 32;
        const segment = lane - (lane % 8);
        return [
          15,
          (segment + ((lane + 1) % 8)) * 3,
          lane < 3 ? lane : lane - 3,
          lane % 8 < 3 ? lane : lane - 3,
          lane > 28 ? lane : lane + 3,
          lane % 8 > 4 ? lane : lane + 3,
          lane ^ 5,
          (lane ^ 16) * 2 ** 40,
          bits((other) => other % 3 === 0),
          1,
          0,
          bits((other) => other % 5 === lane % 5),
          lane < 16 ? lane ^ 15 : (lane ^ 1) + 100,
          16,
          2,
          1,
        ];
      });
      expect(run('one test_warp 64 16', settings).numbers).toEqual(expected);
    });

    test('that have ended are not waited for', () => {
      const { numbers } = run('one test_early 128 1');
      // memory that nobody wrote has all bits set
      expect(numbers).toEqual(range(128).map((i) => (i < 40 ? -1 : 88)));
    });

    test('race differently in another order', () => {
      const forward = run('one test_race 64 1').numbers;
      expect(forward.slice(1)).toEqual(range(63).map((i) => i + 5));
      expect(run('one test_race 64 1', 'threads=backward').numbers).not.toEqual(forward);
    });

    test('multiply pieces on tensor cores', () => {
      const a = (i: number, l: number): number => (i + 2 * l) % 8;
      const b = (l: number, j: number): number => (3 * l + j) % 8;
      const product = (i: number, j: number): number => range(16).reduce((sum, l) => sum + a(i, l) * b(l, j), 0);
      const expected = range(256).map((at) => 2 * product(Math.floor(at / 16), at % 16) + 1);
      expect(run('tensor-core').numbers).toEqual(expected);
    });
  });

  describe('mistakes', () => {
    test.each([
      [
        'a barrier that a thread does not reach',
        'test_skipped_barrier 64',
        /nobody can go on[\s\S]*63 at __syncthreads/,
      ],
      [
        'barriers in two branches',
        'test_divergent_barrier 64',
        /kernels\.cu:\d+\) while others wait at .*divergent barriers/,
      ],
      [
        'collectives in two branches',
        'test_divergent_collective 32',
        /__shfl_down_sync .* while lane 0 waits at __shfl_xor_sync/,
      ],
      ['a mask that names lanes which are not there', 'test_absent_lane 31', /names lanes 0x80000000/],
      ['a division by zero', 'test_divide_by_zero 32', /divides a whole number by zero/],
      ['local variables that are too large', 'test_deep_stack 32', /more than the stack of a fiber/],
    ])('%s', (_, kernel, message) => {
      const { numbers, said } = run(`fail ${kernel}`);
      expect(numbers).toEqual([ok, launchFailed, launchFailed, ok]);
      expect(said).toMatch(message);
    });

    test('a write out of bounds', () => {
      const { numbers, said } = run('fail test_stray_write 32');
      expect(numbers).toEqual([ok, illegalAddress, illegalAddress, ok]);
      expect(said).toMatch(/test_stray_write, block \(0, 0, 0\): thread \(31, 0, 0\): reads or writes/);
    });

    test('a copy out of bounds', () => {
      expect(run('copy-out-of-range').numbers).toEqual([ok, illegalAddress, illegalAddress]);
    });

    test('memory that is freed while work needs it', () => {
      expect(run('free-early').numbers).toEqual([illegalAddress]);
      // work that does not wait can't tell
      expect(run('free-early', 'eager').numbers).toEqual([ok]);
    });
  });

  describe('streams', () => {
    test('run late: page-locked memory is read when the copy runs', () => {
      expect(run('late').numbers).toEqual([notReady, ok, 1, 2, 1]);
      expect(run('late', 'eager').numbers).toEqual([ok, ok, 1, 1, 1]);
    });

    test('wait for each other by events alone', () => {
      const filled = range(10).map((i) => 7 * i);
      expect(run('events wait').numbers).toEqual([...filled, ok, ok]);
      expect(run('events alone').numbers).toEqual([...range(10).fill(-1), notReady, ok]);
    });

    test('call the host in their order', () => {
      expect(run('host-call').numbers).toEqual([42, notPermitted]);
    });

    test('are captured, and graphs are launched again', () => {
      const copied = [0, 9, 18, 27];
      expect(run('graph').numbers).toEqual([-2, -2, -2, -2, ...copied, ...copied]);
      expect(run('spoiled-capture').numbers).toEqual([captureUnsupported, captureInvalidated, ok]);
    });
  });

  test('refuses images that are not of the kernels it has', () => {
    expect(run('images').numbers).toEqual([ok, invalidPtx, invalidPtx, ptxTooNew, noBinary, invalidPtx, ok]);
    // CUDA 11.0 takes PTX 7.0; the device is older than the target
    expect(run('images', 'driver-version=11000').numbers[0]).toBe(ok);
    expect(run('images', 'driver-version=10020').numbers[0]).toBe(ptxTooNew);
    expect(run('images', 'capability=7.0').numbers[0]).toBe(invalidPtx);
  });

  test('fails as it is asked to', () => {
    const asked = (settings: string): readonly number[] => run('asked 2 3 1048576', settings).numbers;
    expect(asked('')).toEqual([ok, 1, ok, ok, ok, ok, ok]);
    // the scenario has made one allocation before
    expect(asked('oom-at=2')).toEqual([ok, 1, outOfMemory, ok, ok, ok, ok]);
    expect(asked('memory=1500K')).toEqual([ok, 1, ok, outOfMemory, ok, ok, ok]);
    expect(asked('launch-fail-at=2')).toEqual([ok, 1, ok, ok, ok, launchFailed, launchFailed]);
    expect(asked('illegal-at=3')).toEqual([ok, 1, ok, ok, ok, ok, illegalAddress]);
    expect(asked('lost-at=1,lost-error=214')).toEqual([ok, 1, ok, ok, 214, 214, 214]);
    expect(asked('devices=3')).toEqual([ok, 3, ok, ok, ok, ok, ok]);
    expect(asked('devices=0').slice(0, 1)).toEqual([noDevice]);
    expect(asked('init=999').slice(0, 1)).toEqual([999]);
  });

  test('computes as CUDA does', () => {
    expect(run('halves').numbers).toEqual([0, 0]);
    const [inverse, tail, quantile, exact] = run('functions').numbers;
    expect(inverse).toBeLessThan(2);
    expect(tail).toBeLessThan(2);
    expect(quantile).toBeLessThan(4);
    expect(exact).toBe(1);
    expect(run('bits').numbers).toEqual([
      ...[32, 31, 63, 0, 4, 0x80000000, 0xfffffffe, 3, 0x77225500],
      ...[2 ** 31 - 1, -(2 ** 31), 0, 0, 2, 3, 2, 2 ** 32 - 1, 1],
    ]);
  });

  test('multiplies as cuBLASLt, with bias and relu', () => {
    const [m, n, k] = [9, 5, 4];
    const expected = range(2 * m * n).map((at) => {
      const [i, j, e] = [at % m, Math.floor(at / m) % n, Math.floor(at / (m * n))];
      return Math.max(
        0,
        range(k).reduce((sum, l) => sum + (i - l + e) * (j + l - 3), i),
      );
    });
    expect(run(`product ${m} ${n} ${k}`).numbers).toEqual(expected);
  });

  test('compiles as NVRTC', () => {
    const [unknownOption, doesNotCompile] = [5, 6];
    expect(run('compile').numbers).toEqual([...range(100).map((i) => 3 * i * i), unknownOption, doesNotCompile, 1]);
  });
});

test.skipIf(reason !== null)('a driver can lack a function', async () => {
  const lacking = await buildEmulator({ kernels: [join(here, 'test/kernels.cu')], hide: ['cuGraphLaunch'] });
  const names = (driver: string): string =>
    spawnSync('nm', ['-D', '--defined-only', driver], { encoding: 'utf8' }).stdout;
  if ('reason' in lacking || 'reason' in built) throw new Error('it was built before');
  expect(names(built.driver)).toMatch(/ cuGraphLaunch$/m);
  expect(names(lacking.driver)).not.toMatch(/ cuGraphLaunch$/m);
  expect(names(lacking.driver)).toMatch(/ cuLaunchKernel$/m);
});
