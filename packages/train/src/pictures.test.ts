/** Pictures: their numbers are where they belong. What they look like, people have looked at, in light and in dark. */
import { expect, it } from 'vitest';
import * as svg from './svg.ts';
import * as text from './terminal.ts';

/** The points of the paths of curves. */
const curves = (picture: string): number[][][] =>
  [...picture.matchAll(/<path d="([^"]*)" fill="none" stroke="var\(--c\d\)" stroke-linejoin/g)].map(([, d]) =>
    [...d.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)].map(([, x, y]) => [Number(x), Number(y)]),
  );

/** What stands at an axis, and where. */
const ticks = (picture: string, anchor: string): [number, string][] =>
  [...picture.matchAll(new RegExp(`<text x="([\\d.]+)" y="([\\d.]+)"[^>]*text-anchor="${anchor}">([^<]*)<`, 'g'))].map(
    ([, x, y, label]) => [Number(anchor === 'end' ? y : x), label],
  );

it('a curve goes through its values, as the axes say them', () => {
  const picture = svg.lossCurve([4, 2, 1, 3, 0], { width: 400, height: 200 });
  const [points] = curves(picture);
  expect(points).toHaveLength(5);
  const at = new Map(ticks(picture, 'end').map(([y, label]) => [label, y]));
  expect([...at.keys()]).toEqual(['0', '2', '4']);
  for (const [i, value] of [4, 2, 1, 3, 0].entries()) {
    const y = at.get('0')! + (value / 4) * (at.get('4')! - at.get('0')!);
    expect(points[i][1]).toBeCloseTo(y, 1);
  }
  const [first, , , , last] = points;
  expect([first[0], last[0]]).toEqual([64, 384]);
});

it('a logarithmic axis has equal steps for equal factors, and no place for what is not above 0', () => {
  const picture = svg.lossCurve({ a: [100, 10, 1, 0, 0.1] }, { log: true, title: 'A < B & "C"' });
  const [points] = curves(picture);
  const heights = points.map(([, y]) => y);
  expect(heights).toHaveLength(4);
  expect(heights[1] - heights[0]).toBeCloseTo(heights[2] - heights[1], 1);
  // alone behind the gap
  expect(picture.match(/<circle/g)).toHaveLength(1);
  expect(picture).toContain('<title>A &lt; B &amp; &quot;C&quot;</title>');
  expect(picture).toContain('>a</text>');
});

it('hundred thousands of steps make a small file that keeps every peak', () => {
  const values = Float64Array.from({ length: 200_000 }, (_, i) => Math.sin(i / 5000));
  values[123_456] = 9;
  const picture = svg.lossCurve(values);
  expect(picture.length).toBeLessThan(30_000);
  const top = Math.min(...curves(picture)[0].map(([, y]) => y));
  expect(top).toBeCloseTo(16, 0);
});

it('smoothing starts at the first value', () => {
  const [, smooth] = curves(svg.lossCurve([1, 1, 1, 1], { smoothing: 0.9 }));
  expect(new Set(smooth.map(([, y]) => y)).size).toBe(1);
});

it('has nothing to show of nothing', () => {
  for (const series of [[], [Number.NaN], {}, { a: [] }] as svg.SeriesSet[])
    expect(svg.lossCurve(series)).toContain('nothing to show');
  expect(svg.histogram({ counts: [0], edges: [0, 1] })).toContain('nothing to show');
  for (const series of [[], [Number.NaN], {}] as svg.SeriesSet[])
    expect(text.lossCurve(series)).toBe('nothing to show');
});

it('is light and dark, or one of them', () => {
  expect(svg.lossCurve([1, 2])).toContain('@media (prefers-color-scheme:dark)');
  expect(svg.lossCurve([1, 2], { theme: 'dark' })).not.toContain('@media');
  expect(svg.lossCurve([1, 2], { theme: 'dark' })).toContain('.tenfold-dark{--ground:#0d1117');
});

it('a confusion matrix has a cell for each pair, shaded by its share of the row', () => {
  const picture = svg.confusionMatrix(
    [
      [3, 1],
      [0, 0],
    ],
    { labels: ['cat', 'dog'] },
  );
  const cells = [...picture.matchAll(/<g><title>([^<]*)<\/title>.*?fill-opacity="([\d.]+)"/g)].map(
    ([, cell, shade]) => [cell, shade],
  );
  expect(cells).toEqual([
    ['cat → cat: 3', '0.75'],
    ['cat → dog: 1', '0.25'],
    ['dog → cat: 0', '0'],
    ['dog → dog: 0', '0'],
  ]);
  expect(
    text.confusionMatrix(
      [
        [3, 1],
        [0, 0],
      ],
      { labels: ['cat', 'dog'], title: 'Pets' },
    ),
  ).toBe(['Pets', 'true  predicted', '      cat  dog', ' cat █  3 ▒  1', ' dog    0    0'].join('\n'));
  expect(
    text.confusionMatrix([
      [0.5, 0.5],
      [0, 1],
    ]),
  ).toBe(['true  predicted', '         0     1', '   0 ▓0.50 ▓0.50', '   1  0.00 █1.00'].join('\n'));
});

it('a histogram has bars of their heights', () => {
  const values = { counts: [1, 4, 0, 2], edges: [0, 0.5, 1, 1.5, 2] };
  const picture = svg.histogram(values, { xLabel: 'gradient' });
  const bars = [...picture.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="([\d.]+)"><title>([^<]*)</g)];
  const heights = bars.map(([, , height]) => Number(height));
  expect(heights[1] / heights[0]).toBeCloseTo(4, 1);
  expect(heights[1] / heights[2]).toBeCloseTo(2, 1);
  expect(bars.map(([, , , about]) => about)).toEqual(['0 … 0.5: 1', '0.5 … 1: 4', '1.5 … 2: 2']);
  expect(text.histogram(values, { width: 8 })).toBe(
    ['  0 … 0.5 │██ 1', '0.5 …   1 │████████ 4', '  1 … 1.5 │0', '1.5 …   2 │████ 2'].join('\n'),
  );
  expect(text.histogram(values, { width: 5, height: 2, title: 'two' })).toBe(
    ['two', '0 … 1 │█████ 5', '1 … 2 │██ 2'].join('\n'),
  );
});

it('curves as text', () => {
  expect(text.lossCurve([3, 2, 1], { height: 3, width: 10, title: 'loss', color: true })).toBe(
    ['loss', '      3 ┼╮', '      2 ┤╰╮', '      1 ┤ ╰', '         0 2'].join('\n'),
  );
  const two = { a: [1, 2], b: [2, 1] };
  expect(text.lossCurve(two, { color: true })).toContain('\u{1b}[34m── a\u{1b}[0m');
  expect(text.lossCurve(two, { color: false })).not.toContain('\u{1b}');
  const lines = text
    .lossCurve({ train: Array.from({ length: 500 }, (_, i) => 1 / (i + 1)) }, { log: true })
    .split('\n');
  expect(lines).toHaveLength(14);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(75);
});

it.each([
  [() => svg.lossCurve(3 as never), 'lossCurve: expected numbers, or an object of several curves, got number 3'],
  [() => svg.lossCurve(['a'] as never), "expected a number or a pair of them at 0, got string 'a'"],
  [() => svg.lossCurve({ a: 'b' } as never), 'lossCurve: a: expected numbers or [step, value] pairs'],
  [() => svg.lossCurve([1], { width: 3 }), 'width and height must be at least 120 pixels, got number 3'],
  [() => svg.lossCurve([1], { smoothing: 1 }), 'smoothing must be from 0 to below 1'],
  [
    () => svg.lossCurve([1], { theme: 'blue' as never }),
    "theme must be one of 'auto', 'light', 'dark', got string 'blue'",
  ],
  [() => svg.lossCurve([1], { xlabel: 'a' } as never), "unknown option 'xlabel'"],
  [() => svg.confusionMatrix([[1, 2]]), 'expected a square of numbers, 1 in a row, got an array of 2'],
  [() => svg.confusionMatrix([[[1]]] as never), 'of a matrix for each label, give one'],
  [() => svg.confusionMatrix([[1]], { labels: [] }), 'expected 1 labels, one for each class, got 0'],
  [() => svg.histogram({ counts: [1], edges: [1] }), 'one edge more than counts, got 1 counts and 1 edges'],
  [() => text.lossCurve([1], { width: 0 }), 'width must be an integer of at least 8'],
])('refuses %#', (act, message) => {
  expect(act).toThrow(message);
});
