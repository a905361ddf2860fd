/** From the bytes of an ONNX file to a module. */
import { type GraphProto, ModelProto } from '@tenfold/onnx-model';
import { describe, OnnxModelError } from '@tenfold/tensor-core';
import type { Row } from './context.ts';
import { hostRows } from './host-ops.ts';
import { OnnxModule } from './module.ts';
import { rows } from './ops/table.ts';
import { type ImportSettings, type LoadOnnxOptions, readOptions } from './options.ts';
import { type Compilation, compileModel, domainOf, functionKey, keyOf, readImports } from './plan.ts';
import { readInputs, readOutputs } from './signature.ts';
import { invalid } from './values.ts';

/** The last version of ONNX's operator set whose ops are known here. */
const LATEST_OPSET = 23;

/** A file's bytes. */
export type OnnxBytes = Uint8Array | ArrayBuffer;

/** Where a model comes from: a path (Node), a URL, or its bytes. */
export type OnnxSource = string | URL | OnnxBytes;

/**
 * Loads an ONNX model as a module that runs on any backend, is trained, and exported again (`@tenfold/onnx-export`).
 *
 * Float initialisers are its parameters, others its buffers, with their names in the file.
 *
 * @param source a path (Node), a URL, or the bytes of the file.
 * @throws OnnxModelError for a file that is damaged, or that holds what can't be run here: all unknown ops are named at once.
 * @example
 * const model = await loadOnnx('model.onnx');
 * const y = model.forward(x);
 */
export async function loadOnnx(source: OnnxSource, options: LoadOnnxOptions = {}): Promise<OnnxModule> {
  const settings = readOptions(options);
  return moduleOf(decode(await bytesOf(source)), settings);
}

/**
 * {@link loadOnnx} for a model that is decoded already: all values are in it.
 *
 * @throws OnnxModelError as `loadOnnx` does.
 */
export function importModel(model: ModelProto, options: LoadOnnxOptions = {}): OnnxModule {
  return moduleOf(model, readOptions(options));
}

async function bytesOf(source: OnnxSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof source === 'string') {
    const { readFile } = await import('node:fs/promises');
    return readFile(source);
  }
  if (source instanceof URL) {
    const response = await fetch(source);
    if (!response.ok)
      throw new OnnxModelError(`loadOnnx: ${source} answered ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  }
  throw new OnnxModelError(`loadOnnx: expected a path, a URL or bytes, got ${describe(source)}`);
}

function decode(bytes: Uint8Array): ModelProto {
  try {
    return ModelProto.decode(bytes);
  } catch (error) {
    throw invalid(`this is no ONNX model, or a damaged one: ${error instanceof Error ? error.message : error}`, error);
  }
}

function moduleOf(model: ModelProto, settings: ImportSettings): OnnxModule {
  const { graph } = model;
  if (!graph) throw invalid('this is no ONNX model, or a damaged one: it has no graph');
  const imports = readImports(model.opsetImport);
  checkOpset(imports.get(''), settings);
  const compilation = compilationOf(model, settings);
  const inputs = readInputs(graph);
  const outputs = readOutputs(graph);
  const plan = compileModel(graph, imports, compilation);
  if (compilation.unknown.size > 0) {
    const list = [...compilation.unknown].map(([key, label]) => `${key} (${label})`).join(', ');
    throw invalid(
      `the model has ${compilation.unknown.size === 1 ? 'an op that is' : 'ops that are'} not known here: ${list}; give loadOnnx the option ops: { '${[...compilation.unknown.keys()][0]}': (c) => … }`,
    );
  }
  return new OnnxModule({ name: nameOf(graph), plan, weights: compilation.weights, inputs, outputs, settings });
}

const nameOf = ({ name }: GraphProto): string => name || 'graph';

function checkOpset(version: number | undefined, { strict }: ImportSettings): void {
  if (version === undefined || (version >= 1 && version <= LATEST_OPSET) || !strict) return;
  throw invalid(
    `the model is of opset ${version}, and ops up to opset ${LATEST_OPSET} are known here; the option strict: false takes them as they were in opset ${LATEST_OPSET}`,
  );
}

function compilationOf(model: ModelProto, { ops }: ImportSettings): Compilation {
  const functions = new Map(
    (model.functions ?? []).map((f) => [functionKey(domainOf(f.domain), f.name ?? '', f.overload), f]),
  );
  if (functions.size !== (model.functions ?? []).length) throw invalid('two functions of the model have one name');
  return {
    row: (domain, opType): Row | null =>
      ops.get(keyOf(domain, opType)) ?? (domain === '' && Object.hasOwn(rows, opType) ? rows[opType] : null),
    hostRow: (opType) => (Object.hasOwn(hostRows, opType) && !ops.has(opType) ? hostRows[opType] : null),
    functions,
    weights: [],
    unknown: new Map(),
    steps: 0,
  };
}
