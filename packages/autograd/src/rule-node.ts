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
import { type Edge, type GradMeta, gradMetaOf, isExpandableTo, Node, sumTo } from './node.ts';
import { nodeName } from './node-name.ts';
import type { AnyRule, FormulaContext, Saved } from './rule.ts';
import { SavedTensor } from './saved-tensor.ts';

/** A row that computes gradients. */
export type GradRule = Extract<AnyRule, { kind: 'formula' | 'joint' }>;

/** What of an op's tensors its row needs in backward, given which inputs need a gradient. */
export function savesOf(rule: GradRule, edges: readonly Edge[]): Set<Saved> {
  if (rule.kind === 'joint') return new Set(rule.saves);
  return new Set(rule.wrt.flatMap((row, i) => (row && edges[i]?.[0] ? row.saves : [])));
}

export class RuleNode extends Node {
  readonly spec: OpSpec;
  readonly attrs: object | null;
  /** Shape, dtype and device of each input; numbers and absent inputs as they are. */
  readonly inputs: readonly (GradMeta | number | null)[];
  readonly #rule: GradRule;
  readonly #saves: ReadonlySet<Saved>;
  readonly #saved = new Map<Saved, SavedTensor>();
  /** Saved tensors that are themselves gradients of an input. */
  readonly #handedOut = new Set<SavedTensor>();
  /** What hooks unpacked for the run in progress, so that each is asked once. */
  readonly #unpacked = new Map<Saved, Tensor>();

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
    saves: ReadonlySet<Saved> = savesOf(rule, edges),
    copies?: ReadonlyMap<number, Tensor>,
  ) {
    super(nodeName(spec, inputs, attrs), edges);
    this.spec = spec;
    this.attrs = attrs;
    this.inputs = inputs.map((x) => (isTensor(x) ? gradMetaOf(x) : x));
    this.#rule = rule;
    this.#saves = saves;
    // by operand, as PyTorch's hooks see them
    for (let i = 0; i < inputs.length; i++) {
      if (!saves.has(i)) continue;
      const x = copies?.get(i) ?? inputs[i];
      if (isTensor(x)) this.#saved.set(i, new SavedTensor(x, edges[i]));
    }
  }

  /** `edgeOf` says where the gradient of an output goes, if not into this node. */
  saveOutputs(outputs: readonly Tensor[], edgeOf: (output: Tensor) => Edge | null = () => null): void {
    for (const key of this.#saves) {
      if (typeof key !== 'string') continue;
      const k = key === 'out' ? 0 : Number(key.slice('out'.length));
      this.#saved.set(key, new SavedTensor(outputs[k], edgeOf(outputs[k]), k));
    }
  }

  /** What was saved under `key`; reading anything else is a mistake of the row. */
  saved(key: Saved): Tensor {
    const known = this.#unpacked.get(key);
    if (known) return known;
    const saved = this.#saved.get(key);
    if (saved) {
      const tensor = saved.unpack(this);
      if (!saved.isStable) this.#unpacked.set(key, tensor);
      return tensor;
    }
    throw new AutogradError(
      `${this.name}: the rule of '${this.spec.name}' reads ${key}, which is not a tensor in its saves`,
    );
  }

  /** The tensors it holds, by the names of {@link Saved}. */
  override get savedMetas(): readonly (readonly [string, GradMeta])[] {
    return [...this.#saved].map(([key, saved]) => [typeof key === 'number' ? `input ${key}` : key, saved.meta]);
  }

  override apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    if (grads.every((grad) => grad === null)) return this.edges.map(() => null);
    this.endRun([]);
    const rule = this.#rule;
    const context = new RuleContext(this, grads);
    if (rule.kind === 'joint') {
      const results = rule.grads(context);
      return this.edges.map(([node], i) => (node ? this.#conform(results[i] ?? null, i) : null));
    }
    return this.edges.map(([node], i) => {
      if (!node) return null;
      const row = rule.wrt[i];
      if (row === undefined)
        throw new AutogradError(`derivative of '${this.spec.name}' with respect to argument ${i} is not implemented`);
      return row && this.#conform(row.grad(context), i);
    });
  }

  /** A gradient in the shape and dtype of its input. */
  #conform(grad: Tensor | null, i: number): Tensor | null {
    const wanted = this.inputs[i];
    if (grad === null || wanted === null || typeof wanted === 'number') return null;
    if (!isExpandableTo(wanted.shape, grad.shape)) {
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
    for (const saved of this.#saved.values()) if (saved.isUnpackedAs(grad)) this.#handedOut.add(saved);
    return castTo(sameShape(grad.shape, wanted.shape) ? grad : sumTo(grad, wanted.shape), wanted);
  }

  /** Whether hooks hold what it has saved. */
  get isPacked(): boolean {
    for (const saved of this.#saved.values()) if (!saved.isStable) return true;
    return false;
  }

  /** The memory that saved tensors share with others. */
  savedStorages(): Set<Storage> {
    const storages = [...this.#saved.values()].map((saved) => saved.storage).filter((storage) => storage !== null);
    return new Set([...storages, ...[...this.#unpacked.values()].map(({ storage }) => storage)]);
  }

  override endRun(results: readonly (Tensor | null)[]): void {
    for (const tensor of this.#unpacked.values()) if (!results.includes(tensor)) tensor.dispose();
    this.#unpacked.clear();
  }

  override release(): void {
    for (const saved of this.#saved.values()) saved.release(!this.#handedOut.has(saved));
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
    return this.#meta(i)?.shape ?? [];
  }

  dtype(i: number): DType {
    const meta = this.#meta(i);
    if (!meta)
      throw new AutogradError(
        `the rule of '${this.#node.spec.name}' asks for the dtype of input ${i}, which is not a tensor`,
      );
    return meta.dtype;
  }

  needs(i: number): boolean {
    return this.#node.edges[i]?.[0] != null;
  }

  #meta(i: number): GradMeta | null {
    const x = this.#node.inputs[i];
    return typeof x === 'object' ? x : null;
  }
}
