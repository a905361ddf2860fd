/**
 * Runs the recorded graph backwards. Every node waits until all gradients of its outputs are there; of those that are ready the one recorded last
 * runs first, and leaves last of all. Nothing here recurses, so a chain may be as long as memory allows.
 */
import { beginTidy, dispatch, endTidy, gradMode, interpreters, type Tensor, transforms } from '@tenfold/tensor-core';
import { withoutAutocast } from './autocast-state.ts';
import { AccumulateGrad, addGrad } from './meta.ts';
import { checkReplacement, type Edge, type Node, type Visit, watcher } from './node.ts';
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
    return withoutAutocast(() => new BackwardRun(roots, options).run(roots, gradients));
  } finally {
    gradMode.enabled = modeBefore;
  }
}

let current: BackwardRun | null = null;

/** The innermost run in progress. */
export const currentRun = (): BackwardRun | null => current;

/** One run. What it knows of a node is its own, so that a node may start another run inside (checkpointing). */
export class BackwardRun {
  private readonly options: RunOptions;
  /** The nodes that the run has met. */
  private readonly nodes: Node[] = [];
  private readonly ready = new NodeQueue();
  /** Nodes that lie on a path to a target; `null` for all. */
  private readonly onPath: Set<Node> | null;
  /** By node and output number, which results it gives. */
  private readonly captures: Map<Node, { readonly outputNr: number; readonly at: number }[]> | null;
  private readonly results: Grads;
  /** Gradients that nobody but this run holds. */
  private readonly owned = new Set<Tensor>();
  private readonly ends: (() => void)[] = [];

  constructor(roots: readonly Edge[], options: RunOptions) {
    this.options = options;
    const { targets, accumulate } = options;
    this.results = targets ? targets.map(() => null) : [];
    const parents = targets && new Map<Node, Node[]>();
    this.countEdges(roots, parents);
    this.onPath = targets && parents && pathsTo(targets, parents, accumulate);
    this.captures = targets && !accumulate ? new Map() : null;
    if (targets && this.captures) {
      for (let at = 0; at < targets.length; at++) {
        const [node, outputNr] = targets[at];
        if (!node) continue;
        const list = this.captures.get(node);
        if (list) list.push({ outputNr, at });
        else this.captures.set(node, [{ outputNr, at }]);
      }
    }
  }

  run(roots: readonly Edge[], gradients: readonly Tensor[]): Grads {
    const outer = current;
    current = this;
    try {
      roots.forEach((edge, i) => {
        const meta = edge[0]?.outputs[edge[1]];
        this.deliver(edge, meta ? castTo(gradients[i], meta) : gradients[i]);
      });
      for (const [node] of roots) if (node && this.visitOf(node).waiting === 0) this.enqueue(node);
      while (!this.ready.isEmpty) this.runNode(this.ready.pop());
      return this.results;
    } finally {
      current = outer;
      for (const node of this.nodes) if (node.visit?.run === this) node.visit = node.visit.outer;
      for (const end of this.ends) end();
    }
  }

  /** Calls `end` when this run is over, also by an error. */
  atEnd(end: () => void): void {
    this.ends.push(end);
  }

  /** What this run knows of a node. */
  private visitOf(node: Node): Visit {
    const known = node.visit;
    if (known !== null && known.run === this) return known;
    const visit = { run: this, outer: known, waiting: 0, grads: null, enqueued: false };
    node.visit = visit;
    this.nodes.push(node);
    return visit;
  }

  /** Meets every node that can be reached, and counts how many gradients each waits for. */
  private countEdges(roots: readonly Edge[], parents: Map<Node, Node[]> | null): void {
    for (const [node] of roots) if (node) this.visitOf(node);
    // grows as nodes are met
    for (let n = 0; n < this.nodes.length; n++) {
      const node = this.nodes[n];
      const { edges } = node;
      for (let i = 0; i < edges.length; i++) {
        const next = edges[i][0];
        if (next === null) continue;
        this.visitOf(next).waiting++;
        if (parents === null) continue;
        const list = parents.get(next);
        if (list) list.push(node);
        else parents.set(next, [node]);
      }
    }
  }

  private enqueue(node: Node): void {
    const visit = this.visitOf(node);
    if (visit.enqueued) return;
    visit.enqueued = true;
    this.ready.push(node);
  }

  /** Adds a gradient to what has arrived for an output. */
  private deliver([node, outputNr]: Edge, grad: Tensor | null): void {
    if (node === null) return;
    const visit = this.visitOf(node);
    visit.grads ??= [];
    const { grads } = visit;
    while (grads.length <= outputNr) grads.push(null);
    if (!grad) return;
    const before = grads[outputNr];
    if (!before) {
      grads[outputNr] = grad;
      return;
    }
    const sum = before.add(grad);
    this.discard(before);
    this.discard(grad);
    grads[outputNr] = sum;
    if (!this.options.createGraph) this.owned.add(sum);
  }

  private runNode(node: Node): void {
    const visit = this.visitOf(node);
    const grads = visit.grads ?? [];
    visit.grads = null;
    this.observe(node, grads);
    if (this.onPath && !this.onPath.has(node)) return;
    if (node instanceof AccumulateGrad && !node.isObserved) {
      const grad = grads[0];
      if (grad) node.accumulate(grad, this.owned.delete(grad));
      return;
    }
    while (grads.length < node.outputs.length) grads.push(null);
    const bare = !this.options.createGraph && node instanceof RuleNode && !node.isObserved;
    let results: readonly (Tensor | null)[];
    if (bare && this.addedInPlace(node, grads[0])) results = [null];
    else {
      // nobody else sees what a formula makes on its way; hooks that unpack are code of the user
      results = bare && !node.isPacked ? runTidily(node, grads) : node.run(grads);
      if (bare) this.takeOwnership(node, grads, results);
      // user code may have kept what it saw
      else for (const grad of grads) if (grad) this.owned.delete(grad);
    }
    node.endRun(results);
    if (!this.options.retainGraph) node.release();
    const { edges } = node;
    for (let i = 0; i < edges.length; i++) {
      const next = edges[i][0];
      if (next === null) continue;
      this.deliver(edges[i], results[i] ?? null);
      if (--this.visitOf(next).waiting === 0) this.enqueue(next);
    }
  }

  /**
   * Adds the gradient of a window onto a tensor to what has arrived there for the rest of it. Otherwise n windows, as `unbind` and `chunk` make them, would
   * add n tensors of the whole size.
   */
  private addedInPlace(node: RuleNode, grad: Tensor | null): boolean {
    if (grad === null || !node.isWindow || watcher.apply !== null) return false;
    // batched gradients can't be written into others, and traced graphs are made of values
    if (transforms.length > 0 || interpreters.length > 0) return false;
    const [next, outputNr] = node.edges[0];
    const total = next && this.visitOf(next).grads?.[outputNr];
    if (!total || !this.owned.has(total) || total.dtype !== grad.dtype || !total.isContiguous()) return false;
    const window = dispatch(node.spec, [total], node.attrs) as Tensor;
    window.add_(grad);
    window.dispose();
    this.discard(grad);
    return true;
  }

  /** Tensor hooks, then `retainGrad`, then the results of the run, as PyTorch orders them. */
  private observe(node: Node, grads: Grads): void {
    if (node.tensorHooks !== null) {
      for (const [outputNr, hooks] of node.tensorHooks) {
        for (const hook of [...hooks]) {
          const grad = grads[outputNr];
          if (!grad) break;
          this.owned.delete(grad);
          grads[outputNr] = checkReplacement(`a hook on ${node.name}`, hook(grad) ?? grad, node.outputs[outputNr]);
        }
      }
    }
    if (node.retained !== null) {
      for (const [outputNr, tensor] of node.retained) {
        const grad = grads[outputNr];
        if (grad) addGrad(tensor, grad, false);
      }
    }
    const captures = this.captures?.get(node);
    if (captures === undefined) return;
    for (const { outputNr, at } of captures) {
      const grad = grads[outputNr] ?? null;
      if (grad) this.owned.delete(grad);
      this.results[at] = grad;
    }
  }

  /** Sorts out who holds the results of a formula: this run alone those with memory that came from nowhere else. Gives back what was used up. */
  private takeOwnership(node: RuleNode, grads: Grads, results: readonly (Tensor | null)[]): void {
    for (const grad of grads) {
      if (!grad) continue;
      if (results.includes(grad)) this.owned.delete(grad);
      else this.discard(grad);
    }
    for (const result of results) {
      if (result === null) continue;
      // one tensor holds the memory, maybe a view whose base is gone: it must be new, and the gradient of one input
      const { storage } = result;
      const known = grads.includes(result) || results.lastIndexOf(result) !== results.indexOf(result);
      if (storage.holders === 1 && !known && !node.hasSaved(storage)) this.owned.add(result);
    }
  }

  /** Disposes of a gradient that nobody else holds. */
  private discard(grad: Tensor): void {
    if (this.owned.delete(grad)) grad.dispose();
  }
}

/** `tidy(() => node.run(grads))` without its closure. */
function runTidily(node: Node, grads: Grads): readonly (Tensor | null)[] {
  const scope = beginTidy();
  let results: readonly (Tensor | null)[] = [];
  try {
    results = node.run(grads);
    return results;
  } finally {
    endTidy(scope, results);
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
