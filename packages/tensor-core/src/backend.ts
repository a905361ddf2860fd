/**
 * The contract between Tenfold and a place where numbers are computed. A backend is data plus the kernel families below; every op is derived from
 * them. `@tenfold/backend-testkit` is the conformance suite for this file.
 */
import type { DType, TypedArray } from './dtype.ts';
import type { Program } from './expr.ts';

/**
 * The version of this contract. It rises when a backend that was right before could be wrong, or no longer compile; what a backend may leave out
 * is added without (docs/support.md). `registerBackend` refuses a backend written for another one.
 */
export const backendSpecVersion = 1;

/**
 * A strided window onto a buffer, counted in elements: element `[i, j, …]` lies at `offset + i·strides[0] + j·strides[1] + …`.
 * A stride of 0 repeats. Strides are never negative. Every `Tensor` is one, so the dispatcher passes tensors as they are; kernels read nothing
 * else of them and must not keep them.
 */
export interface TensorView<B = unknown> {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly storage: { readonly buffer: B };
}

/** What reduces a run of elements to one: `any` and `all` take and give `bool`; `min` and `max` give NaN if any element is NaN. */
export type ReduceKind = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all';
/** Position of the first largest or smallest element; the first NaN wins. */
export type ArgReduceKind = 'argmax' | 'argmin';
/** Running sums and products, and running extremes with the index of the latest element that attains them (NaN wins once met). */
export type ScanKind = 'cumsum' | 'cumprod' | 'cummax' | 'cummin';
/** How `scatter` combines with what is there. Duplicates are applied in index order; with `set` the last one wins; `add` of bools is or. */
export type ScatterMode = 'set' | 'add' | 'multiply' | 'max' | 'min';
/** `uniform`: a float in [0, 1) · `normal`: a float from N(0, 1). Algorithms in `philox.ts`. */
export type RandomKind = 'uniform' | 'normal';

/** How many dims of each role the operands of a `matmul` have, in this order: out `[batch…, m…, n…]`, a `[batch…, m…, k…]`, b `[batch…, k…, n…]`. */
export interface MatmulDims {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** A pointwise program applied to each result of a matmul before it is stored: input 0 is the sum, the rest are `inputs`, broadcast to `out`. */
export interface Epilogue<B = unknown> {
  readonly program: Program;
  readonly inputs: readonly TensorView<B>[];
  readonly params: readonly number[];
}

/** 64 random key bits as two unsigned 32-bit words. */
export interface RandomKey {
  readonly lo: number;
  readonly hi: number;
}

/** A backend's own kernel for an op that core could also derive. */
export interface Override<B = unknown> {
  /** `true` if `run` takes these operands; else the reason in words, and the op is derived. */
  supports?(inputs: readonly (TensorView<B> | number | null)[], attrs: unknown): true | string;
  run(outs: readonly TensorView<B>[], inputs: readonly (TensorView<B> | number | null)[], attrs: unknown): void;
  /** Whether `run` may be given inputs as its outputs, as `map` may: then it serves the op in place, too. Default false. */
  readonly inplace?: boolean;
}

/** What a device can do, as plain data. */
export interface Capabilities {
  /** Element types the device stores and computes. */
  readonly dtypes: readonly DType[];
  /** 32 where the device has no 64-bit integers and keeps int64 in 32 bits: it refuses what doesn't fit with a `DTypeError`. Default 64. */
  readonly int64Bits?: 32 | 64;
  /** `false` where arithmetic may take subnormal numbers for 0, and may give 0 instead of one. Default `true`. */
  readonly subnormals?: boolean;
  /** Whether `downloadSync` exists, and with it `itemSync()` and ops whose result shape depends on values. */
  readonly syncRead: boolean;
  /**
   * Buffers of fewer bytes live and die with the JavaScript heap: core neither counts them nor calls `free`. For all others it does, when the last tensor
   * that shows them is disposed or found by the garbage collector.
   */
  readonly collectedBelow: number;
  /** Bytes that a buffer costs besides its elements, such as a driver's record of it; the garbage collector is told of them too. Default 0. */
  readonly bufferOverhead?: number;
}

/**
 * An open device: buffers and kernel families.
 *
 * Every family writes into views that the dispatcher hands it; all shapes are checked before the call. `map` may be given an output that is also an
 * input at the same shape, strides and offset (in-place ops); any other overlap has been removed by the dispatcher. Results are the same bits run after run.
 */
export interface Runtime<B = unknown> {
  readonly capabilities: Capabilities;

  /** A buffer of `length` elements, contents undefined. Throws a `BackendError` with the bytes asked, held and free when there is no room. */
  allocate(dtype: DType, length: number): B;
  free(buffer: B): void;
  /**
   * Makes JavaScript's garbage collector run, now. A device that has it is asked for a buffer a second time where it had no room: core frees in between what
   * was collected.
   */
  collect?(): void;
  /** Writes `data` (of the buffer's array type) at element `offset`. `data` may be reused by the caller afterwards. */
  upload(buffer: B, data: TypedArray, offset: number): void;
  /**
   * `length` elements from `offset`, once everything queued before has run; an array of the caller's own. A loop that awaits nothing else must still let
   * other tasks run now and then (signals, finalizers, painting).
   */
  download(buffer: B, offset: number, length: number): Promise<TypedArray>;
  downloadSync?(buffer: B, offset: number, length: number): TypedArray;
  copy(from: B, fromOffset: number, to: B, toOffset: number, length: number): void;
  /** Waits until everything queued has run. */
  synchronize?(): Promise<void>;

  /** `outs[k][i] = program.outputs[k](ins[0][i], ins[1][i], …)`. The outs have one shape; every input but those that are only `load`ed has it too (broadcast dims by stride 0). */
  map(outs: readonly TensorView<B>[], ins: readonly TensorView<B>[], program: Program, params: readonly number[]): void;
  /**
   * Applies `program` (one output) to `ins`, all of one shape, and reduces the dims in which `out` has size 1 and they may not. `out` has the rank of the
   * inputs. Sums are pairwise or in a wider type; the reduction of nothing is 0, 1, false, true (sum, prod, any, all).
   */
  reduce(
    kind: ReduceKind,
    out: TensorView<B>,
    ins: readonly TensorView<B>[],
    program: Program,
    params: readonly number[],
  ): void;
  /** Row-major position within the reduced `axes`, as int64. `out` has the rank of `input`, with size 1 in `axes`. */
  argReduce(kind: ArgReduceKind, out: TensorView<B>, input: TensorView<B>, axes: readonly number[]): void;
  /** Running result along `axis`. `outs` is `[values]`, or `[values, indices]` (int64) for cummax and cummin. `reverse` runs from the end. */
  scan(kind: ScanKind, outs: readonly TensorView<B>[], input: TensorView<B>, axis: number, reverse: boolean): void;
  /** Sum of products over k. All three views have one dtype (int64 … bool excluded: float or integer). */
  matmul(out: TensorView<B>, a: TensorView<B>, b: TensorView<B>, dims: MatmulDims, epilogue?: Epilogue<B>): void;
  /** `out[.., i, ..] = source[.., index[.., i, ..], ..]` along `axis`; all have one rank, and `index` (int64 or int32) the shape of `out`. An `IndexError` if out of range. */
  gather(out: TensorView<B>, source: TensorView<B>, index: TensorView<B>, axis: number): void;
  /** Combines `source` into `out` at `index` along `axis`; `index` has the shape of `source`. An `IndexError` if out of range, and `out` is then unchanged. */
  scatter(mode: ScatterMode, out: TensorView<B>, index: TensorView<B>, source: TensorView<B>, axis: number): void;
  /** Stable sort along `axis`; NaN counts as the largest. `indices` is int64. */
  sort(values: TensorView<B>, indices: TensorView<B>, input: TensorView<B>, axis: number, descending: boolean): void;
  /** Element i (row-major) of a Philox stream of `key` starting at counter block `offset`. */
  random(kind: RandomKind, out: TensorView<B>, key: RandomKey, offset: number): void;
  /** `low + w mod range` for the 32-bit word `w` of element i of a Philox stream; `range` is at most 2^32. `out` has any dtype. */
  randomIntegers(out: TensorView<B>, key: RandomKey, offset: number, low: number, range: number): void;

  /** Own kernels by op name. */
  readonly overrides: { readonly [op: string]: Override<B> | undefined };
}

/** One device of a backend, as `await devices()` lists it. */
export interface DeviceInfo {
  /** What to pass as `device`: `'cpu'`, `'cuda:0'`. */
  readonly name: string;
  readonly available: boolean;
  /** Why it is not available, in words. */
  readonly reason?: string;
  /** What a person would call it: `'NVIDIA H200, 139 GiB'`. */
  readonly description?: string;
}

/** What `registerBackend` takes. */
export interface Backend<B = unknown> {
  /**
   * The version of the contract that this backend was written for. Write the number: {@link backendSpecVersion} would be the version of whichever
   * core is installed, and never differ from it.
   */
  readonly specVersion: 1;
  /** The first part of its device strings: `'cpu'`, `'webgpu'`, `'my-chip'`. */
  readonly deviceType: string;
  /** Whether device strings carry an index, as `'cuda:0'`; `'cuda'` then means `'cuda:0'`. Default false: `'cpu'`. */
  readonly indexed?: boolean;
  /** Of several providers of one device type, the available one of highest priority serves. Default 0. */
  readonly priority?: number;
  /** Its devices, with reasons where one can't be used. Never throws. */
  probe(): Promise<readonly DeviceInfo[]>;
  /** Opens device `index` (0 for a plain device string). Throws a `DeviceError` that says why when it can't. Called once per index. */
  open(index: number): Runtime<B>;
}
