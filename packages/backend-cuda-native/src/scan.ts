/** The scan family: running sums, products and extremes. Extremes run as a key and a place, and read their value there. */
import type { Runtime, ScanKind } from '@tenfold/tensor-core';
import type { Cuda } from './cuda.ts';
import { type Buffer, kernelTypes, type View } from './elements.ts';
import { countOf, forEachPart } from './geometry.ts';
import { beside, linesOf } from './lines.ts';

/** Elements that a block takes at once: `scan_tile` of scan.cu. */
const tile = 1024;
/** Lines up to this length have one thread each. */
const shortLine = 32;
/** So have as many lines or more that lie side by side. */
const manyLines = 8192;
/** Where there are fewer lines than blocks that a card runs, lines are cut into parts of some tiles. */
const wantedBlocks = 1024;
const partTiles = 4;
/** Bytes of the total of a part, the largest there is. */
const totalBytes = 16;

const kernels: { readonly [K in ScanKind]: string } = {
  cumsum: 'cumsum',
  cumprod: 'cumprod',
  cummax: 'extreme',
  cummin: 'extreme',
};

/** Running results along `axis`, see the contract. What is combined in which order depends on sizes alone. */
export function createScan(cuda: Cuda): Runtime<Buffer>['scan'] {
  return (kind, outs, input, axis, reverse) => {
    const values: View = outs[0];
    const indices: View | undefined = outs[1];
    const { axes, count, length, steps } = linesOf([values, indices ?? values, input], axis);
    if (count * length === 0) return;
    const together = beside(axes, 2, steps[2]) && (count >= manyLines || count >= length);
    const byThread = together || length <= shortLine;
    forEachPart(axes, [values.offset, indices?.offset ?? 0, input.offset], (lines, [to, toIndex, from]) => {
      const own = countOf(lines);
      const most = Math.ceil(wantedBlocks / own);
      const parts = byThread ? 1 : Math.min(most, Math.ceil(length / (tile * partTiles)));
      const partLength = Math.ceil(length / parts / tile) * tile;
      const needed = Math.ceil(length / partLength);
      const run = (measure: boolean, totals: Buffer | null): void => {
        const name = `${kernels[kind]}_${byThread ? 'lines' : 'blocks'}_${kernelTypes[input.dtype]}`;
        const call = cuda.call(name).view(values, to);
        if (indices) call.view(indices, toIndex);
        else call.none();
        call.view(input, from).walk(lines, 3);
        for (const step of steps) call.long(step);
        call.long(length).long(partLength).int(needed);
        for (const flag of [reverse, kind === 'cummin', measure]) call.int(flag ? 1 : 0);
        if (totals) call.pointer(totals);
        else call.none();
        if (byThread) call.launchOver(own);
        else call.launch(Math.min(own * needed, cuda.blocksAtOnce * 4));
      };
      if (needed === 1) {
        run(false, null);
        return;
      }
      cuda.temporary('uint8', own * needed * totalBytes, (totals) => {
        run(true, totals);
        run(false, totals);
      });
    });
  };
}
