/**
 * Methods that reshape, reorder and repeat. Those called views share the tensor's memory: a write to either is seen through both
 * (https://pytorch.org/docs/stable/tensor_view.html).
 */
import { dispatch } from '../dispatch.ts';
import { ArgumentError, AutogradError, checkOptions, describe, ShapeError } from '../errors.ts';
import { interpreters } from '../hooks.ts';
import { movement as ops } from '../ops/movement.ts';
import { checkInteger, checkShape, formatShape, normalizeDim, normalizeDims, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
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

  /** A view without dims of size 1: all of them, or those of `dim` that have size 1. */
  squeeze(dim?: number | readonly number[]): Tensor {
    if (dim !== undefined && typeof dim !== 'number') {
      return dispatch(ops.squeeze, [this.self], { dims: orderedDims(dim, this.ndim, 'squeeze') });
    }
    return dispatch(ops.squeeze, [this.self], {
      dims: dim === undefined ? null : normalizeDims(dim, this.ndim, 'squeeze'),
    });
  }

  /** A view with a dim of size 1 put in at `dim`. */
  unsqueeze(dim: number): Tensor {
    return dispatch(ops.unsqueeze, [this.self], { dim: normalizeDim(dim, this.ndim + 1, 'unsqueeze') });
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
    const at = this.#dimOf('slice', dim);
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
    const at = this.#dimOf('narrow', dim);
    const size = this.shape[at];
    checkInteger(start, 'narrow: start');
    if (checkInteger(length, 'narrow: length') < 0) throw new ShapeError('narrow(): length must be non-negative.');
    const first = start < 0 ? start + size : start;
    if (first < 0 || first > size || first + length > size) {
      throw new ShapeError(`start (${start}) + length (${length}) exceeds dimension size (${size}).`);
    }
    return this.slice(at, first, first + length);
  }

  #dimOf(where: string, dim: number): number {
    if (this.ndim === 0) throw new ShapeError(`${where}() cannot be applied to a 0-dim tensor.`);
    return normalizeDim(dim, this.ndim, where);
  }

  /** Views of pieces along `dim`: of one size (the last may be smaller), or of the sizes listed, which must add up. */
  split(size: number | readonly number[], dim = 0): Tensor[] {
    const at = this.#dimOf('split', dim);
    const length = this.shape[at];
    if (typeof size !== 'number') {
      const sizes = checkShape(size, 'split');
      const total = sizes.reduce((sum, n) => sum + n, 0);
      if (total !== length) {
        throw new ShapeError(
          `split_with_sizes expects split_sizes to sum exactly to ${length} (input tensor's size at dimension ${at}), but got split_sizes=${formatShape(sizes)}`,
        );
      }
      let start = 0;
      return sizes.map((n) => {
        start += n;
        return this.narrow(at, start - n, n);
      });
    }
    checkInteger(size, 'split: size');
    if (size < 0) throw new ShapeError(`split expects split_size be non-negative, but got split_size=${size}`);
    if (size === 0 && length > 0) {
      throw new ShapeError(`split_size can only be 0 if dimension size is 0, but got dimension size of ${length}`);
    }
    const count = size === 0 ? 1 : Math.max(1, Math.ceil(length / size));
    return Array.from({ length: count }, (_, i) => this.slice(at, i * size, (i + 1) * size));
  }

  /** Views of at most `chunks` pieces of equal size along `dim`, the last of which may be smaller. */
  chunk(chunks: number, dim = 0): Tensor[] {
    if (checkInteger(chunks, 'chunk: chunks') <= 0)
      throw new ArgumentError(`chunk expects \`chunks\` to be greater than 0, got: ${chunks}`);
    const length = this.shape[this.#dimOf('chunk', dim)];
    if (length === 0)
      return this.split(
        Array.from({ length: chunks }, () => 0),
        dim,
      );
    return this.split(Math.ceil(length / chunks), dim);
  }

  /** Views at every position of `dim`. */
  unbind(dim = 0): Tensor[] {
    const at = this.#dimOf('unbind', dim);
    return Array.from({ length: this.shape[at] }, (_, i) => this.select(at, i));
  }

  /** A view of a diagonal, as the last dim of the result. */
  diagonal(options: DiagonalOptions = {}): Tensor {
    checkOptions('diagonal', options, ['offset', 'dim1', 'dim2']);
    const dim1 = normalizeDim(options.dim1 ?? 0, this.ndim, 'diagonal');
    const dim2 = normalizeDim(options.dim2 ?? 1, this.ndim, 'diagonal');
    if (dim1 === dim2) throw new ArgumentError(`diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    return dispatch(ops.diagonal, [this.self], {
      offset: checkInteger(options.offset ?? 0, 'diagonal: offset'),
      dim1,
      dim2,
    });
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
    const here = source.device === this.device ? source : source.to(this.device);
    return dispatch(ops.copy.inplaceTwin, [this.self, here], null);
  }

  /** A copy with the order of the elements reversed along `dims`. */
  flip(dims: number | readonly number[]): Tensor {
    const list = Array.isArray(dims) && dims.length === 0 ? [] : normalizeDims(dims, this.ndim, 'flip');
    return dispatch(ops.flip, [this.self], { dims: list });
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
    const list = (typeof dims === 'number' ? [dims] : (dims as readonly number[])).map((dim) =>
      this.#dimOf('roll', dim),
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

  /** A copy with each element repeated `repeats` times in place, along `dim` or in the flattened tensor. */
  repeatInterleave(repeats: number, options: RepeatInterleaveOptions = {}): Tensor {
    checkOptions('repeatInterleave', options, ['dim']);
    if (checkInteger(repeats, 'repeatInterleave: repeats') < 0)
      throw new ArgumentError(`repeats must be non-negative, got ${repeats}`);
    if (options.dim === undefined || this.ndim === 0)
      return dispatch(ops.repeatInterleave, [this.flatten()], { repeats, dim: 0 });
    return dispatch(ops.repeatInterleave, [this.self], {
      repeats,
      dim: normalizeDim(options.dim, this.ndim, 'repeatInterleave'),
    });
  }
}
