/**
 * Forward mode: the tangent of an op's outputs from the tangents of its inputs. It comes from the same derivative row as backward, so that both are one
 * derivative:
 *
 * - pointwise ops: the Jacobian is diagonal, so a row's formula with the tangent in the place of the gradient is the product with it;
 * - linear ops: the op itself, applied to tangents;
 * - products: the product rule;
 * - every other op: its vector-Jacobian product u ↦ Jᵀu is linear, and its own transpose is J: J t = d/du ⟨Jᵀu, t⟩.
 */
import {
  type AsStridedAttrs,
  AutogradError,
  type BuiltinOps,
  builtinOps,
  type DType,
  dispatch,
  type GraphNode,
  gradMode,
  interpreters,
  isFloat,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  type Shape,
  sameShape,
  type Tensor,
  zerosLike,
} from '@tenfold/tensor-core';
import { grad } from '../backward.ts';
import { functionOf } from '../function.ts';
import { enableGrad } from '../grad-mode.ts';
import { sumTo } from '../node.ts';
import type { AnyRule, FormulaContext } from '../rule.ts';
import type { GradRule } from '../rule-node.ts';
import { notImplementedMessage } from '../views.ts';
import './batch-rows.ts';
import { batchRowOf } from './batching.ts';
import { type Apply, inModeOf, runBodyOf } from './interpret.ts';

/** A value with its tangent; `null` is zero. */
export interface Dual {
  readonly tensor: Tensor;
  readonly tangent: Tensor | null;
}

/** Which inputs an op is linear in: `linear` in all of them together, `product` in each for itself. */
interface Linearity {
  readonly kind: 'linear' | 'product';
  readonly inputs: readonly number[] | 'all';
}

const linear = (...inputs: number[]): Linearity => ({ kind: 'linear', inputs });
const product = (...inputs: number[]): Linearity => ({ kind: 'product', inputs });

/**
 * Ops with a shorter way than the default, which is right for every op. View ops are linear anyway. Ops that set elements at indices are not here: where
 * an index stands twice, their backward gives each source its gradient.
 */
const linearities: { readonly [K in keyof BuiltinOps]?: Linearity } = {
  toCopy: linear(0),
  clone: linear(0),
  copy: linear(0, 1),
  viewScatter: linear(0, 1),
  flip: linear(0),
  tril: linear(0),
  triu: linear(0),
  cat: { kind: 'linear', inputs: 'all' },
  stack: { kind: 'linear', inputs: 'all' },
  sum: linear(0),
  mean: linear(0),
  cumsum: linear(0),
  trace: linear(0),
  gather: linear(0),
  indexSelect: linear(0),
  scatterAdd: linear(0, 2),
  indexAdd: linear(0, 2),
  matmul: product(0, 1),
  mm: product(0, 1),
  bmm: product(0, 1),
  mv: product(0, 1),
  dot: product(0, 1),
  contract: product(0, 1),
};

const linearityOf = new Map<OpSpec, Linearity>(
  Object.entries(linearities).map(([name, row]) => [builtinOps[name as keyof BuiltinOps] as OpSpec, row]),
);

/** What formulas see: inputs and outputs as they are, and something in the place of the gradient. */
class ForwardContext implements FormulaContext<never> {
  readonly #inputs: readonly Operand[];
  readonly #outputs: readonly Tensor[];
  readonly #needs: (i: number) => boolean;
  readonly grads: readonly (Tensor | null)[];
  readonly attrs: never;

  constructor(call: Call, grads: readonly (Tensor | null)[], needs: (i: number) => boolean) {
    this.#inputs = call.inputs;
    this.#outputs = call.outputs;
    this.#needs = needs;
    this.grads = grads;
    this.attrs = placed(call.node, call.inputs) as never;
  }

  get grad(): Tensor {
    return this.grads[0] ?? zerosLike(this.#outputs[0]);
  }

  input<I extends number>(i: I): never {
    return this.#inputs[i] as never;
  }

  tensor(i: number): Tensor {
    return this.#inputs[i] as Tensor;
  }

  output(k = 0): Tensor {
    return this.#outputs[k];
  }

  shape(i: number): Shape {
    const x = this.#inputs[i];
    return isTensor(x) ? x.shape : [];
  }

  strides(i: number): readonly number[] {
    const x = this.#inputs[i];
    return isTensor(x) ? x.strides : [];
  }

  dtype(i: number): DType {
    return (this.#inputs[i] as Tensor).dtype;
  }

  needs(i: number): boolean {
    return this.#needs(i);
  }
}

/** One op with its primal inputs and outputs, and the tangents of its inputs. */
interface Call {
  readonly node: GraphNode;
  readonly inputs: readonly Operand[];
  readonly tangents: readonly (Tensor | null)[];
  readonly outputs: readonly Tensor[];
}

const listOf = (results: Outputs): readonly Tensor[] => (isTensor(results) ? [results] : results);
const isDual = (x: Dual | number | null): x is Dual => typeof x === 'object' && x !== null;

/** The interpreter of graphs for pairs of value and tangent. */
export const propagate: Apply<Dual> = (node, duals, env) => {
  const inputs = duals.map((x) => (isDual(x) ? x.tensor : x));
  const tangents = duals.map((x) => (isDual(x) ? x.tangent : null));
  const run = (): readonly Tensor[] =>
    inModeOf(node, () => listOf(dispatch(node.spec, safe(node, inputs), node.attrs)));
  const rule = node.spec.rule as AnyRule | { readonly kind: 'own' } | null;
  const still = tangents.every((t) => t === null) || node.outputs.every(({ dtype }) => !isFloat(dtype));
  if (still || rule?.kind === 'noGradient') return run().map((tensor) => ({ tensor, tangent: null }));
  if (rule?.kind === 'viaBody' && node.body) return runBodyOf(node.body, env, propagate);
  const call: Call = { node, inputs, tangents, outputs: run() };
  const results = tangentsOf(call, rule);
  return call.outputs.map((tensor, k) => ({ tensor, tangent: isFloat(tensor.dtype) ? results[k] : null }));
};

/** The attributes of a window onto memory, counted from where the input lies in this run. */
function placed({ spec, attrs }: GraphNode, [x]: readonly Operand[]): object | null {
  if (spec !== (builtinOps.asStrided as object) || !isTensor(x)) return attrs;
  const { offset, from, ...rest } = attrs as AsStridedAttrs;
  const start = offset === null ? null : offset - from.offset + x.offset;
  return { ...rest, offset: start, from: { strides: x.strides, offset: x.offset } };
}

/** A Function may write to its arguments, and the values of a graph stay as they are. */
export const safe = (node: GraphNode, inputs: readonly Operand[]): readonly Operand[] =>
  functionOf(node.spec) ? inputs.map((x) => (isTensor(x) ? x.clone() : x)) : inputs;

function tangentsOf(call: Call, rule: AnyRule | { readonly kind: 'own' } | null): readonly (Tensor | null)[] {
  const { spec } = call.node;
  if (rule?.kind === 'own') return throughBackward(call);
  if (rule?.kind !== 'formula' && rule?.kind !== 'joint')
    throw new AutogradError(notImplementedMessage(spec.name, rule as AnyRule | null));
  const linearity =
    linearityOf.get(spec) ?? (spec.view && spec !== (builtinOps.asStrided as object) ? linear(0) : null);
  if (linearity) return linearTangents(call, linearity);
  return batchRowOf(spec).kind === 'pointwise' ? [pointwiseTangent(call, rule)] : transposed(call, rule);
}

const sum = (terms: readonly (Tensor | null)[]): Tensor | null =>
  terms.reduce((total, term) => (total && term ? total.add(term) : (total ?? term)), null);

function linearTangents(
  { node, inputs, tangents }: Call,
  { kind, inputs: positions }: Linearity,
): readonly (Tensor | null)[] {
  // a tangent lies in memory as it likes
  if (node.spec === (builtinOps.view as object)) return [tangents[0]?.reshape(node.outputs[0].shape) ?? null];
  const chosen = positions === 'all' ? inputs.map((_, i) => i) : positions;
  const apply = (given: readonly Operand[]): readonly Tensor[] => listOf(dispatch(node.spec, given, node.attrs));
  if (kind === 'linear') {
    return apply(
      inputs.map((x, i) => {
        if (!chosen.includes(i) || x === null) return x;
        return tangents[i] ?? (isTensor(x) ? zerosLike(x) : 0);
      }),
    );
  }
  const terms = chosen.flatMap((i) => (tangents[i] ? apply(inputs.map((x, j) => (j === i ? tangents[i] : x))) : []));
  return [sum(terms)];
}

/** Σᵢ Jᵢ tᵢ with diagonal Jᵢ. */
function pointwiseTangent(call: Call, rule: GradRule): Tensor | null {
  const [out] = call.outputs;
  const terms = call.tangents.map((tangent, i) => {
    if (!tangent) return null;
    const grad = (tangent.dtype === out.dtype ? tangent : tangent.to(out.dtype)).expand(out.shape);
    return gradient(call.node.spec.name, rule, new ForwardContext(call, [grad], (j) => j === i), i);
  });
  const total = sum(terms);
  return total && inShapeOf(total, out);
}

function gradient(op: string, rule: GradRule, context: ForwardContext, i: number): Tensor | null {
  if (rule.kind === 'joint') return rule.grads(context)[i] ?? null;
  const row = rule.wrt[i];
  if (row === undefined)
    throw new AutogradError(`derivative of '${op}' with respect to argument ${i} is not implemented`);
  return row && row.grad(context);
}

function inShapeOf(x: Tensor, { shape, dtype }: Tensor): Tensor {
  const cast = x.dtype === dtype ? x : x.to(dtype);
  return sameShape(cast.shape, shape) ? cast : cast.expand(shape);
}

/** Whether the result is to be recorded itself. */
const recorded = ({ inputs, tangents }: Call): boolean =>
  gradMode.enabled && [...inputs, ...tangents].some((x) => isTensor(x) && x.requiresGrad);

const cotangents = (outputs: readonly Tensor[], value: 0 | 1): (Tensor | null)[] =>
  outputs.map((out) => (isFloat(out.dtype) ? out.newFull(out.shape, value).requiresGrad_() : null));

/** d/du Σᵢ ⟨(Jᵀu)ᵢ, tᵢ⟩, the transpose of a linear function of u. */
function transposeOf(
  products: readonly (Tensor | null)[],
  us: readonly (Tensor | null)[],
  { tangents }: Call,
  createGraph: boolean,
): readonly (Tensor | null)[] {
  const used = products.flatMap((p, i) => (p?.requiresGrad && tangents[i] ? [{ p, t: tangents[i] }] : []));
  if (used.length === 0) return us.map(() => null);
  const wanted = us.filter((u) => u !== null);
  const results = grad(
    used.map(({ p }) => p),
    wanted,
    { gradOutputs: used.map(({ t }) => t), createGraph, retainGraph: createGraph, allowUnused: true },
  );
  return us.map((u) => (u === null ? null : results[wanted.indexOf(u)]));
}

function transposed(call: Call, rule: GradRule): readonly (Tensor | null)[] {
  const createGraph = recorded(call);
  return enableGrad(() => {
    const us = cotangents(call.outputs, 0);
    const needs = (i: number): boolean => call.tangents[i] != null;
    const context = new ForwardContext(call, us, needs);
    const all = rule.kind === 'joint' ? rule.grads(context) : null;
    const products = call.inputs.map((x, i) => {
      if (!needs(i) || !isTensor(x)) return null;
      const p = all ? (all[i] ?? null) : gradient(call.node.spec.name, rule, context, i);
      return p && (p.dtype === x.dtype ? sumTo(p, x.shape) : sumTo(p, x.shape).to(x.dtype));
    });
    return transposeOf(products, us, call, createGraph);
  });
}

/** A custom Function: its backward is the derivative, whatever its forward does. */
function throughBackward(call: Call): readonly (Tensor | null)[] {
  const { node, inputs, tangents } = call;
  const createGraph = recorded(call);
  return enableGrad(() => {
    const leaves = inputs.map((x, i) => (isTensor(x) && tangents[i] ? leafOf(x) : null));
    const given = safe(
      node,
      inputs.map((x, i) => leaves[i] ?? x),
    );
    const outputs = listOf(dispatch(node.spec, given, node.attrs));
    const us = cotangents(outputs, 1).map((u, k) => (outputs[k].requiresGrad ? u : null));
    const flowing = outputs.filter((_, k) => us[k] !== null);
    const wanted = leaves.filter((x) => x !== null);
    if (flowing.length === 0) return us.map(() => null);
    const found = grad(flowing, wanted, {
      gradOutputs: us.filter((u) => u !== null),
      createGraph: true,
      allowUnused: true,
    });
    const products = leaves.map((leaf) => leaf && found[wanted.indexOf(leaf)]);
    for (const p of products) if (p && !p.requiresGrad) checkZero(node, p);
    return transposeOf(products, us, call, createGraph);
  });
}

/** `x` as something to differentiate with respect to, that hands gradients on to `x`. */
export function leafOf(x: Tensor): Tensor {
  const leaf = x.view(x.shape);
  return leaf.requiresGrad ? leaf : leaf.requiresGrad_();
}

/** A gradient that was not computed from the gradient it was given is zero, or its backward can't be differentiated. */
function checkZero({ spec }: GraphNode, p: Tensor): void {
  if (interpreters.length > 0 || !p.storage.device.runtime.downloadSync) return;
  if (Array.from(p.toTypedArraySync(), Number).every((x) => x === 0)) return;
  throw new AutogradError(
    `jvp: the backward of ${spec.name} is not differentiable, so it can't be transposed; use differentiable ops on the gradients it is given`,
  );
}
