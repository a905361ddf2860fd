/** NumPy's .npz files: a zip file of .npy files. */
import { checkOptions, type Tensor } from '@tenfold/tensor-core';
import { asBytes, type ByteSource, type Bytes, bad, joined, memorySource } from './bytes.ts';
import { npyPieces, readNpy } from './npy.ts';
import { checkLoadOptions, type LoadOptions, namedTensors } from './transfer.ts';
import { ZipFile, type ZipInput, type ZipLimits, zipPieces } from './zip.ts';

/** Options of reading files that are zip files. */
export interface ZipLoadOptions extends LoadOptions, ZipLimits {}

export const zipOptions = ['maxBytes', 'checkCrc'] as const;

const suffix = '.npy';

/**
 * The arrays of a .npz file by name, as `numpy.savez` and `savez_compressed` write it. See {@link loadNpy} for what an array may be.
 *
 * @throws SerializationError if the file is not well-formed, inflates to more than `maxBytes`, or holds what a tensor can't.
 * @example
 * const { images, labels } = await loadNpz(bytes);
 */
export async function loadNpz(bytes: Bytes, options: ZipLoadOptions = {}): Promise<{ [name: string]: Tensor }> {
  return readNpz('loadNpz', memorySource(asBytes('loadNpz', bytes)), options);
}

export async function readNpz(
  where: string,
  source: ByteSource,
  options: ZipLoadOptions,
): Promise<{ [name: string]: Tensor }> {
  checkLoadOptions(where, options, zipOptions);
  const zip = await ZipFile.open(where, source, options);
  const tensors: [string, Tensor][] = [];
  for (const entry of zip.entries.values()) {
    if (!entry.name.endsWith(suffix)) throw bad(where, `'${entry.name}' is no .npy file`);
    const name = entry.name.slice(0, -suffix.length);
    tensors.push([name, readNpy(`${where}: '${entry.name}'`, await zip.read(entry), options)]);
  }
  return Object.fromEntries(tensors);
}

/** Options of {@link saveNpz}. */
export interface SaveNpzOptions {
  /** Whether the arrays are deflated, as `numpy.savez_compressed` does. Default false. */
  compress?: boolean | undefined;
}

/**
 * The bytes of a .npz file, which `numpy.load` reads. The same tensors give the same bytes.
 *
 * @throws SerializationError for bfloat16, which NumPy has not.
 */
export async function saveNpz(
  tensors: { readonly [name: string]: Tensor },
  options: SaveNpzOptions = {},
): Promise<Uint8Array> {
  return joined(npzPieces('saveNpz', tensors, options));
}

/** The pieces of a .npz file, one after the other; the tensors are as they are now, or there is an error. */
export function npzPieces(
  where: string,
  tensors: { readonly [name: string]: Tensor },
  options: SaveNpzOptions = {},
): AsyncGenerator<Uint8Array> {
  checkOptions(where, options, ['compress']);
  const files = namedTensors(where, tensors).map(([name, tensor]) => ({
    name: name + suffix,
    pieces: npyPieces(`${where}: '${name}'`, tensor),
  }));
  async function* inputs(): AsyncGenerator<ZipInput> {
    for (const { name, pieces } of files) yield { name, bytes: await joined(pieces) };
  }
  return zipPieces(inputs(), options.compress ?? false);
}
