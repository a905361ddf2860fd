/** Windows of an image as columns, and columns added up to an image: each is the transpose of the other. */
import type { Runtime, TensorView } from '../backend.ts';
import { allocate, copyInto } from '../dispatch.ts';
import { type DType, isFloat } from '../dtype.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import * as e from '../expr.ts';
import { formatShape } from '../shape.ts';
import { OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { notImplementedFor, programCache, requireTensor } from './build.ts';
import { reshaped, zeroProgram } from './taps.ts';

/** Height and width of windows and how they lie. */
export interface ColumnsAttrs {
  readonly kernelSize: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly stride: readonly number[];
}

export interface ColumnsOps {
  im2col: Sig<[Tensor], ColumnsAttrs>;
  col2im: Sig<[Tensor], ColumnsAttrs & { readonly outputSize: readonly number[] }>;
}

/** How many windows fit along height and width. */
function windowCounts(size: readonly number[], { kernelSize, dilation, padding, stride }: ColumnsAttrs): number[] {
  return size.map((n, d) => Math.floor((n + 2 * padding[d] - dilation[d] * (kernelSize[d] - 1) - 1) / stride[d]) + 1);
}

const pair = (list: readonly number[]): string => `(${list.join(', ')})`;

function checkWindows(name: string, { kernelSize, dilation, padding, stride }: ColumnsAttrs): void {
  for (const [what, list, least] of [
    ['kernel size', kernelSize, 1],
    ['dilation', dilation, 1],
    ['padding', padding, 0],
    ['stride', stride, 1],
  ] as const) {
    if (list.some((n) => n < least)) {
      throw new ArgumentError(
        `${name}: ${what} should be ${least === 1 ? 'greater than zero' : 'non-negative'}, but got ${pair(list)}`,
      );
    }
  }
}

const describeWindows = ({ kernelSize, dilation, padding }: ColumnsAttrs): string =>
  `kernel_size=${pair(kernelSize)}, dilation=${pair(dilation)}, padding=${pair(padding)}`;

/** The sizes of a call: batch, channels, window and how many windows along each dim. */
interface Columns {
  readonly shape: readonly [n: number, c: number, kh: number, kw: number, oh: number, ow: number];
  readonly height: number;
  readonly width: number;
}

function columnsOf(image: TensorView, attrs: ColumnsAttrs): Columns {
  const [c, height, width] = image.shape.slice(-3);
  const [oh, ow] = windowCounts([height, width], attrs);
  const [kh, kw] = attrs.kernelSize;
  return { shape: [image.shape.length === 4 ? image.shape[0] : 1, c, kh, kw, oh, ow], height, width };
}

/** A batch of one where there is none. */
function batched({ dtype, shape, strides, offset, storage }: TensorView, rank: number): TensorView {
  if (shape.length === rank) return { dtype, shape, strides, offset, storage };
  return { dtype, shape: [1, ...shape], strides: [0, ...strides], offset, storage };
}

/** The position in the image of element (i, o) of a window dim: o · stride - padding + i · dilation. */
const position = (i: e.Expr, o: e.Expr, [stride, padding, dilation]: readonly e.Expr[]): e.Expr =>
  e.add(e.sub(e.mul(o, stride), padding), e.mul(i, dilation));

const numbers = ({ stride, padding, dilation }: ColumnsAttrs): number[] =>
  [0, 1].flatMap((d) => [stride[d], padding[d], dilation[d]]);

const int32 = (first: number, count: number): e.Expr[] =>
  Array.from({ length: count }, (_, k) => e.param(first + k, 'int32'));
const int32s = (count: number): DType[] => Array.from({ length: count }, () => 'int32');

const cached = programCache();

/** Reads each element of each window, 0 in the padding. */
function toColumns(runtime: Runtime, out: TensorView, image: TensorView, attrs: ColumnsAttrs): void {
  const { shape } = columnsOf(image, attrs);
  const program = cached(`columns|${image.dtype}`, () => {
    const [n, c, i, j, oh, ow] = [0, 1, 2, 3, 4, 5].map(e.indexOf);
    const at = [n, c, position(i, oh, int32(0, 3)), position(j, ow, int32(3, 3))];
    return new e.Program([e.load(0, image.dtype, at, 0)], [image.dtype], int32s(6));
  });
  runtime.map([reshaped(out, shape)], [batched(image, 4)], program, numbers(attrs));
}

/** Adds each element of each window to the image, in the order of the elements; what lies in the padding adds 0 to the first pixel. */
function toImage(runtime: Runtime, out: TensorView, columns: Tensor, attrs: ColumnsAttrs): void {
  const { device } = columns.storage;
  const { shape, height, width } = columnsOf(out, attrs);
  const [n, c, kh, kw, oh, ow] = shape;
  const wide: DType = columns.dtype === 'float64' ? 'float64' : 'float32';
  const places = cached('places', () => {
    const [i, j, y, x] = [0, 1, 2, 3].map(e.indexOf);
    const [h, w] = int32(6, 2);
    const [row, column] = [position(i, y, int32(0, 3)), position(j, x, int32(3, 3))];
    const within = (at: e.Expr, size: e.Expr): e.Expr => e.bitAnd(e.ge(at, 0), e.lt(at, size));
    const inside = e.bitAnd(within(row, h), within(column, w));
    const flat = e.select(inside, e.add(e.mul(row, w), column), 0);
    return new e.Program([e.cast(flat, 'int64'), inside], [], int32s(8));
  });
  const index = allocate(device, 'int64', [kh, kw, oh, ow]);
  const inside = allocate(device, 'bool', [kh, kw, oh, ow]);
  runtime.map([index, inside], [], places, [...numbers(attrs), height, width]);

  const source = batched(columns, 3);
  const [sn, sc, sl] = source.strides;
  const windows: TensorView = {
    ...source,
    shape,
    strides: [sn, sc * kh * kw, sc * kw, sc, sl * ow, sl],
  };
  const shown: TensorView = { ...reshaped(inside, shape), strides: [0, 0, ...inside.strides] };
  const values = allocate(device, wide, shape);
  const masked = cached(
    `masked|${columns.dtype}`,
    () =>
      new e.Program(
        [e.select(e.input(1, 'bool'), e.cast(e.input(0, columns.dtype), wide), 0)],
        [columns.dtype, 'bool'],
      ),
  );
  runtime.map([values], [windows, shown], masked, []);

  const image = allocate(device, wide, [n, c, height * width]);
  runtime.map([image], [], zeroProgram(wide), []);
  const flat = [n, c, kh * kw * oh * ow];
  const at = { ...reshaped(index, flat), strides: [0, 0, 1] };
  if (values.numel() > 0) runtime.scatter('add', image, at, reshaped(values, flat), 2);
  copyInto(reshaped(out, image.shape) as Tensor, image);
}

/** Rows by op name. */
export const columns: { readonly [K in keyof ColumnsOps]: OpSpec<ColumnsOps[K]> } = {
  im2col: new OpSpec({
    name: 'im2col',
    infer([x], attrs) {
      requireTensor('unfold', x);
      checkWindows('unfold', attrs);
      const rank = x.shape.length;
      if ((rank !== 3 && rank !== 4) || x.shape.slice(-3).includes(0)) {
        throw new ShapeError(
          `unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ${formatShape(x.shape)}`,
        );
      }
      if (!isFloat(x.dtype)) throw notImplementedFor('im2col', x.dtype);
      const size = x.shape.slice(-2);
      const counts = windowCounts(size, attrs);
      if (counts.some((n) => n < 1)) {
        throw new ShapeError(
          `unfold: Given input with spatial size ${pair(size)}, ${describeWindows(attrs)}, calculated shape of the array of sliding blocks as ` +
            `${pair(counts)}, but its components must be at least one.`,
        );
      }
      const [kh, kw] = attrs.kernelSize;
      return {
        shape: [...x.shape.slice(0, -3), x.shape[rank - 3] * kh * kw, counts[0] * counts[1]],
        dtype: x.dtype,
      };
    },
    kernel: (runtime, [out], [x], attrs) => toColumns(runtime, out, x, attrs),
  }),
  col2im: new OpSpec({
    name: 'col2im',
    infer([x], attrs) {
      requireTensor('fold', x);
      checkWindows('fold', attrs);
      const { outputSize, kernelSize, stride } = attrs;
      const rank = x.shape.length;
      if ((rank !== 2 && rank !== 3) || x.shape.slice(-2).includes(0)) {
        throw new ShapeError(
          `fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: ${formatShape(x.shape)}`,
        );
      }
      if (!isFloat(x.dtype)) throw notImplementedFor('col2im', x.dtype);
      const [rows, length] = x.shape.slice(-2);
      const window = kernelSize[0] * kernelSize[1];
      if (rows % window !== 0) {
        throw new ShapeError(
          `fold: Expected size of input's dimension ${rank - 2} to be divisible by the product of kernel_size, but got input.size(${rank - 2})=${rows} and kernel_size=${pair(kernelSize)}.`,
        );
      }
      const counts = windowCounts(outputSize, attrs);
      if (counts.some((n) => n < 1) || counts[0] * counts[1] !== length) {
        throw new ShapeError(
          `fold: Given output_size=${pair(outputSize)}, ${describeWindows(attrs)}, stride=${pair(stride)}, expected size of input's dimension ${rank - 1} ` +
            `to match the calculated number of sliding blocks ${counts[0]} * ${counts[1]} = ${counts[0] * counts[1]}, but got input.size(${rank - 1})=${length}.`,
        );
      }
      return { shape: [...x.shape.slice(0, -2), rows / window, ...outputSize], dtype: x.dtype };
    },
    kernel: (runtime, [out], [x], attrs) => toImage(runtime, out, x, attrs),
  }),
};
