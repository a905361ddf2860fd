/** Autograd's own slot of a tensor, and the node that ends at a leaf. */
import {
  builtinOps,
  dispatch,
  gradMode,
  interpreters,
  keep,
  makeTensor,
  numel,
  type Tensor,
  track,
} from '@tenfold/tensor-core';
import { type Edge, gradMetaOf, Node } from './node.ts';

/** What autograd knows of one tensor. A tensor that no gradient ever touched has none. */
export class AutogradMeta {
  /** Set by the user on a leaf. */
  requiresGrad = false;
  grad: Tensor | null = null;
  /** Whether `grad` is backward's own tensor, not one that the user assigned. */
  madeGrad = false;
  /** The node this tensor is an output of, and which. */
  gradFn: Node | null = null;
  outputNr = 0;
  /** The node that adds gradients to `grad` of this leaf. */
  accumulator: AccumulateGrad | null = null;
  retainsGrad = false;
  /** For a view: the version of the memory at which `gradFn` was made. */
  viewVersion: number;
  /** For a view that a custom Function returned, alone or with others: its history must not be rewritten. */
  fromFunction: 'one' | 'many' | null = null;

  constructor(viewVersion = 0) {
    this.viewVersion = viewVersion;
  }
}

/** The slot of a tensor, made if missing. For a view it may be out of date: `views.ts` has the current one. */
export function ensureMeta(tensor: Tensor): AutogradMeta {
  const known = tensor.autogradMeta as AutogradMeta | null;
  if (known) return known;
  const meta = new AutogradMeta(tensor.viewInfo?.version);
  tensor.autogradMeta = meta;
  return meta;
}

/** Makes `tensor` output `outputNr` of `node`. */
export function setHistory(tensor: Tensor, node: Node, outputNr: number): AutogradMeta {
  const meta = ensureMeta(tensor);
  meta.gradFn = node;
  meta.outputNr = outputNr;
  meta.requiresGrad = false;
  meta.viewVersion = tensor.version;
  node.outputs[outputNr] = gradMetaOf(tensor);
  return meta;
}

/** Adds what arrives to `grad` of a leaf. */
export class AccumulateGrad extends Node {
  readonly variable: Tensor;
  /** The edge of the leaf. */
  readonly edge: Edge = [this, 0];
  postHooks: Set<(tensor: Tensor) => void> | null = null;

  constructor(variable: Tensor) {
    // the lowest number: the engine runs these last
    super('AccumulateGrad', [], -1);
    this.variable = variable;
    this.outputs[0] = gradMetaOf(variable);
  }

  override apply([grad]: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    if (grad) this.accumulate(grad, false);
    return [];
  }

  /** `owned` says that nobody else holds `grad`, so that it may be kept without a copy. */
  accumulate(grad: Tensor, owned: boolean): void {
    addGrad(this.variable, grad, owned);
    if (this.postHooks !== null) for (const hook of this.postHooks) hook(this.variable);
  }
}

/** Adds `grad` to `tensor.grad`: in place, unless the sum itself is recorded. */
export function addGrad(tensor: Tensor, grad: Tensor, owned: boolean): void {
  const before = ensureMeta(tensor).grad;
  if (before === null) tensor.grad = owned && !gradMode.enabled && isWhole(grad) ? withoutBase(grad) : grad.clone();
  else if (gradMode.enabled) tensor.grad = before.add(grad);
  else {
    dispatch(builtinOps.add.inplaceTwin, [before, grad], { alpha: 1 });
    return;
  }
  ensureMeta(tensor).madeGrad = true;
}

/**
 * Whether a tensor is the whole of its memory, in row-major order: then keeping it keeps nothing else. A view is so only where nothing traces, as no
 * tracer would know it without its base.
 */
const isWhole = (x: Tensor): boolean =>
  (x.viewInfo === null || interpreters.length === 0) && x.storage.length === numel(x.shape) && x.isContiguous();

/** A view that nobody else sees, as a tensor with memory of its own. */
function withoutBase(x: Tensor): Tensor {
  if (x.viewInfo === null) return x;
  const { storage, dtype, shape, strides, offset, versionCounter } = x;
  const whole = makeTensor(storage, dtype, shape, strides, offset, versionCounter);
  x.dispose();
  return whole;
}

/** The slot for `grad`, kept out of any `tidy` around; what backward had put there before goes with the `tidy` in which it is replaced. */
export function assignGrad(tensor: Tensor, grad: Tensor | null): void {
  const meta = ensureMeta(tensor);
  if (meta.grad !== null && meta.grad !== grad && meta.madeGrad) track(meta.grad);
  meta.madeGrad &&= meta.grad === grad;
  meta.grad = grad && keep(grad);
}
