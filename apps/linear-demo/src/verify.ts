/** The check of the exported file: onnxruntime against the model here, at several batch sizes. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { noGrad } from '@tenfold/autograd';
import { randn, type Tensor, tensor } from '@tenfold/tensor-core';
import type { Verified } from './report.ts';

type FloatName = 'float64' | 'float32';

/** What the child process is asked. */
export interface Question {
  readonly path: string;
  readonly input: string;
  readonly output: string;
  readonly dtype: FloatName;
  readonly batches: readonly { readonly dims: readonly number[]; readonly values: readonly number[] }[];
}

/** What it answers: the outputs per batch, or why it could not run the file. */
export type Answer = { readonly results: readonly (readonly number[])[] } | { readonly error: string };

/** Means and spreads of the input columns. */
export interface Center {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Runs the file at each batch size on random inputs around the data and compares with `forward`. @throws Error if onnxruntime refuses the file. */
export async function verify(
  path: string,
  forward: (input: Tensor) => Tensor,
  { mean, std }: Center,
  dtype: FloatName,
  batchSizes: readonly number[] = [1, 7, 64],
): Promise<Verified[]> {
  const batches: { dims: readonly number[]; values: readonly number[] }[] = [];
  const expected: number[][] = [];
  for (const size of batchSizes) {
    const input = randn([size, mean.length], { dtype }).mul(tensor(std, { dtype })).add(tensor(mean, { dtype }));
    batches.push({ dims: input.shape, values: Array.from(await input.toTypedArray(), Number) });
    expected.push(await noGrad(async () => Array.from(await forward(input).toTypedArray(), Number)));
  }
  const answer = await ask({ path, input: 'x', output: 'y', dtype, batches });
  if ('error' in answer) throw new Error(`onnxruntime can't run ${path}: ${answer.error}`);
  return batchSizes.map((batch, i) => ({
    batch,
    difference: Math.max(...expected[i].map((value, k) => Math.abs(value - answer.results[i][k]))),
  }));
}

function ask(question: Question): Promise<Answer> {
  return new Promise((done, failed) => {
    const child = fork(fileURLToPath(new URL('./verify-child.js', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.once('message', (answer) => done(answer as Answer));
    child.once('error', failed);
    child.once('exit', (code, signal) => failed(new Error(`onnxruntime's process ended early (${signal ?? code})`)));
    child.send(question);
  });
}
