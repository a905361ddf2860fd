/**
 * The sort family. Keys are unsigned integers in the order of the elements, turned round for descending order, so that both directions are stable; the
 * values are read from the input in the end.
 */
import type { Runtime } from '@tenfold/tensor-core';
import type { Buffer, Gpu } from './gpu.ts';
import { linesOf } from './lines.ts';
import { digitPasses, sortByDigits } from './sort-digits.ts';
import { sortByMerging } from './sort-merge.ts';

/** Lines up to this length are merged, for each pass over digits that they would take. */
const mergedPerPass = 2048;

/** Sorts along `axis`, see the contract. */
export function createSort(gpu: Gpu): Runtime<Buffer>['sort'] {
  return (values, indices, input, axis, descending) => {
    const lines = linesOf([values, indices, input], axis);
    if (lines.count * lines.length === 0) return;
    const sort = lines.length <= mergedPerPass * digitPasses(input) ? sortByMerging : sortByDigits;
    sort(gpu, { lines, values, indices, input, descending });
  };
}
