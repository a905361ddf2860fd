/** The files of MNIST: arrays of one dtype, big-endian, often compressed by gzip. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  dtypes,
  fromTypedArray,
  SerializationError,
  type Tensor,
  type TypedArray,
} from '@tenfold/tensor-core';
import { TensorDataset } from './dataset.ts';

/** Options of {@link readIdx} and {@link readMnist}. */
export interface IdxOptions {
  /** Where the tensor is. Default: the default device. */
  device?: string;
}

/** The codes of the third byte. */
const idxTypes: { readonly [code: number]: DType | undefined } = {
  8: 'uint8',
  9: 'int8',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
};

interface Header {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes of the header, and of the whole file. */
  readonly start: number;
  readonly end: number;
}

/** The header of a file that begins with `bytes`; `null` if more of them are needed. */
function readHeader(bytes: Uint8Array): Header | null {
  if (bytes.length < 4) return null;
  const [zero, nought, code, ndim] = bytes;
  const dtype = idxTypes[code];
  if (zero !== 0 || nought !== 0 || dtype === undefined) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new SerializationError(
      `readIdx: this is no idx file: it begins with ${magic}, not 00 00 and the code of a dtype`,
    );
  }
  const start = 4 + 4 * ndim;
  if (bytes.length < start) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: ndim }, (_, d) => view.getUint32(4 + 4 * d));
  const size = shape.reduce((a, b) => a * b, dtypes[dtype].itemsize);
  if (!Number.isSafeInteger(size))
    throw new SerializationError(`readIdx: a shape of [${shape.join(', ')}] fits nowhere`);
  return { dtype, shape, start, end: start + size };
}

const cutShort = (got: number, wanted: number | null): SerializationError =>
  new SerializationError(
    `readIdx: the file is cut short: ${got} bytes${wanted === null ? ', less than its header' : ` of ${wanted}`}`,
  );

function checkLength(length: number, header: Header | null): Header {
  if (header === null) throw cutShort(length, null);
  if (length < header.end) throw cutShort(length, header.end);
  if (length > header.end) {
    throw new SerializationError(
      `readIdx: a shape of [${header.shape.join(', ')}] of ${header.dtype} is ${header.end} bytes, and more follow`,
    );
  }
  return header;
}

/** No stream of gzip unpacks to more than so many times its length. */
const mostExpansion = 1032;

/** Unpacks as much as the header in it says, and no more: memory goes with what there is, not with what is claimed. */
async function unpackIdx(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const chunks: Uint8Array[] = [];
  let [length, header]: [number, Header | null] = [0, null];
  const reader = packed.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      length += value.length;
      // the first chunks may be shorter than a header
      header ??= readHeader(chunks.length === 1 ? value : joined(chunks, length));
      if (header && header.end > bytes.length * mostExpansion + 65_536) throw cutShort(bytes.length, header.end);
      if (header && length > header.end) break;
    }
  } catch (cause) {
    if (cause instanceof SerializationError) throw cause;
    throw new SerializationError(`readIdx: the gzip stream is damaged or cut short: ${(cause as Error).message}`, {
      cause,
    });
  } finally {
    await reader.cancel().catch(() => {});
  }
  checkLength(length, header);
  return joined(chunks, length);
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * Reads an idx file, plain or compressed by gzip: a tensor of its dtype and shape (http://yann.lecun.com/exdb/mnist).
 *
 * @throws SerializationError for what is no idx file, is cut short, or has bytes too many. Nothing is allocated for sizes that the file doesn't hold.
 * @example
 * const images = await readIdx(await readFile('train-images-idx3-ubyte.gz')); // uint8 [60000, 28, 28]
 */
export async function readIdx(bytes: Uint8Array, options: IdxOptions = {}): Promise<Tensor> {
  checkOptions('readIdx', options, ['device']);
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(`readIdx: expected the bytes of a file, got ${describe(bytes)}`);
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpackIdx(bytes) : bytes;
  const { dtype, shape, start, end } = checkLength(plain.length, readHeader(plain));
  return fromTypedArray(littleEndian(plain.subarray(start, end), dtype), shape, { dtype, device: options.device });
}

/** The elements as a typed array of this machine. */
function littleEndian(bytes: Uint8Array, dtype: DType): TypedArray {
  // a copy that begins where its memory does; slice() of a Buffer is none
  const { buffer } = new Uint8Array(bytes);
  const { itemsize } = dtypes[dtype];
  const view = new DataView(buffer);
  if (itemsize === 2) for (let i = 0; i < bytes.length; i += 2) view.setUint16(i, view.getUint16(i), true);
  if (itemsize === 4) for (let i = 0; i < bytes.length; i += 4) view.setUint32(i, view.getUint32(i), true);
  if (itemsize === 8) for (let i = 0; i < bytes.length; i += 8) view.setBigUint64(i, view.getBigUint64(i), true);
  const arrays = {
    uint8: Uint8Array,
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    float32: Float32Array,
    float64: Float64Array,
  } as const;
  return new arrays[dtype as keyof typeof arrays](buffer);
}

/**
 * Images and labels of MNIST, or of a dataset with files like its own, as a dataset of `[image, label]`: images float32 `[1, height, width]` from 0 to 1, labels int64.
 *
 * @param images The bytes of an idx file of uint8 `[n, height, width]`. @param labels Those of one of uint8 `[n]`.
 * @throws SerializationError as {@link readIdx}, and for other shapes or dtypes.
 * @example
 * const train = await readMnist(await readFile('train-images-idx3-ubyte'), await readFile('train-labels-idx1-ubyte'));
 */
export async function readMnist(
  images: Uint8Array,
  labels: Uint8Array,
  options: IdxOptions = {},
): Promise<TensorDataset<readonly [Tensor, Tensor]>> {
  checkOptions('readMnist', options, ['device']);
  const [pixels, classes] = await Promise.all([readIdx(images, options), readIdx(labels, options)]);
  for (const [what, x, ndim] of [
    ['images', pixels, 3],
    ['labels', classes, 1],
  ] as const) {
    if (x.dtype !== 'uint8' || x.ndim !== ndim) {
      throw new SerializationError(
        `readMnist: ${what} must be uint8 of ${ndim} dims, got ${x.dtype} of shape [${x.shape.join(', ')}]; are the two files swapped?`,
      );
    }
  }
  if (pixels.shape[0] !== classes.shape[0])
    throw new SerializationError(`readMnist: ${pixels.shape[0]} images and ${classes.shape[0]} labels`);
  const scaled = pixels.to('float32').div_(255).unsqueeze(1);
  const wide = classes.to('int64');
  pixels.dispose();
  classes.dispose();
  return new TensorDataset(scaled, wide);
}
