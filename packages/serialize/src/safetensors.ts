/**
 * The safetensors format (https://github.com/huggingface/safetensors#format): 8 bytes with the length of a header, the header as JSON (dtype, shape and place of each
 * tensor, and metadata), and the elements, little-endian and without gaps. What its reference implementation refuses is refused here.
 */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  dtypeNames,
  dtypes,
  formatShape,
  fromTypedArray,
  isTensor,
  numel,
  type Shape,
  type Tensor,
  type TypedArray,
} from '@tenfold/tensor-core';
import { asBytes, type Bytes, bad, countElements, elements, joined, utf8 } from './bytes.ts';
import { type Json, type JsonObject, parseStrictJson } from './strict-json.ts';
import { bytesOf, checkLoadOptions, type LoadOptions, namedTensors } from './transfer.ts';

/** The format's names of our dtypes, in the order of its reference implementation: files begin with the last, so that all elements are aligned. */
const formatNames: { readonly [D in DType]: string } = {
  bool: 'BOOL',
  uint8: 'U8',
  int8: 'I8',
  int16: 'I16',
  float16: 'F16',
  bfloat16: 'BF16',
  int32: 'I32',
  float32: 'F32',
  float64: 'F64',
  int64: 'I64',
};
const ranks = new Map(Object.keys(formatNames).map((dtype, rank) => [dtype, rank]));

const ourDTypes = new Map(dtypeNames.map((dtype) => [formatNames[dtype], dtype]));

/** Bytes of an element of each dtype that the format has and we have not. */
const foreignSizes = new Map([
  ['U16', 2],
  ['U32', 4],
  ['U64', 8],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['F8_E8M0', 1],
  ['C64', 8],
]);

/** The longest header that the reference implementation reads. */
const maxHeader = 100_000_000;

const lengthBytes = 8;
const metadataKey = '__metadata__';

/** Text by name that a file carries beside its tensors. */
export interface Metadata {
  readonly [name: string]: string;
}

/** Where a tensor lies in a file. */
export interface SafetensorsEntry {
  /** As the format writes it: `'F32'`. */
  readonly dtype: string;
  readonly shape: Shape;
  /** The position of its first byte in the file, and that behind its last. */
  readonly begin: number;
  readonly end: number;
}

/** What the header of a file says. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Metadata;
}

/** The length of a file's beginning, header included, from its first 8 bytes. */
export function beginningLength(where: string, first: Uint8Array, fileSize: number): number {
  if (fileSize < lengthBytes)
    throw bad(where, `a safetensors file has at least ${lengthBytes} bytes, this one has ${fileSize}`);
  const length = Number(new DataView(first.buffer, first.byteOffset).getBigUint64(0, true));
  if (length > maxHeader) throw bad(where, `a header of ${length} bytes; at most ${maxHeader} are allowed`);
  if (lengthBytes + length > fileSize)
    throw bad(where, `the header has ${length} bytes, but the file ends after ${fileSize - lengthBytes} of them`);
  return lengthBytes + length;
}

/** Reads and checks the beginning of a file: every byte behind it must belong to one tensor. */
export function parseHeader(where: string, beginning: Uint8Array, fileSize: number): SafetensorsHeader {
  const text = utf8(where, beginning.subarray(lengthBytes));
  if (!text.startsWith('{')) throw bad(where, "the header does not begin with '{'");
  let header: Json;
  try {
    header = parseStrictJson(text);
  } catch (cause) {
    throw bad(where, `the header is not what the format allows: ${(cause as Error).message}`, cause);
  }
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Metadata = {};
  for (const [name, value] of header as JsonObject) {
    if (name === metadataKey) metadata = metadataOf(where, value);
    else entries.set(name, entryOf(`${where}: tensor '${name}'`, value, beginning.length));
  }
  checkCovered(where, entries, beginning.length, fileSize);
  return { entries, metadata };
}

function metadataOf(where: string, value: Json): Metadata {
  if (!(value instanceof Map)) throw bad(where, `${metadataKey} is not an object`);
  for (const [name, text] of value as JsonObject)
    if (typeof text !== 'string') throw bad(where, `the metadata '${name}' is not a string`);
  return Object.fromEntries(value as ReadonlyMap<string, string>);
}

function entryOf(where: string, value: Json, start: number): SafetensorsEntry {
  const fields = value instanceof Map ? (value as JsonObject) : new Map<string, Json>();
  const [dtype, shape, offsets] = ['dtype', 'shape', 'data_offsets'].map((name) => fields.get(name));
  if (fields.size !== 3 || typeof dtype !== 'string' || !Array.isArray(shape) || !Array.isArray(offsets))
    throw bad(where, 'an entry has dtype, shape and data_offsets, and nothing else');
  const ours = ourDTypes.get(dtype);
  const itemsize = ours ? dtypes[ours].itemsize : foreignSizes.get(dtype);
  if (itemsize === undefined) throw bad(where, `the dtype '${dtype}' is unknown`);
  const count = countElements(where, shape);
  if (offsets.length !== 2 || !offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0))
    throw bad(where, 'data_offsets are not two positions');
  const [begin, end] = offsets as [number, number];
  if (end - begin !== count * itemsize)
    throw bad(
      where,
      `data_offsets hold ${end - begin} bytes, ${dtype} of shape ${formatShape(shape)} has ${count * itemsize}`,
    );
  return { dtype, shape, begin: start + begin, end: start + end };
}

function checkCovered(
  where: string,
  entries: ReadonlyMap<string, SafetensorsEntry>,
  start: number,
  fileSize: number,
): void {
  let at = start;
  for (const [name, { begin, end }] of [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at) {
      const problem = begin < at ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw bad(where, `'${name}' ${problem}: it begins at byte ${begin}, not at ${at}`);
    }
    at = end;
  }
  if (at !== fileSize) throw bad(where, `the tensors end at byte ${at}, the file at ${fileSize}`);
}

/** The dtype of an entry here. @throws SerializationError if there is none. */
export function dtypeOf(where: string, { dtype }: SafetensorsEntry): DType {
  const ours = ourDTypes.get(dtype);
  if (ours) return ours;
  throw bad(
    where,
    `there is no dtype for ${dtype} here; openSafetensors (of @tenfold/serialize/node) reads the other tensors by name`,
  );
}

function header(where: string, bytes: Uint8Array): SafetensorsHeader {
  return parseHeader(where, bytes.subarray(0, beginningLength(where, bytes, bytes.length)), bytes.length);
}

/** Tensors by name, and the text that came with them. */
export interface LoadedSafetensors {
  readonly tensors: { [name: string]: Tensor };
  readonly metadata: Metadata;
}

/**
 * The tensors of a safetensors file. Their elements go to the device straight from `bytes`.
 *
 * @throws SerializationError if the file is not well-formed, or has a dtype that Tenfold has not.
 * @example
 * const { tensors, metadata } = loadSafetensors(new Uint8Array(await (await fetch('model.safetensors')).arrayBuffer()));
 * model.loadStateDict(tensors);
 */
export function loadSafetensors(bytes: Bytes, options: LoadOptions = {}): LoadedSafetensors {
  const where = 'loadSafetensors';
  checkLoadOptions(where, options);
  const file = asBytes(where, bytes);
  const { entries, metadata } = header(where, file);
  const tensors = [...entries].map(([name, entry]): [string, Tensor] => {
    const { dtype, shape, data } = rawTensor(`${where}: tensor '${name}'`, file, entry);
    return [name, fromTypedArray(data, shape, { dtype, device: options.device })];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** Elements of a file, with no tensor made of them. */
export interface RawTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** float16 and bfloat16 as their bits, bool as 0 and 1. */
  readonly data: TypedArray;
}

const rawTensor = (where: string, file: Uint8Array, entry: SafetensorsEntry): RawTensor => {
  const dtype = dtypeOf(where, entry);
  return { dtype, shape: entry.shape, data: elements(where, file.subarray(entry.begin, entry.end), dtype) };
};

/**
 * The elements of a safetensors file as typed arrays over `bytes`: nothing is copied (but what isn't aligned, in files of other writers), and no backend is needed.
 *
 * @throws SerializationError as {@link loadSafetensors}.
 */
export function viewSafetensors(bytes: Bytes): {
  readonly tensors: { [name: string]: RawTensor };
  readonly metadata: Metadata;
} {
  const where = 'viewSafetensors';
  const file = asBytes(where, bytes);
  const { entries, metadata } = header(where, file);
  const tensors = [...entries].map(([name, entry]) => [name, rawTensor(`${where}: tensor '${name}'`, file, entry)]);
  return { tensors: Object.fromEntries(tensors), metadata };
}

/** Options of {@link saveSafetensors}. */
export interface SaveSafetensorsOptions {
  /** Text to go with the tensors, by name. */
  metadata?: Metadata | undefined;
}

/**
 * The bytes of a safetensors file. Tensors that share memory are written one by one. PyTorch, tinygrad, MLX and Candle read it.
 *
 * @param tensors by name, as `stateDict()` gives them.
 * @throws ArgumentError for anything but tensors by name, or metadata that isn't text.
 * @example
 * const bytes = await saveSafetensors(model.stateDict(), { metadata: { epoch: '3' } });
 */
export async function saveSafetensors(
  tensors: { readonly [name: string]: Tensor },
  options: SaveSafetensorsOptions = {},
): Promise<Uint8Array> {
  const where = 'saveSafetensors';
  return joined(safetensorsPieces(where, namedTensors(where, tensors), options));
}

/** What a file can be made of. */
export type Saved = Tensor | RawTensor;

/** The pieces of a safetensors file, one after the other; the tensors are as they are now, or there is an error. */
export function safetensorsPieces(
  where: string,
  named: readonly (readonly [string, Saved])[],
  options: SaveSafetensorsOptions = {},
): AsyncGenerator<Uint8Array> {
  checkOptions(where, options, ['metadata']);
  const sorted = [...named].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => (ranks.get(y) ?? 0) - (ranks.get(x) ?? 0) || (a < b ? -1 : 1),
  );
  const parts = sorted.map(([name, saved]) => {
    if (isTensor(saved)) return bytesOf(`${where}: '${name}'`, saved);
    return [new Uint8Array(saved.data.buffer as ArrayBuffer, saved.data.byteOffset, saved.data.byteLength)];
  });
  return pieces(beginning(where, sorted, options.metadata), parts);
}

async function* pieces(
  header: Uint8Array,
  parts: readonly (AsyncIterable<Uint8Array> | Iterable<Uint8Array>)[],
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const part of parts) yield* part;
}

function beginning(where: string, named: readonly (readonly [string, Saved])[], metadata?: Metadata): Uint8Array {
  const header: [string, object][] = [];
  if (metadata !== undefined) header.push([metadataKey, checkMetadata(where, metadata)]);
  let at = 0;
  for (const [name, { dtype, shape }] of named) {
    if (name === metadataKey) throw new ArgumentError(`${where}: a tensor can't be named ${metadataKey}`);
    checkText(where, name);
    const end = at + numel(shape) * dtypes[dtype].itemsize;
    header.push([name, { dtype: formatNames[dtype], shape, data_offsets: [at, end] }]);
    at = end;
  }
  // an object of JavaScript would put names that look like numbers first
  const json = new TextEncoder().encode(
    `{${header.map((entry) => entry.map((part) => JSON.stringify(part)).join(':')).join(',')}}`,
  );
  // spaces, so that the elements begin at a multiple of 8
  const length = Math.ceil(json.length / 8) * 8;
  if (length > maxHeader) throw bad(where, `names and metadata take ${length} bytes; the format allows ${maxHeader}`);
  const bytes = new Uint8Array(lengthBytes + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, lengthBytes);
  return bytes;
}

function checkMetadata(where: string, metadata: unknown): object {
  if (metadata === null || typeof metadata !== 'object')
    throw new ArgumentError(`${where}: metadata must be text by name, got ${describe(metadata)}`);
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== 'string')
      throw new ArgumentError(`${where}: the metadata '${name}' must be a string, got ${describe(text)}`);
    checkText(where, name);
    checkText(where, text);
  }
  return metadata;
}

/** Halves of a pair of code units have no UTF-8, and would be read back as something else. */
function checkText(where: string, text: string): void {
  if (/\p{Surrogate}/u.test(text))
    throw new ArgumentError(`${where}: ${JSON.stringify(text)} is not well-formed Unicode`);
}
