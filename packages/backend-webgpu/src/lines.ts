/** Operands of one shape as lines along an axis, for the families that work along one. */
import { apart } from './fold.ts';
import { type Axis, axesOf, merged } from './geometry.ts';
import { type View, word } from './shader.ts';

export interface Lines {
  /** The dims but that of the lines, with the strides of each operand. */
  readonly axes: readonly Axis[];
  /** How many there are, and how long they are. */
  readonly count: number;
  readonly length: number;
  readonly axis: number;
}

/** The lines of `operands` along `axis`. */
export function linesOf(operands: readonly View[], axis: number): Lines {
  const all = axesOf(operands);
  const axes = merged(all.filter((_, d) => d !== axis));
  return { axes, count: axes.reduce((n, { size }) => n * size, 1), length: all[axis].size, axis };
}

/** Where the lines of each operand lie, written from word `at` on; gives the word behind it. */
export function writeLines(
  { words }: { readonly words: Uint32Array },
  at: number,
  { axes, axis }: Lines,
  operands: readonly View[],
): number {
  for (const { size } of axes) words[at++] = size;
  operands.forEach(({ offset, strides }, o) => {
    words[at++] = offset;
    words[at++] = strides[axis];
    for (const { strides } of axes) words[at++] = strides[o];
  });
  return at;
}

/** Statements that find the begin of line number `line` in each of `count` operands, from words that begin at `at`; and code of an index in one. */
export function lineCode({ axes }: Lines, count: number, at: number) {
  let next = at;
  const sizes = axes.map(() => word(next++));
  const steps: string[] = [];
  const begins = Array.from({ length: count }, (_, o) => {
    const offset = word(next++);
    steps.push(word(next++));
    return `let begin${o} = ${[offset, ...axes.map((_, d) => `q${d} * ${word(next++)}`)].join(' + ')};`;
  });
  return {
    setup: [...apart('line', 'q', sizes), ...begins].join('\n  '),
    index: (o: number, position: string): string => `begin${o} + ${position} * ${steps[o]}`,
  };
}
