/** Helpers of this package's tests: exported programs in onnxruntime against the same programs here. Not part of the package's API. */
import type { Tensor, TypedArray } from '@tenfold/tensor-core';
import { withFloat32Edges } from './edges.ts';
import { toOnnx } from './export.ts';
import type { ExportableModel } from './model.ts';
import { readOptions, type ToOnnxOptions } from './options.ts';
import { type JobResult, runInOnnxRuntime } from './runtime.ts';
import { type ExampleArgument, readArguments, readResult } from './structure.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

/** A program, the inputs to export it with, and the inputs to run it on. */
export interface Comparison {
  readonly name: string;
  readonly fn: (...inputs: Tensor[]) => unknown;
  readonly example: readonly ExampleArgument[];
  /** Default: the example alone. */
  readonly runs?: readonly (readonly ExampleArgument[])[];
  readonly options?: ToOnnxOptions;
  /** What is exported in the place of `fn`: a module that does the same. */
  readonly model?: ExportableModel;
  /** What the first run gives, if not what `fn` gives here. */
  readonly expected?: readonly Tensor[];
}

/** How a program came out: the largest difference, or why there is none. */
export type Compared = { readonly difference: number } | { readonly error: string };

/** Exports all programs, runs them in one onnxruntime process and compares shapes and numbers. */
export async function compareAll(comparisons: readonly Comparison[]): Promise<Compared[]> {
  const prepared = await Promise.all(
    comparisons.map(async ({ fn, example, runs = [example], options = {}, model = fn, expected: first }) => {
      try {
        const bytes = await toOnnx(model as ExportableModel, example, { metadata: false, ...options });
        const { inputNames } = readOptions(readArguments(example), options);
        const given = runs.map(readArguments);
        const call = fn as (...args: unknown[]) => unknown;
        const expected = await Promise.all(
          given.map((args, t) =>
            Promise.all(
              ((t === 0 && first) || readResult(call(...args.with(args.tensors.map((x) => x.clone())))).tensors).map(
                async (x) => ({
                  dims: x.shape,
                  values: await x.detach().toTypedArray(),
                }),
              ),
            ),
          ),
        );
        const wires = await Promise.all(
          given.map(async ({ tensors }) =>
            Object.fromEntries(
              await Promise.all(tensors.map(async (x, i) => [inputNames[i], await toWire(x)] as const)),
            ),
          ),
        );
        return { job: { model: Buffer.from(withFloat32Edges(bytes)).toString('base64'), runs: wires }, expected };
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
