import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { file, folder, run, start } from './run.ts';

const good = () => file('good.csv', 'a,b,kind,price\n1,2,x,3\n2,1,y,4\n3,5,x,9\n4,3,y,8\n');

describe('bad input', () => {
  const out = join(folder, 'out');
  let before: string[];

  beforeAll(async () => {
    const { code } = await run(
      '--csv',
      good(),
      '--target',
      'price',
      '--features',
      'a,b',
      '--epochs',
      '2',
      '--out',
      out,
    );
    expect(code).toBe(0);
    before = contents();
  });

  const contents = () => readdirSync(out).map((name) => `${name} ${readFileSync(join(out, name), 'base64')}`);

  it.each<[string, string[], string]>([
    ['a missing file', ['--csv', 'nowhere.csv', '--target', 'price'], 'there is no such file'],
    ['a folder', ['--csv', '.', '--target', 'price'], 'it is a folder'],
    ['an unknown target', ['--csv', 'good.csv', '--target', 'cost'], 'has no such column; it has a, b, kind, price'],
    ['an unknown feature', ['--csv', 'good.csv', '--target', 'price', '--features', 'a,c'], '--features c'],
    [
      'a text column',
      ['--csv', 'good.csv', '--target', 'price', '--features', 'a,kind'],
      "the column 'kind' holds text ('x' in line 2)",
    ],
    ['a text target', ['--csv', 'good.csv', '--target', 'kind'], "the column 'kind' holds text"],
    [
      'the target as a feature',
      ['--csv', 'good.csv', '--target', 'price', '--features', 'a,price'],
      "'price' is the target",
    ],
    ['no target', ['--csv', 'good.csv'], '--csv needs --target'],
    ['a target without a file', ['--target', 'price'], 'need --csv'],
    ['an empty file', ['--csv', 'empty.csv', '--target', 'price'], 'no rows'],
    ['no rows left', ['--csv', 'gaps.csv', '--target', 'b'], '0 of 2 rows are left'],
    ['a ragged file', ['--csv', 'ragged.csv', '--target', 'b'], 'not a CSV file'],
    ['a constant column', ['--csv', 'constant.csv', '--target', 'b'], "the column 'a' has the same value in every row"],
    ['an unknown device', ['--device', 'abacus'], 'Devices: cpu: available'],
    ['a device that is not there', ['--device', 'cuda'], 'cuda:0: not available'],
    ['a word for a number', ['--epochs', 'many'], '--epochs many: must be a whole number'],
    ['a fraction of a batch', ['--batch', '2.5'], '--batch 2.5: must be a whole number'],
    ['no learning', ['--lr', '0'], '--lr 0: must be a number above 0'],
    ['a negative seed', ['--seed=-1'], '--seed -1: must be a whole number'],
    ['an opset too low', ['--opset', '10'], '--opset 10: must be a whole number from 11 to 21'],
    ['an opset too high', ['--opset', '22'], 'from 11 to 21'],
    ['an unknown form', ['--custom-ops', 'magic'], 'choose one of function, opaque, inline'],
    ['an unknown dtype', ['--dtype', 'int8'], 'choose one of float64, float32'],
    ['an unknown flag', ['--epoch', '3'], '--help lists the flags'],
    ['an unwritable folder', ['--out', 'good.csv/inside'], "the folder can't be written"],
    ['a learning rate too large', ['--example', 'line', '--lr', '1e9', '--epochs', '50'], 'the training diverged'],
  ])('%s: one line, exit code 2, earlier files untouched', async (_, flags, message) => {
    good();
    file('empty.csv', 'a,price\n');
    file('gaps.csv', 'a,b\n1,\n,2\n');
    file('ragged.csv', 'a,b\n1,2\n3\n');
    file('constant.csv', 'a,b\n1,2\n1,3\n1,4\n');
    const { code, stderr } = await run(...(flags.includes('--out') ? [] : ['--out', out]), ...flags);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(contents()).toEqual(before);
  });

  it('Ctrl-C leaves no half-written file and ends with 130', async () => {
    const { child, ended } = start(['--example', 'line', '--epochs', '1000000', '--out', out]);
    await new Promise((done) => child.stdout?.once('data', done));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toContain('stopped');
    expect(contents()).toEqual(before);
  });
});

it('--help names every flag and writes nothing', async () => {
  const { code, stdout } = await run('--help', '--out', join(folder, 'none'));
  expect(code).toBe(0);
  const flags = [
    'csv',
    'target',
    'features',
    'device',
    'dtype',
    'epochs',
    'batch',
    'lr',
    'seed',
    'opset',
    'custom-ops',
    'out',
    'verbose',
    'json',
  ];
  for (const flag of flags) expect(stdout).toContain(`--${flag}`);
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
