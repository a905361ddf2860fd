/**
 * Runs the recorded graph backwards. Every node waits until all gradients of its outputs are there; of those that are ready the one recorded last
 * runs first, and leaves last of all. Nothing here recurses, so a chain may be as long as memory allows.
 */
import { gradMode, type Storage, type Tensor, tidy } from '@tenfold/tensor-core';
import { AccumulateGrad, addGrad } from './meta.ts';
import { checkReplacement, type Edge, type Node } from './node.ts';
import { NodeQueue } from './node-queue.ts';
import { castTo, RuleNode } from './rule-node.ts';

/** What a run is to do. */
export interface RunOptions {
  readonly retainGraph: boolean;
  readonly createGraph: boolean;
  /** Only the paths to these edges are run. `null`: the whole graph. */
  readonly targets: readonly Edge[] | null;
  /** Whether gradients that arrive at the targets go on into `grad`; otherwise they are the result. */
  readonly accumulate: boolean;
}

type Grads = (Tensor | null)[];

/** Runs backward from `roots` with their gradients. Gives the gradients of the targets (`null` where none arrived), unless they accumulate. */
export function runBackward(
  roots: readonly Edge[],
  gradients: readonly Tensor[],
  options: RunOptions,
): (Tensor | null)[] {
  const modeBefore = gradMode.enabled;
  gradMode.enabled = options.createGraph;
  try {
    return new BackwardRun(roots, gradients, options).run();
  } finally {
    gradMode.enabled = modeBefore;
  }
}

let current: BackwardRun | null = null;

/** The innermost run in progress. */
export const currentRun = (): BackwardRun | null => current;

/** One run. All its state is its own, so that a node may start another run inside (checkpointing). */
export class BackwardRun {
  readonly #options: RunOptions;
  /** How many gradients a node still waits for. */
  readonly #waiting = new Map<Node, number>();
  readonly #arrived = new Map<Node, Grads>();
  readonly #ready = new NodeQueue();
  readonly #enqueued = new Set<Node>();
  /** Nodes that lie on a path to a target; `null` for all. */
  readonly #onPath: Set<Node> | null;
  /** By node and output number, which results it gives. */
  readonly #captures = new Map<Node, { readonly outputNr: number; readonly at: number }[]>();
  readonly #results: Grads;
  /** Gradients that nobody but this run holds. */
  readonly #owned = new Set<Tensor>();
  readonly #atEnd: (() => void)[] = [];

  constructor(roots: readonly Edge[], gradients: readonly Tensor[], options: RunOptions) {
    this.#options = options;
    const { targets, accumulate } = options;
    this.#results = targets ? targets.map(() => null) : [];
    const parents = targets && new Map<Node, Node[]>();
    this.#countEdges(roots, parents);
    this.#onPath = targets && parents && pathsTo(targets, parents, accumulate);
    if (targets && !accumulate) {
      targets.forEach(([node, outputNr], at) => {
        if (!node) return;
        const list = this.#captures.get(node);
        if (list) list.push({ outputNr, at });
        else this.#captures.set(node, [{ outputNr, at }]);
      });
    }
    roots.forEach((edge, i) => {
      const meta = edge[0]?.outputs[edge[1]];
      this.#deliver(edge, meta ? castTo(gradients[i], meta) : gradients[i]);
    });
    for (const [node] of roots) if (node && !this.#waiting.get(node)) this.#enqueue(node);
  }

  run(): Grads {
    const outer = current;
    current = this;
    try {
      while (!this.#ready.isEmpty) this.#runNode(this.#ready.pop());
      return this.#results;
    } finally {
      current = outer;
      for (const end of this.#atEnd) end();
    }
  }

  /** Calls `end` when this run is over, also by an error. */
  atEnd(end: () => void): void {
    this.#atEnd.push(end);
  }

  #countEdges(roots: readonly Edge[], parents: Map<Node, Node[]> | null): void {
    const stack: Node[] = [];
    const seen = new Set<Node>();
    const visit = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      stack.push(node);
    };
    for (const [node] of roots) if (node) visit(node);
    for (let node = stack.pop(); node; node = stack.pop()) {
      for (const [next] of node.edges) {
        if (!next) continue;
        this.#waiting.set(next, (this.#waiting.get(next) ?? 0) + 1);
        if (parents) {
          const list = parents.get(next);
          if (list) list.push(node);
          else parents.set(next, [node]);
        }
        visit(next);
      }
    }
  }

  #enqueue(node: Node): void {
    if (this.#enqueued.has(node)) return;
    this.#enqueued.add(node);
    this.#ready.push(node);
  }

  /** Adds a gradient to what has arrived for an output. */
  #deliver([node, outputNr]: Edge, grad: Tensor | null): void {
    if (!node) return;
    let grads = this.#arrived.get(node);
    if (!grads) this.#arrived.set(node, (grads = []));
    while (grads.length <= outputNr) grads.push(null);
    if (!grad) return;
    const before = grads[outputNr];
    if (!before) {
      grads[outputNr] = grad;
      return;
    }
    const sum = before.add(grad);
    this.#discard(before);
    this.#discard(grad);
    grads[outputNr] = sum;
    if (!this.#options.createGraph) this.#owned.add(sum);
  }

  #runNode(node: Node): void {
    const grads = this.#arrived.get(node) ?? [];
    this.#arrived.delete(node);
    this.#observe(node, grads);
    if (this.#onPath && !this.#onPath.has(node)) return;
    if (node instanceof AccumulateGrad && !node.isObserved) {
      const grad = grads[0];
      if (grad) node.accumulate(grad, this.#owned.delete(grad));
      return;
    }
    while (grads.length < node.outputs.length) grads.push(null);
    const bare = !this.#options.createGraph && node instanceof RuleNode && !node.isObserved;
    // nobody else sees what a formula makes on its way; hooks that unpack are code of the user
    const results = bare && !node.isPacked ? tidy(() => node.run(grads)) : node.run(grads);
    if (bare) this.#takeOwnership(node, grads, results);
    // user code may have kept what it saw
    else for (const grad of grads) if (grad) this.#owned.delete(grad);
    node.endRun(results);
    if (!this.#options.retainGraph) node.release();
    node.edges.forEach((edge, i) => {
      const next = edge[0];
      if (!next) return;
      this.#deliver(edge, results[i] ?? null);
      const left = (this.#waiting.get(next) ?? 0) - 1;
      this.#waiting.set(next, left);
      if (left === 0) this.#enqueue(next);
    });
  }

  /** Tensor hooks, then `retainGrad`, then the results of the run, as PyTorch orders them. */
  #observe(node: Node, grads: Grads): void {
    for (const [outputNr, hooks] of node.tensorHooks ?? []) {
      for (const hook of [...hooks]) {
        const grad = grads[outputNr];
        if (!grad) break;
        this.#owned.delete(grad);
        grads[outputNr] = checkReplacement(`a hook on ${node.name}`, hook(grad) ?? grad, node.outputs[outputNr]);
      }
    }
    for (const [outputNr, tensor] of node.retained ?? []) {
      const grad = grads[outputNr];
      if (grad) addGrad(tensor, grad, false);
    }
    for (const { outputNr, at } of this.#captures.get(node) ?? []) {
      const grad = grads[outputNr] ?? null;
      if (grad) this.#owned.delete(grad);
      this.#results[at] = grad;
    }
  }

  /** Sorts out who holds the results of a formula: alone those with memory that came from nowhere else. Gives back what was used up. */
  #takeOwnership(node: RuleNode, grads: readonly (Tensor | null)[], results: readonly (Tensor | null)[]): void {
    const shared = node.savedStorages();
    for (const grad of grads) if (grad) shared.add(grad.storage);
    const fresh = new Map<Storage, Tensor | null>();
    for (const result of results) {
      if (!result || shared.has(result.storage)) continue;
      // two results with the same memory hold each other's
      fresh.set(result.storage, fresh.has(result.storage) ? null : result);
    }
    for (const result of fresh.values()) if (result && result.viewInfo === null) this.#owned.add(result);
    for (const grad of grads) {
      if (!grad) continue;
      if (results.includes(grad)) this.#owned.delete(grad);
      else this.#discard(grad);
    }
  }

  /** Disposes of a gradient that nobody else holds. */
  #discard(grad: Tensor): void {
    if (this.#owned.delete(grad)) grad.dispose();
  }
}

/** The nodes from which a target can be reached, without the targets themselves unless they run too. */
function pathsTo(targets: readonly Edge[], parents: ReadonlyMap<Node, readonly Node[]>, inclusive: boolean): Set<Node> {
  const onPath = new Set<Node>();
  const stack: Node[] = [];
  for (const [node] of targets) {
    if (!node) continue;
    stack.push(node);
    if (inclusive) onPath.add(node);
  }
  const visited = new Set<Node>();
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (visited.has(node)) continue;
    visited.add(node);
    for (const parent of parents.get(node) ?? []) {
      onPath.add(parent);
      stack.push(parent);
    }
  }
  return onPath;
}
