/** Transforms against PyTorch's resizing, the definitions of the others computed by numpy, and properties of the random ones. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import {
  arange,
  type DType,
  Generator,
  manualSeed,
  ones,
  rand,
  randn,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as transforms from './transforms.ts';

const {
  affine,
  centerCrop,
  colorJitter,
  compose,
  convertImageDtype,
  lambda,
  normalize,
  padImage,
  randomAffine,
  randomApply,
  randomCrop,
  randomErasing,
  randomHorizontalFlip,
  randomRotation,
  randomVerticalFlip,
  resize,
  rotate,
  toTensor,
} = transforms;

interface Encoded {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: readonly number[];
}

interface Sample {
  readonly name: 'resize' | 'affine' | 'adjustBrightness' | 'adjustContrast' | 'adjustSaturation';
  readonly args: readonly unknown[];
  readonly input: Encoded;
  readonly output: Encoded;
}

const { samples } = JSON.parse(readFileSync(new URL('../fixtures/transforms.json', import.meta.url), 'utf8')) as {
  samples: Sample[];
};
const decode = ({ data, dtype, shape }: Encoded): Tensor => tensor(data, { dtype }).reshape(shape);
const flat = async (x: Tensor): Promise<number[]> => (await x.reshape([-1]).toArray()) as number[];

async function expectClose(x: Tensor, wanted: Encoded): Promise<void> {
  expect(x.dtype).toBe(wanted.dtype);
  expect(x.shape).toEqual(wanted.shape);
  const tolerance = { float64: 1e-12, float32: 2e-6 }[wanted.dtype as string] ?? 0;
  const worst = Math.max(...(await flat(x)).map((value, i) => Math.abs(value - wanted.data[i])));
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe('as PyTorch', () => {
  it.each(
    samples.map(
      (sample) => [`${sample.name}(${JSON.stringify(sample.args)}) of ${sample.input.dtype}`, sample] as const,
    ),
  )('%s', async (_, { name, args, input, output }) => {
    const transform = (transforms[name] as (...args: unknown[]) => transforms.Transform)(...args);
    await expectClose(transform(decode(input)), output);
    // a batch is each of its images
    const batch = transform(stack([decode(input), decode(input).flip([-1])]));
    await expectClose(batch.select(0, 0), output);
  });
});

describe('sizes', () => {
  it('the shorter side gets the size', () => {
    const sized = (h: number, w: number, size: number): readonly number[] =>
      resize(size)(zeros([1, h, w])).shape.slice(1);
    // int(size · long / short), as torchvision
    expect(sized(10, 25, 7)).toEqual([7, 17]);
    expect(sized(25, 10, 7)).toEqual([17, 7]);
    expect(sized(1000, 3, 2)).toEqual([666, 2]);
  });

  it('nearest takes pixels as they are, in any dtype', async () => {
    const x = arange(4).view([1, 2, 2]).to('uint8');
    expect(await resize(4, { interpolation: 'nearest' })(x).toArray()).toEqual([
      [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
      ],
    ]);
  });

  it('without antialias it is interpolate', async () => {
    const x = rand([2, 5, 6]);
    const wanted = await transforms.resize([3, 3], { antialias: false })(x).toArray();
    // half a pixel at 5/3 apart lies at 1/3, 2 and 11/3
    const rows = await x.select(1, 2).toArray();
    expect((wanted as number[][][])[0][1][0]).toBeCloseTo(
      ((rows as number[][])[0][0] + (rows as number[][])[0][1]) / 2,
      6,
    );
  });

  it('centerCrop takes the middle, and pads what is smaller', async () => {
    const x = arange(25).view([1, 5, 5]).to('float32');
    expect(await centerCrop(3)(x).toArray()).toEqual([
      [
        [6, 7, 8],
        [11, 12, 13],
        [16, 17, 18],
      ],
    ]);
    expect(await centerCrop([1, 7])(x).toArray()).toEqual([[[0, 10, 11, 12, 13, 14, 0]]]);
    // of an odd rest Python's rounding decides
    expect(await centerCrop([1, 2])(x.narrow(1, 0, 1)).toArray()).toEqual([[[2, 3]]]);
  });

  it('padImage puts pixels around', async () => {
    const x = tensor([[[1, 2, 3]]]);
    expect(await padImage([1, 0], { fill: 9 })(x).toArray()).toEqual([[[9, 1, 2, 3, 9]]]);
    expect(await padImage([2, 0, 0, 1], { paddingMode: 'edge' })(x).toArray()).toEqual([
      [
        [1, 1, 1, 2, 3],
        [1, 1, 1, 2, 3],
      ],
    ]);
    expect(await padImage([2, 0], { paddingMode: 'reflect' })(x).toArray()).toEqual([[[3, 2, 1, 2, 3, 2, 1]]]);
  });
});

describe('values', () => {
  it('normalize is (x - mean) / std, by channel', async () => {
    const x = tensor([[[1, 3]], [[2, 6]]]);
    expect(await normalize([1, 2], [2, 4])(x).toArray()).toEqual([[[0, 1]], [[0, 1]]]);
    expect(await normalize([1], [2])(x.unsqueeze(0)).toArray()).toEqual([[[[0, 1]], [[0.5, 2.5]]]]);
  });

  it('convertImageDtype goes through all bytes and back', async () => {
    const bytes = arange(256).view([1, 16, 16]).to('uint8');
    const floats = convertImageDtype('float32')(bytes);
    expect((await flat(floats))[51]).toBeCloseTo(0.2, 7);
    expect(await flat(convertImageDtype('uint8')(floats))).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(convertImageDtype('float64')(floats).dtype).toBe('float64');
    await expect(flat(convertImageDtype('uint8')(ones([1, 1, 1])))).resolves.toEqual([255]);
  });

  it('toTensor takes the pixels of a canvas', async () => {
    const x = toTensor()({ width: 2, height: 1, data: Uint8ClampedArray.of(255, 0, 51, 255, 0, 102, 0, 255) });
    expect(x.shape).toEqual([4, 1, 2]);
    expect((await flat(x)).map((value) => Math.round(value * 5))).toEqual([5, 0, 0, 2, 1, 0, 5, 5]);
    expect(() => toTensor()({ width: 2, height: 2, data: new Uint8Array(7) })).toThrow(
      'not the pixels of an image of 2 × 2',
    );
  });

  it('a quarter turn is rot90, and four are none', async () => {
    const x = randn([2, 6, 6]);
    expect(await rotate(90)(x).toArray()).toEqual(await x.rot90(1, [-2, -1]).toArray());
    expect(await rotate(360)(x).toArray()).toEqual(await x.toArray());
  });

  it('fill stands where the image doesn’t reach', async () => {
    const x = zeros([1, 1, 3]);
    expect(await affine(0, { translate: [1, 0], fill: 5 })(x).toArray()).toEqual([[[5, 0, 0]]]);
  });
});

describe('random ones', () => {
  const image = arange(36).view([1, 6, 6]).to('float32');
  /** Whether `transform` of each of many seeds gives what `is` says, as a share. */
  const share = (transform: transforms.Transform, is: (x: number[]) => boolean, x = image): number => {
    const hits = Array.from({ length: 400 }, (_, seed) =>
      is(transform(x, new Generator(seed)).reshape([-1]).toArraySync() as number[]),
    );
    return hits.filter(Boolean).length / hits.length;
  };

  const all: readonly (readonly [string, (generator?: Generator) => transforms.Transform])[] = [
    ['randomCrop', (generator) => randomCrop(4, { padding: 1, generator })],
    ['randomHorizontalFlip', (generator) => randomHorizontalFlip(0.5, { generator })],
    ['randomVerticalFlip', (generator) => randomVerticalFlip(0.5, { generator })],
    ['randomRotation', (generator) => randomRotation(30, { generator })],
    [
      'randomAffine',
      (generator) => randomAffine(10, { translate: [0.2, 0.2], scale: [0.8, 1.2], shear: 10, generator }),
    ],
    ['colorJitter', (generator) => colorJitter({ brightness: 0.5, contrast: 0.5, saturation: 0.5, generator })],
    ['randomErasing', (generator) => randomErasing({ p: 0.9, value: 'random', generator })],
    ['randomApply', (generator) => randomApply((x) => x.neg(), { generator })],
  ];

  it.each(all)(
    '%s: the same seed, the same image, wherever the generator comes from; another seed, another',
    (_, make) => {
      const x = image.div(36);
      const run = (transform: transforms.Transform, generator?: Generator): unknown =>
        transform(x, generator).toArraySync();
      const wanted = run(make(), new Generator(3));
      expect(run(make(), new Generator(3))).toEqual(wanted);
      expect(run(make(new Generator(3)))).toEqual(wanted);
      expect(run(make(new Generator(8)), new Generator(3))).toEqual(wanted);
      manualSeed(3);
      expect(run(make())).toEqual(wanted);
      const others = Array.from({ length: 12 }, (_, seed) => JSON.stringify(run(make(), new Generator(seed))));
      expect(new Set(others).size).toBeGreaterThan(1);
      // and what it was given stays as it is
      expect(x.toArraySync()).toEqual(image.div(36).toArraySync());
    },
  );

  it('flips come as often as asked for: within 4 standard deviations over 400 seeds', () => {
    for (const p of [0.2, 0.5]) {
      const often = share(randomHorizontalFlip(p), ([first]) => first === 5);
      expect(Math.abs(often - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / 400));
    }
    expect(share(randomVerticalFlip(1), ([first]) => first === 30)).toBe(1);
    expect(share(randomVerticalFlip(0), ([first]) => first === 0)).toBe(1);
  });

  it('randomCrop comes from every place, and is a part of the image', () => {
    const places = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const [[row0, row1]] = randomCrop([2, 5])(image, new Generator(seed)).toArraySync() as number[][][];
      expect(row0).toEqual(Array.from({ length: 5 }, (_, i) => row0[0] + i));
      expect(row1[0]).toBe(row0[0] + 6);
      places.add(row0[0]);
    }
    expect(places).toEqual(new Set([0, 1, 6, 7, 12, 13, 18, 19, 24, 25]));
    expect(randomCrop(8, { padIfNeeded: true })(image).shape).toEqual([1, 8, 8]);
  });

  it('randomErasing puts its value in one rectangle of the size that was asked for', () => {
    fc.assert(
      fc.property(fc.nat(1e6), (seed) => {
        const x = randomErasing({ p: 1, scale: [0.1, 0.3], ratio: [0.5, 2], value: -1 })(
          ones([2, 20, 30]),
          new Generator(seed),
        );
        const [plane, other] = x.toArraySync() as number[][][];
        expect(other).toEqual(plane);
        const rows = plane.flatMap((row, y) => (row.includes(-1) ? [y] : []));
        const columns = plane[rows[0]].flatMap((value, at) => (value === -1 ? [at] : []));
        const erased = plane.flat().filter((value) => value === -1).length;
        expect(erased).toBe(rows.length * columns.length);
        // rounding moves each side by half a pixel
        expect(erased).toBeGreaterThan((Math.sqrt(60) - 1) ** 2 - 20);
        expect(erased).toBeLessThan((Math.sqrt(180) + 1) ** 2 + 20);
      }),
      { numRuns: 50 },
    );
    expect(randomErasing({ p: 1, value: [1, 2] })(zeros([2, 9, 9]), new Generator(1)).toArraySync()).not.toEqual(
      zeros([2, 9, 9]).toArraySync(),
    );
  });

  it('colorJitter stays within its factors', () => {
    const grey = ones([3, 2, 2]).mul(0.5);
    const factors = Array.from(
      { length: 100 },
      (_, seed) => 2 * (colorJitter({ brightness: 0.4 })(grey, new Generator(seed)).max().itemSync() as number),
    );
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.6);
    expect(Math.max(...factors)).toBeLessThanOrEqual(1.4);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.6);
  });
});

it('compose hands the generator on, and lambda is a function', () => {
  const seeds: unknown[] = [];
  const note = lambda((x: number, generator?: Generator) => {
    seeds.push(generator?.seed);
    return x + 1;
  });
  expect(compose([note, note])(1, new Generator(6))).toBe(3);
  expect(seeds).toEqual([6, 6]);
  const pixels = compose([toTensor(), normalize([0.5], [0.5])]);
  expect(pixels({ width: 1, height: 1, data: Uint8Array.of(255) }).itemSync()).toBe(1);
});

describe('refused are', () => {
  const image = zeros([3, 4, 4]);
  it.each<[string, () => unknown, string]>([
    ['means without deviations', () => normalize([1], [1, 2]), 'arrays of one length'],
    ['a deviation of 0', () => normalize([1], [0]), 'std evaluated to zero'],
    [
      'normalize of bytes',
      () => normalize([1], [1])(image.to('uint8')),
      'Input tensor should be a float tensor. Got uint8',
    ],
    ['other channels', () => normalize([1, 2], [1, 2])(image), '2 means and standard deviations for 3 channels'],
    ['a matrix', () => centerCrop(2)(zeros([4, 4])), 'expected an image […, C, H, W], got shape [4, 4]'],
    ['an array', () => resize(2)([1] as never), 'expected a tensor, got an array of 1'],
    ['no size', () => resize(0), 'size must be a positive integer or [height, width]'],
    ['half a size', () => randomCrop([2, 0.5]), 'size must be a positive integer'],
    ['an empty image', () => resize(2)(zeros([3, 0, 4])), 'has no pixels'],
    ['another interpolation', () => resize(2, { interpolation: 'area' as never }), "interpolation must be 'nearest'"],
    ['a crop too large', () => randomCrop(5)(image), 'Required crop size 5 × 5 is larger than input image size 4 × 4'],
    ['negative padding', () => randomCrop(2, { padding: -1 }), 'padding must be an integer from 0'],
    ['padding of 3', () => padImage([1, 2, 3] as never), 'an array of 2 or 4'],
    [
      'another padding',
      () => padImage(1, { paddingMode: 'wrap' as never }),
      'paddingMode must be one of constant, edge, reflect',
    ],
    ['p above 1', () => randomHorizontalFlip(1.5), 'p must be a probability'],
    ['negative degrees', () => randomRotation(-3), 'If degrees is a single number, it must be positive'],
    ['degrees that fall', () => randomRotation([3, 1]), 'degrees must be [from, to]'],
    ['a scale of 0', () => randomAffine(1, { scale: [0, 1] }), 'scale values should be positive'],
    ['moving too far', () => randomAffine(1, { translate: [2, 0] }), 'translation values should be between 0 and 1'],
    ['an angle of NaN', () => affine(Number.NaN), 'must be finite numbers'],
    ['negative brightness', () => colorJitter({ brightness: -1 }), 'brightness must be [from, to]'],
    ['a negative factor', () => transforms.adjustContrast(-1), 'is not non-negative'],
    [
      'saturation of 2 channels',
      () => transforms.adjustSaturation(2)(zeros([2, 4, 4])),
      'an image of 1 or 3 channels, got 2',
    ],
    ['brightness of integers', () => transforms.adjustBrightness(2)(image.to('int32')), 'floats or uint8, got int32'],
    ['erasing everything twice', () => randomErasing({ scale: [0, 2] }), 'Scale should be between 0 and 1'],
    ['another value', () => randomErasing({ value: 'noise' as never }), "it should be 'random'"],
    [
      'values of other channels',
      () => randomErasing({ p: 1, value: [1, 2] })(image.expand([3, 4, 4]), new Generator(1)),
      'value has 2 numbers for 3 channels',
    ],
    ['a dtype that is none', () => convertImageDtype('float8' as never), 'is not a dtype'],
    ['a dtype without a range', () => convertImageDtype('int32'), 'floats or uint8, got int32'],
    ['an unknown option', () => randomCrop(2, { pad: 1 } as never), "unknown option 'pad'"],
    ['a generator that is none', () => randomCrop(2, { generator: 4 as never }), 'generator must be a Generator'],
    ['another where one is passed', () => randomCrop(2)(image, 4 as never), 'generator must be a Generator'],
    ['compose of one function', () => compose(normalize as never), 'expected an array of functions'],
    ['compose of what is none', () => compose([1 as never]), 'expected an array of functions, got number 1'],
  ])('%s', (_, make, message) => expect(make).toThrow(message));
});
