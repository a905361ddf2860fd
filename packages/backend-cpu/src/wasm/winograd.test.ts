/** Convolutions by Winograd's method against their definition in float64. */
import { BackendError, conv2d, convTranspose2d, registerBackend, type Tensor, tensor } from '@tenfold/tensor-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import '@tenfold/autograd';
import { cpu } from '../runtime.ts';
import {
  addresses,
  elements,
  freeViews,
  generator,
  type Random,
  randomView,
  untouched,
  type View,
} from '../test-views.ts';
import { theMachine } from './machine.ts';

const { overrides } = cpu({ engine: 'wasm' }).open(0);

beforeAll(() => registerBackend(cpu({ engine: 'wasm' })));
afterEach(() => {
  vi.restoreAllMocks();
  freeViews();
});

const names = ['convolution', 'convolutionTranspose', 'convolutionWeight'] as const;
type Name = (typeof names)[number];

interface Sizes {
  readonly images: number;
  readonly channels: number;
  readonly outChannels: number;
  /** Of the input of the convolution. */
  readonly sizes: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly paddingEnd: readonly [number, number];
}

const attrsOf = ({ padding, paddingEnd }: Sizes) => ({
  padding,
  paddingEnd,
  stride: [1, 1],
  dilation: [1, 1],
  groups: 1,
});

const numel = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Shapes of x, w and y = x ⋆ w. */
function shapesOf({ images, channels, outChannels, sizes, padding, paddingEnd }: Sizes) {
  const results = sizes.map((size, d) => size + padding[d] + paddingEnd[d] - 2);
  return {
    x: [images, channels, ...sizes],
    w: [outChannels, channels, 3, 3],
    y: [images, outChannels, ...results],
  };
}

/** Which operands an op has, and what its result is. */
const roles = {
  convolution: ['x', 'w', 'y'],
  convolutionTranspose: ['y', 'w', 'x'],
  convolutionWeight: ['y', 'x', 'w'],
} as const;

/** Visits the positions in x, w and y of every product that a convolution is made of. */
function forEachProduct(sizes: Sizes, visit: (at: { x: number; w: number; y: number }) => void): void {
  const { x, y } = shapesOf(sizes);
  const [py, px] = sizes.padding;
  const at = { x: 0, w: 0, y: 0 };
  for (let n = 0; n < y[0]; n++)
    for (let o = 0; o < y[1]; o++)
      for (let i = 0; i < y[2]; i++)
        for (let j = 0; j < y[3]; j++)
          for (let c = 0; c < x[1]; c++)
            for (let k = 0; k < 9; k++) {
              const [row, column] = [i + Math.floor(k / 3) - py, j + (k % 3) - px];
              if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
              at.x = ((n * x[1] + c) * x[2] + row) * x[3] + column;
              at.w = (o * x[1] + c) * 9 + k;
              at.y = ((n * y[1] + o) * y[2] + i) * y[3] + j;
              visit(at);
            }
}

const round32 = (x: number): number => Math.fround(x);
const round64 = (x: number): number => x;

/** The result of an op by its definition, product by product. */
function defined(
  name: Name,
  sizes: Sizes,
  [a, b]: readonly (readonly number[])[],
  bias: readonly number[] | null,
  round: (x: number) => number,
): number[] {
  const [first, second, result] = roles[name];
  const shape = shapesOf(sizes)[result];
  const perChannel = numel(shape.slice(2));
  const sums = new Array<number>(numel(shape)).fill(0);
  forEachProduct(sizes, (at) => {
    sums[at[result]] = round(sums[at[result]] + round(a[at[first]] * b[at[second]]));
  });
  return sums.map((sum, i) => round(sum + (bias ? bias[Math.floor(i / perChannel) % shape[1]] : 0)));
}

/** A view with some layout and values. */
function viewOf(random: Random, shape: readonly number[], dense: boolean, value: (i: number) => number): View {
  const view = randomView(random, 'float32', shape, { dense });
  addresses(view).forEach((at, i) => {
    view.storage.buffer[at] = value(i) as never;
  });
  return view;
}

const numbersOf = (view: View): number[] => elements(view).map(Number);

interface Call {
  readonly inputs: readonly (View | null)[];
  readonly out: View;
  readonly attrs: ReturnType<typeof attrsOf>;
}

function callOf(name: Name, sizes: Sizes, random: Random, dense = false, value = () => random() - 0.5): Call {
  const [first, second, result] = roles[name];
  const shapes = shapesOf(sizes);
  const inputs: (View | null)[] = [first, second].map((role) => viewOf(random, shapes[role], dense, value));
  if (name !== 'convolutionWeight')
    inputs.push(random() < 0.5 ? null : viewOf(random, [shapes[result][1]], dense, value));
  return { inputs, out: viewOf(random, shapes[result], true, () => Number.NaN), attrs: attrsOf(sizes) };
}

const isTaken = (name: Name, { inputs, attrs }: Call): true | string =>
  overrides[name]?.supports?.(inputs, attrs) ?? 'no override';

const run = (name: Name, { out, inputs, attrs }: Call): void => overrides[name]?.run([out], inputs, attrs);

/** The largest error, and the largest result. */
function errorOf(actual: readonly number[], expected: readonly number[]): { error: number; largest: number } {
  let [error, largest] = [0, 0];
  expected.forEach((x, i) => {
    largest = Math.max(largest, Math.abs(x));
    const difference = Math.abs(actual[i] - x);
    if (!(difference <= error)) error = difference;
  });
  return { error, largest };
}

const ulp = 2 ** -23;

/** Runs a kernel, whether it pays or not: within 8 ulp of the largest result, and four times the error of products that are added up in float32. */
function expectRight(name: Name, sizes: Sizes, call: Call): void {
  run(name, call);
  const operands = call.inputs.slice(0, 2).map((view) => numbersOf(view as View));
  const bias = call.inputs[2] ? numbersOf(call.inputs[2]) : null;
  const exact = defined(name, sizes, operands, bias, round64);
  const { error, largest } = errorOf(numbersOf(call.out), exact);
  const direct = errorOf(defined(name, sizes, operands, bias, round32), exact).error;
  const what = `${name} of ${JSON.stringify(sizes)}`;
  expect(error / largest, what).toBeLessThan(8 * ulp);
  expect(error, what).toBeLessThanOrEqual(4 * direct + ulp * largest);
  expect(untouched(call.out), what).toBe(true);
}

function randomSizes(random: Random, most: number): Sizes {
  const two = (pick: () => number): [number, number] => [pick(), pick()];
  const padding = two(() => random.below(4));
  return {
    images: 1 + random.below(3),
    channels: 1 + random.below(most),
    outChannels: 1 + random.below(most),
    sizes: two(() => 3 + random.below(9)),
    padding,
    paddingEnd: two(() => random.below(4) - (random() < 0.2 ? 1 : 0)),
  };
}

const typical: Sizes = {
  images: 2,
  channels: 32,
  outChannels: 35,
  sizes: [20, 17],
  padding: [1, 1],
  paddingEnd: [1, 1],
};

describe.each(names)('%s', (name) => {
  it('is what its definition says, on 150 random shapes, layouts and paddings', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = generator(seed);
      const sizes = randomSizes(random, seed % 10 === 0 ? 30 : 9);
      expectRight(name, sizes, callOf(name, sizes, random, random() < 0.5));
    }
  });

  it('is that of one channel and one tile', () => {
    const sizes: Sizes = {
      ...typical,
      images: 1,
      channels: 1,
      outChannels: 1,
      sizes: [3, 3],
      padding: [0, 0],
      paddingEnd: [0, 0],
    };
    expectRight(name, sizes, callOf(name, sizes, generator(1)));
  });

  it('is taken where it pays, and as right in many blocks', () => {
    const random = generator(2);
    const sizes: Sizes = { ...typical, images: 1, sizes: [29, 37] };
    const call = callOf(name, sizes, random, true);
    expect(isTaken(name, call)).toBe(true);
    expectRight(name, sizes, call);
  });

  it('leaves other convolutions to core, and says why', () => {
    const call = callOf(name, typical, generator(3), true);
    expect(isTaken(name, call)).toBe(true);
    for (const attrs of [{ stride: [1, 2] }, { dilation: [2, 1] }])
      expect(isTaken(name, { ...call, attrs: { ...call.attrs, ...attrs } })).toBe(
        'kernels of 3 × 3 only, with stride, dilation and groups of 1',
      );
    const small = callOf(name, { ...typical, channels: 2 }, generator(4), true);
    expect(isTaken(name, small)).toBe('too small');
    const doubles = call.inputs.map((view) => view && { ...view, dtype: 'float64' as const });
    expect(isTaken(name, { ...call, inputs: doubles })).toBe('float32 only');
  });

  it('leaves numbers that transforms could lose to core', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3.4e38, -(2 ** 49), 4000]) {
      for (const which of [0, 1]) {
        const call = callOf(name, typical, generator(5), true);
        const view = call.inputs[which] as View;
        view.storage.buffer[view.offset + 100] = value as never;
        expect(isTaken(name, call), `${value} in operand ${which}`).toBe('numbers that transforms could lose');
      }
    }
    for (const value of [2 ** 49, 2 ** -65]) {
      const call = callOf(name, typical, generator(6), true, () => value);
      expect(isTaken(name, call), `${value}`).toBe('numbers that transforms could lose');
    }
    const zeros = callOf(name, typical, generator(6), true, () => 0);
    expect(isTaken(name, zeros)).toBe(true);
  });

  it('gives its memory back when there is not enough', () => {
    const heap = theMachine()?.heap;
    if (!heap) throw new Error('no machine');
    const call = callOf(name, typical, generator(7), true);
    run(name, call);
    const held = new Set<number>();
    const [allocate, free] = [heap.allocate.bind(heap), heap.free.bind(heap)];
    let room = 0;
    vi.spyOn(heap, 'allocate').mockImplementation((bytes) => {
      if (held.size === room) throw new BackendError('no more');
      const address = allocate(bytes);
      held.add(address);
      return address;
    });
    vi.spyOn(heap, 'free').mockImplementation((address, bytes) => {
      held.delete(address);
      free(address, bytes);
    });
    // one for zeros around the pixels, one for the transformed numbers at least
    for (; room < 2; room++) expect(() => run(name, call)).toThrow('no more');
    expect(held.size).toBe(0);
    room = 9;
    run(name, call);
    expect(held.size).toBe(0);
  });
});

describe('through the functions', () => {
  const sizes: Sizes = { ...typical, images: 1, sizes: [26, 28] };
  const shapes = shapesOf(sizes);
  const random = generator(8);
  const numbers = (shape: readonly number[]): number[] =>
    Array.from({ length: numel(shape) }, () => round32(random() - 0.5));
  const [x, w, g] = [numbers(shapes.x), numbers(shapes.w), numbers(shapes.y)];
  const toTensor = (values: readonly number[], shape: readonly number[], requiresGrad = false): Tensor =>
    tensor(values, { requiresGrad }).reshape(shape).detach().requiresGrad_(requiresGrad);
  const close = (actual: Tensor, expected: readonly number[]): void => {
    const { error, largest } = errorOf(Array.from(actual.toTypedArraySync(), Number), expected);
    expect(error / largest).toBeLessThan(8 * ulp);
  };

  it('conv2d, convTranspose2d and their gradients are right', () => {
    const [input, weight] = [toTensor(x, shapes.x, true), toTensor(w, shapes.w, true)];
    const result = conv2d(input, weight, null, { padding: 1 });
    close(result, defined('convolution', sizes, [x, w], null, round64));
    result.backward(toTensor(g, shapes.y));
    close(input.grad as Tensor, defined('convolutionTranspose', sizes, [g, w], null, round64));
    close(weight.grad as Tensor, defined('convolutionWeight', sizes, [g, x], null, round64));
    const [gradient, transposed] = [toTensor(g, shapes.y, true), toTensor(w, shapes.w, true)];
    const back = convTranspose2d(gradient, transposed, null, { padding: 1 });
    close(back, defined('convolutionTranspose', sizes, [g, w], null, round64));
    back.backward(toTensor(x, shapes.x));
    close(gradient.grad as Tensor, defined('convolution', sizes, [x, w], null, round64));
    close(transposed.grad as Tensor, defined('convolutionWeight', sizes, [g, x], null, round64));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e9])(
    '%d reaches what it is multiplied into, and nothing else',
    (value) => {
      const changed = [...x];
      const [row, column] = [11, 14];
      changed[row * 28 + column] = value;
      const y = conv2d(toTensor(changed, shapes.x), toTensor(w, shapes.w), null, { padding: 1 });
      const expected = defined('convolution', sizes, [x, w], null, round64);
      const isReached = (i: number): boolean =>
        Math.abs((Math.floor(i / 28) % 26) - row) <= 1 && Math.abs((i % 28) - column) <= 1;
      const values = Array.from(y.toTypedArraySync(), Number);
      const others = <T>(list: readonly T[]): T[] => list.filter((_, i) => !isReached(i));
      const { error, largest } = errorOf(others(values), others(expected));
      expect(error / largest).toBeLessThan(8 * ulp);
      const reached = values.filter((_, i) => isReached(i));
      expect(reached.every((at) => (Number.isFinite(value) ? Math.abs(at) > 1e4 : !Number.isFinite(at)))).toBe(true);
    },
  );

  it('what overflows in sums of pixels only, is finite', () => {
    const large = x.map((value) => value * 6e38);
    const small = w.map((value) => round32(value * 1e-3));
    const y = conv2d(toTensor(large, shapes.x), toTensor(small, shapes.w), null, { padding: 1 });
    close(y, defined('convolution', sizes, [large.map(round32), small], null, round64));
  });
});
