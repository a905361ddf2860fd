/** Nodes of the recorded graph, and the edges between them. The engine that runs them is `engine.ts`. */
import {
  AutogradError,
  type Device,
  type DType,
  describe,
  formatShape,
  type GradNode,
  type HookHandle,
  isTensor,
  type Shape,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';

/** Where a gradient goes: output `[1]` of the op that node `[0]` stands for; `null` if nobody needs it. */
export type Edge = readonly [node: Node | null, outputNr: number];

/** The edge of an input that needs no gradient. */
export const noEdge: Edge = [null, 0];

/** What a gradient must look like: that of the tensor it belongs to. */
export interface GradMeta {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly device: Device;
}

export const gradMetaOf = ({ shape, dtype, storage }: Tensor): GradMeta => ({ shape, dtype, device: storage.device });

/** What a hook may answer: a gradient in place of the one it got, or nothing. */
export type HookResult = Tensor | null | undefined | void;
export type TensorHook = (grad: Tensor) => HookResult;
/** Runs before a node; may replace the gradients of its outputs. */
export type NodePreHook = (gradOutputs: readonly (Tensor | null)[]) => readonly (Tensor | null)[] | undefined | void;
/** Runs after a node; may replace the gradients of its inputs. */
export type NodeHook = (
  gradInputs: readonly (Tensor | null)[],
  gradOutputs: readonly (Tensor | null)[],
) => readonly (Tensor | null)[] | undefined | void;

let created = 0;

/** Where and under what a node was recorded; kept in anomaly mode only. */
export interface Origin {
  /** ` at file.ts:12:3`, or nothing if the stack names no file of the user. */
  readonly place: string;
  /** The node whose backward recorded this one. */
  readonly parent: Node | null;
}

/** Set by `anomaly.ts` in anomaly mode: what a new node remembers. */
export const recorder: { originOf: (() => Origin) | null } = { originOf: null };

/** Set by `anomaly.ts` in anomaly mode: runs the formulas of a node and looks at what they give. */
export const watcher: {
  apply: ((node: Node, grads: readonly (Tensor | null)[]) => readonly (Tensor | null)[]) | null;
} = { apply: null };

/** What a backward run knows of a node. */
export interface Visit {
  /** The run. */
  readonly run: object;
  /** What the run around this one knows of the node, if it was started inside of another that has met it. */
  readonly outer: Visit | null;
  /** How many gradients the node still waits for. */
  waiting: number;
  /** The gradients that have arrived. */
  grads: (Tensor | null)[] | null;
  enqueued: boolean;
}

/** How many nodes have been recorded so far: later ones have higher numbers. */
export const nodeCount = (): number => created;

/**
 * A recorded op. `apply` turns the gradients of its outputs into those of its inputs. Nodes are numbered when their edges are complete, so a node
 * always has a higher number than those its gradients go to.
 */
export abstract class Node implements GradNode {
  // declared and assigned, not defined: one node is made for every op that is recorded
  /** PyTorch's name: `'AddBackward0'`. */
  declare name: string;
  declare readonly edges: readonly Edge[];
  /** Its place in the order of recording. */
  declare readonly sequenceNr: number;
  /** What the gradients of its outputs look like; filled as the outputs get their history. A hole is an output without gradient. */
  declare readonly outputs: (GradMeta | undefined)[];
  /** Hooks of the tensors that are its outputs, by output number. */
  declare tensorHooks: Map<number, Set<TensorHook>> | null;
  /** Tensors that keep their gradient, by output number. */
  declare retained: Map<number, Tensor> | null;
  /** Where it was recorded, in anomaly mode. */
  declare readonly origin: Origin | null;
  /** What the innermost backward run that has met this node knows of it. */
  declare visit: Visit | null;
  declare private preHooks: Set<NodePreHook> | null;
  declare private hooks: Set<NodeHook> | null;

  constructor(name: string, edges: readonly Edge[], sequenceNr = ++created) {
    this.name = name;
    this.edges = edges;
    this.sequenceNr = sequenceNr;
    this.outputs = [];
    this.tensorHooks = null;
    this.retained = null;
    this.origin = recorder.originOf === null ? null : recorder.originOf();
    this.visit = null;
    this.preHooks = null;
    this.hooks = null;
  }

  /** The gradients of the inputs, one per edge, from those of the outputs. */
  abstract apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];

  /** Ends one {@link apply}: what it alone needed can go. */
  endRun(_results: readonly (Tensor | null)[]): void {}

  /** Gives back what was saved for {@link apply}. */
  release(): void {}

  /** What it has saved, by name; for drawings. */
  get savedMetas(): readonly (readonly [string, GradMeta])[] {
    return [];
  }

  get nextFunctions(): readonly Edge[] {
    return this.edges;
  }

  /** Calls `hook` with the gradients of the inputs and outputs after each run of this node; what it returns replaces the former. */
  registerHook(hook: NodeHook): HookHandle {
    this.hooks ??= new Set();
    return addHook(this.hooks, hook);
  }

  /** Calls `hook` with the gradients of the outputs before each run of this node; what it returns replaces them. */
  registerPrehook(hook: NodePreHook): HookHandle {
    this.preHooks ??= new Set();
    return addHook(this.preHooks, hook);
  }

  /** Whether user code sees the gradients that pass here. */
  get isObserved(): boolean {
    return this.tensorHooks !== null || this.preHooks !== null || this.hooks !== null;
  }

  /** {@link apply} between the hooks of the node. */
  run(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    if (this.preHooks === null && this.hooks === null)
      return watcher.apply === null ? this.apply(grads) : watcher.apply(this, grads);
    let incoming = grads;
    for (const hook of [...(this.preHooks ?? [])])
      incoming = checkedHookResult(this, 'prehook', incoming, hook(incoming), (k) => this.outputs[k]);
    let results = watcher.apply ? watcher.apply(this, incoming) : this.apply(incoming);
    for (const hook of [...(this.hooks ?? [])])
      results = checkedHookResult(
        this,
        'hook',
        results,
        hook(results, incoming),
        (i) => this.edges[i]?.[0]?.outputs[this.edges[i][1]],
      );
    return results;
  }
}

/** What a node hook answered in place of `before`, checked as PyTorch does. */
function checkedHookResult(
  node: Node,
  kind: string,
  before: readonly (Tensor | null)[],
  answer: readonly (Tensor | null)[] | undefined | void,
  wanted: (i: number) => GradMeta | undefined,
): readonly (Tensor | null)[] {
  if (answer === undefined || answer === null) return before;
  if (!Array.isArray(answer))
    throw new AutogradError(
      `a ${kind} of ${node.name} must give an array of gradients or nothing, got ${describe(answer)}`,
    );
  if (answer.length !== before.length) {
    throw new AutogradError(
      `a ${kind} of ${node.name} has returned an incorrect number of values (got ${answer.length}, but expected ${before.length})`,
    );
  }
  return answer.map((grad, i) => checkReplacement(`a ${kind} of ${node.name}`, grad ?? null, wanted(i)));
}

/** A gradient that a hook gave, which must look like the one before. */
export function checkReplacement<G extends Tensor | null>(who: string, grad: G, wanted: GradMeta | undefined): G {
  if (grad === null) return grad;
  if (!isTensor(grad)) throw new AutogradError(`${who} must give a tensor, got ${describe(grad)}`);
  if (!wanted) return grad;
  if (!sameShape(grad.shape, wanted.shape)) {
    throw new AutogradError(
      `${who} has changed the size of value: expected ${formatShape(wanted.shape)}, got ${formatShape(grad.shape)}`,
    );
  }
  if (grad.dtype !== wanted.dtype)
    throw new AutogradError(`${who} has changed the type of value (was ${wanted.dtype} got ${grad.dtype})`);
  if (grad.storage.device !== wanted.device)
    throw new AutogradError(`${who} has changed the device of value (was ${wanted.device.name} got ${grad.device})`);
  return grad;
}

/** Adds a hook and gives the handle that removes it. */
export function addHook<H>(hooks: Set<H>, hook: H): HookHandle {
  hooks.add(hook);
  const remove = (): void => {
    hooks.delete(hook);
  };
  return { remove, [Symbol.dispose]: remove };
}

/** Adds a hook on output `outputNr` of a node. */
export function addTensorHook(node: Node, outputNr: number, hook: TensorHook): HookHandle {
  node.tensorHooks ??= new Map();
  let hooks = node.tensorHooks.get(outputNr);
  if (!hooks) node.tensorHooks.set(outputNr, (hooks = new Set()));
  return addHook(hooks, hook);
}

/** Whether a gradient of shape `from` can be summed to shape `to`: `to` broadcasts to `from`. */
export function isExpandableTo(to: Shape, from: Shape): boolean {
  const lead = from.length - to.length;
  if (lead < 0) return false;
  for (let d = 0; d < to.length; d++) if (to[d] !== 1 && to[d] !== from[d + lead]) return false;
  return true;
}

/** The gradient summed over the dims that were broadcast. */
export function sumTo(grad: Tensor, shape: Shape): Tensor {
  if (sameShape(grad.shape, shape)) return grad;
  const lead = grad.shape.length - shape.length;
  const dims = grad.shape.map((_, d) => d).filter((d) => d < lead || (shape[d - lead] === 1 && grad.shape[d] !== 1));
  return grad.sum(dims, { keepdim: true }).view(shape);
}
