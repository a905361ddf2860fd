/**
 * NumPy's .npy format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a dtype, a shape and an order, written as a literal of Python, and the elements.
 */
import {
  ArgumentError,
  contiguousStrides,
  type DType,
  describe,
  dtypes,
  isTensor,
  type Shape,
  type Tensor,
} from '@tenfold/tensor-core';
import { asBytes, type Bytes, bad, countElements, joined, room, swapped, utf8 } from './bytes.ts';
import { bytesOf, checkLoadOptions, type LoadOptions, showing, storageFrom } from './transfer.ts';

const magic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** NumPy's codes of our dtypes: a kind and a number of bytes. */
const codes: { readonly [D in DType]: string | null } = {
  bool: 'b1',
  uint8: 'u1',
  int8: 'i1',
  int16: 'i2',
  int32: 'i4',
  int64: 'i8',
  float16: 'f2',
  float32: 'f4',
  float64: 'f8',
  bfloat16: null,
};

/** The dtype that takes every value of NumPy's, and how its elements become ours; uint64 is refused beyond 2^63. */
interface Reading {
  readonly dtype: DType;
  readonly itemsize: number;
  readonly widen?: (where: string, bytes: Uint8Array) => Uint8Array;
}

const wider: { readonly [code: string]: Reading } = {
  u2: { dtype: 'int32', itemsize: 2, widen: (_, bytes) => bytesIn(Int32Array.from(new Uint16Array(bytes.buffer))) },
  u4: {
    dtype: 'int64',
    itemsize: 4,
    widen: (_, bytes) => bytesIn(BigInt64Array.from(new Uint32Array(bytes.buffer), BigInt)),
  },
  u8: {
    dtype: 'int64',
    itemsize: 8,
    widen: (where, bytes) => {
      const over = new BigInt64Array(bytes.buffer).find((value) => value < 0n);
      if (over === undefined) return bytes;
      throw bad(where, `the uint64 ${BigInt.asUintN(64, over)} is beyond int64, the widest integer here`);
    },
  },
};

const bytesIn = ({ buffer }: Int32Array | BigInt64Array): Uint8Array => new Uint8Array(buffer as ArrayBuffer);

const readings = new Map<string, Reading>([
  ...Object.entries(codes)
    .filter(([, code]) => code !== null)
    .map(([dtype, code]): [string, Reading] => [
      code as string,
      { dtype: dtype as DType, itemsize: dtypes[dtype as DType].itemsize },
    ]),
  ...Object.entries(wider),
]);

/** What NumPy's other kinds are called, for messages. */
const kinds: { readonly [kind: string]: string } = {
  c: 'complex numbers',
  O: 'Python objects, which are never unpickled here',
  S: 'byte strings',
  U: 'strings',
  V: 'raw bytes; bfloat16 is written so, save it as float32',
  m: 'time spans',
  M: 'dates',
};

/** The longest header read: NumPy's own limit is 10,000. */
const maxHeader = 2 ** 16;

/**
 * The array of a .npy file, of versions 1 to 3. Fortran order is kept, as strides. uint16 becomes int32, uint32 and uint64 int64, with the same values;
 * either order of bytes is read.
 *
 * @throws SerializationError if the file is not well-formed, or holds what a tensor can't (complex numbers, strings, objects, fields).
 * @example
 * const x = loadNpy(await readFile('x.npy'));
 */
export function loadNpy(bytes: Bytes, options: LoadOptions = {}): Tensor {
  checkLoadOptions('loadNpy', options);
  return readNpy('loadNpy', asBytes('loadNpy', bytes), options);
}

export function readNpy(where: string, file: Uint8Array, options: LoadOptions): Tensor {
  const { text, start } = headerText(where, file);
  const { descr, fortran, shape } = parseHeader(where, text);
  const match = /^([<>|=])([a-zA-Z])(\d*)$/.exec(descr);
  const reading = match ? readings.get(match[2] + match[3]) : undefined;
  if (!match || !reading) {
    const kind = kinds[match?.[2] ?? ''] ?? 'unknown';
    throw bad(where, `the dtype '${descr}' (${kind}) is none of a tensor: bool, integers, float16, float32, float64`);
  }
  const { dtype, itemsize, widen } = reading;
  const count = countElements(where, shape);
  const given = file.length - start;
  if (given !== count * itemsize)
    throw bad(where, `${descr} of shape [${shape.join(', ')}] has ${count * itemsize} bytes, the file ${given}`);
  const order = match[1] === '>' && itemsize > 1 ? swapped(file.subarray(start), itemsize) : file.subarray(start);
  const storage = storageFrom(where, widen ? widen(where, order.slice()) : order, dtype, options);
  const strides = fortran ? contiguousStrides([...shape].reverse()).reverse() : contiguousStrides(shape);
  return showing(storage, shape, strides, 0);
}

function headerText(where: string, file: Uint8Array): { text: string; start: number } {
  if (file.length < 10 || magic.some((byte, i) => file[i] !== byte))
    throw bad(where, 'this is no .npy file: it does not begin with \\x93NUMPY');
  const [major, minor] = [file[6], file[7]];
  if (major < 1 || major > 3 || minor !== 0)
    throw bad(where, `version ${major}.${minor} of the format; 1.0, 2.0 and 3.0 are known`);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const begin = major === 1 ? 10 : 12;
  if (file.length < begin) throw bad(where, 'the file ends within its header');
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeader) throw bad(where, `a header of ${length} bytes; at most ${maxHeader} are allowed`);
  if (begin + length > file.length) throw bad(where, 'the file ends within its header');
  return { text: utf8(where, file.subarray(begin, begin + length)), start: begin + length };
}

/** `'descr': '<f4',`, `'fortran_order': False,`, `'shape': (3, 4),`. */
const field =
  /\s*'(?:(descr)'\s*:\s*'([^'\\]{1,64})'|(fortran_order)'\s*:\s*(True|False)|(shape)'\s*:\s*\(([\d,\sL]*)\))\s*(?:,\s*|$)/gy;

/** The three fields, each once and in any order. */
function parseHeader(where: string, text: string): { descr: string; fortran: boolean; shape: Shape } {
  const literal = text.trim();
  const body = literal.startsWith('{') && literal.endsWith('}') ? literal.slice(1, -1) : '';
  const found = new Map<string, string>();
  let end = 0;
  for (const [all, descr, dtype, order, fortran, shape, sizes] of body.matchAll(field)) {
    const name = descr ?? order ?? shape;
    if (found.has(name)) throw bad(where, `the header has '${name}' twice`);
    found.set(name, dtype ?? fortran ?? sizes);
    end += all.length;
  }
  const [descr, fortran, shape] = ['descr', 'fortran_order', 'shape'].map((name) => found.get(name));
  if (descr === undefined || fortran === undefined || shape === undefined || end !== body.length) {
    const what = /'descr'\s*:\s*\[/.test(text)
      ? 'an array of records; save its fields one by one'
      : 'an unknown header';
    throw bad(where, `${what}: ${literal.slice(0, 80)}`);
  }
  return { descr, fortran: fortran === 'True', shape: sizesOf(where, shape) };
}

/** `()`, `(3,)`, `(3, 4)`; Python 2 wrote `(3L,)`. */
function sizesOf(where: string, text: string): Shape {
  if (text.trim() === '') return [];
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  return parts.map((part) => {
    if (!/^\d+L?$/.test(part)) throw bad(where, `the shape (${text.slice(0, 80)})`);
    return Number.parseInt(part, 10);
  });
}

/**
 * The bytes of a .npy file, as `numpy.save` writes them.
 *
 * @throws SerializationError for bfloat16, which NumPy has not.
 * @example
 * await writeFile('x.npy', await saveNpy(x));
 */
export async function saveNpy(x: Tensor): Promise<Uint8Array> {
  return joined(npyPieces('saveNpy', x));
}

/** The pieces of a .npy file, one after the other; the tensor is as it is now, or there is an error. */
export function npyPieces(where: string, x: Tensor): AsyncGenerator<Uint8Array> {
  if (!isTensor(x)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(x)}`);
  return pieces(npyHeader(where, x), bytesOf(where, x));
}

async function* pieces(header: Uint8Array, elements: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield header;
  yield* elements;
}

function npyHeader(where: string, { dtype, shape }: Tensor): Uint8Array {
  const code = codes[dtype];
  if (code === null)
    throw bad(
      where,
      `NumPy has no ${dtype}; save x.to({ dtype: 'float32' }), which keeps every value, or use safetensors`,
    );
  const descr = `${dtypes[dtype].itemsize === 1 ? '|' : '<'}${code}`;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // the elements begin at a multiple of 64, behind spaces and an end of line
  const bytes = room(where, Math.ceil((10 + text.length + 1) / 64) * 64).fill(0x20);
  bytes.set(magic);
  bytes.set([1, 0], 6);
  new DataView(bytes.buffer).setUint16(8, bytes.length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
}
