/**
 * `@tenfold/serialize`: files of tensors as bytes, in Node and in browsers. `@tenfold/serialize/node` has the same by paths.
 *
 * @packageDocumentation
 */
export type { Bytes } from './bytes.ts';
export { type CheckpointValue, packCheckpoint, unpackCheckpoint } from './checkpoint.ts';
export { loadNpy, saveNpy } from './npy.ts';
export { loadNpz, type SaveNpzOptions, saveNpz, type ZipLoadOptions } from './npz.ts';
export { loadPt, type PtValue } from './pt.ts';
export {
  type LoadedSafetensors,
  loadSafetensors,
  type Metadata,
  type RawTensor,
  type SaveSafetensorsOptions,
  saveSafetensors,
  viewSafetensors,
} from './safetensors.ts';
export type { LoadOptions } from './transfer.ts';
export type { ZipLimits } from './zip.ts';
