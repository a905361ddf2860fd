/** Compares an exported model with the model here, by running it in onnxruntime. */

import { encode, type ModelProto } from '@tenfold/onnx-model';
import {
  checkOptions,
  describe,
  type Graph,
  type GraphNode,
  halfToNumber,
  isFloat,
  OnnxExportError,
  replay,
  type Tensor,
  type TypedArray,
  trace,
  type Value,
  withoutGrad,
} from '@tenfold/tensor-core';
import type { Ref } from './builder.ts';
import {
  type Difference,
  differenceTable,
  firstDifference,
  type ModelFile,
  pointsToTry,
  runModel,
  sizesText,
  withOutputs,
} from './differences.ts';
import type { Point } from './dims.ts';
import { type ExportableModel, resize, withModel } from './model.ts';
import type { Settings, VerifyOptions } from './options.ts';
import type { WireTensor } from './runtime.ts';
import { snapshot } from './state.ts';
import { type Arguments, readResult } from './structure.ts';

/** A tensor as the other process takes it: bfloat16 as float32, see {@link runModel}. */
export async function toWire(x: Tensor): Promise<WireTensor> {
  const dtype = x.dtype === 'bfloat16' ? 'float32' : x.dtype;
  const data = encode(await x.detach().toTypedArray(), dtype);
  return { dtype, dims: x.shape, data: Buffer.from(data).toString('base64') };
}

/** The numbers of a tensor that came back. */
export function fromWire({ dtype, data }: WireTensor): ArrayLike<number | bigint> {
  const bytes = new Uint8Array(Buffer.from(data, 'base64')).buffer;
  switch (dtype) {
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    case 'int64':
      return new BigInt64Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'int16':
      return new Int16Array(bytes);
    case 'int8':
      return new Int8Array(bytes);
    case 'float16':
      return Float32Array.from(new Uint16Array(bytes), halfToNumber);
    default:
      return new Uint8Array(bytes);
  }
}

/** How far results of a dtype may be apart, relative to 1 + |expected|. */
export const tolerances: Readonly<Record<string, number>> = {
  float64: 1e-12,
  float32: 1e-4,
  float16: 2e-2,
  bfloat16: 2e-2,
};

/** The largest difference that passes. */
export const limitOf = (x: Tensor, tolerance?: number): number =>
  tolerance ?? (isFloat(x.dtype) ? tolerances[x.dtype] : 0);

/** The largest difference, relative to 1 + |expected|; infinite where one is NaN and the other is not. */
export function largestDifference(actual: ArrayLike<number | bigint>, expected: TypedArray): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(actual[i]), Number(expected[i])];
    if (Object.is(actual[i], expected[i]) || (a === b && typeof actual[i] !== 'bigint')) continue;
    // integers beyond 2^53 may differ where their numbers do not
    if (a === b && BigInt(actual[i]) !== BigInt(expected[i])) worst = Math.max(worst, Number.EPSILON);
    const difference = Math.abs(a - b) / (1 + Math.abs(b));
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return worst;
}

/** How far a result of onnxruntime is from a tensor here; infinite where the shapes differ. */
export async function compareWire(wire: WireTensor, tensor: Tensor): Promise<number> {
  if (String(wire.dims) !== String(tensor.shape)) return Number.POSITIVE_INFINITY;
  return largestDifference(fromWire(wire), await tensor.detach().toTypedArray());
}

/** The model that was written, and what it was made from. */
export interface Exported {
  /** The file, or the bytes of a model in one piece. */
  readonly file: ModelFile;
  readonly proto: ModelProto;
  /** The trace it was written from, and what its values are called in the file. */
  readonly graph: Graph;
  readonly names: ReadonlyMap<Value, Ref>;
}

/**
 * Runs the exported model at several sizes of its dynamic axes.
 * @returns the largest difference of every output at every size.
 * @throws OnnxExportError where it differs from the model here; the message has the table and the first node that differs.
 */
export async function verifyModel(
  exported: Exported,
  model: ExportableModel,
  inputs: Arguments,
  settings: Settings,
  options: VerifyOptions,
): Promise<Difference[]> {
  const { sizes = [1, 7, 64], tolerance, timeout } = checkVerify(options);
  const base = new Map(settings.axes.map(({ input, axis, name }) => [name, inputs.tensors[input].shape[axis]]));
  const points = pointsToTry(base, sizes);
  /** Runs the model in its mode; what it keeps between runs is put back. */
  const inModel = <T>(use: (run: Run) => T): T =>
    withModel(
      model,
      (runner) => {
        // in evaluation mode forward changes nothing, and copies of large models are large
        const restore = settings.training === 'eval' ? () => {} : snapshot(runner.names);
        try {
          return use((tensors) => readResult(runner.run(inputs.with(tensors))).tensors);
        } finally {
          restore();
        }
      },
      settings.training,
    );
  const given = points.map((point) => withoutGrad(() => resize(inputs.tensors, settings.axes, point)));
  const expected = given.map((tensors, t) => inModel((run) => runAt(run, copies(tensors), points[t])));
  const runs = await Promise.all(given.map((args) => toRun(args, settings.inputNames)));
  const result = await runModel(exported.proto, exported.file, runs, timeout, true);
  if ('error' in result) throw new OnnxExportError(`verify: onnxruntime refuses the exported model: ${result.error}`);
  const rows: Difference[] = [];
  for (const [t, outputs] of result.outputs.entries()) {
    for (const [k, tensor] of expected[t].entries()) {
      const [output, wire] = Object.entries(outputs)[k];
      const difference = await compareWire(wire, tensor);
      const shapes = { shape: wire.dims, expectedShape: [...tensor.shape] };
      rows.push({
        output,
        sizes: Object.fromEntries(points[t]),
        ...shapes,
        difference,
        limit: limitOf(tensor, tolerance),
      });
    }
  }
  const worst = rows.find(({ difference, limit }) => !(difference <= limit));
  if (!worst) return rows;
  const t = points.findIndex((point) => sizesText(point) === sizesText(new Map(Object.entries(worst.sizes))));
  const values = (): Map<string, Tensor> =>
    inModel((run) => eagerValues(exported.graph, exported.names, run, given[t]));
  const node = await firstNode(exported, values, runs[t], { tolerance, timeout });
  throw new OnnxExportError(`verify: ${differenceText(worst)}. ${node}\n${differenceTable(rows)}`);
}

/** The model here, on tensors in the places of the example's. */
type Run = (tensors: readonly Tensor[]) => readonly Tensor[];

/** forward may write into its inputs. */
const copies = (tensors: readonly Tensor[]): Tensor[] => withoutGrad(() => tensors.map((x) => x.clone()));

function checkVerify(options: VerifyOptions): VerifyOptions {
  checkOptions('verify', options, ['sizes', 'tolerance', 'timeout']);
  const { sizes, tolerance, timeout } = options;
  const isSize = (size: unknown): boolean => Number.isInteger(size) && (size as number) >= 0;
  if (sizes !== undefined && (!Array.isArray(sizes) || sizes.length === 0 || !sizes.every(isSize)))
    throw new OnnxExportError(`verify: sizes must be an array of sizes such as [1, 7, 64], got ${describe(sizes)}`);
  if (tolerance !== undefined && !(typeof tolerance === 'number' && tolerance >= 0))
    throw new OnnxExportError(`verify: tolerance must be a number such as 1e-5, got ${describe(tolerance)}`);
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0))
    throw new OnnxExportError(`verify: timeout must be a number of milliseconds, got ${describe(timeout)}`);
  return options;
}

export function differenceText({ output, sizes, shape, expectedShape, difference, limit }: Difference): string {
  const at = sizesText(new Map(Object.entries(sizes)));
  const where = `output '${output}'${at ? ` at ${at}` : ''}`;
  return String(shape) === String(expectedShape)
    ? `${where} differs by ${difference.toExponential(1)} from the model here, more than ${limit}`
    : `${where} has shape [${shape}] in onnxruntime, [${expectedShape}] here`;
}

function runAt(run: Run, tensors: readonly Tensor[], point: Point): readonly Tensor[] {
  try {
    return run(tensors);
  } catch (error) {
    if (point.size === 0 || !(error instanceof Error)) throw error;
    throw new OnnxExportError(
      `verify: the model here fails at ${sizesText(point)}: ${error.message}; give the sizes that it takes, verify: { sizes: [1, 4] }`,
      { cause: error },
    );
  }
}

async function toRun(args: readonly Tensor[], names: readonly string[]): Promise<Record<string, WireTensor>> {
  return Object.fromEntries(await Promise.all(args.map(async (x, i) => [names[i], await toWire(x)] as const)));
}

/** Looks for the first node of the file that computes something else than the model here. */
async function firstNode(
  { file, proto }: Exported,
  values: () => Map<string, Tensor>,
  run: Record<string, WireTensor>,
  { tolerance, timeout }: VerifyOptions,
): Promise<string> {
  try {
    const expected = values();
    const model = withOutputs(
      proto,
      [...expected].map(([name, { dtype }]) => [name, dtype] as const),
    );
    const found = await firstDifference(model, file, run, timeout, async (name, wire) => {
      const tensor = expected.get(name);
      return !tensor || (await compareWire(wire, tensor)) <= limitOf(tensor, tolerance);
    });
    return (
      found ?? 'No single node differs: onnxruntime gives other results when values between the nodes are not asked for'
    );
  } catch (error) {
    return `The node that differs could not be found: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The values of the model here by their names in the file, at the sizes of `args`. */
function eagerValues(
  graph: Graph,
  names: ReadonlyMap<Value, Ref>,
  eager: Run,
  args: readonly Tensor[],
): Map<string, Tensor> {
  const { graph: traced } = trace((...inputs: Tensor[]) => eager(inputs), copies(args));
  const wanted = new Map<string, Value>();
  const walk = (nodes: readonly GraphNode[], others: readonly GraphNode[]): void => {
    nodes.forEach((node, i) => {
      const other = others[i];
      if (!other || other.spec !== node.spec) return;
      if (node.body && other.body) walk(node.body.nodes, other.body.nodes);
      node.outputs.forEach((value, k) => {
        const ref = names.get(value);
        if (ref?.producer) wanted.set(ref.name, other.outputs[k]);
      });
    });
  };
  walk(graph.nodes, traced.nodes);
  graph.outputs.forEach((value, k) => {
    const ref = names.get(value);
    if (ref) wanted.set(ref.name, traced.outputs[k]);
  });
  traced.outputs.splice(0, traced.outputs.length, ...wanted.values());
  const tensors = withoutGrad(() => replay(traced, copies(args)));
  return new Map([...wanted.keys()].map((name, i) => [name, tensors[i]]));
}
