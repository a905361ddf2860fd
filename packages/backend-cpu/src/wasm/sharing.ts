/** How calls are shared among threads: what `setNumThreads` gives a machine, so that pages which never call it need not carry it. */
import type { Heap } from './heap.ts';
import { Pieces, pieceCount } from './pieces.ts';
import { Pool } from './pool.ts';
import { splitMap, splitReduce, splitRows } from './split.ts';

/** The threads, and how the calls of each family are cut for them. */
export interface Sharing {
  readonly pool: Pool;
  readonly splitMap: typeof splitMap;
  readonly splitReduce: typeof splitReduce;
  readonly splitRows: typeof splitRows;
  readonly pieceCount: typeof pieceCount;
  readonly Pieces: typeof Pieces;
}

export const shareOn = (heap: Heap): Sharing => ({
  pool: new Pool(heap),
  splitMap,
  splitReduce,
  splitRows,
  pieceCount,
  Pieces,
});
