/**
 * Custom Functions: a forward and a backward written by hand (https://pytorch.org/docs/stable/autograd.html#function). Each call travels the road as one
 * op with a body, so that a tracer sees one node, and its forward inside of it.
 */
import {
  ArgumentError,
  AutogradError,
  belowAutograd,
  describe,
  dispatch,
  formatShape,
  isFloat,
  isTensor,
  type Operand,
  OpSpec,
  type Outputs,
  type Sig,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { rebase } from './inplace.ts';
import { AccumulateGrad, setHistory } from './meta.ts';
import { type Edge, type GradMeta, gradMetaOf, Node } from './node.ts';
import type { OwnRecord } from './record.ts';
import { zeroGrad } from './rule-node.ts';
import { SavedTensor } from './saved-tensor.ts';
import { edgesOf, gradientEdge } from './views.ts';

/** What a forward gives: a tensor or several. */
export type FunctionOutputs = Tensor | readonly Tensor[];
/** What a backward gives: one gradient per argument of forward, `null` where none flows; those at the end may be left out. */
export type FunctionGradients = Tensor | null | readonly (Tensor | null | undefined)[];

/** What `forward` and `backward` of one call share. Fields of your own: annotate `ctx: FunctionContext & { alpha?: number }`. */
export interface FunctionContext {
  /** Keeps inputs and outputs for backward; what is changed in place meanwhile is found out. */
  saveForBackward(...tensors: (Tensor | null | undefined)[]): void;
  /** What was saved, in order. A `null` that was saved stays `null`. @throws AutogradError once the graph has been freed. */
  readonly savedTensors: readonly Tensor[];
  /** Whether each argument of forward needs a gradient. */
  readonly needsInputGrad: readonly boolean[];
  /** Says that forward has changed these inputs in place. They must be among the outputs. */
  markDirty(...tensors: Tensor[]): void;
  /** Says that these outputs have no gradient. */
  markNonDifferentiable(...tensors: Tensor[]): void;
  /** Whether backward gets zeros for an output that no gradient reached (the default), or `null`. */
  setMaterializeGrads(value: boolean): void;
}

/** A class of static methods that extends {@link Function}. */
export interface FunctionClass {
  readonly name: string;
  /** With `setupContext`, forward takes no `ctx`. */
  forward(...args: never[]): FunctionOutputs;
  setupContext?(ctx: never, inputs: never, output: never): void;
  backward(ctx: never, ...grads: never[]): FunctionGradients;
  /** What stands in an ONNX file for a call: see `@tenfold/onnx-export`. */
  symbolic?(...args: never[]): unknown;
}

/** What the types of a call are read from. */
interface Forward {
  forward(...args: never[]): FunctionOutputs;
}

/** The arguments of `apply`: those of forward, without `ctx`. */
export type FunctionArgs<F extends Forward> = F extends { setupContext(...args: never[]): void }
  ? Parameters<F['forward']>
  : Parameters<F['forward']> extends readonly [unknown, ...infer A]
    ? A
    : [];

/** What `apply` gives. */
export type FunctionResult<F extends Forward> = ReturnType<F['forward']>;

/** Stands in {@link FunctionCall.args} for a tensor argument: which input of the op it is. */
export class TensorArgument {
  readonly input: number;

  constructor(input: number) {
    this.input = input;
  }

  toString(): string {
    return `input ${this.input}`;
  }
}

/** The attributes of the op that a call of a Function is: its class, and its arguments with the tensors replaced. */
export class FunctionCall {
  readonly functionClass: FunctionClass;
  readonly args: readonly unknown[];
  #context: Context | null = null;

  constructor(functionClass: FunctionClass, args: readonly unknown[]) {
    this.functionClass = functionClass;
    this.args = args;
  }

  /** A new context for one recorded run of the body. */
  begin(needsInputGrad: readonly boolean[]): Context {
    this.#context = new Context(needsInputGrad);
    return this.#context;
  }

  /** The context that was begun, or one that nobody will ask; a second run of the body (a replay) gets its own. */
  take(): Context {
    const context = this.#context ?? new Context(this.args.map(() => false));
    this.#context = null;
    return context;
  }
}

class Context implements FunctionContext {
  readonly needsInputGrad: readonly boolean[];
  #calls: {
    saved: readonly (Tensor | null)[];
    dirty: readonly Tensor[];
    nonDifferentiable: readonly Tensor[];
    materialize: boolean;
    node: FunctionNode | null;
  };

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
    this.#calls = { saved: [], dirty: [], nonDifferentiable: [], materialize: true, node: null };
  }

  saveForBackward(...tensors: (Tensor | null | undefined)[]): void {
    for (const x of tensors) {
      if (x != null && !isTensor(x)) {
        throw new ArgumentError(
          `saveForBackward can only save tensors and null, got ${describe(x)}; put other values on ctx`,
        );
      }
    }
    this.#calls.saved = tensors.map((x) => x ?? null);
  }

  get savedTensors(): readonly Tensor[] {
    const { node, saved } = this.#calls;
    // null where null was saved, as the interface says
    return (node ? node.savedTensors() : saved) as readonly Tensor[];
  }

  markDirty(...tensors: Tensor[]): void {
    this.#calls.dirty = tensors;
  }

  markNonDifferentiable(...tensors: Tensor[]): void {
    this.#calls.nonDifferentiable = tensors;
  }

  setMaterializeGrads(value: boolean): void {
    this.#calls.materialize = value;
  }

  /** What the forward has said; the tensors themselves pass to the node. */
  finish(node: FunctionNode): { saved: readonly (Tensor | null)[]; materialize: boolean } {
    const { saved, materialize } = this.#calls;
    this.#calls.node = node;
    this.#calls.saved = [];
    this.#calls.dirty = [];
    this.#calls.nonDifferentiable = [];
    return { saved, materialize };
  }

  isDirty(x: Tensor): boolean {
    return this.#calls.dirty.includes(x);
  }

  get dirty(): readonly Tensor[] {
    return this.#calls.dirty;
  }

  get nonDifferentiable(): readonly Tensor[] {
    return this.#calls.nonDifferentiable;
  }
}

/** The node of one call. */
class FunctionNode extends Node {
  readonly #call: FunctionCall;
  readonly #context: Context;
  readonly #inputs: readonly GradMeta[];
  #materialize = true;
  #saved: (SavedTensor | null)[] = [];

  constructor(call: FunctionCall, context: Context, inputs: readonly Tensor[], edges: readonly Edge[]) {
    super(`${call.functionClass.name}Backward`, edges);
    this.#call = call;
    this.#context = context;
    this.#inputs = inputs.map(gradMetaOf);
  }

  /** Takes over from the context, once the outputs have their history. */
  finish(outputs: readonly Tensor[]): void {
    const { saved, materialize } = this.#context.finish(this);
    this.#materialize = materialize;
    this.#saved = saved.map((x) => {
      if (!x) return null;
      const edge = gradientEdge(x);
      return edge[0] === this ? new SavedTensor(x, null, Math.max(outputs.indexOf(x), 0)) : new SavedTensor(x, edge);
    });
  }

  override get savedMetas(): readonly (readonly [string, GradMeta])[] {
    return this.#saved.flatMap((saved, i) => (saved ? [[`saved ${i}`, saved.meta] as const] : []));
  }

  savedTensors(): (Tensor | null)[] {
    return this.#saved.map((saved) => saved && saved.unpack(this));
  }

  override release(): void {
    // whoever wrote backward may have kept what it got
    for (const saved of this.#saved) saved?.release(false);
  }

  override apply(grads: readonly (Tensor | null)[]): readonly (Tensor | null)[] {
    const { functionClass, args } = this.#call;
    const given = grads.map((grad, k) => {
      const meta = this.outputs[k];
      return grad === null && this.#materialize && meta ? zeroGrad(meta) : grad;
    });
    const backward = functionClass.backward as (ctx: FunctionContext, ...grads: readonly (Tensor | null)[]) => unknown;
    const returned = backward.call(functionClass, this.#context, ...given);
    const results: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
    const extra = results.slice(args.length).some((x) => x != null);
    if (extra) {
      throw new AutogradError(
        `function ${this.name} returned an incorrect number of gradients (expected ${args.length}, got ${results.length})`,
      );
    }
    const inputGrads: (Tensor | null)[] = this.edges.map(() => null);
    args.forEach((arg, position) => {
      const result = results[position] ?? null;
      if (arg instanceof TensorArgument) inputGrads[arg.input] = this.checked(result, arg.input, position);
      else if (result !== null) {
        throw new AutogradError(
          `function ${this.name} returned a gradient different from null at position ${position}, but the corresponding forward input was not a tensor`,
        );
      }
    });
    return inputGrads;
  }

  private checked(result: unknown, input: number, position: number): Tensor | null {
    if (result === null) return null;
    const wrong = (expected: string, got: string): AutogradError =>
      new AutogradError(
        `function ${this.name} returned an invalid gradient for argument ${position} of ${this.#call.functionClass.name}.forward: expected ${expected}, got ${got}`,
      );
    if (!isTensor(result)) throw wrong('a tensor or null', describe(result));
    const { shape, dtype, device } = this.#inputs[input];
    if (!sameShape(result.shape, shape)) throw wrong(`shape ${formatShape(shape)}`, formatShape(result.shape));
    if (result.dtype !== dtype) throw wrong(`dtype ${dtype}`, result.dtype);
    if (result.storage.device !== device) throw wrong(`device ${device.name}`, result.device);
    return this.edges[input][0] ? result : null;
  }
}

/** The signature of the op that a Function is. */
type FunctionSig = Sig<readonly Operand[], FunctionCall, Outputs>;

const specs = new WeakMap<FunctionClass, OpSpec<FunctionSig>>();
const classes = new WeakMap<object, FunctionClass>();

/** The Function whose calls an op is, or `null` for any other op. Its attributes are a {@link FunctionCall}. */
export const functionOf = (spec: OpSpec): FunctionClass | null => classes.get(spec) ?? null;

/** The op that calls of a Function travel as. */
function specOf(functionClass: FunctionClass): OpSpec<FunctionSig> {
  const known = specs.get(functionClass);
  if (known) return known;
  const spec = new OpSpec<FunctionSig>({ name: functionClass.name, body: runForward });
  const rule: OwnRecord = { kind: 'own', record: recordFunction };
  spec.rule = rule;
  specs.set(functionClass, spec);
  classes.set(spec, functionClass);
  return spec;
}

/** The body: forward with the tensors put back among its arguments. */
function runForward(inputs: readonly Operand[], call: FunctionCall): Outputs {
  const { functionClass } = call;
  const context = call.take();
  const args = call.args.map((arg) => (arg instanceof TensorArgument ? inputs[arg.input] : arg));
  const forward = functionClass.forward as (...args: readonly unknown[]) => FunctionOutputs;
  const separate = functionClass.setupContext as
    | ((ctx: FunctionContext, inputs: readonly unknown[], output: FunctionOutputs) => void)
    | undefined;
  const result = separate ? forward.apply(functionClass, args) : forward.call(functionClass, context, ...args);
  checkOutputs(functionClass, result);
  // however it was written: what saved it before must notice
  for (const x of context.dirty) x.versionCounter.value++;
  separate?.call(functionClass, context, args, result);
  // an input that is handed back unchanged becomes a view of itself, with a history of its own
  const own = (x: Tensor): Tensor => (inputs.includes(x) && !context.isDirty(x) ? x.view(x.shape) : x);
  return isTensor(result) ? own(result) : result.map(own);
}

function checkOutputs(functionClass: FunctionClass, result: unknown): asserts result is FunctionOutputs {
  if (isTensor(result) || (Array.isArray(result) && result.every(isTensor))) return;
  throw new ArgumentError(
    `${functionClass.name}.forward must return a tensor or an array of tensors, got ${describe(result)}`,
  );
}

function recordFunction(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  // a Function's spec is only ever called with a call
  const call = attrs as FunctionCall;
  const tensors = inputs as readonly Tensor[];
  const edges = edgesOf(inputs);
  const context = call.begin(call.args.map((arg) => arg instanceof TensorArgument && edges[arg.input][0] !== null));
  const result = belowAutograd(spec, inputs, attrs);
  const outputs: readonly Tensor[] = isTensor(result) ? [result] : result;
  const node = new FunctionNode(call, context, tensors, edges);
  const { dirty, nonDifferentiable } = context;
  for (const x of dirty) {
    if (outputs.includes(x)) continue;
    throw new AutogradError(
      'Some elements marked as dirty during the forward method were not returned as output. The inputs that are modified inplace must all be outputs of the Function.',
    );
  }
  const isDifferentiable = (x: Tensor): boolean => isFloat(x.dtype) && !nonDifferentiable.includes(x);
  for (let k = 0; k < outputs.length; k++) {
    const output = outputs[k];
    if (!isDifferentiable(output)) continue;
    if (dirty.includes(output)) {
      const input = tensors.indexOf(output);
      // what was a leaf before forward ran
      if (edges[input]?.[0] instanceof AccumulateGrad)
        throw new AutogradError('a leaf Variable that requires grad has been used in an in-place operation.');
      rebase(output, node, k, input, outputs.length);
    } else {
      const meta = setHistory(output, node, k);
      if (output.viewInfo) meta.fromFunction = outputs.filter(isDifferentiable).length > 1 ? 'many' : 'one';
    }
  }
  node.finish(outputs);
  return result;
}

/** Calls a Function: `applyFunction(X, [x, 2])` is `X.apply(x, 2)`. */
export function applyFunction<F extends FunctionClass>(functionClass: F, args: FunctionArgs<F>): FunctionResult<F> {
  if (typeof functionClass?.forward !== 'function' || typeof functionClass.backward !== 'function') {
    throw new ArgumentError(`${describe(functionClass)}: a Function needs static methods forward and backward`);
  }
  const inputs: Tensor[] = [];
  const given = (args as readonly unknown[]).map((arg) => {
    if (!isTensor(arg)) return arg;
    inputs.push(arg);
    return new TensorArgument(inputs.length - 1);
  });
  return dispatch(specOf(functionClass), inputs, new FunctionCall(functionClass, given)) as FunctionResult<F>;
}

/**
 * Base of custom Functions (https://pytorch.org/docs/stable/autograd.html#function): extend it with static `forward(ctx, …)` and
 * `backward(ctx, …grads)`, and call it by `apply` or {@link asFunction}.
 *
 * @example
 * class Exp extends Function {
 *   static forward(ctx: FunctionContext, x: Tensor): Tensor {
 *     const y = x.exp();
 *     ctx.saveForBackward(y);
 *     return y;
 *   }
 *   static backward(ctx: FunctionContext, grad: Tensor): Tensor {
 *     return grad.mul(ctx.savedTensors[0]);
 *   }
 * }
 * const y = Exp.apply(x);
 */
export abstract class AutogradFunction {
  /** Runs forward, recorded as one op. Takes forward's arguments without `ctx`. */
  static apply<F extends FunctionClass>(this: F, ...args: FunctionArgs<F>): FunctionResult<F> {
    return applyFunction(this, args);
  }
}

/** A Function as a bare function: `const linear = asFunction(LinearFunction); linear(x, w)`. */
export function asFunction<F extends FunctionClass>(functionClass: F): (...args: FunctionArgs<F>) => FunctionResult<F> {
  return (...args) => applyFunction(functionClass, args);
}
