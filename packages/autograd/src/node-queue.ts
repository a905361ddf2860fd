/** Nodes that are ready to run, the one recorded last first: a binary heap. */
import type { Node } from './node.ts';

export class NodeQueue {
  readonly #heap: Node[] = [];

  get isEmpty(): boolean {
    return this.#heap.length === 0;
  }

  push(node: Node): void {
    const heap = this.#heap;
    let i = heap.push(node) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (heap[parent].sequenceNr >= node.sequenceNr) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = node;
  }

  /** Takes the node with the highest number out. The queue must not be empty. */
  pop(): Node {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop() as Node;
    if (heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].sequenceNr > heap[child].sequenceNr) child++;
      if (heap[child].sequenceNr <= last.sequenceNr) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return top;
  }
}
