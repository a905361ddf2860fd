/** Nodes of the recorded graph, and the edges between them. The engine that runs them is `engine.ts`. */
import {
  type Device,
  type DType,
  type GradNode,
  type HookHandle,
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

/** How many nodes have been recorded so far: later ones have higher numbers. */
export const nodeCount = (): number => created;

/**
 * A recorded op. `apply` turns the gradients of its outputs into those of its inputs. Nodes are numbered when their edges are complete, so a node
 * always has a higher number than those its gradients go to.
 */
export abstract class Node implements GradNode {
  /** PyTorch's name: `'AddBackward0'`. */
  name: string;
  readonly edges: readonly Edge[];
  /** Its place in the order of recording. */
  readonly sequenceNr: number;
  /** What the gradients of its outputs look like; filled as the outputs get their history. A hole is an output without gradient. */
  readonly outputs: (GradMeta | undefined)[] = [];
  /** Hooks of the tensors that are its outputs, by output number. */
  tensorHooks: Map<number, Set<TensorHook>> | null = null;
  /** Tensors that keep their gradient, by output number. */
  retained: Map<number, Tensor> | null = null;
  #preHooks: Set<NodePreHook> | null = null;
  #hooks: Set<NodeHook> | null = null;

  constructor(name: string, edges: readonly Edge[], sequenceNr = ++created) {
    this.name = name;
    this.edges = edges;
    this.sequenceNr = sequenceNr;
  }

  /** The gradients of the inputs, one per edge, from those of the outputs. */
  abstract apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[];

  /** Gives back what was saved for {@link apply}. */
  release(): void {}

  get nextFunctions(): readonly Edge[] {
    return this.edges;
  }

  /** Calls `hook` with the gradients of the inputs and outputs after each run of this node; what it returns replaces the former. */
  registerHook(hook: NodeHook): HookHandle {
    this.#hooks ??= new Set();
    return addHook(this.#hooks, hook);
  }

  /** Calls `hook` with the gradients of the outputs before each run of this node; what it returns replaces them. */
  registerPrehook(hook: NodePreHook): HookHandle {
    this.#preHooks ??= new Set();
    return addHook(this.#preHooks, hook);
  }

  /** Whether user code sees the gradients that pass here. */
  get isObserved(): boolean {
    return this.tensorHooks !== null || this.#preHooks !== null || this.#hooks !== null;
  }

  /** {@link apply} between the hooks of the node. */
  run(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    let incoming = grads;
    for (const hook of this.#preHooks ?? []) incoming = hook(incoming) ?? incoming;
    let results = this.apply(incoming);
    for (const hook of this.#hooks ?? []) results = hook(results, incoming) ?? results;
    return results;
  }
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
  return lead >= 0 && to.every((size, d) => size === 1 || size === from[d + lead]);
}

/** The gradient summed over the dims that were broadcast. */
export function sumTo(grad: Tensor, shape: Shape): Tensor {
  if (sameShape(grad.shape, shape)) return grad;
  const lead = grad.shape.length - shape.length;
  const dims = grad.shape.map((_, d) => d).filter((d) => d < lead || (shape[d - lead] === 1 && grad.shape[d] !== 1));
  return grad.sum(dims, { keepdim: true }).view(shape);
}
