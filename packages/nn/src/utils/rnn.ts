/** Sequences of different lengths in one batch, with the names of `torch.nn.utils.rnn`. */
import {
  ArgumentError,
  cat,
  checkOptions,
  describe,
  formatShape,
  isTensor,
  ShapeError,
  stack,
  type Tensor,
  type ToTarget,
  tensor,
} from '@tenfold/tensor-core';

/** Which dim of a padded batch is that of the sequences. */
export interface BatchFirstOptions {
  /** `[B, T, …]` in place of `[T, B, …]`. Default false. */
  batchFirst?: boolean;
}

/** Options of {@link packSequence}. */
export interface PackSequenceOptions {
  /** Whether lengths must come in decreasing order. If not, they are sorted. Default true. */
  enforceSorted?: boolean;
}

/** Options of {@link packPaddedSequence}. */
export interface PackPaddedOptions extends BatchFirstOptions, PackSequenceOptions {}

/** Options of {@link padSequence}. */
export interface PadSequenceOptions extends BatchFirstOptions {
  /** What stands behind the shorter ones. Default 0. */
  paddingValue?: number;
  /** The side on which it stands. Default `'right'`. */
  paddingSide?: 'left' | 'right';
}

/** Options of {@link padPackedSequence}. */
export interface PadPackedOptions extends BatchFirstOptions {
  /** What stands behind the shorter ones. Default 0. */
  paddingValue?: number;
  /** The length of the result, if it is to be longer than its longest sequence. */
  totalLength?: number | null;
}

/**
 * Sequences of different lengths as recurrent layers run through them: all first elements, then all second ones of those that have one, and so on. The longest
 * comes first (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html). Made by {@link packSequence} and {@link packPaddedSequence}.
 *
 * Batch sizes and orders are arrays of numbers, where PyTorch has tensors: they steer the program, and so stay off the device.
 */
export class PackedSequence {
  /** `[Σ lengths, …]`. */
  readonly data: Tensor;
  /** How many sequences have an element at each step. */
  readonly batchSizes: readonly number[];
  /** Which of the given sequences stands where; `null` if all do where they were given. */
  readonly sortedIndices: readonly number[] | null;
  /** Where each of the given sequences stands. */
  readonly unsortedIndices: readonly number[] | null;

  constructor(data: Tensor, batchSizes: readonly number[], sortedIndices: readonly number[] | null = null) {
    this.data = data;
    this.batchSizes = batchSizes;
    this.sortedIndices = sortedIndices;
    this.unsortedIndices = invertPermutation(sortedIndices);
  }

  /** The same with its data on another device or of another dtype. */
  to(target: ToTarget): PackedSequence {
    const data = this.data.to(target);
    return data === this.data ? this : new PackedSequence(data, this.batchSizes, this.sortedIndices);
  }
}

/** Where each number stands in a permutation. */
export function invertPermutation(permutation: readonly number[] | null): number[] | null {
  if (permutation === null) return null;
  const inverse = new Array<number>(permutation.length);
  permutation.forEach((to, from) => {
    inverse[to] = from;
  });
  return inverse;
}

/** The slices of `x` along `dim` in the order of `indices`; all if that is `null`. */
export function reordered(x: Tensor, indices: readonly number[] | null, dim: number): Tensor {
  return indices === null ? x : x.indexSelect(dim, tensor(indices, { dtype: 'int64', device: x.device }));
}

/** Lengths as numbers. A tensor must be on a device that is the host. */
function lengthsOf(lengths: readonly number[] | Tensor): number[] {
  if (isTensor(lengths)) {
    const { ndim, dtype, device } = lengths;
    if (ndim !== 1 || dtype !== 'int64' || device !== 'cpu')
      throw new ArgumentError(
        `'lengths' argument should be a 1D CPU int64 tensor, but got ${ndim}D ${device} ${dtype} tensor; or an array of numbers`,
      );
    return Array.from(lengths.toTypedArraySync(), Number);
  }
  if (Array.isArray(lengths) && lengths.every((length) => Number.isSafeInteger(length))) return [...lengths];
  throw new ArgumentError(`lengths must be an array of integers or a tensor of them, got ${describe(lengths)}`);
}

function checkPadded(where: string, padded: Tensor): void {
  if (!isTensor(padded)) throw new ArgumentError(`${where}: expected a tensor, got ${describe(padded)}`);
  if (padded.ndim < 2)
    throw new ShapeError(`${where}: expected a padded batch of at least 2 dims, got ${formatShape(padded.shape)}`);
}

/**
 * Packs a padded batch (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html).
 *
 * @param input `[T, B, …]`, or `[B, T, …]` with `batchFirst`.
 * @param lengths of the B sequences: numbers, or an int64 tensor on cpu.
 * @throws ArgumentError for lengths that are not as many as sequences, not from 1 to T, or not in decreasing order with `enforceSorted`.
 * @example
 * const packed = utils.packPaddedSequence(x, [5, 3, 2], { batchFirst: true });
 * const [output, h] = new GRU(8, 16).forward(packed);
 */
export function packPaddedSequence(
  input: Tensor,
  lengths: readonly number[] | Tensor,
  options?: PackPaddedOptions,
): PackedSequence {
  checkOptions('packPaddedSequence', options, ['batchFirst', 'enforceSorted']);
  checkPadded('packPaddedSequence', input);
  const { batchFirst = false, enforceSorted = true } = options ?? {};
  const given = lengthsOf(lengths);
  const steps = batchFirst ? input.transpose(0, 1) : input;
  const [longest, batch] = steps.shape;
  if (given.length !== batch)
    throw new ArgumentError(
      `Expected \`len(lengths)\` to be equal to batch_size, but got ${given.length} (batch_size=${batch})`,
    );
  // sorting is stable: equal lengths keep their order
  const order = enforceSorted ? null : given.map((_, i) => i).sort((a, b) => given[b] - given[a]);
  const sorted = order === null ? given : order.map((i) => given[i]);
  if (sorted.some((length, i) => i > 0 && length > sorted[i - 1]))
    throw new ArgumentError(
      '`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass `enforceSorted: false` ' +
        'to packPaddedSequence and/or packSequence to sidestep this requirement if you do not need ONNX exportability.',
    );
  if (sorted.some((length) => length <= 0))
    throw new ArgumentError(
      'Length of all samples has to be greater than 0, but found an element in `lengths` that is <= 0',
    );
  if (sorted[0] > longest)
    throw new ArgumentError(`packPaddedSequence: length ${sorted[0]} is beyond the ${longest} steps of the input`);

  const ordered = reordered(steps, order, 1);
  const batchSizes: number[] = [];
  const pieces: Tensor[] = [];
  // one piece for all steps between the ends of two sequences
  for (let alive = batch, start = 0; alive > 0; alive--) {
    const end = sorted[alive - 1];
    if (end === start) continue;
    const piece = ordered.narrow(0, start, end - start).narrow(1, 0, alive);
    pieces.push(piece.reshape([(end - start) * alive, ...piece.shape.slice(2)]));
    while (batchSizes.length < end) batchSizes.push(alive);
    start = end;
  }
  return new PackedSequence(cat(pieces), batchSizes, order);
}

function checkPacked(where: string, sequence: PackedSequence): void {
  if (!(sequence instanceof PackedSequence))
    throw new ArgumentError(`${where}: expected a PackedSequence, got ${describe(sequence)}`);
}

/** The length of each sequence, in the order in which they were given. */
function lengthsOfPacked({ batchSizes, unsortedIndices }: PackedSequence): number[] {
  const lengths = Array.from({ length: batchSizes[0] ?? 0 }, (_, i) => batchSizes.filter((size) => size > i).length);
  return unsortedIndices === null ? lengths : unsortedIndices.map((at) => lengths[at]);
}

/**
 * The padded batch of a packed one, and its lengths, in the order in which the sequences were given
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html).
 *
 * @returns `[[T, B, …], lengths]`, or `[B, T, …]` with `batchFirst`; lengths are numbers, so that no device is asked for them.
 * @throws ArgumentError for a `totalLength` below the longest one.
 */
export function padPackedSequence(sequence: PackedSequence, options?: PadPackedOptions): [Tensor, number[]] {
  checkOptions('padPackedSequence', options, ['batchFirst', 'paddingValue', 'totalLength']);
  checkPacked('padPackedSequence', sequence);
  const { batchFirst = false, paddingValue = 0 } = options ?? {};
  const { data, batchSizes, unsortedIndices } = sequence;
  const longest = batchSizes.length;
  const total = options?.totalLength ?? longest;
  if (total < longest)
    throw new ArgumentError(
      `Expected total_length to be at least the length of the longest sequence in input, but got total_length=${total} and max sequence length being ${longest}`,
    );
  const batch = batchSizes[0] ?? 0;
  const element = data.shape.slice(1);
  const padding = (n: number, size: number): Tensor => data.newFull([n, size, ...element], paddingValue);
  const blocks: Tensor[] = [];
  // one block for all steps of one batch size
  for (let start = 0, row = 0; start < longest; ) {
    const size = batchSizes[start];
    let end = start;
    while (end < longest && batchSizes[end] === size) end++;
    const block = data.narrow(0, row, (end - start) * size).reshape([end - start, size, ...element]);
    blocks.push(size === batch ? block : cat([block, padding(end - start, batch - size)], 1));
    row += (end - start) * size;
    start = end;
  }
  if (total > longest) blocks.push(padding(total - longest, batch));
  const steps = reordered(cat(blocks), unsortedIndices, 1);
  return [batchFirst ? steps.transpose(0, 1) : steps, lengthsOfPacked(sequence)];
}

function checkSequences(where: string, sequences: Iterable<Tensor>): Tensor[] {
  if (typeof sequences !== 'object' || sequences === null || isTensor(sequences) || !(Symbol.iterator in sequences))
    throw new ArgumentError(
      `${where}: Expected iterable for input sequences, but got arg of type: ${describe(sequences)}`,
    );
  const list = [...sequences];
  if (list.length === 0) throw new ArgumentError(`${where}: received an empty list of sequences`);
  list.forEach((x, i) => {
    if (!isTensor(x)) throw new ArgumentError(`${where}: sequence ${i} must be a tensor, got ${describe(x)}`);
    if (x.ndim === 0) throw new ShapeError(`${where}: sequence ${i} must be of shape [L, …], got a 0-d tensor`);
    if (formatShape(x.shape.slice(1)) !== formatShape(list[0].shape.slice(1)))
      throw new ShapeError(
        `${where}: The size of tensor ${i} must match the first one beyond dim 0, got ${formatShape(x.shape)} and ${formatShape(list[0].shape)}`,
      );
  });
  return list;
}

/**
 * Sequences `[L, …]` side by side, padded to the longest (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html).
 *
 * @returns `[T, B, …]`, or `[B, T, …]` with `batchFirst`.
 * @throws ShapeError unless all have the same dims after the first.
 */
export function padSequence(sequences: Iterable<Tensor>, options?: PadSequenceOptions): Tensor {
  checkOptions('padSequence', options, ['batchFirst', 'paddingValue', 'paddingSide']);
  const list = checkSequences('padSequence', sequences);
  const { batchFirst = false, paddingValue = 0, paddingSide = 'right' } = options ?? {};
  if (paddingSide !== 'left' && paddingSide !== 'right')
    throw new ArgumentError(`Expected padding_side to be one of left or right, but got ${describe(paddingSide)}.`);
  const longest = Math.max(...list.map((x) => x.shape[0]));
  const padded = list.map((x) => {
    if (x.shape[0] === longest) return x;
    const padding = x.newFull([longest - x.shape[0], ...x.shape.slice(1)], paddingValue);
    return cat(paddingSide === 'right' ? [x, padding] : [padding, x]);
  });
  return stack(padded, batchFirst ? 0 : 1);
}

/**
 * The sequences of a padded batch, each cut to its length (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html).
 *
 * @throws ArgumentError unless there is a length from 0 to T for each.
 */
export function unpadSequence(
  paddedSequences: Tensor,
  lengths: readonly number[] | Tensor,
  options?: BatchFirstOptions,
): Tensor[] {
  checkOptions('unpadSequence', options, ['batchFirst']);
  checkPadded('unpadSequence', paddedSequences);
  const given = lengthsOf(lengths);
  const [batchDim, timeDim] = options?.batchFirst ? [0, 1] : [1, 0];
  const [batch, longest] = [paddedSequences.shape[batchDim], paddedSequences.shape[timeDim]];
  if (given.length !== batch || given.some((length) => length < 0 || length > longest))
    throw new ArgumentError(`unpadSequence: expected ${batch} lengths from 0 to ${longest}, got ${formatShape(given)}`);
  return paddedSequences.unbind(batchDim).map((x, i) => x.narrow(0, 0, given[i]));
}

/** {@link padSequence} and {@link packPaddedSequence} (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_sequence.html). */
export function packSequence(sequences: Iterable<Tensor>, options?: PackSequenceOptions): PackedSequence {
  checkOptions('packSequence', options, ['enforceSorted']);
  const list = checkSequences('packSequence', sequences);
  const lengths = list.map((x) => x.shape[0]);
  return packPaddedSequence(padSequence(list), lengths, { enforceSorted: options?.enforceSorted ?? true });
}

/** The sequences of a packed batch, in the order in which they were given (https://pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpack_sequence.html). */
export function unpackSequence(packedSequences: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(packedSequences);
  return unpadSequence(padded, lengths);
}
