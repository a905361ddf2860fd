/**
 * `@tenfold/data/images`: images in folders, for Node. Needs the package `fast-png` for PNG and `jpeg-js` for JPEG.
 *
 * @packageDocumentation
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import {
  ArgumentError,
  checkOptions,
  describe,
  fromTypedArray,
  SerializationError,
  type Tensor,
} from '@tenfold/tensor-core';
import { checkIndex, type Dataset } from './dataset.ts';

/** What an image becomes: three channels, one of brightness, four with opacity, or those that the file has. */
export type ImageMode = 'RGB' | 'GRAY' | 'RGB_ALPHA' | 'UNCHANGED';

/** Options of {@link decodeImage}. */
export interface DecodeOptions {
  /** Default `'RGB'`. */
  mode?: ImageMode;
  /** An image of more pixels is refused before it is unpacked. Default 100 million. */
  maxPixels?: number;
}

/** Rows of pixels, their channels side by side. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

const channelsOf: { readonly [M in ImageMode]: number | null } = { RGB: 3, GRAY: 1, RGB_ALPHA: 4, UNCHANGED: null };

/**
 * An image of a PNG or JPEG file, as `torchvision.io.decode_image` gives it: uint8 `[channels, height, width]`. Sixteen bits are cut to eight.
 *
 * @throws SerializationError for other formats, and files that are damaged, cut short or too large; ArgumentError if the format's package isn't installed.
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Tensor> {
  checkOptions('decodeImage', options, ['mode', 'maxPixels']);
  const { mode = 'RGB', maxPixels = 1e8 } = options;
  if (!Object.hasOwn(channelsOf, mode))
    throw new ArgumentError(
      `decodeImage: mode must be one of ${Object.keys(channelsOf).join(', ')}, got ${describe(mode)}`,
    );
  if (!(bytes instanceof Uint8Array))
    throw new ArgumentError(`decodeImage: expected the bytes of a file, got ${describe(bytes)}`);
  const pixels = await decode(bytes, maxPixels);
  return planes(pixels, channelsOf[mode] ?? pixels.channels);
}

function decode(bytes: Uint8Array, maxPixels: number): Promise<Pixels> {
  const begins = (...magic: readonly number[]): boolean => magic.every((byte, i) => bytes[i] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47)) return decodePng(bytes, maxPixels);
  if (begins(0xff, 0xd8, 0xff)) return decodeJpeg(bytes, maxPixels);
  throw new SerializationError('decodeImage: this is neither a PNG nor a JPEG file');
}

async function installed<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ArgumentError(`decodeImage: the package ${name} is needed: npm install ${name}`, { cause });
  }
}

function unpacked<T>(format: string, unpack: () => T): T {
  try {
    return unpack();
  } catch (cause) {
    throw new SerializationError(`decodeImage: ${format}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

function checkSize(width: number, height: number, maxPixels: number): void {
  if (width === 0 || height === 0)
    throw new SerializationError(`decodeImage: an image of ${width} × ${height} has no pixels`);
  if (width * height > maxPixels)
    throw new SerializationError(
      `decodeImage: an image of ${width} × ${height} has more than maxPixels: ${maxPixels} pixels`,
    );
}

async function decodePng(bytes: Uint8Array, maxPixels: number): Promise<Pixels> {
  const { decode, convertIndexedToRgb } = await installed('fast-png', () => import('fast-png'));
  if (bytes.length < 33) throw new SerializationError('decodeImage: PNG: the file is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkSize(view.getUint32(16), view.getUint32(20), maxPixels);
  return unpacked('PNG', () => {
    const png = decode(bytes, { checkCrc: true });
    const { width, height, depth, palette } = png;
    if (palette) return { width, height, channels: palette[0].length, data: Uint8Array.from(convertIndexedToRgb(png)) };
    const { channels } = png;
    const { data } = png;
    if (depth === 16) return { width, height, channels, data: Uint8Array.from(data, (value) => value >> 8) };
    if (depth === 8) return { width, height, channels, data: Uint8Array.from(data) };
    return { width, height, channels, data: widened(data as Uint8Array, width, height, depth) };
  });
}

/** Grey levels of 1, 2 or 4 bits, packed in bytes row by row, as 8 bits. */
function widened(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const level = (packed[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & most;
      data[y * width + x] = (level * 255) / most;
    }
  }
  return data;
}

async function decodeJpeg(bytes: Uint8Array, maxPixels: number): Promise<Pixels> {
  const { default: jpeg } = await installed('jpeg-js', () => import('jpeg-js'));
  const frame = jpegFrame(bytes);
  checkSize(frame.width, frame.height, maxPixels);
  return unpacked('JPEG', () => {
    // the limits are those of here: 4 bytes of result for each pixel, and what the decoder needs besides
    const limits = { maxResolutionInMP: maxPixels / 1e6 + 1, maxMemoryUsageInMB: (maxPixels * 40) / 1e6 + 64 };
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: true,
      tolerantDecoding: false,
      ...limits,
    });
    const image: Pixels = { width, height, channels: 4, data };
    // the decoder gives every image colours and opacity
    return { width, height, channels: frame.channels, data: interleaved(image, frame.channels) };
  });
}

/** Size and channels from the frame header of a JPEG file. */
function jpegFrame(bytes: Uint8Array): { width: number; height: number; channels: number } {
  const word = (at: number): number => (bytes[at] << 8) | bytes[at + 1];
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1];
    // SOF0 … SOF15, but for the markers of tables among them
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return { height: word(at + 5), width: word(at + 7), channels: bytes[at + 9] === 1 ? 1 : 3 };
    at += marker === 0xff ? 1 : 2 + word(at + 2);
  }
  throw new SerializationError('decodeImage: JPEG: the file is cut short, or has no frame');
}

/** The pixels with so many channels. */
function interleaved({ width, height, channels, data }: Pixels, wanted: number): Uint8Array {
  if (wanted === channels) return data;
  const out = new Uint8Array(width * height * wanted);
  const colours = channels >= 3 ? 3 : 1;
  const hasAlpha = channels === 2 || channels === 4;
  for (let p = 0; p < width * height; p++) {
    const from = p * channels;
    const [r, g, b] =
      colours === 3 ? [data[from], data[from + 1], data[from + 2]] : [data[from], data[from], data[from]];
    const to = p * wanted;
    if (wanted <= 2) {
      // brightness as in ITU-R 601, in the whole numbers of PIL
      out[to] = colours === 1 ? r : (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
    } else {
      out[to] = r;
      out[to + 1] = g;
      out[to + 2] = b;
    }
    if (wanted === 2 || wanted === 4) out[to + wanted - 1] = hasAlpha ? data[from + channels - 1] : 255;
  }
  return out;
}

/** Channels side by side become planes. */
function planes(pixels: Pixels, channels: number): Tensor {
  const { width, height } = pixels;
  const data = interleaved(pixels, channels);
  const out = new Uint8Array(data.length);
  for (let c = 0; c < channels; c++)
    for (let p = 0; p < width * height; p++) out[c * width * height + p] = data[p * channels + c];
  return fromTypedArray(out, [channels, height, width]);
}

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends DecodeOptions {
  /** Which files are images. Default `.png`, `.jpg` and `.jpeg`. */
  extensions?: readonly string[];
}

/**
 * Images in a folder for each class, `root/class/…/x.png` (https://pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html). Its samples are
 * promises of `[image, class]`, uint8 `[3, height, width]` and a bigint; `mapDataset` gives them one size.
 */
export class ImageFolder implements Dataset<[Tensor, bigint]> {
  /** The names of the classes' folders, in order. */
  readonly classes: readonly string[];
  /** Where each image is, and its class. */
  readonly samples: readonly (readonly [path: string, index: number])[];
  readonly #decode: DecodeOptions;

  /** @internal */
  constructor(classes: readonly string[], samples: readonly (readonly [string, number])[], options: DecodeOptions) {
    this.classes = classes;
    this.samples = samples;
    this.#decode = options;
  }

  get length(): number {
    return this.samples.length;
  }

  async get(index: number): Promise<[Tensor, bigint]> {
    const [path, label] = this.samples[checkIndex('ImageFolder', index, this.length)];
    try {
      return [await decodeImage(await readFile(path), this.#decode), BigInt(label)];
    } catch (cause) {
      if (!(cause instanceof SerializationError)) throw cause;
      throw new SerializationError(`${cause.message} (${path})`, { cause });
    }
  }
}

/**
 * The images under `root`. Files are looked for now and read when a sample is asked for.
 *
 * @throws SerializationError if the folder can't be read, there are no folders of classes in it, or one of them has no images.
 * @example
 * const flowers = await imageFolder('flowers/');
 * const resized = mapDataset(flowers, ([image, label]) => [prepare(image), label]);
 */
export async function imageFolder(root: string | URL, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  checkOptions('imageFolder', options, ['extensions', 'mode', 'maxPixels']);
  const { extensions = ['.png', '.jpg', '.jpeg'], ...decode } = options;
  const folder = root instanceof URL ? (await import('node:url')).fileURLToPath(root) : root;
  const entries = await listing(folder);
  const classes = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  if (classes.length === 0) throw new SerializationError(`Couldn't find any class folder in ${folder}.`);
  const samples: [string, number][] = [];
  for (const [index, name] of classes.entries()) {
    const files = (await readdir(join(folder, name), { recursive: true })).sort();
    const images = files.filter((file) => extensions.includes(extname(file).toLowerCase()));
    if (images.length === 0) {
      const known = extensions.join(', ');
      throw new SerializationError(
        `Found no valid file for the classes ${name} in ${folder}. Supported extensions are: ${known}`,
      );
    }
    samples.push(...images.map((file): [string, number] => [join(folder, name, file), index]));
  }
  return new ImageFolder(classes, samples, decode);
}

async function listing(folder: string): Promise<import('node:fs').Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new SerializationError(`imageFolder: ${(cause as Error).message}`, { cause });
  }
}
