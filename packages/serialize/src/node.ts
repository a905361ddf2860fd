/**
 * `@tenfold/serialize/node`: the same files by their paths, in Node. Files are read by ranges and may be larger than memory's arrays; they are written under another name and renamed.
 *
 * @packageDocumentation
 */
import { ArgumentError, describe, type Shape, type Tensor } from '@tenfold/tensor-core';
import { elements } from './bytes.ts';
import { type CheckpointValue, checkpointPieces, readState, tensorOfRaw } from './checkpoint.ts';
import { FileSource, type Path, pathOf, withFile, writeAtomically } from './file.ts';
import { npyPieces, readNpy } from './npy.ts';
import { npzPieces, readNpz, type SaveNpzOptions, type ZipLoadOptions } from './npz.ts';
import { type PtValue, readPt } from './pt.ts';
import {
  beginningLength,
  dtypeOf,
  type LoadedSafetensors,
  type Metadata,
  parseHeader,
  type RawTensor,
  type SafetensorsEntry,
  type SafetensorsHeader,
  type SaveSafetensorsOptions,
  safetensorsPieces,
} from './safetensors.ts';
import { checkLoadOptions, type LoadOptions, namedTensors } from './transfer.ts';

export type { Path } from './file.ts';

type Tensors = { readonly [name: string]: Tensor };

/**
 * A safetensors file that is open: its tensors are read one by one, when they are asked for.
 *
 * @example
 * await using file = await openSafetensors('model.safetensors');
 * const embedding = await file.tensor('transformer.wte.weight');
 */
export class SafetensorsFile {
  readonly metadata: Metadata;
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly #where: string;
  readonly #source: FileSource;

  /** @internal */
  constructor(where: string, source: FileSource, { entries, metadata }: SafetensorsHeader) {
    this.metadata = metadata;
    this.#entries = entries;
    this.#where = where;
    this.#source = source;
  }

  /** The names of its tensors. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Whether it has a tensor of that name. */
  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The dtype, as the format writes it (`'F32'`), and the shape of a tensor, which isn't read. */
  info(name: string): { readonly dtype: string; readonly shape: Shape } {
    const { dtype, shape } = this.#entry(name);
    return { dtype, shape };
  }

  /** Reads one tensor. @throws ArgumentError if there is none of that name. */
  async tensor(name: string, options: LoadOptions = {}): Promise<Tensor> {
    checkLoadOptions('SafetensorsFile.tensor', options);
    return tensorOfRaw(await this.raw(name), options);
  }

  /** Reads the elements of one tensor, and makes none of them. */
  async raw(name: string): Promise<RawTensor> {
    const entry = this.#entry(name);
    const where = `${this.#where}: tensor '${name}'`;
    const dtype = dtypeOf(where, entry);
    const bytes = await this.#source.read(entry.begin, entry.end - entry.begin);
    return { dtype, shape: entry.shape, data: elements(where, bytes, dtype) };
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    const known = this.names().slice(0, 8).join(', ');
    throw new ArgumentError(`${this.#where} has no tensor ${describe(name)}; it has ${this.#entries.size}: ${known} …`);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#source.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function openFile(where: string, source: FileSource): Promise<SafetensorsFile> {
  const first = await source.read(0, Math.min(8, source.size));
  const length = beginningLength(where, first, source.size);
  return new SafetensorsFile(where, source, parseHeader(where, await source.read(0, length), source.size));
}

/** Opens a safetensors file: its header is read and checked, its tensors are not. Close it in the end. @throws SerializationError if it isn't well-formed. */
export async function openSafetensors(path: Path): Promise<SafetensorsFile> {
  const name = pathOf('openSafetensors', path);
  const where = `openSafetensors: '${name}'`;
  const source = await FileSource.open(where, name);
  try {
    return await openFile(where, source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** `loadSafetensors` from a file, one tensor in memory at a time. */
export async function loadSafetensorsFile(path: Path, options: LoadOptions = {}): Promise<LoadedSafetensors> {
  checkLoadOptions('loadSafetensorsFile', options);
  return withFile('loadSafetensorsFile', path, async (where, source) => {
    const file = await openFile(where, source);
    const tensors: [string, Tensor][] = [];
    for (const name of file.names()) tensors.push([name, await file.tensor(name, options)]);
    return { tensors: Object.fromEntries(tensors), metadata: file.metadata };
  });
}

/** `saveSafetensors` to a file, in pieces of 16 MiB: tensors may be larger than memory has room for twice. The file gets its name when it is complete. */
export async function saveSafetensorsFile(
  path: Path,
  tensors: Tensors,
  options: SaveSafetensorsOptions = {},
): Promise<void> {
  const where = 'saveSafetensorsFile';
  await writeAtomically(where, path, safetensorsPieces(where, namedTensors(where, tensors), options));
}

/** `loadNpy` from a file. */
export async function loadNpyFile(path: Path, options: LoadOptions = {}): Promise<Tensor> {
  checkLoadOptions('loadNpyFile', options);
  return withFile('loadNpyFile', path, async (where, source) =>
    readNpy(where, await source.read(0, source.size), options),
  );
}

/** `saveNpy` to a file, which gets its name when it is complete. */
export async function saveNpyFile(path: Path, x: Tensor): Promise<void> {
  await writeAtomically('saveNpyFile', path, npyPieces('saveNpyFile', x));
}

/** `loadNpz` from a file, one array in memory at a time. */
export async function loadNpzFile(path: Path, options: ZipLoadOptions = {}): Promise<{ [name: string]: Tensor }> {
  return withFile('loadNpzFile', path, (where, source) => readNpz(where, source, options));
}

/** `saveNpz` to a file, which gets its name when it is complete. */
export async function saveNpzFile(path: Path, tensors: Tensors, options: SaveNpzOptions = {}): Promise<void> {
  await writeAtomically('saveNpzFile', path, npzPieces('saveNpzFile', tensors, options));
}

/** `loadPt` from a file, one storage in memory at a time. */
export async function loadPtFile<T = PtValue>(path: Path, options: ZipLoadOptions = {}): Promise<T> {
  return withFile('loadPtFile', path, async (where, source) => (await readPt(where, source, options)) as T);
}

/**
 * Writes a checkpoint: model, optimiser, generator, numbers, whatever the state holds (see `packCheckpoint`). The file is complete before it gets its name, so a process that is killed at
 * any moment leaves the last good checkpoint.
 *
 * @throws ArgumentError, naming the path in the state, for what is no plain data; SerializationError if the file can't be written, or a tensor is changed before it is saved.
 * @example
 * await saveCheckpoint('run.safetensors', { model: model.stateDict(), optimizer: optimizer.stateDict(), generator: getRngState(), step });
 */
export async function saveCheckpoint(path: Path, state: unknown): Promise<void> {
  await writeAtomically('saveCheckpoint', path, checkpointPieces('saveCheckpoint', state));
}

/**
 * The state of a checkpoint, one tensor in memory at a time.
 *
 * @typeParam T what the checkpoint holds; it is not checked.
 * @throws SerializationError if the file is no checkpoint, or is damaged.
 * @example
 * const state = () => ({ model: model.stateDict(), optimizer: optimizer.stateDict(), generator: getRngState(), step });
 * const saved = await loadCheckpoint<ReturnType<typeof state>>('run.safetensors');
 * model.loadStateDict(saved.model);
 * optimizer.loadStateDict(saved.optimizer);
 * setRngState(saved.generator);
 */
export async function loadCheckpoint<T = CheckpointValue>(path: Path, options: LoadOptions = {}): Promise<T> {
  checkLoadOptions('loadCheckpoint', options);
  return withFile('loadCheckpoint', path, async (where, source) => {
    const file = await openFile(where, source);
    // the state is gone through twice: to see what it wants of the file, and, once that is read, to put it together
    const [tensors, arrays] = [new Set<string>(), new Set<string>()];
    const has = (name: string): boolean => file.has(name);
    readState(where, file.metadata, { has, tensor: (name) => tensors.add(name), array: (name) => arrays.add(name) });
    const [read, raw] = [new Map<string, Tensor>(), new Map<string, RawTensor>()];
    for (const name of tensors) read.set(name, await file.tensor(name, options));
    for (const name of arrays) raw.set(name, await file.raw(name));
    return readState(where, file.metadata, {
      has,
      tensor: (name) => read.get(name),
      array: (name) => raw.get(name)?.data,
    }) as T;
  });
}
