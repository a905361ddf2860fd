/**
 * Methods that reshape, reorder and repeat. Those called views share the tensor's memory: a write to either is seen through both
 * (https://pytorch.org/docs/stable/tensor_view.html).
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, AutogradError, checkOptions, describe, ShapeError } from '../errors.ts';
import { installedAutograd, interpreters } from '../hooks.ts';
import { requireTensor } from '../ops/build.ts';
import { create } from '../ops/create.ts';
import { index as indexOps } from '../ops/index.ts';
import { type DiagonalAttrs, movement as ops } from '../ops/movement.ts';
import { checkInteger, checkShape, formatShape, normalizeDim, normalizeDims, type Shape, sameShape } from '../shape.ts';
import { requireSyncRead } from '../sync-read.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { SoftmaxMethods } from './softmax.ts';

/** Options of `diagonal`. */
export interface DiagonalOptions {
  /** Which diagonal: positive above the main one. Default 0. */
  offset?: number;
  /** The dims it runs through. Default 0 and 1. */
  dim1?: number;
  dim2?: number;
}

/** Options of `repeatInterleave`. */
export interface RepeatInterleaveOptions {
  /** The dim whose elements are repeated. Default: those of the flattened tensor. */
  dim?: number;
  /** The size of the result along `dim`, if it is known; checked. */
  outputSize?: number;
}

/** Checks an array of integers; negative ones are allowed. */
function checkIntegers(value: unknown, what: string): readonly number[] {
  if (!Array.isArray(value))
    throw new ArgumentError(`${what} must be an array of integers such as [2, 3], got ${describe(value)}`);
  for (const item of value) checkInteger(item, `${what}: an item`);
  return value;
}

/** Distinct non-negative dims in the order given. */
function orderedDims(dims: unknown, rank: number, where: string): number[] {
  const list = checkIntegers(dims, `${where}: dims`).map((dim) => normalizeDim(dim, rank, where));
  if (new Set(list).size !== list.length)
    throw new ArgumentError(`${where}(): duplicate dims are not allowed, got ${formatShape(list)}`);
  return list;
}

/** Marks views that came out of one call: autograd refuses to have one of them written in place. */
function siblings(node: string, views: Tensor[]): Tensor[] {
  views.forEach((view, outputNr) => {
    if (view.viewInfo) view.viewInfo.multi = { node, outputNr };
    installedAutograd()?.nameNode(view, node);
  });
  return views;
}

function squeezed(self: Tensor, dim: number | readonly number[] | undefined): readonly number[] | null {
  if (dim === undefined) return null;
  return typeof dim === 'number' ? normalizeDims(dim, self.ndim, 'squeeze') : orderedDims(dim, self.ndim, 'squeeze');
}

function dimOf(self: Tensor, where: string, dim: number): number {
  if (self.ndim === 0) throw new ShapeError(`${where}() cannot be applied to a 0-dim tensor.`);
  return normalizeDim(dim, self.ndim, where);
}

function equalSplit(self: Tensor, where: string, indicesOrSections: number | readonly number[], dim: number): Tensor[] {
  const length = self.shape[dim];
  if (typeof indicesOrSections === 'number') {
    if (checkInteger(indicesOrSections, `${where}: sections`) <= 0 || length % indicesOrSections !== 0)
      throw new ArgumentError(
        `torch.${where} attempted to split along dimension ${dim}, but the size of the dimension ${length} is not divisible by the split_size ${indicesOrSections}!`,
      );
  }
  return self.tensorSplit(indicesOrSections, dim);
}

/** The op and attributes of a view of self tensor say where `src` goes. */
function written(self: Tensor, where: string, src: Tensor, { shape, viewInfo }: Tensor): Tensor {
  if (!isTensor(src)) throw new ArgumentError(`${where}: src must be a tensor, got ${describe(src)}`);
  if (!sameShape(src.shape, shape))
    throw new ShapeError(
      `${where}: expected src to have a size equal to the slice of self. src size = ${formatShape(src.shape)}, slice size = ${formatShape(shape)}`,
    );
  const { spec, attrs } = viewInfo as NonNullable<typeof viewInfo>;
  return dispatch(ops.viewScatter, [self, src], { view: spec, attrs });
}

function interleaved(self: Tensor, repeats: number | readonly number[], options: RepeatInterleaveOptions): Tensor {
  checkOptions('repeatInterleave', options, ['dim', 'outputSize']);
  const whole = options.dim === undefined || self.ndim === 0;
  if (self.ndim === 0 && options.dim !== undefined) normalizeDim(options.dim, 0, 'repeatInterleave');
  const x = whole ? self.flatten() : self;
  const dim = whole ? 0 : normalizeDim(options.dim as number, self.ndim, 'repeatInterleave');
  const list = typeof repeats === 'number' ? [repeats] : checkIntegers(repeats, 'repeatInterleave: repeats');
  for (const count of list)
    if (checkInteger(count, 'repeatInterleave: repeats') < 0)
      throw new ArgumentError(`repeats must be non-negative, got ${count}`);
  const length = x.shape[dim];
  if (list.length !== 1 && list.length !== length)
    throw new ArgumentError(
      `repeats must have the same size as input along dim, got ${list.length} repeats for size ${length} in repeatInterleave`,
    );
  const total = list.length === 1 ? list[0] * length : list.reduce((sum, count) => sum + count, 0);
  if (options.outputSize !== undefined && options.outputSize !== total)
    throw new ArgumentError(`repeatInterleave: the result has size ${total}, not outputSize ${options.outputSize}`);
  if (list.length === 1) return dispatch(ops.repeatInterleave, [x], { repeats: list[0], dim });
  const data = new BigInt64Array(total);
  let at = 0;
  list.forEach((count, i) => {
    data.fill(BigInt(i), at, at + count);
    at += count;
  });
  const index = dispatch(create.fromData, [], { shape: [total], dtype: 'int64', device: self.device, data });
  return dispatch(indexOps.indexSelect, [x, index], { dim });
}

export abstract class MovementMethods extends SoftmaxMethods {
  /**
   * A view under another shape with as many elements; one size may be -1, to be inferred
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.view.html).
   *
   * @throws ShapeError if the sizes don't fit, or if only a copy could have this shape (then use {@link reshape}).
   * @example
   * arange(6).view([2, -1]); // shape [2, 3]
   */
  view(shape: Shape): Tensor {
    return dispatch(ops.view, [this.self], { shape: checkIntegers(shape, 'view: shape') });
  }

  /** {@link view} in the shape of `other`. */
  viewAs(other: Tensor): Tensor {
    return dispatch(ops.viewAs, [this.self, other], null);
  }

  /** The elements in row-major order under another shape: a view where one is possible, else a copy. One size may be -1. @throws ShapeError if the sizes don't fit. */
  reshape(shape: Shape): Tensor {
    return dispatch(ops.reshape, [this.self], { shape: checkIntegers(shape, 'reshape: shape') });
  }

  /** {@link reshape} to the shape of `other`. */
  reshapeAs(other: Tensor): Tensor {
    return dispatch(ops.reshapeAs, [this.self, other], null);
  }

  /** Dims `startDim` to `endDim` as one; all by default. A 0-d tensor gives shape `[1]`. */
  flatten(startDim = 0, endDim = -1): Tensor {
    const start = normalizeDim(startDim, this.ndim, 'flatten');
    const end = normalizeDim(endDim, this.ndim, 'flatten');
    if (start > end) throw new ShapeError('flatten() has invalid args: startDim cannot come after endDim');
    return dispatch(ops.flatten, [this.self], { startDim: start, endDim: end });
  }

  /** All dims as one: a view where one is possible, else a copy. */
  ravel(): Tensor {
    return this.flatten();
  }

  /** A view with `dim` split into dims of the given sizes, one of which may be -1. */
  unflatten(dim: number, sizes: Shape): Tensor {
    const at = normalizeDim(dim, this.ndim, 'unflatten');
    if (this.ndim === 0) throw new ShapeError('unflatten: a 0-dimensional tensor has no dim to split');
    return dispatch(ops.unflatten, [this.self], { dim: at, shape: checkIntegers(sizes, 'unflatten: sizes') });
  }

  /** A view with the dims in another order: `x.permute([2, 0, 1])`. */
  permute(dims: readonly number[]): Tensor {
    const order = orderedDims(dims, this.ndim, 'permute');
    if (order.length !== this.ndim) {
      throw new ShapeError(
        'permute: number of dimensions in the tensor input does not match the length of the desired ordering of dimensions ' +
          `i.e. input.dim() = ${this.ndim} is not equal to len(dims) = ${order.length}`,
      );
    }
    return dispatch(ops.permute, [this.self], { dims: order });
  }

  /** A view with two dims exchanged. */
  transpose(dim0: number, dim1: number): Tensor {
    const attrs = {
      dim0: normalizeDim(dim0, this.ndim, 'transpose'),
      dim1: normalizeDim(dim1, this.ndim, 'transpose'),
    };
    return dispatch(ops.transpose, [this.self], attrs);
  }

  /**
   * Exchanges two dims of this tensor itself, which shows the same memory in another shape from now on
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.transpose_.html). Views of it keep theirs, and gradients flow through the change.
   *
   * @throws AutogradError if the tensor is a leaf that requires grad, or requires grad while grad mode is off.
   * @example
   * const x = zeros([2, 3]);
   * x.transpose_(0, 1); // x.shape is [3, 2]
   */
  transpose_(dim0: number, dim1: number): Tensor {
    const attrs = {
      dim0: normalizeDim(dim0, this.ndim, 'transpose_'),
      dim1: normalizeDim(dim1, this.ndim, 'transpose_'),
    };
    return dispatch(ops.transpose.inplaceTwin, [this.self], attrs);
  }

  /** {@link transpose} under NumPy's name. */
  swapaxes(axis0: number, axis1: number): Tensor {
    return this.transpose(axis0, axis1);
  }

  /** In-place {@link swapaxes}, as {@link transpose_}. */
  swapaxes_(axis0: number, axis1: number): Tensor {
    return this.transpose_(axis0, axis1);
  }

  /** {@link transpose} under another name. */
  swapdims(dim0: number, dim1: number): Tensor {
    return this.transpose(dim0, dim1);
  }

  /** In-place {@link swapdims}, as {@link transpose_}. */
  swapdims_(dim0: number, dim1: number): Tensor {
    return this.transpose_(dim0, dim1);
  }

  /** Transposes this matrix itself, as {@link transpose_} does. @throws ShapeError for more than 2 dims. */
  t_(): Tensor {
    return dispatch(ops.t.inplaceTwin, [this.self], null);
  }

  /** A view of a matrix transposed; tensors of fewer dims as they are. @throws ShapeError for more than 2 dims. */
  t(): Tensor {
    return dispatch(ops.t, [this.self], null);
  }

  /** A view with all dims in reverse order. */
  get T(): Tensor {
    return this.permute(this.shape.map((_, d) => this.ndim - 1 - d));
  }

  /** A view with the last two dims exchanged. @throws ShapeError for fewer than 2 dims. */
  get mT(): Tensor {
    if (this.ndim < 2)
      throw new ShapeError(
        `tensor.mT is only supported on matrices or batches of matrices. Got ${this.ndim}-D tensor.`,
      );
    return this.transpose(-2, -1);
  }

  /** A view with dims moved to other positions, the rest keeping their order. */
  movedim(source: number | readonly number[], destination: number | readonly number[]): Tensor {
    const from = orderedDims(typeof source === 'number' ? [source] : source, this.ndim, 'movedim');
    const to = orderedDims(typeof destination === 'number' ? [destination] : destination, this.ndim, 'movedim');
    if (from.length !== to.length) {
      throw new ShapeError(
        `movedim: Invalid source or destination dims: source (${formatShape(from)} dims) should contain the same number of dims as destination (${formatShape(to)} dims)`,
      );
    }
    const rest = this.shape.map((_, d) => d).filter((d) => !from.includes(d));
    const order = this.shape.map((_, d) => (to.includes(d) ? from[to.indexOf(d)] : (rest.shift() as number)));
    return this.permute(order);
  }

  /** {@link movedim} under NumPy's name. */
  moveaxis(source: number | readonly number[], destination: number | readonly number[]): Tensor {
    return this.movedim(source, destination);
  }

  /** A view without dims of size 1: all of them, or those of `dim` that have size 1. */
  squeeze(dim?: number | readonly number[]): Tensor {
    return dispatch(ops.squeeze, [this.self], { dims: squeezed(this.self, dim) });
  }

  /** In-place {@link squeeze}: this tensor itself loses dims of size 1, as {@link transpose_} changes its shape. */
  squeeze_(dim?: number | readonly number[]): Tensor {
    return dispatch(ops.squeeze.inplaceTwin, [this.self], { dims: squeezed(this.self, dim) });
  }

  /** A view with a dim of size 1 put in at `dim`. */
  unsqueeze(dim: number): Tensor {
    return dispatch(ops.unsqueeze, [this.self], { dim: normalizeDim(dim, this.ndim + 1, 'unsqueeze') });
  }

  /** In-place {@link unsqueeze}: this tensor itself gets the dim, as {@link transpose_} changes its shape. */
  unsqueeze_(dim: number): Tensor {
    return dispatch(ops.unsqueeze.inplaceTwin, [this.self], { dim: normalizeDim(dim, this.ndim + 1, 'unsqueeze_') });
  }

  /**
   * A view in which dims of size 1 are repeated to the given sizes without a copy; -1 keeps a size, and new dims may stand in front
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.expand.html). It can't be written in place: `clone()` it first.
   */
  expand(shape: Shape): Tensor {
    const sizes = checkIntegers(shape, 'expand: shape');
    for (const size of sizes)
      if (size < -1) throw new ShapeError(`expand: a size of ${size} in ${formatShape(sizes)} makes no sense`);
    return dispatch(ops.expand, [this.self], { shape: sizes });
  }

  /** {@link expand} to the shape of `other`. */
  expandAs(other: Tensor): Tensor {
    return dispatch(ops.expandAs, [this.self, other], null);
  }

  /** {@link expand} under NumPy's name. */
  broadcastTo(shape: Shape): Tensor {
    return this.expand(shape);
  }

  /**
   * A view of `x[start:end:step]` along `dim`. Bounds count from the end when negative and are clamped, as Python does; `end` undefined or null is the end.
   *
   * @throws ArgumentError if `step` is not a positive integer.
   */
  slice(dim: number, start: number | null = 0, end?: number | null, step = 1): Tensor {
    const at = dimOf(this.self, 'slice', dim);
    if (checkInteger(step, 'slice: step') <= 0) throw new ArgumentError(`slice step must be positive, got ${step}`);
    const attrs = {
      dim: at,
      start: start === null ? 0 : checkInteger(start, 'slice: start'),
      end:
        end === undefined || end === null || end === Number.POSITIVE_INFINITY ? null : checkInteger(end, 'slice: end'),
      step,
    };
    return dispatch(ops.slice, [this.self], attrs);
  }

  /** A view at one position of `dim`, without that dim. @throws IndexError if out of range. */
  select(dim: number, index: number): Tensor {
    if (this.ndim === 0) throw new ShapeError('select() cannot be applied to a 0-dim tensor.');
    return dispatch(ops.select, [this.self], {
      dim: normalizeDim(dim, this.ndim, 'select'),
      index: checkInteger(index, 'select: index'),
    });
  }

  /** A view of `length` positions of `dim` from `start` on. @throws IndexError or ShapeError if they reach outside. */
  narrow(dim: number, start: number, length: number): Tensor {
    const at = dimOf(this.self, 'narrow', dim);
    const size = this.shape[at];
    checkInteger(start, 'narrow: start');
    if (checkInteger(length, 'narrow: length') < 0)
      throw new ShapeError(`narrow(): length must be non-negative. Got ${length}.`);
    const first = start < 0 ? start + size : start;
    if (first < 0 || first > size || first + length > size) {
      throw new ShapeError(
        `start (${start}) + length (${length}) exceeds dimension size (${size}). In narrow along dim ${dim} of ${formatShape(this.shape)}.`,
      );
    }
    return this.slice(at, first, first + length);
  }

  /** Views of pieces along `dim`: of one size (the last may be smaller), or of the sizes listed, which must add up. */
  split(size: number | readonly number[], dim = 0): Tensor[] {
    const at = dimOf(this.self, 'split', dim);
    const length = this.shape[at];
    if (typeof size !== 'number') {
      const sizes = checkIntegers(size, 'split: sizes');
      if (sizes.some((n) => n < 0))
        throw new ShapeError(
          `split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=${formatShape(sizes)}`,
        );
      const total = sizes.reduce((sum, n) => sum + n, 0);
      if (total !== length) {
        throw new ShapeError(
          `split_with_sizes expects split_sizes to sum exactly to ${length} (input tensor's size at dimension ${at}), but got split_sizes=${formatShape(sizes)}`,
        );
      }
      let start = 0;
      return siblings(
        'SplitWithSizesBackward0',
        sizes.map((n) => {
          start += n;
          return this.narrow(at, start - n, n);
        }),
      );
    }
    checkInteger(size, 'split: size');
    if (size < 0) throw new ShapeError(`split expects split_size be non-negative, but got split_size=${size}`);
    if (size === 0 && length > 0) {
      throw new ShapeError(`split_size can only be 0 if dimension size is 0, but got dimension size of ${length}`);
    }
    const count = size === 0 ? 1 : Math.max(1, Math.ceil(length / size));
    return siblings(
      'SplitBackward0',
      Array.from({ length: count }, (_, i) => this.slice(at, i * size, (i + 1) * size)),
    );
  }

  /** Views of at most `chunks` pieces of equal size along `dim`, the last of which may be smaller. */
  chunk(chunks: number, dim = 0): Tensor[] {
    if (checkInteger(chunks, 'chunk: chunks') <= 0)
      throw new ArgumentError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
    const length = this.shape[dimOf(this.self, 'chunk', dim)];
    if (length === 0)
      return this.split(
        Array.from({ length: chunks }, () => 0),
        dim,
      );
    return this.split(Math.ceil(length / chunks), dim);
  }

  /**
   * Views of pieces along `dim`: that many of nearly equal size, the first ones being larger by one, or cut before the given positions
   * (https://pytorch.org/docs/stable/generated/torch.tensor_split.html). A tensor of positions is read.
   *
   * @throws DeviceError for a tensor where the device can't be read synchronously: pass an array.
   * @example
   * arange(7).tensorSplit(3); // [0, 1, 2], [3, 4], [5, 6]
   * arange(7).tensorSplit([1, 4]); // [0], [1, 2, 3], [4, 5, 6]
   */
  tensorSplit(indicesOrSections: number | readonly number[] | Tensor, dim = 0): Tensor[] {
    const at = dimOf(this.self, 'tensorSplit', dim);
    const given = isTensor(indicesOrSections) ? readSplit(indicesOrSections) : indicesOrSections;
    const length = this.shape[at];
    if (typeof given === 'number') {
      const sections = checkInteger(given, 'tensorSplit: sections');
      if (sections <= 0) throw new ArgumentError(`number of sections must be larger than 0, got ${sections}`);
      if (sections > 2 ** 20)
        throw new ArgumentError(`tensorSplit: ${sections} sections are more tensors than can be made`);
      const size = Math.floor(length / sections);
      const larger = length % sections;
      const start = (i: number): number => i * size + Math.min(i, larger);
      return Array.from({ length: sections }, (_, i) => this.slice(at, start(i), start(i + 1)));
    }
    const cuts = checkIntegers(given, 'tensorSplit: indices');
    return [...cuts, null].map((end, i) => this.slice(at, i === 0 ? 0 : cuts[i - 1], end));
  }

  /** {@link tensorSplit} of columns: along dim 1, of a vector along dim 0. @throws ArgumentError if a number of pieces doesn't divide the size. */
  hsplit(indicesOrSections: number | readonly number[]): Tensor[] {
    if (this.ndim === 0)
      throw new ShapeError(
        'torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with 0 dimensions!',
      );
    return equalSplit(this.self, 'hsplit', indicesOrSections, this.ndim === 1 ? 0 : 1);
  }

  /** {@link tensorSplit} of rows, along dim 0, of a tensor of at least 2 dims. @throws ArgumentError if a number of pieces doesn't divide the size. */
  vsplit(indicesOrSections: number | readonly number[]): Tensor[] {
    if (this.ndim < 2)
      throw new ShapeError(
        `torch.vsplit requires a tensor with at least 2 dimension, but got a tensor with ${this.ndim} dimensions!`,
      );
    return equalSplit(this.self, 'vsplit', indicesOrSections, 0);
  }

  /** {@link tensorSplit} along dim 2, of a tensor of at least 3 dims. @throws ArgumentError if a number of pieces doesn't divide the size. */
  dsplit(indicesOrSections: number | readonly number[]): Tensor[] {
    if (this.ndim < 3)
      throw new ShapeError(
        `torch.dsplit requires a tensor with at least 3 dimension, but got a tensor with ${this.ndim} dimensions!`,
      );
    return equalSplit(this.self, 'dsplit', indicesOrSections, 2);
  }

  /** Views at every position of `dim`. */
  unbind(dim = 0): Tensor[] {
    const at = dimOf(this.self, 'unbind', dim);
    return siblings(
      'UnbindBackward0',
      Array.from({ length: this.shape[at] }, (_, i) => this.select(at, i)),
    );
  }

  /** A view of a diagonal, as the last dim of the result. */
  diagonal(options: DiagonalOptions = {}): Tensor {
    return dispatch(ops.diagonal, [this.self], diagonalAttrs('diagonal', options, this.ndim, 0, 1));
  }

  /**
   * A copy of zeros with this tensor's last dim on a diagonal of two dims, by default the last ones of the result
   * (https://pytorch.org/docs/stable/generated/torch.diag_embed.html).
   *
   * @throws ShapeError for a 0-d tensor.
   * @example
   * tensor([1, 2]).diagEmbed(); // [[1, 0], [0, 2]]
   */
  diagEmbed(options: DiagonalOptions = {}): Tensor {
    if (this.ndim === 0) throw new ShapeError('diagEmbed: expected a tensor of at least 1 dim, got a 0-d one');
    return dispatch(ops.diagEmbed, [this.self], diagonalAttrs('diagEmbed', options, this.ndim + 1, -2, -1));
  }

  /** A copy of this tensor with `src` on a diagonal, as `diagonal` shows it. @throws ShapeError if the shapes differ. */
  diagonalScatter(src: Tensor, options: DiagonalOptions = {}): Tensor {
    return written(this.self, 'diagonalScatter', src, this.diagonal(options));
  }

  /** A copy of this tensor with `src` at one position of `dim`. @throws ShapeError if `src` isn't of the shape of `select(dim, index)`. */
  selectScatter(src: Tensor, dim: number, index: number): Tensor {
    return written(this.self, 'selectScatter', src, this.select(dim, index));
  }

  /** A copy of this tensor with `src` in place of `slice(dim, start, end, step)`. @throws ShapeError if the shapes differ. */
  sliceScatter(src: Tensor, dim = 0, start: number | null = 0, end?: number | null, step = 1): Tensor {
    return written(this.self, 'sliceScatter', src, this.slice(dim, start, end, step));
  }

  /** A view of all windows of `size` elements along `dim`, `step` apart, as a new last dim. */
  unfold(dim: number, size: number, step: number): Tensor {
    const at = normalizeDim(dim, this.ndim, 'unfold');
    if (checkInteger(size, 'unfold: size') < 0) throw new ShapeError(`size is ${size} but must be >= 0`);
    if (checkInteger(step, 'unfold: step') <= 0) throw new ArgumentError(`step is ${step} but must be > 0`);
    return dispatch(ops.unfold, [this.self], { dim: at, size, step });
  }

  /** A view of the tensor's storage with any shape, strides and offset (default: the tensor's own). @throws ShapeError if it reaches outside. */
  asStrided(shape: Shape, strides: readonly number[], storageOffset?: number): Tensor {
    checkShape(shape, 'asStrided');
    const steps = checkIntegers(strides, 'asStrided: strides');
    if (steps.length !== shape.length) throw new ShapeError('asStrided: mismatch in length of strides and shape');
    if (steps.some((stride) => stride < 0)) {
      throw new ShapeError(
        `as_strided: Negative strides are not supported at the moment, got strides: ${formatShape(steps)}`,
      );
    }
    const offset = storageOffset === undefined ? null : checkInteger(storageOffset, 'asStrided: storageOffset');
    if (offset !== null && offset < 0) throw new ShapeError(`asStrided: Tensor: invalid storage offset ${offset}`);
    return dispatch(ops.asStrided, [this.self], {
      shape,
      strides: steps,
      offset,
      from: { strides: this.strides, offset: this.offset },
    });
  }

  /**
   * The same memory without history: gradients don't flow through it. In-place writes are seen through both, and noticed by autograd
   * (https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html).
   */
  detach(): Tensor {
    return dispatch(ops.detach, [this.self], null);
  }

  /** The same memory without history, and with a version counter of its own: autograd doesn't notice writes to it. */
  get data(): Tensor {
    return dispatch(ops.data, [this.self], null);
  }

  /** Gives this tensor the memory, shape and dtype of `value`, keeping its place in autograd. @throws AutogradError on a view or while tracing. */
  set data(value: Tensor) {
    if (this.viewInfo) throw new AutogradError('data: a view cannot be given other memory; write into it with copy_()');
    if (interpreters.length > 0)
      throw new AutogradError(
        'data: a tensor cannot be given other memory while ops are traced; write into it with copy_()',
      );
    this.replaceMemory(value);
  }

  /** This tensor if its elements lie in row-major order without gaps, else a copy that does. */
  contiguous(): Tensor {
    return this.isContiguous() ? this.self : this.clone();
  }

  /** A contiguous copy; gradients flow through it. */
  clone(): Tensor {
    return dispatch(ops.clone, [this.self], null);
  }

  /** Writes `source`, broadcast and cast, into this tensor and returns it. The source may be on another device. */
  copy_(source: Tensor): Tensor {
    requireTensor('copy_', source, 1);
    const here = source.device === this.device ? source : source.to(this.device);
    return dispatch(ops.copy.inplaceTwin, [this.self, here], null);
  }

  /** A copy with the order of the elements reversed along `dims`. */
  flip(dims: number | readonly number[]): Tensor {
    const list = Array.isArray(dims) && dims.length === 0 ? [] : normalizeDims(dims, this.ndim, 'flip');
    return dispatch(ops.flip, [this.self], { dims: list });
  }

  /** {@link flip} of columns: along dim 1. @throws ShapeError for fewer than 2 dims. */
  fliplr(): Tensor {
    if (this.ndim < 2) throw new ShapeError(`fliplr: Input must be >= 2-d, got shape ${formatShape(this.shape)}`);
    return this.flip(1);
  }

  /** {@link flip} of rows: along dim 0. @throws ShapeError for a 0-d tensor. */
  flipud(): Tensor {
    if (this.ndim < 1) throw new ShapeError('flipud: Input must be >= 1-d, got a 0-d tensor');
    return this.flip(0);
  }

  /**
   * A copy turned `k` times by 90 degrees in the plane of two dims, from the first to the second
   * (https://pytorch.org/docs/stable/generated/torch.rot90.html).
   *
   * @throws ShapeError for fewer than 2 dims; ArgumentError unless `dims` are two different ones.
   */
  rot90(k = 1, dims: readonly number[] = [0, 1]): Tensor {
    checkInteger(k, 'rot90: k');
    if (this.ndim < 2) throw new ShapeError(`expected total dims >= 2, but got total dims = ${this.ndim} in rot90`);
    const plane = checkIntegers(dims, 'rot90: dims').map((dim) => normalizeDim(dim, this.ndim, 'rot90'));
    if (plane.length !== 2 || plane[0] === plane[1])
      throw new ArgumentError(`expected rotation dims to be two different ones, but got ${formatShape(dims)} in rot90`);
    const turns = ((k % 4) + 4) % 4;
    if (turns === 0) return this.clone();
    if (turns === 2) return this.flip(plane);
    return this.flip(plane[turns === 1 ? 1 : 0]).transpose(plane[0], plane[1]);
  }

  /** A copy with the elements moved on by `shifts` along `dims`, the last ones coming first; without `dims` in the flattened tensor. */
  roll(shifts: number | readonly number[], dims?: number | readonly number[]): Tensor {
    const steps = typeof shifts === 'number' ? [shifts] : checkIntegers(shifts, 'roll: shifts');
    for (const shift of steps) checkInteger(shift, 'roll: shift');
    if (dims === undefined || (Array.isArray(dims) && dims.length === 0)) {
      if (steps.length !== 1)
        throw new ArgumentError(`roll: without dims there must be one shift, got ${steps.length}`);
      return dispatch(ops.roll, [this.flatten()], { shift: steps[0], dim: 0 }).viewAs(this.self);
    }
    const list = (typeof dims === 'number' ? [dims] : checkIntegers(dims, 'roll: dims')).map((dim) =>
      dimOf(this.self, 'roll', dim),
    );
    if (list.length !== steps.length) {
      throw new ArgumentError(`shifts and dimensions must align. shifts: ${steps.length}, dims:${list.length}`);
    }
    return list.reduce((x, dim, i) => dispatch(ops.roll, [x], { shift: steps[i], dim }), this.self);
  }

  /** The lower triangle of the last two dims, up to the given diagonal; the rest is 0. */
  tril(diagonal = 0): Tensor {
    return dispatch(ops.tril, [this.self], { diagonal: checkInteger(diagonal, 'tril: diagonal') });
  }

  /** In-place {@link tril}. */
  tril_(diagonal = 0): Tensor {
    return dispatch(ops.tril.inplaceTwin, [this.self], { diagonal: checkInteger(diagonal, 'tril: diagonal') });
  }

  /** The upper triangle of the last two dims, from the given diagonal on; the rest is 0. */
  triu(diagonal = 0): Tensor {
    return dispatch(ops.triu, [this.self], { diagonal: checkInteger(diagonal, 'triu: diagonal') });
  }

  /** In-place {@link triu}. */
  triu_(diagonal = 0): Tensor {
    return dispatch(ops.triu.inplaceTwin, [this.self], { diagonal: checkInteger(diagonal, 'triu: diagonal') });
  }

  /** A square matrix with this vector on a diagonal, or a copy of a diagonal of this matrix. */
  diag(diagonal = 0): Tensor {
    return dispatch(ops.diag, [this.self], { diagonal: checkInteger(diagonal, 'diag: diagonal') });
  }

  /** A copy repeated `repeats[d]` times along each dim; more repeats than dims add dims in front. */
  repeat(repeats: readonly number[]): Tensor {
    return dispatch(ops.repeat, [this.self], { repeats: checkShape(repeats, 'repeat') });
  }

  /** {@link repeat}, with missing repeats in front taken as 1. */
  tile(repeats: readonly number[]): Tensor {
    const given = checkShape(repeats, 'tile');
    return this.repeat([...this.shape.slice(given.length).map(() => 1), ...given]);
  }

  /**
   * A copy with each element repeated in place, along `dim` or in the flattened tensor: all `repeats` times, or each as often as a list or a vector of
   * integers says (https://pytorch.org/docs/stable/generated/torch.repeat_interleave.html). A tensor is read.
   *
   * @throws ArgumentError for negative repeats, or as many as don't match the dim; DeviceError for a tensor where the device can't be read synchronously:
   * use {@link repeatInterleaveAsync}.
   * @example
   * tensor([1, 2]).repeatInterleave(2); // [1, 1, 2, 2]
   * tensor([1, 2]).repeatInterleave([1, 3]); // [1, 2, 2, 2]
   */
  repeatInterleave(repeats: number | readonly number[] | Tensor, options: RepeatInterleaveOptions = {}): Tensor {
    if (isTensor(repeats)) {
      checkRepeats(repeats);
      requireSyncRead('repeatInterleave', repeats);
      return interleaved(this.self, Array.from(repeats.toTypedArraySync(), Number), options);
    }
    return interleaved(this.self, repeats, options);
  }

  /** {@link repeatInterleave} on devices that can only be read asynchronously; works on all of them. */
  async repeatInterleaveAsync(
    repeats: number | readonly number[] | Tensor,
    options: RepeatInterleaveOptions = {},
  ): Promise<Tensor> {
    if (!isTensor(repeats)) return interleaved(this.self, repeats, options);
    checkRepeats(repeats);
    return interleaved(this.self, Array.from(await repeats.toTypedArray(), Number), options);
  }
}

/** The positions or the number of pieces in a tensor, as PyTorch reads them. */
function readSplit(x: Tensor): number | readonly number[] {
  if (x.dtype !== 'int64' || x.ndim > 1)
    throw new ArgumentError(
      `tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor of int64, but got ${x.dtype} of shape ${formatShape(x.shape)}`,
    );
  const values = Array.from(x.toTypedArraySync(), Number);
  return x.ndim === 0 ? values[0] : values;
}

function checkRepeats(repeats: Tensor): void {
  if ((repeats.dtype !== 'int64' && repeats.dtype !== 'int32') || repeats.ndim > 1)
    throw new ArgumentError(
      `repeats must be 0-dim or 1-dim tensor of int64 or int32, got ${repeats.dtype} of shape ${formatShape(repeats.shape)}`,
    );
}

function diagonalAttrs(
  where: string,
  options: DiagonalOptions,
  rank: number,
  defaultDim1: number,
  defaultDim2: number,
): DiagonalAttrs {
  checkOptions(where, options, ['offset', 'dim1', 'dim2']);
  const dim1 = normalizeDim(options.dim1 ?? defaultDim1, rank, where);
  const dim2 = normalizeDim(options.dim2 ?? defaultDim2, rank, where);
  if (dim1 === dim2) throw new ArgumentError(`diagonal dimensions cannot be identical ${dim1}, ${dim2} in ${where}`);
  return { offset: checkInteger(options.offset ?? 0, `${where}: offset`), dim1, dim2 };
}
