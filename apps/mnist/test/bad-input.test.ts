import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveCheckpoint } from '@tenfold/serialize/node';
import { agreeing, UsageError } from 'app-common/command-line';
import { describe, expect, it } from 'vitest';
import { defaults, help, readOptions } from '../src/cli.ts';
import { folder, run } from './run.ts';

describe('flags', () => {
  it('are few, and all in the help', async () => {
    expect(readOptions([])).toMatchObject({
      settings: {},
      device: null,
      resume: false,
      out: 'out/mnist',
      saveEvery: 200,
    });
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toBe(help);
    for (const flag of [
      'epochs',
      'batch-size',
      'lr',
      'limit',
      'seed',
      'device',
      'threads',
      'out',
      'save-every',
      'resume',
    ])
      expect(help).toContain(`  --${flag} `);
  });

  it.each<[string[], string]>([
    [['--epochs', '0'], '--epochs 0: must be a whole number from 1 to 1000000'],
    [['--epochs', 'many'], '--epochs many: must be a whole number'],
    [['--batch-size', '2.5'], '--batch-size 2.5: must be a whole number'],
    [['--limit', '60001'], '--limit 60001: must be a whole number from 1 to 60000'],
    [['--lr', '0'], '--lr 0: must be a number above 0'],
    [['--lr', ''], '--lr : must be a number above 0'],
    [['--seed=-1'], '--seed -1: must be a whole number'],
    [['--threads', '1000'], '--threads 1000: must be a whole number from 1 to 256'],
    [['--save-every', '0'], '--save-every 0: must be a whole number'],
    [['--epoch', '3'], "Unknown option '--epoch'; --help lists the flags"],
    [['--epochs'], '--help lists the flags'],
    [['3'], '--help lists the flags'],
  ])('%j is refused', (argv, message) => {
    expect(() => readOptions(argv)).toThrow(UsageError);
    expect(() => readOptions(argv)).toThrow(message);
  });

  it('may repeat what a checkpoint says, and not contradict it', () => {
    const resumed = (...argv: string[]) => agreeing({ ...defaults, seed: 7 }, readOptions(argv)?.settings ?? {});
    expect(resumed('--seed', '7')).toEqual({ ...defaults, seed: 7 });
    expect(() => resumed('--batch-size', '32')).toThrow('--batch-size 32: the run to go on with has 64');
  });
});

it('says in one line what is wrong, with exit code 2', async () => {
  const bad = join(folder, 'bad');
  writeFileSync(bad, '');
  const others = join(folder, 'checkpoint.safetensors');
  const cases: [string[], string][] = [
    [['--device', 'abacus'], "--device abacus can't be used. Devices: cpu: available"],
    [['--device', 'cpu', '--out', join(bad, 'inside')], "the folder can't be written"],
    [['--device', 'cpu', '--resume', '--out', join(folder, 'none')], '--resume: there is no checkpoint'],
    [['--device', 'cpu', '--resume', '--out', folder], 'is a checkpoint of another program'],
  ];
  await saveCheckpoint(others, { step: 1 });
  for (const [flags, message] of cases) {
    const { code, stderr } = await run(...flags);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  }
  writeFileSync(others, 'no checkpoint');
  const { code, stderr } = await run('--device', 'cpu', '--resume', '--out', folder);
  expect(stderr).toMatch(/^mnist: --resume: loadCheckpoint: .*\n$/);
  expect(code).toBe(2);
});
