/** What onnxruntime and the program here gave, side by side, and the node where they part. */
import { ModelProto as Model, type ModelProto, type NodeProto, onnxType } from '@tenfold/onnx-model';
import type { DType } from '@tenfold/tensor-core';
import type { Point } from './dims.ts';
import { float32Edges } from './edges.ts';
import { type Job, type JobResult, runInOnnxRuntime, type WireTensor } from './runtime.ts';

/** How far one output is from what it should be, at one choice of sizes. */
export interface Difference {
  /** The name of the output. */
  readonly output: string;
  /** The sizes of the dynamic axes, by name. */
  readonly sizes: Readonly<Record<string, number>>;
  /** The shape in onnxruntime. */
  readonly shape: readonly number[];
  readonly expectedShape: readonly number[];
  /** The largest |actual − expected| / (1 + |expected|); infinite where shapes differ, or where only one is NaN. */
  readonly difference: number;
  /** What passes. */
  readonly limit: number;
}

/** `'batch = 1, time = 7'` */
export const sizesText = (point: Point): string => [...point].map(([name, size]) => `${name} = ${size}`).join(', ');

/** Sizes to run at: every axis by itself, the others as in the example, and all together. */
export function pointsToTry(base: Point, sizes: readonly number[]): Point[] {
  if (base.size === 0) return [base];
  const points = [...base.keys()].flatMap((name) => sizes.map((size) => new Map(base).set(name, size)));
  for (const size of sizes) points.push(new Map([...base.keys()].map((name) => [name, size])));
  const seen = new Set<string>();
  return points.filter((point) => !seen.has(sizesText(point)) && seen.add(sizesText(point)));
}

/** The differences as a table of text. */
export function differenceTable(rows: readonly Difference[]): string {
  const cells = rows.map(({ output, sizes, shape, difference, limit }) => [
    output,
    sizesText(new Map(Object.entries(sizes))) || 'as given',
    `[${shape.join(', ')}]`,
    difference === 0 ? '0' : difference.toExponential(1),
    limit === 0 ? '0' : limit.toExponential(0),
    difference <= limit ? '' : 'differs',
  ]);
  return textTable(['output', 'sizes', 'shape', 'largest difference', 'allowed', ''], cells);
}

/** Columns of equal width. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => cell.padEnd(widths[c]))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** A copy of the model that gives these values, too. */
export function withOutputs(
  model: ModelProto,
  values: readonly (readonly [name: string, dtype: DType | null])[],
): ModelProto {
  const before = new Set(model.graph?.output?.map(({ name }) => name));
  const produced = new Set(model.graph?.node?.flatMap(({ output }) => output ?? []));
  const more = values
    .filter(([name]) => produced.has(name) && !before.has(name))
    .map(([name, dtype]) => ({ name, ...(dtype ? { type: { tensorType: { elemType: onnxType[dtype] } } } : {}) }));
  return { ...model, graph: { ...model.graph, output: [...(model.graph?.output ?? []), ...more] } };
}

/**
 * The first node of which `agrees` says that a result is another; `null` if there is none.
 * @param model with the values that are to be looked at as outputs.
 * @param file where the model comes from: data beside it are looked for there.
 */
export async function firstDifference(
  model: ModelProto,
  file: ModelFile,
  run: Readonly<Record<string, WireTensor>>,
  timeout: number | undefined,
  agrees: (name: string, wire: WireTensor) => Promise<boolean>,
): Promise<string | null> {
  const result = await runModel(model, file, [run], timeout);
  if ('error' in result) throw new Error(result.error);
  const [outputs] = result.outputs;
  for (const node of model.graph?.node ?? []) {
    for (const name of node.output ?? []) {
      const wire = outputs[name];
      if (wire && !(await agrees(name, wire))) return `The first node that differs: ${nodeText(node)}`;
    }
  }
  return null;
}

/** Where a model comes from: its file, or the bytes of a model in one piece. */
export type ModelFile = { readonly path: string } | Uint8Array;

/**
 * Runs a model in onnxruntime, with float32 in place of bfloat16 at its edges.
 * @param file where the model was read from; it is run as it is if nothing is to be changed.
 */
export async function runModel(
  model: ModelProto,
  file: ModelFile,
  runs: readonly Readonly<Record<string, WireTensor>>[],
  timeout: number | undefined,
  asItIs = false,
): Promise<JobResult> {
  const edged = float32Edges(model);
  const run = async (given: Job['model']): Promise<JobResult> =>
    (await runInOnnxRuntime([{ model: given, runs }], timeout))[0];
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  if (asItIs && edged === model) return run(file instanceof Uint8Array ? base64(file) : file);
  const bytes = Model.encode(edged).finish();
  if (file instanceof Uint8Array) return run(base64(bytes));
  const { rm, writeFile } = await import('node:fs/promises');
  // in the same folder: data beside the model are looked for there
  const path = `${file.path}.${process.pid}.values.tmp`;
  try {
    await writeFile(path, bytes);
    return await run({ path });
  } finally {
    await rm(path, { force: true });
  }
}

/** `'/layer1/MatMul' (MatMul) in layer1` */
export function nodeText({ name = '', opType = '', domain }: NodeProto): string {
  const scope = name.split('/').slice(1, -1).join('/');
  return `'${name}' (${domain ? `${domain}::` : ''}${opType})${scope ? ` in ${scope}` : ''}`;
}
