/** Data of tensors in files beside the model's: https://onnx.ai/onnx/repo-docs/ExternalData.html. */
import { OnnxModelError } from '@tenfold/tensor-core';
import { byteCount, externalEntry, externalLocation, isExternal } from './data.ts';
import {
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataLocation,
} from './generated/onnx.ts';

/**
 * Where the files beside a model are: the path of its folder (Node), or their contents by name, as bytes or as files that a person has chosen in a
 * browser.
 */
export type ExternalFiles = string | Readonly<Record<string, Uint8Array | Blob>>;

/** One open file. */
interface OpenFile {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Every tensor of a model: initialisers and attributes, in subgraphs and functions too. */
export function* allTensors(model: ModelProto): Generator<TensorProto> {
  if (model.graph) yield* ofGraph(model.graph);
  for (const f of model.functions ?? []) yield* ofNodes(f.node ?? []);
  for (const { initialization, algorithm } of model.trainingInfo ?? []) {
    if (initialization) yield* ofGraph(initialization);
    if (algorithm) yield* ofGraph(algorithm);
  }
}

function* ofGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer ?? [];
  for (const { values, indices } of graph.sparseInitializer ?? []) {
    if (values) yield values;
    if (indices) yield indices;
  }
  yield* ofNodes(graph.node ?? []);
}

function* ofNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const node of nodes) {
    for (const x of node.attribute ?? []) {
      if (x.t) yield x.t;
      yield* x.tensors ?? [];
      if (x.g) yield* ofGraph(x.g);
      for (const graph of x.graphs ?? []) yield* ofGraph(graph);
      for (const { values, indices } of [...(x.sparseTensors ?? []), ...(x.sparseTensor ? [x.sparseTensor] : [])]) {
        if (values) yield values;
        if (indices) yield indices;
      }
    }
  }
}

/** The files beside the model that its tensors lie in. */
export function externalFiles(model: ModelProto): string[] {
  const names = new Set<string>();
  for (const tensor of allTensors(model)) if (isExternal(tensor)) names.add(externalLocation(tensor));
  return [...names];
}

/**
 * Reads the data of tensors that lie in files beside the model's, into the model. The files must be in the model's folder or below it: a name that leads
 * out of it, a link included, is an error; and so is a range that the file doesn't have, or that isn't as long as the tensor.
 *
 * @param files the model's folder, or the files by name.
 * @throws OnnxModelError that names the tensor and the file; the model is then as it was.
 * @example
 * const model = decodeModel(await readFile('models/large.onnx'));
 * await loadExternalData(model, 'models');
 */
export async function loadExternalData(model: ModelProto, files: ExternalFiles): Promise<void> {
  const loaded = new Map<TensorProto, Uint8Array>();
  await withRanges(model, files, async (ranges) => {
    const read = new Map<string, Uint8Array>();
    for (const { tensor, location, file, offset, length } of ranges) {
      const key = `${offset}+${length} of ${location}`;
      const data = read.get(key) ?? (await file.read(offset, length));
      read.set(key, data);
      loaded.set(tensor, data);
    }
  });
  for (const [tensor, data] of loaded) {
    tensor.rawData = data;
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
    tensor.externalData = [];
  }
}

/** Checks what {@link loadExternalData} checks, and reads nothing. */
export async function checkExternalData(model: ModelProto, files: ExternalFiles): Promise<void> {
  await withRanges(model, files, async () => {});
}

/** The data of one tensor. */
interface Range {
  readonly tensor: TensorProto;
  readonly location: string;
  readonly file: OpenFile;
  readonly offset: number;
  readonly length: number;
}

/** Opens the files and checks all ranges before the first is read. */
async function withRanges(
  model: ModelProto,
  files: ExternalFiles,
  use: (ranges: readonly Range[]) => Promise<void>,
): Promise<void> {
  const opened = new Map<string, OpenFile>();
  try {
    const ranges: Range[] = [];
    for (const tensor of allTensors(model)) {
      if (!isExternal(tensor)) continue;
      const location = externalLocation(tensor);
      const where = `the data of tensor '${tensor.name ?? ''}' in the file ${JSON.stringify(location)}`;
      checkLocation(location, where);
      let file = opened.get(location);
      if (!file) opened.set(location, (file = await openFile(files, location, where)));
      ranges.push({ tensor, location, file, ...rangeOf(tensor, file.size, where) });
    }
    // one range may be of several tensors, but ranges that overlap could make a small file fill the memory
    for (const [location, { size }] of opened) {
      const lengths = new Map<string, number>();
      for (const x of ranges) if (x.location === location) lengths.set(`${x.offset}+${x.length}`, x.length);
      if ([...lengths.values()].reduce((sum, length) => sum + length, 0) > size)
        throw new OnnxModelError(`tensors overlap in the file ${JSON.stringify(location)}`);
    }
    await use(ranges);
  } finally {
    for (const file of opened.values()) await file.close();
  }
}

function checkLocation(location: string, where: string): void {
  const parts = location.split(/[\\/]/);
  const absolute = /^([\\/]|[A-Za-z]:)/.test(location);
  if (location === '' || location.includes('\0') || absolute || parts.includes('..') || parts.at(-1) === '')
    throw new OnnxModelError(`${where}: the name must be of a file in the model's folder or below it`);
}

/** Where a tensor's bytes are in their file, checked against its dims and the file's size. */
function rangeOf(tensor: TensorProto, size: number, where: string): { offset: number; length: number } {
  const number = (key: string): number | undefined => {
    const text = externalEntry(tensor, key);
    if (text === undefined) return undefined;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw new OnnxModelError(`${where}: ${JSON.stringify(text)} is no ${key}`);
    return value;
  };
  const needed = byteCount(tensor);
  const offset = number('offset') ?? 0;
  const length = number('length') ?? needed;
  if (length !== needed)
    throw new OnnxModelError(`${where} has ${length} bytes, its shape [${tensor.dims ?? []}] needs ${needed}`);
  if (offset + length > size)
    throw new OnnxModelError(`${where} would be bytes ${offset} to ${offset + length}, and the file has ${size}`);
  return { offset, length };
}

async function openFile(files: ExternalFiles, location: string, where: string): Promise<OpenFile> {
  if (typeof files === 'string') return openInFolder(files, location, where);
  const content = Object.hasOwn(files, location) ? files[location] : undefined;
  const close = async (): Promise<void> => {};
  if (content instanceof Uint8Array)
    return { size: content.length, read: async (offset, length) => content.subarray(offset, offset + length), close };
  if (content instanceof Blob) {
    return {
      size: content.size,
      read: async (offset, length) => new Uint8Array(await content.slice(offset, offset + length).arrayBuffer()),
      close,
    };
  }
  throw new OnnxModelError(`${where}: the file is missing; given: ${Object.keys(files).join(', ') || 'none'}`);
}

/** The most that one read of Node gives is 2 GiB. */
const chunk = 2 ** 30;

async function openInFolder(folder: string, location: string, where: string): Promise<OpenFile> {
  const { open, realpath, stat } = await import('node:fs/promises');
  const { join, relative, isAbsolute, sep } = await import('node:path');
  const fail = (error: unknown): never => {
    throw new OnnxModelError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  };
  const path = await realpath(join(folder, location)).catch(fail);
  const inside = relative(await realpath(folder).catch(fail), path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside))
    throw new OnnxModelError(`${where}: the name is of a link that leads out of the model's folder`);
  // before it is opened: opening a pipe waits for a writer
  if (!(await stat(path).catch(fail)).isFile()) throw new OnnxModelError(`${where}: this is no file`);
  const handle = await open(path, 'r').catch(fail);
  return {
    size: (await handle.stat()).size,
    async read(offset, length) {
      try {
        const bytes = new Uint8Array(length);
        for (let at = 0; at < length; ) {
          const { bytesRead } = await handle.read(bytes, at, Math.min(chunk, length - at), offset + at);
          if (bytesRead === 0) throw new Error('the file has become shorter');
          at += bytesRead;
        }
        return bytes;
      } catch (error) {
        return fail(error);
      }
    },
    close: () => handle.close(),
  };
}
