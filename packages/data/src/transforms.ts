/**
 * `@tenfold/data/transforms`: images prepared and augmented (https://pytorch.org/vision/stable/transforms.html). Each function makes a transform, a function of
 * an image: a tensor `[…, C, H, W]`, so one image or a batch of them, float from 0 to 1 or uint8. A random transform draws once for all it is given: augment
 * single images, in `mapDataset`, for each to be another.
 *
 * Random numbers come from the generator that is passed with the image (a `DataLoader` gives each sample its own), else from the transform's own, else from the
 * one that `manualSeed` seeds.
 *
 * @packageDocumentation
 */
import {
  ArgumentError,
  affineGrid,
  checkOptions,
  type DType,
  DTypeError,
  defaultGenerator,
  describe,
  dtypes,
  full,
  type Generator,
  gridSample,
  interpolate,
  isFloat,
  isTensor,
  type PadMode,
  pad,
  randn,
  ShapeError,
  type Tensor,
  tensor,
  where,
  zeros,
} from '@tenfold/tensor-core';
import { checkGenerator } from './dataset.ts';
import { drawBelow, drawBetween, drawUniform, permutation } from './draw.ts';
import { cubic, linear, resizeWeights } from './resize.ts';

/** A function of an image and, if it is random, of where its numbers come from. */
export type Transform<A = Tensor, B = A> = (input: A, generator?: Generator) => B;

/** Options of every random transform. */
export interface RandomTransformOptions {
  /** Where numbers come from if none is passed with the image. */
  generator?: Generator | undefined;
}

/**
 * Transforms one after the other, each with the generator of the image.
 *
 * @example
 * const augment = compose([randomCrop(28, { padding: 2 }), randomHorizontalFlip(), normalize([0.13], [0.31])]);
 */
export function compose<A, B>(transforms: readonly [Transform<A, B>, ...Transform<B>[]]): Transform<A, B>;
export function compose<A = Tensor>(transforms: readonly Transform<A>[]): Transform<A>;
export function compose(transforms: readonly Transform<unknown>[]): Transform<unknown> {
  const odd = Array.isArray(transforms) ? transforms.find((fn) => typeof fn !== 'function') : transforms;
  if (!Array.isArray(transforms) || odd !== undefined)
    throw new ArgumentError(`compose: expected an array of functions, got ${describe(odd)}`);
  return (input, generator) => transforms.reduce((x, transform) => transform(x, generator), input);
}

function requireImage(name: string, x: Tensor): Tensor {
  if (!isTensor(x)) throw new ArgumentError(`${name}: expected a tensor, got ${describe(x)}`);
  if (x.ndim < 3) throw new ShapeError(`${name}: expected an image […, C, H, W], got shape [${x.shape.join(', ')}]`);
  return x;
}

const sizeOf = ({ shape }: Tensor): [height: number, width: number] => [
  shape[shape.length - 2],
  shape[shape.length - 1],
];

/** A number, or height and width. */
function checkSize(name: string, size: number | readonly [number, number]): [number, number] {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (Number.isSafeInteger(height) && Number.isSafeInteger(width) && height > 0 && width > 0) return [height, width];
  throw new ArgumentError(`${name}: size must be a positive integer or [height, width], got ${describe(size)}`);
}

function checkProbability(name: string, p: number): number {
  if (typeof p === 'number' && p >= 0 && p <= 1) return p;
  throw new ArgumentError(`${name}: p must be a probability from 0 to 1, got ${describe(p)}`);
}

function checkRange(name: string, what: string, range: readonly [number, number]): readonly [number, number] {
  if (Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] <= range[1]) return range;
  throw new ArgumentError(`${name}: ${what} must be [from, to], got ${describe(range)}`);
}

/** The generator that a transform draws from. */
function source(name: string, { generator }: RandomTransformOptions): (passed: Generator | undefined) => Generator {
  const own = checkGenerator(name, generator) ?? defaultGenerator;
  return (passed) => checkGenerator(name, passed) ?? own;
}

/** The largest value of an image: 1 in floats. */
const bound = (dtype: DType): number => {
  if (isFloat(dtype)) return 1;
  if (dtype === 'uint8') return 255;
  throw new DTypeError(`expected an image of floats or uint8, got ${dtype}`);
};

/** Computes in float32 what an integer image can't, and rounds. */
function inFloat(x: Tensor, fn: (x: Tensor) => Tensor): Tensor {
  if (isFloat(x.dtype)) return fn(x);
  const most = bound(x.dtype);
  return fn(x.to('float32')).round().clamp(0, most).to(x.dtype);
}

/** Computes on `[N, C, H, W]`. */
function asBatch(x: Tensor, fn: (x: Tensor) => Tensor): Tensor {
  const [c, h, w] = x.shape.slice(-3);
  const y = fn(x.reshape([-1, c, h, w]));
  return y.reshape([...x.shape.slice(0, -2), ...y.shape.slice(-2)]);
}

/** What a canvas and decoders give: rows of pixels, their channels side by side. */
export interface ImageLike {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Makes a float tensor `[C, H, W]` from 0 to 1 of an image as a canvas gives it (`ImageData`). Has as many channels as there are bytes for a pixel. */
export function toTensor(): Transform<ImageLike, Tensor> {
  return ({ width, height, data }) => {
    const channels = data.length / (width * height);
    if (!Number.isInteger(channels) || channels < 1)
      throw new ShapeError(`toTensor: ${data.length} bytes are not the pixels of an image of ${width} × ${height}`);
    const pixels = tensor(data).view([height, width, channels]);
    return pixels.permute([2, 0, 1]).to('float32').div(255);
  };
}

/** Converts to a dtype and scales: uint8 from 0 to 255 becomes float from 0 to 1, and back. */
export function convertImageDtype(dtype: DType): Transform {
  if (!Object.hasOwn(dtypes, dtype)) throw new DTypeError(`convertImageDtype: ${describe(dtype)} is not a dtype`);
  bound(dtype);
  return (x) => {
    requireImage('convertImageDtype', x);
    if (isFloat(x.dtype) === isFloat(dtype)) return x.to(dtype);
    bound(x.dtype);
    // so that equal shares of 0 … 1 go to each of the 256 values, as torchvision has it
    return isFloat(dtype) ? x.to(dtype).div(255) : x.mul(256 - 1e-3).to(dtype);
  };
}

/** A function as a transform, with a check that it is one. */
export function lambda<A, B>(fn: Transform<A, B>): Transform<A, B> {
  if (typeof fn === 'function') return fn;
  throw new ArgumentError(`lambda: expected a function, got ${describe(fn)}`);
}

/**
 * `(x - mean) / std`, channel by channel.
 *
 * @throws ArgumentError for a standard deviation of 0. The transform throws DTypeError for integers and ShapeError for another number of channels.
 */
export function normalize(mean: readonly number[], std: readonly number[]): Transform {
  if (!Array.isArray(mean) || !Array.isArray(std) || mean.length !== std.length || mean.length === 0)
    throw new ArgumentError(
      `normalize: mean and std must be arrays of one length, got ${describe(mean)} and ${describe(std)}`,
    );
  if (![...mean, ...std].every(Number.isFinite))
    throw new ArgumentError('normalize: mean and std must be finite numbers');
  if (std.some((value) => value === 0))
    throw new ArgumentError('std evaluated to zero, leading to division by zero, in normalize');
  return (x) => {
    requireImage('normalize', x);
    if (!isFloat(x.dtype))
      throw new DTypeError(
        `normalize: Input tensor should be a float tensor. Got ${x.dtype}; convertImageDtype('float32') makes one`,
      );
    const channels = x.shape[x.ndim - 3];
    if (mean.length !== 1 && channels !== mean.length)
      throw new ShapeError(`normalize: ${mean.length} means and standard deviations for ${channels} channels`);
    const values = (list: readonly number[]): Tensor =>
      tensor(list, { dtype: x.dtype, device: x.device }).view([-1, 1, 1]);
    return x.sub(values(mean)).div(values(std));
  };
}

/** Options of {@link resize}. */
export interface ResizeOptions {
  /** How values between the pixels are found. Default `'bilinear'`. */
  interpolation?: 'nearest' | 'bilinear' | 'bicubic';
  /** Whether shrinking averages over all pixels that fall together, as PIL does. Default true; `'nearest'` never does. */
  antialias?: boolean;
}

/**
 * Resizes to `[height, width]`, or so that the shorter side has `size` pixels.
 *
 * @example resize(224)(image)
 */
export function resize(size: number | readonly [number, number], options: ResizeOptions = {}): Transform {
  checkOptions('resize', options, ['interpolation', 'antialias']);
  const [height, width] = checkSize('resize', size);
  const { interpolation = 'bilinear', antialias = true } = options;
  if (!['nearest', 'bilinear', 'bicubic'].includes(interpolation))
    throw new ArgumentError(
      `resize: interpolation must be 'nearest', 'bilinear' or 'bicubic', got ${describe(interpolation)}`,
    );
  const target = (h: number, w: number): [number, number] => {
    if (typeof size !== 'number') return [height, width];
    return h <= w ? [size, Math.max(1, Math.floor((size * w) / h))] : [Math.max(1, Math.floor((size * h) / w)), size];
  };
  return (x) => {
    const [h, w] = sizeOf(requireImage('resize', x));
    if (h === 0 || w === 0) throw new ShapeError(`resize: an image of ${h} × ${w} has no pixels`);
    const [toH, toW] = target(h, w);
    if (h === toH && w === toW) return x;
    if (interpolation === 'nearest')
      return asBatch(x, (batch) => interpolate(batch, { size: [toH, toW], mode: 'nearest' }));
    if (!antialias) {
      const sized = (batch: Tensor): Tensor =>
        interpolate(batch, { size: [toH, toW], mode: interpolation, alignCorners: false });
      return inFloat(x, (image) => asBatch(image, sized));
    }
    const filter = interpolation === 'bilinear' ? linear : cubic;
    return inFloat(x, (image) => {
      const { dtype, device } = image;
      const along = (from: number, to: number): Tensor =>
        tensor(resizeWeights(from, to, filter), { dtype, device }).view([to, from]);
      return along(h, toH).matmul(image.matmul(along(w, toW).t()));
    });
  };
}

/** One number, `[left and right, top and bottom]`, or `[left, top, right, bottom]`. */
export type Padding = number | readonly [number, number] | readonly [number, number, number, number];

/** Options of {@link padImage} and of transforms that pad. */
export interface PaddingOptions {
  /** What stands beyond the border. Default `'constant'`. */
  paddingMode?: 'constant' | 'edge' | 'reflect';
  /** The value of mode `'constant'`, of the image's own range. Default 0. */
  fill?: number;
}

const padModes: { readonly [mode: string]: PadMode | undefined } = {
  constant: 'constant',
  edge: 'replicate',
  reflect: 'reflect',
};

/** Puts pixels around an image. torchvision names it `Pad`; `pad` is a function of tensor-core. */
export function padImage(padding: Padding, options: PaddingOptions = {}): Transform {
  checkOptions('padImage', options, ['paddingMode', 'fill']);
  const sides = checkPadding('padImage', padding);
  const put = padder('padImage', options);
  return (x) => put(requireImage('padImage', x), sides);
}

type Sides = readonly [left: number, top: number, right: number, bottom: number];

function checkPadding(name: string, padding: Padding): Sides {
  const list: readonly number[] = typeof padding === 'number' ? [padding] : padding;
  if (!Array.isArray(list) || ![1, 2, 4].includes(list.length) || !list.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ArgumentError(
      `${name}: padding must be an integer from 0, or an array of 2 or 4, got ${describe(padding)}`,
    );
  const [left, top = left, right = left, bottom = top] = list;
  return [left, top, right, bottom];
}

function padder(
  name: string,
  { paddingMode = 'constant', fill = 0 }: PaddingOptions,
): (x: Tensor, sides: Sides) => Tensor {
  const mode = padModes[paddingMode];
  if (mode === undefined)
    throw new ArgumentError(
      `${name}: paddingMode must be one of ${Object.keys(padModes).join(', ')}, got ${describe(paddingMode)}`,
    );
  if (!Number.isFinite(fill)) throw new ArgumentError(`${name}: fill must be a number, got ${describe(fill)}`);
  return (x, [left, top, right, bottom]) => {
    if (left + top + right + bottom === 0) return x;
    const sides = [left, right, top, bottom];
    return mode === 'constant' ? pad(x, sides, { value: fill }) : asBatch(x, (batch) => pad(batch, sides, { mode }));
  };
}

const cropped = (x: Tensor, top: number, left: number, height: number, width: number): Tensor =>
  x.narrow(-2, top, height).narrow(-1, left, width);

/** The middle of an image; zeros around it where it is smaller. */
export function centerCrop(size: number | readonly [number, number]): Transform {
  const [height, width] = checkSize('centerCrop', size);
  const put = padder('centerCrop', {});
  return (x) => {
    const [h, w] = sizeOf(requireImage('centerCrop', x));
    const [dx, dy] = [Math.max(0, width - w), Math.max(0, height - h)];
    const padded = put(x, [dx >> 1, dy >> 1, (dx + 1) >> 1, (dy + 1) >> 1]);
    const middle = (room: number): number => roundHalfEven(room / 2);
    return cropped(padded, middle(h + dy - height), middle(w + dx - width), height, width);
  };
}

/** As Python rounds. */
const roundHalfEven = (value: number): number => {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
};

/** Options of {@link randomCrop}. */
export interface RandomCropOptions extends PaddingOptions, RandomTransformOptions {
  /** Put around the image before a part is taken. Default none. */
  padding?: Padding;
  /** Whether a smaller image is padded to the size. Default false. */
  padIfNeeded?: boolean;
}

/** A part of an image at a random place. */
export function randomCrop(size: number | readonly [number, number], options: RandomCropOptions = {}): Transform {
  checkOptions('randomCrop', options, ['padding', 'padIfNeeded', 'paddingMode', 'fill', 'generator']);
  const [height, width] = checkSize('randomCrop', size);
  const sides = checkPadding('randomCrop', options.padding ?? 0);
  const put = padder('randomCrop', options);
  const from = source('randomCrop', options);
  return (x, passed) => {
    let image = put(requireImage('randomCrop', x), sides);
    if (options.padIfNeeded) {
      const [h, w] = sizeOf(image);
      const [dx, dy] = [Math.max(0, width - w), Math.max(0, height - h)];
      image = put(image, [dx, dy, dx, dy]);
    }
    const [h, w] = sizeOf(image);
    if (h < height || w < width) {
      throw new ShapeError(
        `randomCrop: Required crop size ${height} × ${width} is larger than input image size ${h} × ${w}; padding, or padIfNeeded, makes it larger`,
      );
    }
    const generator = from(passed);
    return cropped(image, drawBelow(generator, h - height + 1), drawBelow(generator, w - width + 1), height, width);
  };
}

/** Applies `transform` with probability `p`, default 0.5. */
export function randomApply(transform: Transform, options: RandomTransformOptions & { p?: number } = {}): Transform {
  checkOptions('randomApply', options, ['p', 'generator']);
  lambda(transform);
  const p = checkProbability('randomApply', options.p ?? 0.5);
  const from = source('randomApply', options);
  return (x, passed) => {
    const generator = from(passed);
    return drawUniform(generator, 1)[0] < p ? transform(x, generator) : x;
  };
}

const flipped = (name: string, dim: number, p: number, options: RandomTransformOptions): Transform => {
  checkOptions(name, options, ['generator']);
  checkProbability(name, p);
  return randomApply((x) => requireImage(name, x).flip([dim]), {
    p,
    generator: checkGenerator(name, options.generator),
  });
};

/** Mirrors left and right with probability `p`. */
export const randomHorizontalFlip = (p = 0.5, options: RandomTransformOptions = {}): Transform =>
  flipped('randomHorizontalFlip', -1, p, options);

/** Mirrors top and bottom with probability `p`. */
export const randomVerticalFlip = (p = 0.5, options: RandomTransformOptions = {}): Transform =>
  flipped('randomVerticalFlip', -2, p, options);

/** Options of {@link affine}. */
export interface AffineOptions {
  /** Pixels. Default none. */
  translate?: readonly [x: number, y: number];
  scale?: number;
  /** Degrees along x, and y. */
  shear?: readonly [x: number, y: number];
  /** Default `'nearest'`. */
  interpolation?: 'nearest' | 'bilinear';
  /** What stands where the image doesn't reach. Default 0. */
  fill?: number;
}

/**
 * Turns an image clockwise by `angle` degrees about its middle, shears and scales it, and moves it by `translate` pixels
 * (https://pytorch.org/vision/stable/generated/torchvision.transforms.functional.affine.html).
 */
export function affine(angle: number, options: AffineOptions = {}): Transform {
  checkOptions('affine', options, ['translate', 'scale', 'shear', 'interpolation', 'fill']);
  const { translate = [0, 0], scale = 1, shear = [0, 0], interpolation = 'nearest', fill = 0 } = options;
  if (![angle, scale, fill, ...translate, ...shear].every(Number.isFinite) || scale <= 0)
    throw new ArgumentError(
      'affine: angle, translate, scale, shear and fill must be finite numbers, and scale positive',
    );
  if (!['nearest', 'bilinear'].includes(interpolation))
    throw new ArgumentError(`affine: interpolation must be 'nearest' or 'bilinear', got ${describe(interpolation)}`);
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const [turn, sx, sy] = [radians(angle), radians(shear[0]), radians(shear[1])];
  // turn, shear and scale without its middle; its inverse says where a pixel of the result comes from
  const a = Math.cos(turn - sy) / Math.cos(sy);
  const b = (-Math.cos(turn - sy) * Math.tan(sx)) / Math.cos(sy) - Math.sin(turn);
  const c = Math.sin(turn - sy) / Math.cos(sy);
  const d = (-Math.sin(turn - sy) * Math.tan(sx)) / Math.cos(sy) + Math.cos(turn);
  const inverse = [d / scale, -b / scale, -c / scale, a / scale];
  const [tx, ty] = translate;
  return (x) => {
    const [h, w] = sizeOf(requireImage('affine', x));
    const [xx, xy, yx, yy] = inverse;
    // in the grid's own units, half a width and half a height
    const theta = [
      [xx, (xy * h) / w, (2 * (-xx * tx - xy * ty)) / w],
      [(yx * w) / h, yy, (2 * (-yx * tx - yy * ty)) / h],
    ];
    return inFloat(x, (image) =>
      asBatch(image, (batch) => {
        const { dtype, device } = image;
        const [n, channels] = batch.shape;
        const grid = affineGrid(tensor([theta], { dtype, device }).expand([n, 2, 3]), [n, channels, h, w]);
        const moved = gridSample(batch, grid, { mode: interpolation });
        if (fill === 0) return moved;
        const reach = gridSample(full([n, 1, h, w], 1, { dtype, device }), grid, { mode: interpolation });
        return moved.add(reach.neg().add(1).mul(fill));
      }),
    );
  };
}

/** Turns an image counter-clockwise by `angle` degrees about its middle; its size stays. */
export const rotate = (angle: number, options: Pick<AffineOptions, 'interpolation' | 'fill'> = {}): Transform => {
  checkOptions('rotate', options, ['interpolation', 'fill']);
  return affine(-angle, options);
};

const around = (name: string, what: string, value: number | readonly [number, number]): readonly [number, number] => {
  if (typeof value !== 'number') return checkRange(name, what, value);
  if (Number.isFinite(value) && value >= 0) return [-value, value];
  throw new ArgumentError(`${name}: If ${what} is a single number, it must be positive; got ${value}`);
};

/** Options of {@link randomRotation}. */
export interface RandomRotationOptions extends RandomTransformOptions, Pick<AffineOptions, 'interpolation' | 'fill'> {}

/** Turns an image by an angle of `[from, to]` degrees, or of `-degrees` to `degrees`. */
export function randomRotation(
  degrees: number | readonly [number, number],
  options: RandomRotationOptions = {},
): Transform {
  checkOptions('randomRotation', options, ['generator', 'interpolation', 'fill']);
  const { generator, ...rest } = options;
  const [low, high] = around('randomRotation', 'degrees', degrees);
  const from = source('randomRotation', { generator });
  rotate(0, rest);
  return (x, passed) => rotate(drawBetween(from(passed), low, high), rest)(x);
}

/** Options of {@link randomAffine}. */
export interface RandomAffineOptions extends RandomRotationOptions {
  /** How far an image moves at most, as a share of its width and height. Default not at all. */
  translate?: readonly [x: number, y: number];
  /** From which to which factor it is scaled. Default not at all. */
  scale?: readonly [number, number];
  /** From which to which angle along x it is sheared, or up to which in both directions. Default not at all. */
  shear?: number | readonly [number, number];
}

/** Turns, moves, scales and shears an image at random. */
export function randomAffine(
  degrees: number | readonly [number, number],
  options: RandomAffineOptions = {},
): Transform {
  checkOptions('randomAffine', options, ['translate', 'scale', 'shear', 'generator', 'interpolation', 'fill']);
  const { translate = [0, 0], generator, interpolation, fill } = options;
  const angles = around('randomAffine', 'degrees', degrees);
  const shears = around('randomAffine', 'shear', options.shear ?? 0);
  const scales = checkRange('randomAffine', 'scale', options.scale ?? [1, 1]);
  if (!(scales[0] > 0)) throw new ArgumentError('randomAffine: scale values should be positive');
  if (!translate.every((share) => share >= 0 && share <= 1))
    throw new ArgumentError('randomAffine: translation values should be between 0 and 1');
  const from = source('randomAffine', { generator });
  const rest = { ...(interpolation && { interpolation }), ...(fill !== undefined && { fill }) };
  affine(0, rest);
  return (x, passed) => {
    const [h, w] = sizeOf(requireImage('randomAffine', x));
    const numbers = drawUniform(from(passed), 5);
    const between = (i: number, [low, high]: readonly [number, number]): number => low + (high - low) * numbers[i];
    const shift = (i: number, most: number): number => Math.round(between(i, [-most, most]));
    return affine(between(0, angles), {
      ...rest,
      translate: [shift(1, translate[0] * w), shift(2, translate[1] * h)],
      scale: between(3, scales),
      shear: [between(4, shears), 0],
    })(x);
  };
}

/** Brightness of colours, as ITU-R 601 weighs them: `[…, 1, H, W]`. */
function grey(x: Tensor): Tensor {
  const channels = x.shape[x.ndim - 3];
  if (channels === 1) return x;
  if (channels !== 3) throw new ShapeError(`expected an image of 1 or 3 channels, got ${channels}`);
  const weights = tensor([0.2989, 0.587, 0.114], { dtype: x.dtype, device: x.device }).view([3, 1, 1]);
  return x.mul(weights).sum(-3, { keepdim: true });
}

/** `factor` of the image and the rest of `other`, within the range of an image; an integer one is cut, as torchvision does. */
function blend(x: Tensor, other: (x: Tensor) => Tensor | number, factor: number): Tensor {
  const most = bound(x.dtype);
  const image = isFloat(x.dtype) ? x : x.to('float32');
  const rest = other(image);
  const mixed = image.mul(factor);
  const sum = typeof rest === 'number' ? mixed.add(rest) : mixed.add(rest.mul(1 - factor));
  return sum.clamp(0, most).to(x.dtype);
}

/** In whole numbers the brightness of each pixel is one, too. */
const greyOf = (dtype: DType, x: Tensor): Tensor => (isFloat(dtype) ? grey(x) : grey(x).floor());

/** How bright: 0 is black, 1 the image itself. */
export const adjustBrightness = (factor: number): Transform => adjust('adjustBrightness', factor, () => () => 0);

/** How far from its mean brightness: 0 is grey, 1 the image itself. */
export const adjustContrast = (factor: number): Transform =>
  adjust('adjustContrast', factor, (dtype) => (x) => greyOf(dtype, x).mean([-3, -2, -1], { keepdim: true }));

/** How colourful: 0 is grey, 1 the image itself. */
export const adjustSaturation = (factor: number): Transform =>
  adjust('adjustSaturation', factor, (dtype) => (x) => greyOf(dtype, x));

function adjust(name: string, factor: number, other: (dtype: DType) => (x: Tensor) => Tensor | number): Transform {
  if (!(typeof factor === 'number' && factor >= 0 && factor < Number.POSITIVE_INFINITY))
    throw new ArgumentError(`${name}: factor (${String(factor)}) is not non-negative.`);
  return (x) => blend(requireImage(name, x), other(x.dtype), factor);
}

/** Options of {@link colorJitter}: a number `v` stands for factors of `[max(0, 1 - v), 1 + v]`. */
export interface ColorJitterOptions extends RandomTransformOptions {
  brightness?: number | readonly [number, number];
  contrast?: number | readonly [number, number];
  saturation?: number | readonly [number, number];
}

/** Changes brightness, contrast and saturation by random factors, in random order. */
export function colorJitter(options: ColorJitterOptions): Transform {
  checkOptions('colorJitter', options, ['brightness', 'contrast', 'saturation', 'generator']);
  const kinds = { brightness: adjustBrightness, contrast: adjustContrast, saturation: adjustSaturation } as const;
  const changes = (Object.keys(kinds) as (keyof typeof kinds)[])
    .filter((name) => options[name] !== undefined)
    .map((name) => ({ make: kinds[name], range: factors(name, options[name] as number | readonly [number, number]) }));
  const from = source('colorJitter', options);
  return (x, passed) => {
    const generator = from(passed);
    const order = Array.from(permutation(changes.length, generator), (i) => changes[i]);
    return order.reduce(
      (image, { make, range: [low, high] }) => make(drawBetween(generator, low, high))(image),
      requireImage('colorJitter', x),
    );
  };
}

function factors(name: string, value: number | readonly [number, number]): readonly [number, number] {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return [Math.max(0, 1 - value), 1 + value];
  const range = typeof value === 'number' ? [Number.NaN, value] : value;
  const [low] = checkRange('colorJitter', name, range as [number, number]);
  if (low < 0) throw new ArgumentError(`colorJitter: ${name} values should be non-negative`);
  return range as [number, number];
}

/** Options of {@link randomErasing}. */
export interface RandomErasingOptions extends RandomTransformOptions {
  /** Default 0.5. */
  p?: number;
  /** Which share of the image is erased. Default [0.02, 0.33]. */
  scale?: readonly [number, number];
  /** Which ratio of height and width it has. Default [0.3, 3.3]. */
  ratio?: readonly [number, number];
  /** What is put there: a number, one for each channel, or `'random'` normal ones. Default 0. */
  value?: number | readonly number[] | 'random';
}

/** Puts a value in a random rectangle of an image, with probability `p`. The image itself stays as it is. */
export function randomErasing(options: RandomErasingOptions = {}): Transform {
  checkOptions('randomErasing', options, ['p', 'scale', 'ratio', 'value', 'generator']);
  const p = checkProbability('randomErasing', options.p ?? 0.5);
  const scale = checkRange('randomErasing', 'scale', options.scale ?? [0.02, 0.33]);
  const ratio = checkRange('randomErasing', 'ratio', options.ratio ?? [0.3, 3.3]);
  const { value = 0 } = options;
  if (scale[0] < 0 || scale[1] > 1) throw new ArgumentError('randomErasing: Scale should be between 0 and 1');
  if (!(ratio[0] > 0)) throw new ArgumentError('randomErasing: ratio must be positive');
  const known = value === 'random' || [value].flat().every((n) => Number.isFinite(n));
  if (!known)
    throw new ArgumentError(`randomErasing: If value is a string, it should be 'random'; got ${describe(value)}`);
  const from = source('randomErasing', options);
  return (x, passed) => {
    const [h, w] = sizeOf(requireImage('randomErasing', x));
    const generator = from(passed);
    if (drawUniform(generator, 1)[0] >= p) return x;
    const box = drawBox(generator, h, w, scale, ratio);
    return box ? erased(x, box, value, generator) : x;
  };
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Ten tries of a rectangle that lies within. */
function drawBox(
  generator: Generator,
  h: number,
  w: number,
  scale: readonly [number, number],
  ratio: readonly [number, number],
): Box | null {
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = h * w * drawBetween(generator, scale[0], scale[1]);
    const aspect = Math.exp(drawBetween(generator, Math.log(ratio[0]), Math.log(ratio[1])));
    const [height, width] = [roundHalfEven(Math.sqrt(area * aspect)), roundHalfEven(Math.sqrt(area / aspect))];
    if (height < h && width < w)
      return { top: drawBelow(generator, h - height + 1), left: drawBelow(generator, w - width + 1), height, width };
  }
  return null;
}

function erased(
  x: Tensor,
  { top, left, height, width }: Box,
  value: number | readonly number[] | 'random',
  generator: Generator,
): Tensor {
  const { dtype, device, shape } = x;
  const [h, w] = sizeOf(x);
  const channels = shape[shape.length - 3];
  if (Array.isArray(value) && value.length !== channels)
    throw new ShapeError(`randomErasing: value has ${value.length} numbers for ${channels} channels`);
  const mask = zeros([h, w], { dtype: 'bool', device });
  cropped(mask, top, left, height, width).fill_(1);
  const noise = (): Tensor => randn([channels, h, w], { generator, device });
  const put = value === 'random' ? noise() : tensor([value].flat() as number[], { device }).view([-1, 1, 1]);
  return where(mask, put.to(dtype), x);
}
