/** Helpers of this package's tests: exported programs in onnxruntime against the same programs here. Not part of the package's API. */
import { isTensor, type Tensor, type TypedArray } from '@tenfold/tensor-core';
import { toOnnx } from './export.ts';
import { outputsOf } from './model.ts';
import type { ToOnnxOptions } from './options.ts';
import { type JobResult, runInOnnxRuntime } from './runtime.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

/** A program, the inputs to export it with, and the inputs to run it on. */
export interface Comparison {
  readonly name: string;
  readonly fn: (...inputs: Tensor[]) => Tensor | readonly Tensor[];
  readonly example: readonly Tensor[];
  /** Default: the example alone. */
  readonly runs?: readonly (readonly Tensor[])[];
  readonly options?: ToOnnxOptions;
}

/** How a program came out: the largest difference, or why there is none. */
export type Compared = { readonly difference: number } | { readonly error: string };

const listOf = (result: unknown): readonly Tensor[] => {
  const outputs = outputsOf(result);
  return isTensor(outputs) ? [outputs] : outputs;
};

/** Exports all programs, runs them in one onnxruntime process and compares shapes and numbers. */
export async function compareAll(comparisons: readonly Comparison[]): Promise<Compared[]> {
  const prepared = await Promise.all(
    comparisons.map(async ({ fn, example, runs = [example], options }) => {
      try {
        const inputNames = options?.inputNames ?? (example.length === 1 ? ['x'] : example.map((_, i) => `x_${i}`));
        const bytes = await toOnnx(fn, example, { metadata: false, ...options, inputNames });
        const expected = await Promise.all(
          runs.map((inputs) =>
            Promise.all(
              listOf(fn(...inputs.map((x) => x.clone()))).map(async (x) => ({
                dims: x.shape,
                values: await x.detach().toTypedArray(),
              })),
            ),
          ),
        );
        const wires = await Promise.all(
          runs.map(async (inputs) =>
            Object.fromEntries(
              await Promise.all(inputs.map(async (x, i) => [inputNames[i], await toWire(x)] as const)),
            ),
          ),
        );
        return { job: { model: Buffer.from(bytes).toString('base64'), runs: wires }, expected };
      } catch (error) {
        return { error: `export: ${error instanceof Error ? error.message : String(error)}` };
      }
    }),
  );
  const results = await runInOnnxRuntime(prepared.flatMap((x) => (x.job ? [x.job] : [])));
  let at = 0;
  return prepared.map((x) => (x.job ? compare(results[at++], x.expected) : { error: x.error }));
}

interface Expected {
  readonly dims: readonly number[];
  readonly values: TypedArray;
}

function compare(result: JobResult, expected: readonly (readonly Expected[])[]): Compared {
  if ('error' in result) return { error: `onnxruntime: ${result.error}` };
  let worst = 0;
  for (const [t, outputs] of result.outputs.entries()) {
    const wires = Object.values(outputs);
    for (const [k, { dims, values }] of expected[t].entries()) {
      if (String(wires[k].dims) !== String(dims))
        return { error: `run ${t}: output ${k} has shape [${wires[k].dims}], expected [${dims}]` };
      worst = Math.max(worst, largestDifference(fromWire(wires[k]), values));
    }
  }
  return { difference: worst };
}
