/**
 * Checkpoints: any nested plain data with tensors, as one safetensors file. The tensors lie in it under their paths, so other programs can read them; the rest is JSON in the metadata.
 *
 * In that JSON a value that JSON has not is an object with the one key `$`: `{ "$": ["tensor", name] }`, `["number", "NaN"]`, `["bigint", "12"]`, `["undefined"]`, `["map", [[key, value], …]]`,
 * `["set", […]]`, `["array", class, name]` for typed arrays, and `["object", {…}]` for an object that itself has the one key `$`.
 */
import {
  ArgumentError,
  arrayTypes,
  type DType,
  describe,
  dtypeNames,
  fromTypedArray,
  isTensor,
  type Tensor,
  type TypedArray,
} from '@tenfold/tensor-core';
import { asBytes, type Bytes, bad, joined } from './bytes.ts';
import { type Metadata, type RawTensor, type Saved, safetensorsPieces, viewSafetensors } from './safetensors.ts';
import { checkLoadOptions, type LoadOptions } from './transfer.ts';

/** What a checkpoint may hold: `stateDict()` of models and optimisers, `getState()` of generators, numbers, lists, and all of it nested. */
export type CheckpointValue =
  | Tensor
  | TypedArray
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | readonly CheckpointValue[]
  | ReadonlyMap<CheckpointValue, CheckpointValue>
  | ReadonlySet<CheckpointValue>
  | { readonly [name: string]: CheckpointValue };

/** Keys of the file's metadata. */
const versionKey = 'tenfold.checkpoint';
const stateKey = 'tenfold.state';
const version = '1';

const maxDepth = 200;

/** Of a bigint: reading one takes time that grows faster than it. */
const maxDigits = 1000;

/** Classes of typed arrays by name, with the dtype under which each is stored. */
const typedArrays = new Map<string, DType>(
  dtypeNames
    .filter((dtype) => !['bool', 'bfloat16', 'float16'].includes(dtype))
    .map((dtype) => [arrayTypes[dtype].name, dtype]),
);

class Writer {
  readonly where: string;
  readonly saved = new Map<string, Saved>();
  /** Names of tensors by what they show: the same memory is written once, and shared again when it is read. */
  readonly #known = new Map<unknown, Map<string, string>>();
  readonly #path: string[] = [];
  readonly #above = new Set<object>();

  constructor(where: string) {
    this.where = where;
  }

  #fail(problem: string): never {
    throw new ArgumentError(`${this.where}: ${this.#path.join('.') || 'the state'} ${problem}`);
  }

  write(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : { $: ['number', Object.is(value, -0) ? '-0' : String(value)] };
      case 'bigint':
        if (String(value).length > maxDigits) this.#fail(`is a bigint of more than ${maxDigits} digits`);
        return { $: ['bigint', String(value)] };
      case 'undefined':
        return { $: ['undefined'] };
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        return this.#fail(`is ${describe(value)}, which can't be saved`);
    }
  }

  #object(value: object): unknown {
    if (isTensor(value)) return { $: ['tensor', this.#tensor(value)] };
    if (ArrayBuffer.isView(value)) return this.#array(value);
    if (this.#above.has(value)) this.#fail('contains itself');
    if (this.#above.size >= maxDepth) this.#fail(`has more than ${maxDepth} levels`);
    this.#above.add(value);
    const written = this.#container(value);
    this.#above.delete(value);
    return written;
  }

  #container(value: object): unknown {
    if (Array.isArray(value)) return Array.from(value, (item, i) => this.#member(String(i), item));
    if (value instanceof Map) {
      return { $: ['map', [...value].map(([key, item], i) => [this.write(key), this.#member(nameOf(key, i), item)])] };
    }
    if (value instanceof Set) return { $: ['set', [...value].map((item, i) => this.#member(String(i), item))] };
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      return this.#fail(
        `is ${describe(value)}, not plain data; save what it is made of: stateDict() of a module or an optimiser, getState() of a generator`,
      );
    }
    const object = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.#member(name, item)]));
    return Object.keys(object).join() === '$' ? { $: ['object', object] } : object;
  }

  #member(name: string, value: unknown): unknown {
    this.#path.push(name);
    const written = this.write(value);
    this.#path.pop();
    return written;
  }

  #tensor(x: Tensor): string {
    const ofStorage = this.#known.get(x.storage) ?? new Map<string, string>();
    this.#known.set(x.storage, ofStorage);
    const window = JSON.stringify([x.shape, x.strides, x.offset]);
    const name = ofStorage.get(window) ?? this.#add(x);
    ofStorage.set(window, name);
    return name;
  }

  #array(value: ArrayBufferView): unknown {
    const { name } = value.constructor;
    const dtype = typedArrays.get(name);
    if (!dtype)
      return this.#fail(`is ${describe(value)}; of typed arrays ${[...typedArrays.keys()].join(', ')} can be saved`);
    // a copy: it says nothing when it changes
    const data = (value as TypedArray).slice();
    return { $: ['array', name, this.#add({ dtype, shape: [data.length], data })] };
  }

  /** Names a tensor after its path. A name that is taken gets a number. */
  #add(saved: Saved): string {
    const path = this.#path.join('.') || 'value';
    let name = path;
    for (let i = 2; this.saved.has(name) || name === '__metadata__'; i++) name = `${path}#${i}`;
    this.saved.set(name, saved);
    return name;
  }
}

const nameOf = (key: unknown, i: number): string =>
  typeof key === 'string' || typeof key === 'number' || typeof key === 'bigint' ? String(key) : String(i);

/** The pieces of a checkpoint, one after the other; the state is as it is now, or there is an error. */
export function checkpointPieces(where: string, state: unknown): AsyncGenerator<Uint8Array> {
  const writer = new Writer(where);
  const structure = JSON.stringify(writer.write(state));
  const metadata: Metadata = { [versionKey]: version, [stateKey]: structure };
  return safetensorsPieces(where, [...writer.saved], { metadata });
}

/**
 * The bytes of a checkpoint: a safetensors file that holds the whole state. In Node, `saveCheckpoint` of `@tenfold/serialize/node` writes it to a file, so that a crash leaves the last good one.
 *
 * Numbers come back exactly, NaN, ±Infinity and -0 included; so do bigints, `undefined`, `Map`s, `Set`s and typed arrays, and tensors that are the same are the same again.
 *
 * @param state a {@link CheckpointValue}; its type is not asked for, as interfaces of TypeScript would not fit.
 * @throws ArgumentError, naming the path, for what is no plain data: functions, and objects of classes.
 * @example
 * const bytes = await packCheckpoint({ model: model.stateDict(), optimizer: optimizer.stateDict(), generator: getRngState(), epoch: 3 });
 */
export async function packCheckpoint(state: unknown): Promise<Uint8Array> {
  return joined(checkpointPieces('packCheckpoint', state));
}

/**
 * The state that {@link packCheckpoint} packed, its tensors on `device`.
 *
 * @typeParam T what the checkpoint holds; it is not checked.
 * @throws SerializationError if the bytes are no checkpoint, or are damaged.
 */
export function unpackCheckpoint<T = CheckpointValue>(bytes: Bytes, options: LoadOptions = {}): T {
  const where = 'unpackCheckpoint';
  checkLoadOptions(where, options);
  const { tensors, metadata } = viewSafetensors(asBytes(where, bytes));
  // each once, however often the state names it
  const once = <T>(make: (name: string) => T): ((name: string) => T) => {
    const known = new Map<string, T>();
    return (name) => {
      const made = known.get(name) ?? make(name);
      known.set(name, made);
      return made;
    };
  };
  return readState(where, metadata, {
    has: (name) => Object.hasOwn(tensors, name),
    tensor: once((name) => tensorOfRaw(tensors[name], options)),
    array: once((name) => tensors[name].data.slice()),
  }) as T;
}

export const tensorOfRaw = ({ dtype, shape, data }: RawTensor, { device }: LoadOptions): Tensor =>
  fromTypedArray(data, shape, { dtype, device });

/** The tensors of the file. */
export interface Parts {
  has(name: string): boolean;
  tensor(name: string): unknown;
  array(name: string): unknown;
}

/** Puts the state of a checkpoint together. */
export function readState(where: string, metadata: Metadata, parts: Parts): unknown {
  if (metadata[versionKey] === undefined || metadata[stateKey] === undefined)
    throw bad(where, 'this is no checkpoint of Tenfold; loadSafetensors reads other safetensors files');
  if (metadata[versionKey] !== version)
    throw bad(
      where,
      `a checkpoint of version ${metadata[versionKey]}; this version of @tenfold/serialize reads ${version}`,
    );
  let structure: unknown;
  try {
    structure = JSON.parse(metadata[stateKey]);
  } catch (cause) {
    throw bad(where, 'its state is no JSON', cause);
  }
  return new Reader(where, parts).read(structure, 0);
}

type Rebuild = (reader: Reader, content: unknown, extra: unknown, depth: number) => unknown;

/** How each `$` is read. */
const rebuild: { readonly [tag: string]: Rebuild | undefined } = {
  tensor: (reader, name) => reader.parts.tensor(reader.name(name)),
  number: (reader, text) => (/^(NaN|-?Infinity|-0)$/.test(String(text)) ? Number(text) : reader.fail('a number')),
  bigint: (reader, text) =>
    typeof text === 'string' && text.length <= maxDigits && /^-?\d+$/.test(text)
      ? BigInt(text)
      : reader.fail('a bigint'),
  undefined: () => undefined,
  map: (reader, items, _, depth) =>
    new Map(
      reader.list(items).map((pair) => {
        const [key, value] = reader.list(pair);
        return [reader.read(key, depth), reader.read(value, depth)];
      }),
    ),
  set: (reader, items, _, depth) => new Set(reader.list(items).map((item) => reader.read(item, depth))),
  array: (reader, _, name) => reader.parts.array(reader.name(name)),
  object: (reader, value, _, depth) => reader.object(value, depth),
};

class Reader {
  readonly where: string;
  readonly parts: Parts;

  constructor(where: string, parts: Parts) {
    this.where = where;
    this.parts = parts;
  }

  fail(what: string): never {
    throw bad(this.where, `${what} in its state that was not written by this package`);
  }

  read(value: unknown, depth: number): unknown {
    if (value === null || typeof value !== 'object') return value;
    // an object behind its `$`, and a pair in its list, are a level more
    if (depth > 2 * maxDepth) return this.fail('more levels than can be');
    if (Array.isArray(value)) return value.map((item) => this.read(item, depth + 1));
    if (Object.keys(value).join() !== '$') return this.object(value, depth);
    const [tag, content, extra] = this.list((value as { $: unknown }).$);
    const known = typeof tag === 'string' && Object.hasOwn(rebuild, tag) ? rebuild[tag] : undefined;
    return known ? known(this, content, extra, depth + 1) : this.fail(`a value of kind ${describe(tag)}`);
  }

  list(value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : this.fail('something that is no list');
  }

  object(value: unknown, depth: number): object {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return this.fail('something that is no object');
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.read(item, depth + 1)]));
  }

  /** A name that the file has. */
  name(name: unknown): string {
    if (typeof name === 'string' && this.parts.has(name)) return name;
    throw bad(this.where, `the tensor ${describe(name)} of its state is missing`);
  }
}
