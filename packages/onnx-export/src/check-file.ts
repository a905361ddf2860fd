/** The checks of the command `check`: of a file, from its bytes to its results. Only Node has what they need. */
import {
  checkExternalData,
  checkModel,
  checkOperators,
  decodeModel,
  dtypeOf,
  externalFiles,
  ModelProto,
  type TensorShapeProto_Dimension,
  type Unused,
  unusedValues,
} from '@tenfold/onnx-model';
import { type DType, isFloat, isTensor, numberToHalf, OnnxModelError, type Tensor } from '@tenfold/tensor-core';
import { type Difference, firstDifference, pointsToTry, runModel, sizesText, withOutputs } from './differences.ts';
import type { Point } from './dims.ts';
import { findOnnxRuntime, type InferredOutput, type WireTensor } from './runtime.ts';

/** How a file is checked. */
export interface CheckSettings {
  /** Sizes of dynamic axes. */
  readonly sizes: readonly number[];
  /** Sizes of single axes, by name. */
  readonly axes: ReadonlyMap<string, readonly number[]>;
  readonly seed: number;
  /** Integer inputs are below this number. */
  readonly below: number;
  readonly tolerance: number | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  /** Whether the model is run. */
  readonly run: boolean;
}

/** What came out. */
export interface CheckReport {
  readonly file: string;
  /** What is wrong: a file is good if there is nothing here. */
  readonly problems: readonly string[];
  /** What is odd, but allowed. */
  readonly notes: readonly string[];
  /** `null` if the file could not be read. */
  readonly facts: Facts | null;
  /** The outputs as onnxruntime infers them; `null` if it did not load the model. */
  readonly inferred: readonly InferredOutput[] | null;
  /** At how many sizes the model ran in onnxruntime. */
  readonly runs: number;
  /** Compared with the same file run by `@tenfold/onnx-import`; `null` if it was not. */
  readonly differences: readonly Difference[] | null;
}

/** What a model is made of. */
export interface Facts {
  readonly bytes: number;
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly nodes: number;
  /** How often each op occurs, the most frequent first. */
  readonly ops: Readonly<Record<string, number>>;
  readonly functions: number;
  readonly initializers: number;
  readonly parameters: number;
  readonly externalFiles: readonly string[];
}

/** A model and its report. */
export interface Checked {
  readonly report: CheckReport;
  readonly model: ModelProto | null;
}

/** Checks one file. Whatever is wrong with it is in the report; only a file that can't be read at all is an error. */
export async function checkFile(path: string, settings: CheckSettings): Promise<Checked> {
  // what is missing here is no fault of the file
  if (settings.run) await findOnnxRuntime();
  const { readFile } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const bytes = await readFile(path);
  const report: { -readonly [K in keyof CheckReport]: CheckReport[K] } & { problems: string[]; notes: string[] } = {
    file: path,
    problems: [],
    notes: [],
    facts: null,
    inferred: null,
    runs: 0,
    differences: null,
  };
  const attempt = async <T>(fn: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await fn();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      report.problems.push(error.message);
      return null;
    }
  };
  const model = await attempt(() => decodeModel(bytes));
  if (!model) return { report, model };
  report.facts = factsOf(model, bytes.length);
  await attempt(() => checkModel(model));
  report.problems.push(...checkOperators(model));
  report.notes.push(...notesOf(unusedValues(model)));
  await attempt(() => checkExternalData(model, dirname(path)));
  if (settings.run && report.problems.length === 0) await attempt(() => runChecks(path, model, settings, report));
  return { report, model };
}

function factsOf(model: ModelProto, bytes: number): Facts {
  const { graph = {} } = model;
  const ops = new Map<string, number>();
  for (const { opType = '', domain } of graph.node ?? []) {
    const key = domain ? `${domain}::${opType}` : opType;
    ops.set(key, (ops.get(key) ?? 0) + 1);
  }
  const initializer = graph.initializer ?? [];
  return {
    bytes,
    irVersion: model.irVersion ?? 0,
    opsets: Object.fromEntries((model.opsetImport ?? []).map((x) => [x.domain || 'ai.onnx', x.version ?? 0])),
    producer: [model.producerName, model.producerVersion].filter(Boolean).join(' '),
    nodes: graph.node?.length ?? 0,
    ops: Object.fromEntries([...ops].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    functions: model.functions?.length ?? 0,
    initializers: initializer.length,
    parameters: initializer.reduce((n, x) => n + (x.dims ?? []).reduce((size, dim) => size * dim, 1), 0),
    externalFiles: externalFiles(model),
  };
}

function notesOf({ inputs, initializers, nodes }: Unused): string[] {
  const note = (what: string, names: readonly string[]): string[] => {
    if (names.length === 0) return [];
    const shown = names.slice(0, 5).map((name) => `'${name}'`);
    return [`${what}: ${shown.join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`];
  };
  return [
    ...note('inputs that nothing reads', inputs),
    ...note('initializers that nothing reads', initializers),
    ...note('nodes whose results nothing reads', nodes),
  ];
}

/** One input of the file. */
interface Input {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

type Report = { -readonly [K in keyof CheckReport]: CheckReport[K] } & { problems: string[]; notes: string[] };

async function runChecks(path: string, model: ModelProto, settings: CheckSettings, report: Report): Promise<void> {
  const inputs = inputsOf(model);
  const axes = [...new Set(inputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === 'string')))];
  const unknown = [...settings.axes.keys()].find((name) => !axes.includes(name));
  if (unknown !== undefined) {
    report.problems.push(`the model has no axis '${unknown}'; its axes: ${axes.join(', ') || 'none'}`);
    return;
  }
  const points = pointsOf(axes, settings);
  const random = randomNumbers(settings.seed);
  const runs = points.map((point) =>
    Object.fromEntries(inputs.map((input) => [input.name, randomTensor(input, point, random, settings.below)])),
  );
  const result = await runModel(model, { path }, runs, settings.timeout, true);
  if ('error' in result) {
    report.problems.push(`onnxruntime: ${result.error}`);
    return;
  }
  report.inferred = result.inferred;
  report.runs = points.length;
  const reference = await findReference(path, report);
  if (!reference) return;
  const rows: Difference[] = [];
  try {
    const forward = await reference(model);
    for (const [t, point] of points.entries()) {
      const expected = await forward(runs[t]);
      for (const [k, [output, wire]] of Object.entries(result.outputs[t]).entries())
        rows.push(await rowOf(output, wire, expected[k], point, settings.tolerance));
    }
  } catch (error) {
    // what can't be run here may still be a good file
    report.notes.push(`the results were not compared: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  report.differences = rows;
  const worst = rows.find(({ difference, limit }) => !(difference <= limit));
  if (!worst) return;
  const t = points.findIndex((point) => sizesText(point) === sizesText(new Map(Object.entries(worst.sizes))));
  const node = await firstNode(path, model, runs[t], reference, settings).catch(
    (error: unknown) => `the node that differs could not be found: ${error instanceof Error ? error.message : error}`,
  );
  report.problems.push(`onnxruntime and @tenfold/onnx-import differ. ${node}`);
}

function inputsOf({ graph = {} }: ModelProto): Input[] {
  const initialized = new Set(graph.initializer?.map(({ name }) => name));
  return (graph.input ?? [])
    .filter(({ name }) => !initialized.has(name))
    .map(({ name = '', type }) => {
      const dtype = dtypeOf(type?.tensorType?.elemType ?? 0);
      const dims = type?.tensorType?.shape?.dim;
      if (!dtype || !dims)
        throw new OnnxModelError(
          `input '${name}' is no tensor of known dtype and number of dims: it can't be given values`,
        );
      const shape = dims.map(({ dimParam, dimValue }: TensorShapeProto_Dimension, d) =>
        dimParam ? dimParam : dimValue !== undefined && dimValue >= 0 ? dimValue : `${name}_dim_${d}`,
      );
      return { name, dtype, shape };
    });
}

/** Every axis by itself, the others at the first of their sizes, and all together. */
function pointsOf(axes: readonly string[], { sizes, axes: own }: CheckSettings): Point[] {
  const sizesOf = (name: string): readonly number[] => own.get(name) ?? sizes;
  // sizes of their own are the only ones of these axes
  const free = axes.filter((name) => !own.has(name));
  const base = new Map(axes.map((name) => [name, sizesOf(name)[0]]));
  const points = pointsToTry(new Map(free.map((name) => [name, base.get(name) ?? 1])), sizes).map(
    (point) => new Map([...base, ...point]),
  );
  for (const [name, list] of own) for (const size of list) points.push(new Map([...base, [name, size]]));
  const seen = new Set<string>();
  return points.filter((point) => !seen.has(sizesText(point)) && seen.add(sizesText(point)));
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Floats in [-1, 1), integers from 0 to below `below`, in the form that onnxruntime's process takes. */
function randomTensor({ dtype, shape }: Input, point: Point, random: () => number, below: number): WireTensor {
  const dims = shape.map((dim) => (typeof dim === 'number' ? dim : (point.get(dim) ?? 1)));
  const count = dims.reduce((n, dim) => n * dim, 1);
  const next = (): number =>
    isFloat(dtype) ? 2 * random() - 1 : Math.floor(random() * (dtype === 'bool' ? 2 : Math.min(below, 128)));
  const numbers = Array.from({ length: count }, next);
  const bytes = (data: ArrayBufferView): string =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  switch (dtype) {
    case 'float64':
      return { dtype, dims, data: bytes(Float64Array.from(numbers)) };
    case 'float16':
      return { dtype, dims, data: bytes(Uint16Array.from(numbers, numberToHalf)) };
    case 'int64':
      return { dtype, dims, data: bytes(BigInt64Array.from(numbers, (x) => BigInt(Math.floor(x)))) };
    case 'int32':
      return { dtype, dims, data: bytes(Int32Array.from(numbers)) };
    case 'int16':
      return { dtype, dims, data: bytes(Int16Array.from(numbers)) };
    case 'int8':
      return { dtype, dims, data: bytes(Int8Array.from(numbers)) };
    case 'uint8':
    case 'bool':
      return { dtype, dims, data: bytes(Uint8Array.from(numbers)) };
    default:
      // bfloat16 goes in as float32
      return { dtype: 'float32', dims, data: bytes(Float32Array.from(numbers)) };
  }
}

/** Runs a model on inputs by name; the outputs are in the model's order. */
type Forward = (run: Readonly<Record<string, WireTensor>>) => Promise<readonly Tensor[]>;
type Reference = (model: ModelProto) => Promise<Forward>;

/** The part of `@tenfold/onnx-import` that is used here. */
interface OnnxImport {
  loadOnnx(source: object): Promise<{ eval?(): unknown; forward(...inputs: Tensor[]): unknown }>;
}

/** Running models by Tenfold itself, where the packages for it are installed. */
async function findReference(path: string, report: Report): Promise<Reference | null> {
  const missing: string[] = [];
  const load = async (name: string): Promise<unknown> => {
    try {
      return await importFrom(name);
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (!/MODULE_NOT_FOUND/.test(code) && !/Failed to load|Cannot find/.test(String(error)))
        report.notes.push(`${name} can't be loaded: ${error instanceof Error ? error.message : String(error)}`);
      missing.push(name.replace('/register', ''));
      return null;
    }
  };
  const importer = (await load('@tenfold/onnx-import')) as OnnxImport | null;
  await load('@tenfold/backend-cpu/register');
  if (!importer || missing.length > 0) {
    report.notes.push(`the results were compared with nothing; for that: npm install ${missing.join(' ')}`);
    return null;
  }
  const { dirname } = await import('node:path');
  const { fromWireTensor } = await import('./wire-tensor.ts');
  const { noGrad } = await import('@tenfold/autograd');
  return async (model) => {
    const bytes = ModelProto.encode(model).finish();
    const loaded = await importer.loadOnnx({ model: bytes, data: dirname(path) });
    loaded.eval?.();
    const names = inputsOf(model);
    return async (run) => {
      const tensors = names.map(({ name, dtype }) => fromWireTensor(run[name], dtype));
      const result = noGrad(() => loaded.forward(...tensors));
      return isTensor(result) ? [result] : Object.values(result as object);
    };
  };
}

/** A package beside this one, or of the project that runs. */
async function importFrom(name: string): Promise<unknown> {
  const { createRequire } = await import('node:module');
  const { pathToFileURL } = await import('node:url');
  try {
    return await import(/* @vite-ignore */ name);
  } catch {
    const require = createRequire(pathToFileURL(`${process.cwd()}/`).href);
    return import(/* @vite-ignore */ pathToFileURL(require.resolve(name)).href);
  }
}

async function rowOf(
  output: string,
  wire: WireTensor,
  expected: Tensor,
  point: Point,
  tolerance: number | undefined,
): Promise<Difference> {
  const { compareWire, limitOf } = await import('./verify.ts');
  return {
    output,
    sizes: Object.fromEntries(point),
    shape: wire.dims,
    expectedShape: [...expected.shape],
    difference: await compareWire(wire, expected),
    limit: limitOf(expected, tolerance),
  };
}

/** All values between the nodes, of both: where they part. */
async function firstNode(
  path: string,
  model: ModelProto,
  run: Readonly<Record<string, WireTensor>>,
  reference: Reference,
  { tolerance, timeout }: CheckSettings,
): Promise<string> {
  const { compareWire, limitOf } = await import('./verify.ts');
  const types = new Map(
    model.graph?.valueInfo?.map(({ name = '', type }) => [name, dtypeOf(type?.tensorType?.elemType ?? 0)]),
  );
  const names = (model.graph?.node ?? []).flatMap(({ output = [] }) => output.filter((name) => types.get(name)));
  const all = withOutputs(
    model,
    names.map((name) => [name, types.get(name) ?? null] as const),
  );
  const values = await (await reference(all))(run);
  const expected = new Map(all.graph?.output?.map(({ name = '' }, i) => [name, values[i]]));
  const agrees = async (name: string, wire: WireTensor): Promise<boolean> => {
    const tensor = expected.get(name);
    return !tensor || (await compareWire(wire, tensor)) <= limitOf(tensor, tolerance);
  };
  return (await firstDifference(all, { path }, run, timeout, agrees)) ?? 'No single node differs';
}
