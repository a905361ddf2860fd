/**
 * Files of `torch.save` (https://pytorch.org/docs/stable/notes/serialization.html): a zip file with a pickle and the bytes of each storage, or, before PyTorch 1.6, pickles and storages one
 * after the other. The pickle is read as data: only the names in the table below mean anything, and none of them runs code.
 */
import {
  type DType,
  describe,
  dtypeNames,
  dtypes,
  installedAutograd,
  isFloat,
  type Storage,
  type Tensor,
} from '@tenfold/tensor-core';
import { asBytes, type ByteSource, type Bytes, bad, countElements, memorySource, swapped } from './bytes.ts';
import { type ZipLoadOptions, zipOptions } from './npz.ts';
import { checkLoadOptions, type LoadOptions, showing, storageFrom } from './transfer.ts';
import { Callable, Dict, type PickleContext, Tuple, unpickle } from './unpickle.ts';
import { type ZipEntry, ZipFile } from './zip.ts';

/**
 * What a file of PyTorch holds: dicts whose keys are all strings are objects, other dicts are `Map`s; lists and tuples are arrays, sets are `Set`s, bytes are `Uint8Array`s; integers beyond
 * 2^53 are bigints; a `torch.dtype` and a `torch.device` are their names.
 */
export type PtValue =
  | Tensor
  | Uint8Array
  | string
  | number
  | bigint
  | boolean
  | null
  | PtValue[]
  | Set<PtValue>
  | Map<PtValue, PtValue>
  | { [name: string]: PtValue };

/** The class of a storage, which says what its elements are. */
class StorageType {
  readonly dtype: DType;
  constructor(dtype: DType) {
    this.dtype = dtype;
  }
}

/** A storage that the pickle names; its bytes lie elsewhere in the file. */
class StorageRef {
  readonly key: string;
  readonly dtype: DType;
  readonly count: number;
  constructor(key: string, dtype: DType, count: number) {
    this.key = key;
    this.dtype = dtype;
    this.count = count;
  }
}

/** A tensor that the pickle describes. */
class TensorRef {
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  requiresGrad: boolean;

  constructor(
    storage: StorageRef,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    requiresGrad: boolean,
  ) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
    this.requiresGrad = requiresGrad;
  }
}

const storageClasses: { readonly [D in DType]: string } = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  float16: 'HalfStorage',
  bfloat16: 'BFloat16Storage',
  int64: 'LongStorage',
  int32: 'IntStorage',
  int16: 'ShortStorage',
  int8: 'CharStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/** The levels of lists and dicts that are followed. */
const maxDepth = 500;

/** The reading of one file: what its pickle may name, and the storages that it named. */
class PtReader {
  readonly where: string;
  readonly storages = new Map<string, StorageRef>();
  readonly context: PickleContext;

  constructor(where: string) {
    this.where = where;
    const set = new Callable((args) => new Set(Array.isArray(args[0]) ? args[0] : []));
    this.context = {
      persistent: (id) => this.#storage(id),
      globals: new Map<string, unknown>([
        ['collections.OrderedDict', new Callable((args) => this.#dict(args))],
        ['torch._utils._rebuild_tensor_v2', new Callable((args) => this.#tensor(args))],
        ['torch._utils._rebuild_parameter', new Callable((args) => this.#parameter(args))],
        ...dtypeNames.map((dtype): [string, unknown] => [`torch.${storageClasses[dtype]}`, new StorageType(dtype)]),
        ...dtypeNames.map((dtype): [string, unknown] => [`torch.${dtype}`, dtype]),
        ['torch.Size', new Callable(([sizes]) => (sizes instanceof Tuple ? sizes : this.#fail('a torch.Size')))],
        ['torch.device', new Callable((args) => this.#device(args))],
        ...['builtins', '__builtin__'].flatMap((module): [string, unknown][] => [
          [`${module}.set`, set],
          [`${module}.frozenset`, set],
        ]),
        ['_codecs.encode', new Callable((args) => this.#latin1(args))],
      ]),
    };
  }

  #fail(what: string): never {
    throw bad(this.where, `${what} that PyTorch would not have written`);
  }

  /** An OrderedDict of nothing, or of pairs. */
  #dict([pairs = []]: readonly unknown[]): Dict {
    const dict = new Dict();
    if (!Array.isArray(pairs)) return this.#fail('an OrderedDict');
    for (const pair of pairs) {
      const items = pair instanceof Tuple ? pair.items : pair;
      if (!Array.isArray(items) || items.length !== 2) return this.#fail('an OrderedDict');
      dict.entries.set(items[0], items[1]);
    }
    return dict;
  }

  #device([type, index]: readonly unknown[]): string {
    if (typeof type !== 'string' || !(index === undefined || isSize(index))) return this.#fail('a torch.device');
    return index === undefined ? type : `${type}:${index}`;
  }

  /** Bytes, which protocol 2 writes as text and its encoding. */
  #latin1([text, encoding]: readonly unknown[]): Uint8Array {
    if (typeof text !== 'string' || encoding !== 'latin1') return this.#fail('bytes');
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return bytes;
  }

  /** `('storage', class, key, device, number of elements)`, and before PyTorch 1.6 a view, which is `None`. */
  #storage(id: unknown): StorageRef {
    const [kind, type, key, , count, view = null] = id instanceof Tuple ? id.items : [];
    if (
      kind !== 'storage' ||
      !(type instanceof StorageType) ||
      typeof key !== 'string' ||
      !isSize(count) ||
      view !== null
    )
      return this.#fail('a reference to a storage');
    const known = this.storages.get(key);
    if (known && (known.dtype !== type.dtype || known.count !== count)) return this.#fail(`two storages '${key}'`);
    const storage = known ?? new StorageRef(key, type.dtype, count);
    this.storages.set(key, storage);
    return storage;
  }

  /** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`: it must lie within its storage. */
  #tensor([storage, offset, size, stride, requiresGrad]: readonly unknown[]): TensorRef {
    const [shape, strides] = [size, stride].map((x) => (x instanceof Tuple ? x.items : undefined));
    if (
      !(storage instanceof StorageRef) ||
      !isSize(offset) ||
      !shape ||
      !strides?.every(isSize) ||
      strides.length !== shape.length
    )
      return this.#fail('a tensor');
    const count = countElements(this.where, shape);
    const last = shape.reduce<number>((sum, n, d) => sum + ((n as number) - 1) * (strides[d] as number), offset);
    if (count > 0 && !(last < storage.count))
      throw bad(
        this.where,
        `a tensor of shape [${shape.join(', ')}] reaches element ${last} of a storage of ${storage.count}`,
      );
    return new TensorRef(storage, offset, shape as number[], strides as number[], requiresGrad === true);
  }

  #parameter([data, requiresGrad]: readonly unknown[]): TensorRef {
    if (!(data instanceof TensorRef)) return this.#fail('a Parameter');
    const { storage, offset, shape, strides } = data;
    return new TensorRef(storage, offset, shape, strides, requiresGrad === true);
  }

  /** The value of a pickle with its tensors made. */
  finish(value: unknown, storages: ReadonlyMap<string, Storage>): PtValue {
    const known = new Map<unknown, PtValue>();
    const convert = (x: unknown, depth: number): PtValue => {
      if (depth > maxDepth) throw bad(this.where, `more than ${maxDepth} levels of lists and dicts`);
      if (x === null || typeof x !== 'object' || x instanceof Uint8Array) return x as PtValue;
      const done = known.get(x);
      if (done !== undefined) return done;
      const keep = <T extends PtValue>(made: T): T => {
        known.set(x, made);
        return made;
      };
      const next = (item: unknown): PtValue => convert(item, depth + 1);
      if (x instanceof TensorRef) return keep(tensorOf(x, storages));
      if (Array.isArray(x) || x instanceof Tuple) {
        const items = keep<PtValue[]>([]);
        for (const item of Array.isArray(x) ? x : x.items) items.push(next(item));
        return items;
      }
      if (x instanceof Set) {
        const items = keep(new Set<PtValue>());
        for (const item of x) items.add(next(item));
        return items;
      }
      if (!(x instanceof Dict)) return this.#fail(`${describe(x)} as a value`);
      if ([...x.entries.keys()].every((key) => typeof key === 'string')) {
        const object = keep<{ [name: string]: PtValue }>({});
        for (const [key, item] of x.entries) define(object, key as string, next(item));
        return object;
      }
      const map = keep(new Map<PtValue, PtValue>());
      for (const [key, item] of x.entries) map.set(next(key), next(item));
      return map;
    };
    return convert(value, 0);
  }
}

const isSize = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

/** Sets a property whatever its name: `__proto__` is a name like others. */
const define = (object: object, name: string, value: unknown): unknown =>
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });

function tensorOf(
  { storage: { key }, shape, strides, offset, requiresGrad }: TensorRef,
  storages: ReadonlyMap<string, Storage>,
): Tensor {
  const storage = storages.get(key) as Storage;
  const tensor = showing(storage, shape, strides, offset);
  return requiresGrad && isFloat(storage.dtype) && installedAutograd() ? tensor.requiresGrad_() : tensor;
}

const bytesFor = ({ dtype, count }: StorageRef): number => count * dtypes[dtype].itemsize;

/**
 * What `torch.save` wrote, with its tensors; those that shared memory share it here. Nothing in the file is ever run: it may hold tensors, numbers, strings, lists, tuples, dicts and
 * sets, and anything else, such as a whole module, is refused by name.
 *
 * `requires_grad` is kept if `@tenfold/autograd` is loaded. Both the zip format and that before PyTorch 1.6 are read.
 *
 * @typeParam T what the file holds; it is not checked.
 * @throws SerializationError if the file is not well-formed, or asks for what isn't on the list of allowed names.
 * @example
 * model.loadStateDict(await loadPt<StateDict>(bytes));
 */
export async function loadPt<T = PtValue>(bytes: Bytes, options: ZipLoadOptions = {}): Promise<T> {
  return (await readPt('loadPt', memorySource(asBytes('loadPt', bytes)), options)) as T;
}

export async function readPt(where: string, source: ByteSource, options: ZipLoadOptions): Promise<PtValue> {
  checkLoadOptions(where, options, zipOptions);
  const begin = await source.read(0, Math.min(source.size, 64));
  if (legacyMagic.every((byte, i) => begin[i] === byte)) return readLegacy(where, source, options);
  if (begin[0] !== 0x50 || begin[1] !== 0x4b)
    throw bad(
      where,
      'this is no file of torch.save: it is neither a zip file nor begins as files before PyTorch 1.6 do',
    );
  return readZipped(where, source, options);
}

/** The longest pickle that is read; it holds names and sizes, not elements. */
const maxPickle = 2 ** 27;

async function readZipped(where: string, source: ByteSource, options: ZipLoadOptions): Promise<PtValue> {
  const zip = await ZipFile.open(where, source, options);
  const pickles = [...zip.entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickles.length !== 1 || pickle.size > maxPickle)
    throw bad(where, 'a zip file with no data.pkl of torch.save in it');
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const reader = new PtReader(where);
  const { value } = unpickle(where, await zip.read(pickle), 0, reader.context);
  const order = zip.entries.get(`${root}byteorder`);
  const big = order !== undefined && order.size < 10 && String.fromCharCode(...(await zip.read(order))) === 'big';
  // all sizes are right before the first byte is read
  const found = [...reader.storages.values()].map((ref): [StorageRef, ZipEntry] => {
    const entry = zip.entries.get(`${root}data/${ref.key}`);
    if (!entry) throw bad(where, `the storage '${ref.key}' is missing`);
    if (entry.size !== bytesFor(ref))
      throw bad(
        where,
        `the storage '${ref.key}' has ${entry.size} bytes, ${ref.count} of ${ref.dtype} are ${bytesFor(ref)}`,
      );
    return [ref, entry];
  });
  const storages = new Map<string, Storage>();
  for (const [ref, entry] of found) {
    const bytes = await zip.read(entry);
    storages.set(
      ref.key,
      storageFrom(
        `${where}: '${entry.name}'`,
        big ? swapped(bytes, dtypes[ref.dtype].itemsize) : bytes,
        ref.dtype,
        options,
      ),
    );
  }
  return reader.finish(value, storages);
}

/** A pickle of the number 0x1950a86a20f9469cfc6c, with which files before PyTorch 1.6 begin. */
const legacyMagic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

/** Pickles of a magic number, a version, facts of the machine, the value and the keys of the storages; then each storage, its length before it. */
async function readLegacy(where: string, source: ByteSource, options: LoadOptions): Promise<PtValue> {
  const bytes = await source.read(0, source.size);
  const reader = new PtReader(where);
  const plain: PickleContext = { globals: new Map() };
  let at = legacyMagic.length;
  const next = (context: PickleContext): unknown => {
    const { value, end } = unpickle(where, bytes, at, context);
    at = end;
    return value;
  };
  if (next(plain) !== 1001) throw bad(where, 'an unknown version of the format before PyTorch 1.6');
  const machine = next(plain);
  if (!(machine instanceof Dict) || machine.entries.get('little_endian') !== true)
    throw bad(where, 'a file of a big-endian machine, in the format before PyTorch 1.6');
  const value = next(reader.context);
  const keys = next(plain);
  if (!Array.isArray(keys) || keys.length !== reader.storages.size) throw bad(where, 'its list of storages is wrong');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const storages = new Map<string, Storage>();
  for (const key of keys) {
    const ref = reader.storages.get(key);
    if (!ref || storages.has(key)) throw bad(where, 'its list of storages is wrong');
    const end = at + 8 + bytesFor(ref);
    if (!(end <= bytes.length) || Number(view.getBigInt64(at, true)) !== ref.count)
      throw bad(where, `the storage '${key}' is cut short or has another size`);
    storages.set(key, storageFrom(`${where}: storage '${key}'`, bytes.subarray(at + 8, end), ref.dtype, options));
    at = end;
  }
  if (at !== bytes.length) throw bad(where, `${bytes.length - at} bytes too many at its end`);
  return reader.finish(value, storages);
}
