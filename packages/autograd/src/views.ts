/**
 * The history of a tensor as it is now. An in-place write to a base or a sibling changes the history of a view, so a view's own is made again
 * when it is read and the memory has changed since.
 */
import { AutogradError, isTensor, type Operand, type Tensor, type ViewInfo } from '@tenfold/tensor-core';
import { AccumulateGrad, type AutogradMeta, setHistory } from './meta.ts';
import { type Edge, Node, noEdge } from './node.ts';
import { nodeName } from './node-name.ts';
import type { AnyRule } from './rule.ts';
import { RuleNode } from './rule-node.ts';

/** The slot of a tensor, up to date; `null` if no gradient ever touched it. */
export function currentMeta(tensor: Tensor): AutogradMeta | null {
  const meta = tensor.autogradMeta as AutogradMeta | null;
  const info = tensor.viewInfo;
  if (info === null || (meta ? meta.viewVersion : info.version) === tensor.versionCounter.value) return meta;
  return refreshed(tensor);
}

export function requiresGrad(tensor: Tensor): boolean {
  const meta = currentMeta(tensor);
  return meta !== null && (meta.requiresGrad || meta.gradFn !== null);
}

/** Where the gradient of a tensor goes. */
export function gradientEdge(tensor: Tensor): Edge {
  const meta = currentMeta(tensor);
  if (meta === null) return noEdge;
  if (meta.gradFn) return [meta.gradFn, meta.outputNr];
  if (!meta.requiresGrad) return noEdge;
  meta.accumulator ??= new AccumulateGrad(tensor);
  return meta.accumulator.edge;
}

/** Where the gradients of all inputs of an op go. */
export function edgesOf(inputs: readonly Operand[]): Edge[] {
  const edges = new Array<Edge>(inputs.length);
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    edges[i] = isTensor(x) ? gradientEdge(x) : noEdge;
  }
  return edges;
}

/** The tensor whose memory a view shows. */
export function baseOf(tensor: Tensor): Tensor {
  let base = tensor;
  while (base.viewInfo) base = base.viewInfo.source;
  return base;
}

/** The steps from the base to a view, outermost last. */
export function viewChain(tensor: Tensor): ViewInfo[] {
  const chain: ViewInfo[] = [];
  for (let info = tensor.viewInfo; info; info = info.source.viewInfo) chain.push(info);
  return chain.reverse();
}

function refreshed(view: Tensor): AutogradMeta | null {
  const stale: Tensor[] = [];
  for (let t = view; t.viewInfo; t = t.viewInfo.source) {
    const meta = t.autogradMeta as AutogradMeta | null;
    if ((meta ? meta.viewVersion : t.viewInfo.version) === t.version) break;
    stale.push(t);
  }
  for (const t of stale.reverse()) {
    const { source, spec, attrs } = t.viewInfo as ViewInfo;
    const meta = t.autogradMeta as AutogradMeta | null;
    const from = source.autogradMeta as AutogradMeta | null;
    if (from !== null && (from.gradFn !== null || from.requiresGrad)) {
      const made = creation(t);
      if (made) throw viewError(t, made, true);
      const edge: Edge = from.gradFn
        ? [from.gradFn, from.outputNr]
        : [(from.accumulator ??= new AccumulateGrad(source)), 0];
      setHistory(t, viewNode(spec, source, attrs, edge), 0);
    } else if (meta) meta.viewVersion = t.version;
  }
  return view.autogradMeta as AutogradMeta | null;
}

function viewNode(spec: ViewInfo['spec'], source: Tensor, attrs: object | null, edge: Edge): Node {
  const rule = spec.rule as AnyRule | null;
  if (rule?.kind === 'formula' || rule?.kind === 'joint') return new RuleNode(spec, rule, [source], attrs, [edge]);
  return new NotImplementedNode(nodeName(spec, [source], attrs), [edge], notImplementedMessage(spec.name, rule));
}

/** The node of an op without a derivative: raises when a gradient comes through. */
export class NotImplementedNode extends Node {
  readonly #message: string;

  constructor(name: string, edges: readonly Edge[], message: string) {
    super(name, edges);
    this.#message = message;
  }

  override apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    if (grads.every((grad) => grad === null)) return this.edges.map(() => null);
    throw new AutogradError(this.#message);
  }
}

export function notImplementedMessage(op: string, rule: AnyRule | null): string {
  const reason =
    rule?.kind === 'notImplemented' ? rule.reason : 'it has no derivative row; give it one with defineRule(spec, rule)';
  return `derivative for '${op}' is not implemented: ${reason}`;
}

/** Throws unless `tensor` may be written in place by an op that is recorded. */
export function checkInPlace(tensor: Tensor): void {
  if (tensor.viewInfo) {
    const made = creation(tensor);
    if (made) throw viewError(tensor, made, false);
    if (requiresGrad(tensor) && isLeaf(baseOf(tensor))) {
      throw new AutogradError('a view of a leaf Variable that requires grad is being used in an in-place operation.');
    }
  }
  if (requiresGrad(tensor) && isLeaf(tensor)) {
    throw new AutogradError('a leaf Variable that requires grad is being used in an in-place operation.');
  }
}

export const isLeaf = (tensor: Tensor): boolean => currentMeta(tensor)?.gradFn == null;

/** How a view came about, where that forbids to write it: the latest special step on the way from its base. */
type Creation = 'noGrad' | 'inference' | 'multi' | 'function';

function creation(view: Tensor): Creation | null {
  for (let t = view; t.viewInfo; t = t.viewInfo.source) {
    const fromFunction = (t.autogradMeta as AutogradMeta | null)?.fromFunction;
    if (fromFunction) return fromFunction === 'many' ? 'multi' : 'function';
    if (t.viewInfo.made !== 'grad') return t.viewInfo.made;
    if (t.viewInfo.multi) return 'multi';
  }
  return null;
}

const bothSides = (mode: string): string =>
  ' Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace ' +
  `either both inside the ${mode} block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).`;

const reasons: { readonly [C in Creation]: string } = {
  multi:
    ' This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified inplace. ' +
    'You should replace the inplace operation by an out-of-place one.',
  noGrad: bothSides('no_grad'),
  inference: bothSides('inference_mode'),
  function:
    ' This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would ' +
    'override the custom backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix ' +
    'this by cloning the output of the custom Function.',
};

/** PyTorch's sentences. `indirect`: another tensor was written, and this view would have to follow. */
function viewError(view: Tensor, made: Creation, indirect: boolean): AutogradError {
  const meta = view.autogradMeta as AutogradMeta | null;
  const gradFn = meta?.gradFn ?? null;
  const action = indirect ? 'its base or another view of its base has been' : 'is being';
  const multi = view.viewInfo?.multi ?? null;
  const output =
    gradFn && (multi ? `Output ${multi.outputNr} of ${multi.node}` : `Output ${meta?.outputNr} of ${gradFn.name}`);
  let what: string;
  if (made === 'noGrad' || made === 'inference' || output === null) {
    const start = output === null ? 'A view was created in' : `${output} is a view of a view which was created in`;
    what =
      made === 'inference'
        ? `${start} inference mode and ${action} modified inplace in normal mode.`
        : `${start} no_grad mode and ${action} modified inplace with grad mode enabled.`;
  } else what = `${output} is a view and ${action} modified inplace.`;
  return new AutogradError(what + reasons[made]);
}
