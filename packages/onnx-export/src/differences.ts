/** What onnxruntime and the program here gave, side by side, and the node where they part. */
import { ModelProto as Model, type ModelProto, type NodeProto, onnxType } from '@tenfold/onnx-model';
import type { DType } from '@tenfold/tensor-core';
import type { Point } from './dims.ts';
import { runInOnnxRuntime, type WireTensor } from './runtime.ts';

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
    // onnxruntime's JavaScript has no bfloat16 tensors
    .filter(([name, dtype]) => produced.has(name) && !before.has(name) && dtype !== 'bfloat16')
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
  file: { readonly path: string } | Uint8Array,
  run: Readonly<Record<string, WireTensor>>,
  timeout: number | undefined,
  agrees: (name: string, wire: WireTensor) => Promise<boolean>,
): Promise<string | null> {
  const bytes = Model.encode(model).finish();
  const outputs = await runBeside(bytes, file, run, timeout);
  for (const node of model.graph?.node ?? []) {
    for (const name of node.output ?? []) {
      const wire = outputs[name];
      if (wire && !(await agrees(name, wire))) return `The first node that differs: ${nodeText(node)}`;
    }
  }
  return null;
}

async function runBeside(
  bytes: Uint8Array,
  file: { readonly path: string } | Uint8Array,
  run: Readonly<Record<string, WireTensor>>,
  timeout: number | undefined,
): Promise<Readonly<Record<string, WireTensor>>> {
  const first = async (model: string | { path: string }): Promise<Readonly<Record<string, WireTensor>>> => {
    const [result] = await runInOnnxRuntime([{ model, runs: [run] }], timeout);
    if ('error' in result) throw new Error(result.error);
    return result.outputs[0];
  };
  if (file instanceof Uint8Array) return first(Buffer.from(bytes).toString('base64'));
  const { rm, writeFile } = await import('node:fs/promises');
  const path = `${file.path}.values.tmp`;
  try {
    await writeFile(path, bytes);
    return await first({ path });
  } finally {
    await rm(path, { force: true });
  }
}

/** `'/layer1/MatMul' (MatMul) in layer1` */
export function nodeText({ name = '', opType = '', domain }: NodeProto): string {
  const scope = name.split('/').slice(1, -1).join('/');
  return `'${name}' (${domain ? `${domain}::` : ''}${opType})${scope ? ` in ${scope}` : ''}`;
}
