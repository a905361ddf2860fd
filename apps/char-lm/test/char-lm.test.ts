/** A shortened run, from text to a page: what it gives is checked by other programs. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { viewSafetensors } from '@tenfold/serialize';
import { beforeAll, expect, it } from 'vitest';
import { corpusOf, mobyDick } from '../src/text.ts';
import { built, folder, run, start } from './run.ts';

const model = [
  '--limit',
  '60000',
  '--steps',
  '120',
  '--context',
  '24',
  '--layers',
  '2',
  '--heads',
  '2',
  '--width',
  '32',
  '--lr',
  '0.01',
];
const short = ['--device', 'cpu', ...model, '--sample', '40'];
const out = join(folder, 'whole');
const weights = (of: string): Buffer => readFileSync(join(of, 'model.safetensors'));

let stdout: string;

beforeAll(async () => {
  const ended = await run(...short, '--out', out);
  expect(ended.code, ended.stderr).toBe(0);
  stdout = ended.stdout;
}, 120_000);

const bitsBehind = (pattern: RegExp): number => Number(pattern.exec(stdout)?.[1]);

it('knows more than how often each character occurs', () => {
  const alone = bitsBehind(/counting what follows 0 characters: ([\d.]+) bits/);
  expect(alone).toBeGreaterThan(4);
  expect(bitsBehind(/the model, of [\d,]+ parameters: ([\d.]+) bits/)).toBeLessThan(alone - 0.5);
});

it('writes on, and leaves its files', () => {
  expect(stdout).toMatch(/\nCall me [\s\S]{40}\n\n/);
  expect(readdirSync(out).sort()).toEqual([
    'checkpoint.safetensors',
    'model.onnx',
    'model.safetensors',
    'report.html',
    'step.onnx',
  ]);
  const { tensors } = viewSafetensors(weights(out));
  expect(Object.keys(tensors)).toContain('blocks.1.attention.inputs.weight');
  const page = readFileSync(join(out, 'report.html'), 'utf8');
  for (const part of ['<svg', 'counting behind 5 characters', 'this model', 'Call me ']) expect(page).toContain(part);
  // nothing is fetched
  expect(page).not.toMatch(/(src|href)="(?!#|data:)/);
});

it('exports two files that write the same in onnxruntime', () => {
  expect(stdout).toContain('onnxruntime writes the same 16 characters with both files');
  const prompt = corpusOf(mobyDick().slice(0, 60_000)).vocabulary.encode('The whale');
  const task = JSON.stringify({ prompt, length: 6 });
  const { whole, stepwise } = JSON.parse(
    execFileSync(process.execPath, [built('onnx-sample.js'), join(out, 'model.onnx'), join(out, 'step.onnx'), task], {
      encoding: 'utf8',
    }),
  );
  expect(whole.length).toBe(6);
  expect(stepwise).toEqual(whole);
});

it('killed in the middle, goes on to the very same weights', { timeout: 120_000 }, async () => {
  const killed = join(folder, 'killed');
  const { child, ended } = start(...short, '--save-every', '30', '--out', killed);
  while (!existsSync(join(killed, 'checkpoint.safetensors')) && child.exitCode === null) await setTimeout(10);
  child.kill('SIGKILL');
  expect((await ended).code).toBe(null);
  expect(existsSync(join(killed, 'model.safetensors'))).toBe(false);

  const resumed = await run('--device', 'cpu', '--resume', '--threads', '1', '--sample', '0', '--out', killed);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(resumed.stdout).toMatch(/Going on after \d+ of 120 steps/);
  expect(weights(killed).equals(weights(out))).toBe(true);
  expect(resumed.stdout).toContain(/the model, of .*/.exec(stdout)?.[0]);
});

it.each<[string[], string]>([
  [['--steps', '0'], '--steps 0: must be a whole number from 1'],
  [['--heads', '3'], '--width 128 --heads 3: the width must be a multiple of twice the heads'],
  [['--limit', '1000'], '--context 96 --limit 1000: the last tenth of the text'],
  [['--temperature=-1'], '--temperature -1: must be a number from 0'],
  [['--lr', '0'], '--lr 0: must be a number above 0'],
  [['--prompt', ''], '--prompt: must have a character'],
  [['--prompt', 'λ'], "--prompt: the text has no 'λ'"],
  [['--step', '3'], "Unknown option '--step'"],
  [['--device', 'tpu'], "--device tpu can't be used. Devices: cpu: available"],
  [['--resume', '--out', join(folder, 'nothing')], '--resume: there is no checkpoint'],
  [['--resume', '--steps', '7', '--out', out], '--steps 7: the run to go on with has 120'],
  [['--out', join(out, 'report.html')], "the folder can't be written"],
])('%j is refused in one line', async (flags, message) => {
  const { code, stderr } = await run(...flags);
  expect(code).toBe(2);
  // a driver that is tried may have something to say before
  const lines = stderr.trim().split('\n');
  expect(lines.filter((line) => line.startsWith('char-lm: '))).toEqual(lines.slice(-1));
  expect(lines.at(-1)).toContain(message);
});

it('--help lists the flags', async () => {
  const { code, stdout: text } = await run('--help');
  expect(code).toBe(0);
  for (const flag of ['steps', 'context', 'resume', 'prompt', 'temperature', 'device', 'limit'])
    expect(text).toContain(`  --${flag} `);
});
