/** History of what an op writes in place: of the tensor itself, or of the base that it is a view of. */
import {
  AutogradError,
  belowAutograd,
  builtinOps,
  dispatch,
  isFloat,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  type Tensor,
  type ViewInfo,
  withoutGrad,
} from '@tenfold/tensor-core';
import { ensureMeta, setHistory } from './meta.ts';
import { type Edge, gradMetaOf, Node } from './node.ts';
import { type GradRule, RuleNode, savesOf, zeroGrad } from './rule-node.ts';
import { baseOf, checkInPlace, edgesOf, gradientEdge, viewChain } from './views.ts';

/** The tensors that an in-place op writes. */
export const targetsOf = (spec: OpSpec, inputs: readonly Operand[]): Tensor[] =>
  spec
    .writes(inputs)
    .map((i) => inputs[i])
    .filter(isTensor);

/** Runs an in-place op and gives what it wrote its history. */
export function recordInPlace(spec: OpSpec, rule: GradRule, inputs: readonly Operand[], attrs: object | null): Outputs {
  const targets = targetsOf(spec, inputs);
  for (const target of targets) checkInPlace(target);
  const edges = edgesOf(inputs);
  const saves = savesOf(rule, edges);
  const writes = spec.writes(inputs);
  const copies = new Map<number, Tensor>();
  for (const i of writes) {
    if (saves.includes(i))
      copies.set(
        i,
        withoutGrad(() => dispatch(builtinOps.clone, [inputs[i] as Tensor], null)),
      );
  }
  const node = new RuleNode(spec, rule, inputs, attrs, edges, saves, copies);
  const result: Outputs = belowAutograd(spec, inputs, attrs);
  targets.forEach((target, k) => {
    // a changed shape is the history of this tensor alone: nothing was written
    if (spec.inplace?.how === 'view') moveRetained(target, setHistory(target, node, k).retainsGrad);
    else rebase(target, node, k, writes[k], targets.length);
  });
  // a view's history goes by way of its base: this node runs inside CopySlices, and must not be reached beside it
  node.saveOutputs(targets, (target) => (target.viewInfo ? gradientEdge(target) : null));
  for (const copy of copies.values()) copy.dispose();
  return result;
}

/** `tensor` was written and is now output `outputNr` of `node`, which it enters by edge `input`. */
export function rebase(tensor: Tensor, node: Node, outputNr: number, input: number, outputs = 1): void {
  if (!isFloat(tensor.dtype)) return;
  if (!tensor.viewInfo) {
    moveRetained(tensor, setHistory(tensor, node, outputNr).retainsGrad);
    return;
  }
  if (outputs > 1) throw new AutogradError('Functions which modify views in-place must return a single Variable');
  const base = baseOf(tensor);
  node.outputs[outputNr] = gradMetaOf(tensor);
  const slices = new CopySlices(node, input, gradientEdge(base), viewChain(tensor));
  moveRetained(base, setHistory(base, slices, 0).retainsGrad);
  // the view's own history is made again from its base's when it is read: its version has moved on
  ensureMeta(tensor).requiresGrad = false;
}

/** `retainGrad` means the gradient of the tensor as it is now. */
function moveRetained(tensor: Tensor, retains: boolean): void {
  const meta = ensureMeta(tensor);
  if (!retains || !meta.gradFn) return;
  for (const [node] of meta.gradFn.edges) {
    for (const [nr, holder] of node?.retained ?? []) if (holder === tensor) node?.retained?.delete(nr);
  }
  meta.gradFn.retained ??= new Map();
  meta.gradFn.retained.set(meta.outputNr, tensor);
}

/** A base, part of which was written through a view: the part's gradient goes through the op, the rest passes by. */
export class CopySlices extends Node {
  readonly #node: Node;
  readonly #input: number;
  readonly #chain: readonly ViewInfo[];

  constructor(node: Node, input: number, base: Edge, chain: readonly ViewInfo[]) {
    super(
      'CopySlices',
      node.edges.map((edge, i) => (i === input ? base : edge)),
    );
    this.#node = node;
    this.#input = input;
    this.#chain = chain;
  }

  override apply([grad]: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    if (!grad) return this.edges.map(() => null);
    // view ops replay on memory in row-major order, whatever the base's was
    let part = grad.isContiguous() ? grad : grad.clone();
    const wholes: Tensor[] = [];
    for (const { spec, attrs } of this.#chain) {
      wholes.push(part);
      part = dispatch(spec, [part], attrs) as Tensor;
    }
    const results = this.#node.run([part.clone()]).slice();
    if (this.edges[this.#input][0]) {
      let value = results[this.#input] ?? zeroGrad(gradMetaOf(part));
      for (let i = wholes.length - 1; i >= 0; i--) {
        const { spec, attrs } = this.#chain[i];
        value = dispatch(builtinOps.viewScatter, [wholes[i], value], { view: spec, attrs });
      }
      results[this.#input] = value;
    }
    return results;
  }

  override release(): void {
    this.#node.release();
  }
}
