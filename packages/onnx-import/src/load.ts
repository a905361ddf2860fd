/** From the bytes of an ONNX file to a module. */
import {
  decodeModel,
  type ExternalFiles,
  externalFiles,
  type GraphProto,
  loadExternalData,
  type ModelProto,
} from '@tenfold/onnx-model';
import { describe, OnnxModelError, type Tensor } from '@tenfold/tensor-core';
import type { Row, Rows } from './context.ts';
import { hostRows } from './host-ops.ts';
import { OnnxModule } from './module.ts';
import { structure } from './ops/structure.ts';
import { rows } from './ops/table.ts';
import { type ImportSettings, type LoadOnnxOptions, readOptions } from './options.ts';
import { type Compilation, compileModel, domainOf, functionKey, keyOf, readImports } from './plan.ts';
import { readInputs, readOutputs } from './signature.ts';
import { invalid } from './values.ts';

/** The last version of ONNX's operator set whose ops are known here. */
const LATEST_OPSET = 28;

/** The bytes of a file, or a file that a person has chosen in a browser. */
export type OnnxBytes = Uint8Array | ArrayBuffer | Blob;

/** Where a model comes from: a path (Node), a URL, or bytes. Files beside it that hold its data are found by their names; bytes need `data`. */
export type OnnxSource =
  | string
  | URL
  | OnnxBytes
  | {
      readonly model: string | URL | OnnxBytes;
      /** The folder of the files with the data (Node), or the files by name. */
      readonly data: ExternalFiles;
    };

/**
 * Loads an ONNX model as a module that runs on any backend, is trained, and exported again (`@tenfold/onnx-export`).
 *
 * Float initialisers are its parameters, apart from statistics and settings of ops; these and all others are buffers. Their names are the file's.
 *
 * @typeParam Output what `forward` gives, if it is not one tensor: `loadOnnx<[Tensor, Tensor]>(…)`.
 * @param source a path (Node), a URL, the bytes of the file, or `{ model, data }` where data lie in other files.
 * @throws OnnxModelError for a file that is damaged, or that holds what can't be run here: all unknown ops are named at once.
 * @example
 * const model = await loadOnnx('model.onnx');
 * const y = model.forward(x);
 */
export async function loadOnnx<Output = Tensor>(
  source: OnnxSource,
  options: LoadOnnxOptions = {},
): Promise<OnnxModule<Output>> {
  const settings = readOptions(options);
  const { model, data } = isPair(source) ? source : { model: source, data: undefined };
  const at = await localPath(model);
  const decoded = decodeModel(await bytesOf(at));
  const files = externalFiles(decoded);
  if (files.length > 0) await loadExternalData(decoded, data ?? (await filesBeside(at, files)));
  return moduleOf(decoded, settings);
}

/**
 * {@link loadOnnx} for a model that is decoded already, with all data in it (`decodeModel` and `loadExternalData` of `@tenfold/onnx-model`).
 *
 * @throws OnnxModelError as `loadOnnx` does.
 */
export function importModel<Output = Tensor>(model: ModelProto, options: LoadOnnxOptions = {}): OnnxModule<Output> {
  return moduleOf(model, readOptions(options));
}

const isBytes = (x: unknown): x is OnnxBytes =>
  x instanceof Uint8Array || x instanceof ArrayBuffer || x instanceof Blob;

const isPair = (source: OnnxSource): source is Extract<OnnxSource, { readonly model: unknown }> =>
  typeof source === 'object' && source !== null && !isBytes(source) && !(source instanceof URL) && 'model' in source;

/** A `file:` URL is a path. */
async function localPath(source: string | URL | OnnxBytes): Promise<string | URL | OnnxBytes> {
  if (!(source instanceof URL) || source.protocol !== 'file:') return source;
  const { fileURLToPath } = await import('node:url');
  return fileURLToPath(source);
}

async function bytesOf(source: string | URL | OnnxBytes): Promise<Uint8Array | ArrayBuffer> {
  if (source instanceof Blob) return source.arrayBuffer();
  if (isBytes(source)) return source;
  if (source instanceof URL) return fetched(source);
  if (typeof source !== 'string')
    throw new OnnxModelError(`loadOnnx: expected a path, a URL, bytes or { model, data }, got ${describe(source)}`);
  const { readFile } = await import('node:fs/promises').catch((error: unknown) => {
    throw invalid('loadOnnx: only Node reads paths; give a URL: new URL(path, location.href)', error);
  });
  return readFile(source).catch((error: unknown) => {
    throw invalid(`loadOnnx: ${source} can't be read: ${error instanceof Error ? error.message : error}`, error);
  });
}

async function fetched(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((error: unknown) => {
    throw invalid(`loadOnnx: ${url} can't be fetched: ${error instanceof Error ? error.message : error}`, error);
  });
  if (!response.ok) throw invalid(`loadOnnx: ${url} answered ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The files with the data, in the model's folder. */
async function filesBeside(source: string | URL | OnnxBytes, names: readonly string[]): Promise<ExternalFiles> {
  if (typeof source === 'string') return (await import('node:path')).dirname(source);
  if (!(source instanceof URL)) {
    const list = names.map((name) => `'${name}'`).join(', ');
    throw invalid(`the model has its data in other files (${list}); give loadOnnx { model, data: { name: bytes } }`);
  }
  const files: Record<string, Uint8Array> = {};
  for (const name of names) {
    // any other name is refused by who reads the files
    if (/^[\w.-]+(\/[\w.-]+)*$/.test(name) && !name.split('/').includes('..'))
      files[name] = await fetched(new URL(name, source));
  }
  return files;
}

function moduleOf<Output>(model: ModelProto, settings: ImportSettings): OnnxModule<Output> {
  const { graph } = model;
  if (!graph) throw invalid('this is no ONNX model, or a damaged one: it has no graph');
  const imports = readImports(model.opsetImport);
  checkOpset(imports.get(''), settings);
  const compilation = compilationOf(model, settings);
  const signature = readInputs(graph);
  const outputs = readOutputs(graph);
  const plan = compileModel(graph, imports, compilation);
  if (compilation.unknown.size > 0) {
    const list = [...compilation.unknown].map(([key, label]) => `${key} (${label})`).join(', ');
    throw invalid(
      `the model has ${compilation.unknown.size === 1 ? 'an op that is' : 'ops that are'} not known here: ${list}; give loadOnnx the option ops: { '${[...compilation.unknown.keys()][0]}': (c) => … }`,
    );
  }
  const { weights } = compilation;
  return new OnnxModule(
    {
      name: nameOf(graph),
      plan,
      weights: [...weights.keys()],
      ...signature,
      outputs,
      settings,
      trains: compilation.trains,
    },
    weights,
  );
}

const nameOf = ({ name }: GraphProto): string => name || 'graph';

function checkOpset(version: number | undefined, { strict }: ImportSettings): void {
  if (version === undefined || (version >= 1 && version <= LATEST_OPSET) || !strict) return;
  throw invalid(
    `the model is of opset ${version}, and ops up to opset ${LATEST_OPSET} are known here; the option strict: false takes them as they were in opset ${LATEST_OPSET}`,
  );
}

/** What is computed without tensors. */
const onHost: Rows = { ...structure, ...hostRows };

function compilationOf(model: ModelProto, settings: ImportSettings): Compilation {
  const { ops } = settings;
  const functions = new Map(
    (model.functions ?? []).map((f) => [functionKey(domainOf(f.domain), f.name ?? '', f.overload), f]),
  );
  if (functions.size !== (model.functions ?? []).length) throw invalid('two functions of the model have one name');
  return {
    row: (domain, opType): Row | null =>
      ops.get(keyOf(domain, opType)) ?? (domain === '' && Object.hasOwn(rows, opType) ? rows[opType] : null),
    isCustom: (domain, opType) => ops.has(keyOf(domain, opType)),
    hostRow: (opType) => (Object.hasOwn(onHost, opType) && !ops.has(opType) ? onHost[opType] : null),
    functions,
    weights: new Map(),
    constants: {
      training: false,
      trainingFile: false,
      device: 'cpu',
      computed: (dtype) => dtype,
      tensorOf: ({ dtype, shape }) => {
        throw invalid(`a constant of ${dtype}[${shape.join(', ')}] was needed as a tensor while the model was read`);
      },
      limits: settings,
    },
    unknown: new Map(),
    trains: false,
  };
}
