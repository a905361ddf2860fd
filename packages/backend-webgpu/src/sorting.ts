/** What both ways to sort have in common: lines of an input, the keys of its elements, and keys and positions that wait between dispatches. */
import { elementType } from './elements.ts';
import type { Gpu } from './gpu.ts';
import { type Lines, lineCode } from './lines.ts';
import { orderFunctions, orderOf } from './order.ts';
import { toStored } from './render.ts';
import { read, type View, word } from './shader.ts';

/** What is to be sorted, and where to. */
export interface Sorting {
  readonly lines: Lines;
  readonly values: View;
  readonly indices: View;
  readonly input: View;
  readonly descending: boolean;
}

/** Which of a dispatch's ends are the operands themselves: it reads the input, or writes the outputs. */
export interface Ends {
  readonly first: boolean;
  readonly last: boolean;
}

/** Keys and positions between two dispatches, line by line. */
export interface Waiting {
  readonly keys: View;
  readonly positions: View;
}

/** Integers for `count` lines of `columns`. */
export function temporary(gpu: Gpu, count: number, columns: number): View {
  const buffer = gpu.pool.allocate(count * columns * 4, elementType('int32'));
  return { dtype: 'int32', shape: [count, columns], strides: [columns, 1], offset: 0, storage: { buffer } };
}

/** Keys and positions for all lines. */
export const waiting = (gpu: Gpu, { count, length }: Lines): Waiting => ({
  keys: temporary(gpu, count, length),
  positions: temporary(gpu, count, length),
});

/** Gives temporaries back. */
export function release(gpu: Gpu, ...views: readonly View[]): void {
  for (const { storage } of views) gpu.pool.release(storage.buffer);
}

/** Views that a dispatch binds: outputs, then what it reads besides `others`. The last one needs the input for its values. */
export function operandsOf(
  { values, indices, input }: Sorting,
  from: Waiting | null,
  to: Waiting | null,
  others: readonly View[] = [],
): { outs: readonly View[]; ins: readonly View[] } {
  const waits = from ? [from.keys, from.positions] : [];
  return {
    outs: to ? [to.keys, to.positions] : [values, indices],
    ins: [...others, ...waits, ...(from && to ? [] : [input])],
  };
}

/** Code of such a dispatch: words 0 and 1 are the number and the length of the lines, those of the operands begin at `at`; `other` inputs come first. */
export function sortCode(
  { lines, input, descending }: Sorting,
  { first, last }: Ends,
  slots: readonly number[],
  at: number,
  other = 0,
) {
  const { setup, index } = lineCode(lines, 3, at);
  const [keys, positions] = [slots[2 + other], slots[3 + other]];
  const inputSlot = first ? keys : slots[4 + other];
  const place = (i: string): string => `line * ${lengthWord} + ${i}`;
  const order = (i: string): string => orderOf(input.dtype, read(inputSlot, input.dtype, index(2, i)));
  return {
    declarations: orderFunctions,
    /** Statements for the lines: needs `line`. */
    setup,
    /** The key of element `i` of the line. */
    key: (i: string): string =>
      first ? `(${descending ? '~' : ''}${order(i)})` : `bitcast<u32>(${read(keys, 'int32', place(i))})`,
    /** Writes element `i`, whose key is `key`, to place `to`. */
    store: (i: string, to: string): string => {
      const position = first ? i : `u32(${read(positions, 'int32', place(i))})`;
      if (!last)
        return `b${slots[0]}[${place(to)}] = bitcast<i32>(key);
    b${slots[1]}[${place(to)}] = i32(${position});`;
      return `let position = ${position};
    b${slots[0]}[${index(0, to)}] = ${toStored(input.dtype, read(inputSlot, input.dtype, index(2, 'position')))};
    b${slots[1]}[${index(1, to)}] = i32(position);`;
    },
  };
}

/** Number of lines, and their length. */
export const [countWord, lengthWord] = [0, 1].map(word);
