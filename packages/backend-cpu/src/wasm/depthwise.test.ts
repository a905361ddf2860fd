/** Depthwise convolutions against their definition in float64. */
import { afterEach, expect, it } from 'vitest';
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

const { overrides } = cpu({ engine: 'wasm' }).open(0);
afterEach(freeViews);

type Pair = readonly [number, number];

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
  readonly paddingEnd: Pair;
  readonly dilation: Pair;
}

const attrsOf = ({ kernel: _, ...attrs }: Window, groups: number) => ({ ...attrs, groups });

const reach = ({ kernel, dilation }: Window, d: number): number => (kernel[d] - 1) * dilation[d] + 1;

function viewOf(random: Random, shape: readonly number[], dense: boolean, value: () => number): View {
  const view = randomView(random, 'float32', shape, { dense });
  for (const at of addresses(view)) view.storage.buffer[at] = value() as never;
  return view;
}

/** Every product: where it is added up in y, and its factors in x and w, all of them row-major. */
function* productsOf(x: readonly number[], y: readonly number[], window: Window) {
  const { kernel, stride, padding, dilation } = window;
  for (let plane = 0; plane < x[0] * x[1]; plane++)
    for (let i = 0; i < y[2]; i++)
      for (let j = 0; j < y[3]; j++)
        for (let k = 0; k < kernel[0] * kernel[1]; k++) {
          const row = i * stride[0] + Math.floor(k / kernel[1]) * dilation[0] - padding[0];
          const column = j * stride[1] + (k % kernel[1]) * dilation[1] - padding[1];
          if (row < 0 || row >= x[2] || column < 0 || column >= x[3]) continue;
          yield {
            x: (plane * x[2] + row) * x[3] + column,
            w: (plane % x[1]) * kernel[0] * kernel[1] + k,
            y: (plane * y[2] + i) * y[3] + j,
          };
        }
}

it.each(['convolution', 'convolutionTranspose'] as const)(
  '%s is what its definition says, on 200 random windows',
  (name) => {
    let taken = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = generator(seed);
      const two = (pick: () => number): Pair => [pick(), pick()];
      const isAdjoint = name === 'convolutionTranspose';
      const window: Window = {
        kernel: two(() => 1 + random.below(4)),
        stride: isAdjoint ? [1, 1] : two(() => 1 + random.below(3)),
        padding: two(() => random.below(3)),
        paddingEnd: two(() => random.below(4) - 1),
        dilation: two(() => 1 + random.below(2)),
      };
      const x = [1 + random.below(3), 2 + random.below(5), 4 + random.below(16), 4 + random.below(30)];
      const spatial = [0, 1].map(
        (d) =>
          Math.floor((x[d + 2] + window.padding[d] + window.paddingEnd[d] - reach(window, d)) / window.stride[d]) + 1,
      );
      if (Math.min(...spatial) < 1) continue;
      const shapes = { x, w: [x[1], 1, ...window.kernel], y: [x[0], x[1], ...spatial] };
      const [from, to] = isAdjoint ? (['y', 'x'] as const) : (['x', 'y'] as const);
      const value = (): number => (random() < 0.001 ? Number.NaN : random() - 0.5);
      const input = viewOf(random, shapes[from], random() < 0.5, value);
      const weight = viewOf(random, shapes.w, random() < 0.5, () => random() - 0.5);
      const bias = random() < 0.5 ? null : viewOf(random, [x[1]], false, value);
      const out = viewOf(random, shapes[to], true, () => Number.NaN);
      const inputs = [input, weight, bias];
      const attrs = attrsOf(window, x[1]);
      const what = `seed ${seed}: ${JSON.stringify({ shapes, window })}`;
      const isTaken = overrides[name]?.supports?.(inputs, attrs);
      if (Math.min(...shapes[to].slice(2)) < 4) {
        expect(isTaken, what).toBe('an image of less than a block');
        continue;
      }
      expect(isTaken, what).toBe(true);
      taken++;
      overrides[name]?.run([out], inputs, attrs);
      const [a, b] = [elements(input), elements(weight)].map((list) => list.map(Number));
      const shifts = bias ? elements(bias).map(Number) : null;
      const plane = shapes[to][2] * shapes[to][3];
      const expected = elements(out).map((_, i) => shifts?.[Math.floor(i / plane) % x[1]] ?? 0);
      const magnitudes = expected.map(Math.abs);
      for (const at of productsOf(shapes.x, shapes.y, window)) {
        expected[at[to]] += a[at[from]] * b[at.w];
        magnitudes[at[to]] += Math.abs(a[at[from]] * b[at.w]);
      }
      elements(out).forEach((actual, i) => {
        // each product and each sum is rounded once
        const bound = magnitudes[i] * (window.kernel[0] * window.kernel[1] + 1) * 2 ** -24;
        const isRight = Number.isNaN(expected[i])
          ? Number.isNaN(actual)
          : Math.abs(Number(actual) - expected[i]) <= bound;
        if (!isRight) expect.fail(`${what}, element ${i}: ${actual}, not ${expected[i]} ± ${bound}`);
      });
      expect(untouched(out), what).toBe(true);
    }
    expect(taken).toBeGreaterThan(100);
  },
);

it('leaves other convolutions to core, and says why', () => {
  const random = generator(1);
  const of = (x: readonly number[], w: readonly number[], groups: number, stride = 1, name = 'convolution') => {
    const inputs = [x, w].map((shape) => viewOf(random, shape, true, random));
    const window = { padding: [0, 0], paddingEnd: [0, 0], dilation: [1, 1] };
    return overrides[name]?.supports?.([...inputs, null], { ...window, stride: [stride, stride], groups });
  };
  expect(of([1, 4, 9, 9], [8, 1, 3, 3], 4)).toBe('two dims and a kernel for each channel only');
  expect(of([1, 4, 9, 9], [4, 2, 3, 3], 2)).toBe('two dims and a kernel for each channel only');
  expect(of([1, 4, 19, 19], [4, 1, 9, 9], 4)).toBe('a kernel of many taps');
  expect(of([1, 4, 9, 9], [4, 1, 3, 3], 4, 2, 'convolutionTranspose')).toBe('the gradient with a stride');
  expect(of([1, 4, 9, 9], [4, 1, 3, 3], 4, 2)).toBe(true);
});
