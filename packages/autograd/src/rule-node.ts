/** The node of an op that has a derivative row: saves what the row asks for, and evaluates its formulas. */
import {
  AutogradError,
  builtinOps,
  type DType,
  dispatch,
  formatShape,
  isTensor,
  type Operand,
  type OpSpec,
  type Shape,
  type Storage,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { type Edge, type GradMeta, isExpandableTo, Node, sumTo } from './node.ts';
import { nodeName } from './node-name.ts';
import type { AnyRule, FormulaContext, Saved } from './rule.ts';
import { SavedTensor } from './saved-tensor.ts';

/** What a node knows of an input without saving it. */
interface InputMeta extends GradMeta {
  readonly strides: readonly number[];
}

const inputMetaOf = ({ shape, strides, dtype, storage }: Tensor): InputMeta => ({
  shape,
  strides,
  dtype,
  device: storage.device,
});

/** A row that computes gradients. */
export type GradRule = Extract<AnyRule, { kind: 'formula' | 'joint' }>;

const nothing: readonly Saved[] = [];

/** What of an op's tensors its row needs in backward, given which inputs need a gradient. */
export function savesOf(rule: GradRule, edges: readonly Edge[]): readonly Saved[] {
  if (rule.kind === 'joint') return rule.saves;
  let saves = nothing;
  for (let i = 0; i < rule.wrt.length; i++) {
    const row = rule.wrt[i];
    if (row === null || i >= edges.length || edges[i][0] === null || row.saves.length === 0) continue;
    saves = saves.length === 0 ? row.saves : [...new Set([...saves, ...row.saves])];
  }
  return saves;
}

export class RuleNode extends Node {
  declare readonly spec: OpSpec;
  declare readonly attrs: object | null;
  /** Shape, strides, dtype and device of each input; numbers and absent inputs as they are. */
  declare readonly inputs: readonly (InputMeta | number | null)[];
  declare private readonly rule: GradRule;
  declare private readonly saves: readonly Saved[];
  /** What has been saved so far, and under which keys: there are never many. */
  declare private readonly keys: Saved[];
  declare private readonly tensors: SavedTensor[];
  /** Saved tensors that are themselves gradients of an input. */
  declare private handedOut: Set<SavedTensor> | null;
  /** What hooks unpacked for the run in progress, so that each is asked once. */
  declare private unpacked: Map<Saved, Tensor> | null;

  /**
   * `copies` are inputs as they were before an in-place op, to be saved in place of what it has written.
   * The outputs are saved by {@link saveOutputs} once they are there.
   */
  constructor(
    spec: OpSpec,
    rule: GradRule,
    inputs: readonly Operand[],
    attrs: object | null,
    edges: readonly Edge[],
    saves: readonly Saved[] = savesOf(rule, edges),
    copies?: ReadonlyMap<number, Tensor>,
  ) {
    super(nodeName(spec, inputs, attrs), edges);
    this.spec = spec;
    this.attrs = attrs;
    const metas = new Array<InputMeta | number | null>(inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i];
      metas[i] = isTensor(x) ? inputMetaOf(x) : x;
    }
    this.inputs = metas;
    this.rule = rule;
    this.saves = saves;
    this.keys = [];
    this.tensors = [];
    this.handedOut = null;
    this.unpacked = null;
    if (saves.length === 0) return;
    // by operand, as PyTorch's hooks see them
    for (let i = 0; i < inputs.length; i++) {
      if (!saves.includes(i)) continue;
      const x = copies?.get(i) ?? inputs[i];
      if (isTensor(x)) this.save(i, new SavedTensor(x, edges[i]));
    }
  }

  private save(key: Saved, tensor: SavedTensor): void {
    this.keys.push(key);
    this.tensors.push(tensor);
  }

  /** Whether it wants outputs by {@link saveOutputs}. */
  get savesOutputs(): boolean {
    return this.saves.length > this.keys.length;
  }

  /** `edgeOf` says where the gradient of an output goes, if not into this node. */
  saveOutputs(outputs: readonly Tensor[], edgeOf: (output: Tensor) => Edge | null = () => null): void {
    for (const key of this.saves) {
      if (typeof key !== 'string') continue;
      const k = key === 'out' ? 0 : Number(key.slice('out'.length));
      this.save(key, new SavedTensor(outputs[k], edgeOf(outputs[k]), k));
    }
  }

  /** What was saved under `key`; reading anything else is a mistake of the row. */
  saved(key: Saved): Tensor {
    const known = this.unpacked?.get(key);
    if (known) return known;
    const saved = this.tensors[this.keys.indexOf(key)];
    if (saved) {
      const tensor = saved.unpack(this);
      if (!saved.isStable) {
        this.unpacked ??= new Map();
        this.unpacked.set(key, tensor);
      }
      return tensor;
    }
    throw new AutogradError(
      `${this.name}: the rule of '${this.spec.name}' reads ${key}, which is not a tensor in its saves`,
    );
  }

  /** The tensors it holds, by the names of {@link Saved}. */
  override get savedMetas(): readonly (readonly [string, GradMeta])[] {
    return this.keys.map((key, i) => [typeof key === 'number' ? `input ${key}` : key, this.tensors[i].meta]);
  }

  override apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    const { edges, rule } = this;
    const results = new Array<Tensor | null>(edges.length).fill(null);
    if (grads.every((grad) => grad === null)) return results;
    this.endRun(results);
    const context = new RuleContext(this, grads);
    if (rule.kind === 'joint') {
      const given = rule.grads(context);
      for (let i = 0; i < edges.length; i++) if (edges[i][0]) results[i] = this.conformed(given[i] ?? null, i);
      return results;
    }
    for (let i = 0; i < edges.length; i++) {
      if (!edges[i][0]) continue;
      const row = rule.wrt[i];
      if (row === undefined)
        throw new AutogradError(`derivative of '${this.spec.name}' with respect to argument ${i} is not implemented`);
      results[i] = row && this.conformed(row.grad(context), i);
    }
    return results;
  }

  /** A gradient in the shape and dtype of its input. */
  private conformed(grad: Tensor | null, i: number): Tensor | null {
    const wanted = this.inputs[i];
    if (grad === null || wanted === null || typeof wanted === 'number') return null;
    const fits = sameShape(grad.shape, wanted.shape);
    if (!fits && !isExpandableTo(wanted.shape, grad.shape)) {
      throw new AutogradError(
        `Function ${this.name} returned an invalid gradient at index ${i} - got ${formatShape(grad.shape)} ` +
          `but expected shape compatible with ${formatShape(wanted.shape)}`,
      );
    }
    if (grad.storage.device !== wanted.device) {
      throw new AutogradError(
        `Function ${this.name} returned an invalid gradient at index ${i} - expected device ${wanted.device.name} but got ${grad.device}`,
      );
    }
    for (const saved of this.tensors) {
      if (!saved.isUnpackedAs(grad)) continue;
      this.handedOut ??= new Set();
      this.handedOut.add(saved);
    }
    return castTo(fits ? grad : sumTo(grad, wanted.shape), wanted);
  }

  /** Whether it shows a part of its input, see {@link Wrt.window}. */
  get isWindow(): boolean {
    return this.rule.kind === 'formula' && this.rule.wrt[0]?.window === true;
  }

  /** Whether hooks hold what it has saved. */
  get isPacked(): boolean {
    for (const saved of this.tensors) if (!saved.isStable) return true;
    return false;
  }

  /** Whether a saved tensor shows this memory. */
  hasSaved(storage: Storage): boolean {
    for (const saved of this.tensors) if (saved.storage === storage) return true;
    if (this.unpacked !== null)
      for (const tensor of this.unpacked.values()) if (tensor.storage === storage) return true;
    return false;
  }

  override endRun(results: readonly (Tensor | null)[]): void {
    if (this.unpacked === null) return;
    for (const tensor of this.unpacked.values()) if (!results.includes(tensor)) tensor.dispose();
    this.unpacked = null;
  }

  override release(): void {
    for (const saved of this.tensors) saved.release(!this.handedOut?.has(saved));
  }
}

/** `grad` in another dtype. */
export function castTo(grad: Tensor, { dtype, device }: GradMeta): Tensor {
  return grad.dtype === dtype ? grad : dispatch(builtinOps.toCopy, [grad], { dtype, device: device.name });
}

/** A gradient of zeros. */
export function zeroGrad({ shape, dtype, device }: GradMeta): Tensor {
  return dispatch(builtinOps.full, [], { shape, dtype, device: device.name, value: 0 });
}

/** What formulas see of a node. */
class RuleContext implements FormulaContext<never> {
  readonly #node: RuleNode;
  readonly grads: readonly (Tensor | null)[];

  constructor(node: RuleNode, grads: readonly (Tensor | null)[]) {
    this.#node = node;
    this.grads = grads;
  }

  get grad(): Tensor {
    return this.grads[0] ?? zeroGrad(this.#node.outputs[0] as GradMeta);
  }

  get attrs(): never {
    return this.#node.attrs as never;
  }

  input<I extends number>(i: I): never {
    const x = this.#node.inputs[i];
    return (x === null || typeof x === 'number' ? x : this.#node.saved(i)) as never;
  }

  tensor(i: number): Tensor {
    return this.#node.saved(i);
  }

  output(k = 0): Tensor {
    return this.#node.saved(k === 0 ? 'out' : (`out${k}` as Saved));
  }

  shape(i: number): Shape {
    return metaOf(this.#node, i)?.shape ?? [];
  }

  strides(i: number): readonly number[] {
    return metaOf(this.#node, i)?.strides ?? [];
  }

  dtype(i: number): DType {
    const meta = metaOf(this.#node, i);
    if (!meta)
      throw new AutogradError(
        `the rule of '${this.#node.spec.name}' asks for the dtype of input ${i}, which is not a tensor`,
      );
    return meta.dtype;
  }

  needs(i: number): boolean {
    return this.#node.edges[i]?.[0] != null;
  }
}

function metaOf(node: RuleNode, i: number): InputMeta | null {
  const x = node.inputs[i];
  return typeof x === 'object' ? x : null;
}
