/** Builders of the two kinds of op that are most of the table: pointwise ops and reductions, each from one scalar expression. */
import type { ReduceKind, TensorView } from '../backend.ts';
import { type DType, dtypes, getDefaultDType, isFloat, type PromotionOperand, resultType } from '../dtype.ts';
import { ArgumentError, DTypeError, describe, ShapeError } from '../errors.ts';
import { cast, type Expr, input, Program, param } from '../expr.ts';
import { broadcastShapes, broadcastStrides, formatShape, type Shape, sameShape } from '../shape.ts';
import { type AnySig, type Operand, OpSpec, type Sig, type TensorMeta } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';

/**
 * In which dtype a pointwise op computes and what it gives.
 * - `common`: the promoted dtype of all inputs, for both.
 * - `number`: as `common`, but refuses bool.
 * - `float`: as `common`, but integers and bool become the default float dtype.
 * - `integer`: as `common`, but refuses floats.
 * - `compare`: computes in the promoted dtype, gives bool.
 * - `logical`: computes in bool, gives bool.
 * - `select`: the first input is a bool condition, the rest as `common`.
 * - `mask`: the first input decides the dtype, the second is a bool mask, the rest are cast to the first's dtype.
 */
export type Promotion = 'common' | 'number' | 'float' | 'integer' | 'compare' | 'logical' | 'select' | 'mask';

/** What a pointwise op computes per element. `x` are the inputs, already of the compute dtype; `p` its scalar parameters; `given` the operands themselves. */
export type Formula<A> = (x: Expr[], p: Expr[], attrs: A, given: readonly Operand[]) => Expr;

/** A pointwise row. */
export interface PointwiseInit<S extends AnySig> {
  /** May depend on the attributes, as true and rounded division do. */
  readonly promote: Promotion | ((attrs: S['attrs']) => Promotion);
  readonly formula: Formula<S['attrs']>;
  /** Values of the scalar parameters of a call; they may change from call to call without compiling anything. */
  params?(attrs: S['attrs']): readonly number[];
  /** Names the form of the formula where attributes or numbers among the inputs change it, for the program cache: `'floor'`, `'min only'`. */
  variant?(attrs: S['attrs'], inputs: S['inputs']): string;
  /** Further checks of the compute dtype and attributes. */
  check?(dtype: DType, attrs: S['attrs'], inputs: S['inputs']): void;
  /** Whether half precision computes in float32, parameters too, and is rounded once. */
  readonly wide?: boolean;
  /** Whether inputs may be `null`; the formula's array has a hole there. */
  readonly optional?: boolean;
  /** Whether it has an in-place twin. Default true. */
  readonly inplace?: boolean;
}

const isNumberOrTensor = (x: unknown): x is Tensor | number => typeof x === 'number' || isTensor(x);

/** The dtype in which the op computes. */
function computeDType(name: string, promote: Promotion, inputs: readonly Operand[]): DType {
  const operands = inputs.filter((x) => x !== null) as PromotionOperand[];
  switch (promote) {
    case 'logical':
      return 'bool';
    case 'select':
      return resultType(operands.slice(1));
    case 'mask':
      return (inputs[0] as Tensor).dtype;
  }
  const dtype = resultType(operands);
  if (promote === 'float') return isFloat(dtype) ? dtype : getDefaultDType();
  if (promote === 'number' && dtype === 'bool')
    throw new DTypeError(`${name}: not supported for bool tensors; cast with x.to('int64') first`);
  if (promote === 'integer' && isFloat(dtype))
    throw new DTypeError(`"${name}" not implemented for ${dtype}; it takes integers and bool`);
  return dtype;
}

const givesBool = (promote: Promotion): boolean => promote === 'compare' || promote === 'logical';

/** The dtype in which input `i` enters the formula. */
function inputDType(promote: Promotion, i: number, compute: DType): DType {
  return (promote === 'select' && i === 0) || (promote === 'mask' && i === 1) ? 'bool' : compute;
}

function checkOperands(name: string, inputs: readonly unknown[], optional: boolean): void {
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (!isNumberOrTensor(x) && !(optional && x === null))
      throw new ArgumentError(`${name}: argument ${i} must be a tensor or a number, got ${describe(x)}`);
  }
}

/** What the dtypes of a call decide, found again by one small integer. */
interface Plan {
  readonly promote: Promotion;
  readonly compute: DType;
  /** The dtype of the result. */
  readonly result: DType;
  /** The program by the dtype it writes: in-place forms may write another one than `result`. */
  readonly programs: (Program | undefined)[];
  /** Whether all operands are tensors, and there are no parameters: then the inputs may go to the kernel as they are. */
  readonly plain: boolean;
  /** How many of the operands are tensors. */
  readonly tensors: number;
}

/** What `infer` of a pointwise op gives: the kernel goes on with the plan. */
interface PointwiseMeta extends TensorMeta {
  readonly plan: Plan;
}

const codes = { integer: 10, fraction: 11, absent: 12 } as const;

/** 5 bits an operand: its dtype, or what it is else; and whether it is a tensor without dims, which counts less in promotion. */
function operandCode(x: Tensor | number | null): number {
  if (x === null) return codes.absent;
  if (typeof x === 'number') return Number.isInteger(x) ? codes.integer : codes.fraction;
  return dtypes[x.dtype].code + (x.shape.length === 0 ? 16 : 0);
}

/** The shape that tensors broadcast to; numbers have none. */
function commonShape(name: string, inputs: readonly Operand[]): Shape {
  let common: Shape | null = null;
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (x === null || typeof x === 'number') continue;
    if (common !== null && !sameShape(common, x.shape)) {
      const shapes = new Array<Shape>(inputs.length);
      for (let k = 0; k < inputs.length; k++) {
        const y = inputs[k];
        shapes[k] = isTensor(y) ? y.shape : [];
      }
      return broadcastShapes(shapes, name);
    }
    common = x.shape;
  }
  return common ?? [];
}

/** A pointwise op: inputs broadcast, one expression per element. */
export function pointwise<S extends AnySig>(name: string, init: PointwiseInit<S>): OpSpec<S> {
  const { formula, optional = false } = init;
  const promotion = typeof init.promote === 'function' ? init.promote : () => init.promote as Promotion;
  const plain = new Map<number, Plan>();
  const variants = new Map<string, Map<Promotion, Map<number, Plan>>>();

  const plansOf = (inputs: S['inputs'], attrs: S['attrs']): Map<number, Plan> => {
    const form = init.variant ? init.variant(attrs, inputs) : '';
    if (form === '' && typeof init.promote !== 'function') return plain;
    let byPromotion = variants.get(form);
    if (!byPromotion) variants.set(form, (byPromotion = new Map()));
    const promote = promotion(attrs);
    let plans = byPromotion.get(promote);
    if (!plans) byPromotion.set(promote, (plans = new Map()));
    return plans;
  };

  const planFor = (inputs: S['inputs'], attrs: S['attrs']): Plan => {
    const plans = plansOf(inputs, attrs);
    let key = dtypes[getDefaultDType()].code;
    for (let i = 0; i < inputs.length; i++) key = key * 32 + operandCode(inputs[i]);
    const known = plans.get(key);
    if (known) return known;
    const promote = promotion(attrs);
    const compute = computeDType(name, promote, inputs);
    const plan = {
      promote,
      compute,
      result: givesBool(promote) ? ('bool' as const) : compute,
      programs: [],
      plain: inputs.every(isTensor) && (init.params?.(attrs) ?? none).length === 0,
      tensors: inputs.filter(isTensor).length,
    };
    plans.set(key, plan);
    return plan;
  };

  const programFor = ({ promote, compute }: Plan, inputs: S['inputs'], attrs: S['attrs'], out: DType): Program => {
    const tensors: DType[] = [];
    const params: DType[] = [];
    const args: Expr[] = [];
    const inner = init.wide && (compute === 'float16' || compute === 'bfloat16') ? 'float32' : compute;
    inputs.forEach((x, i) => {
      if (x === null) return;
      const wanted = inputDType(promote, i, inner);
      args[i] = isTensor(x)
        ? cast(input(tensors.push(x.dtype) - 1, x.dtype), wanted)
        : param(params.push(wanted) - 1, wanted);
    });
    const own = (init.params?.(attrs) ?? []).map(() => param(params.push(inner) - 1, inner));
    return new Program([cast(formula(args, own, attrs, inputs), out)], tensors, params);
  };

  return new OpSpec<S>({
    name,
    infer(inputs, attrs) {
      checkOperands(name, inputs, optional);
      const plan = planFor(inputs, attrs);
      const { promote, compute, result } = plan;
      if (promote === 'select' || promote === 'mask') checkMask(name, promote, inputs);
      init.check?.(compute, attrs, inputs);
      const meta: PointwiseMeta = { shape: commonShape(name, inputs), dtype: result, plan };
      return meta;
    },
    kernel(runtime, outs, inputs, attrs, meta) {
      const { dtype, shape } = outs[0];
      // the meta is that of `infer` above
      const plan = meta ? (meta as PointwiseMeta).plan : planFor(inputs, attrs);
      const { code } = dtypes[dtype];
      const program = (plan.programs[code] ??= programFor(plan, inputs, attrs, dtype));
      if (plan.plain && haveShape(inputs, shape)) {
        runtime.map(outs, inputs as readonly Tensor[], program, none);
        return;
      }
      // no push into an empty array, which makes room for many
      const views = new Array<TensorView>(plan.tensors);
      let params = none;
      let view = 0;
      for (let i = 0; i < inputs.length; i++) {
        const x = inputs[i];
        if (typeof x === 'number') params = params.length === 0 ? [x] : [...params, x];
        else if (x !== null) views[view++] = broadcastView(x, shape);
      }
      const own = init.params ? init.params(attrs) : none;
      if (own.length > 0) params = [...params, ...own];
      runtime.map(outs, views, program, params);
    },
    inplace: init.inplace === false ? undefined : { writes: [0], how: 'direct' },
  });
}

const none: readonly number[] = [];

/** Whether all operands are tensors of one shape. */
function haveShape(inputs: readonly Operand[], shape: Shape): boolean {
  for (let i = 0; i < inputs.length; i++) {
    const x = inputs[i];
    if (x === null || typeof x === 'number' || !sameShape(x.shape, shape)) return false;
  }
  return true;
}

function checkMask(name: string, promote: 'select' | 'mask', inputs: readonly Operand[]): void {
  const mask = inputs[promote === 'select' ? 0 : 1];
  if (!isTensor(mask) || mask.dtype === 'bool') return;
  throw new DTypeError(
    `${name} expected a bool tensor as ${promote === 'select' ? 'condition' : 'mask'}, got ${mask.dtype}`,
  );
}

/** `x` read as `shape`. */
export function broadcastView(x: TensorView, shape: Shape): TensorView {
  if (sameShape(x.shape, shape)) return x;
  return {
    dtype: x.dtype,
    shape,
    strides: broadcastStrides(x.shape, x.strides, shape),
    offset: x.offset,
    storage: x.storage,
  };
}

/** The attributes of every reduction: the dims (sorted, distinct, non-negative) and whether they stay as size 1. */
export interface ReduceAttrs {
  readonly dims: readonly number[];
  readonly keepdim: boolean;
}

/** A reduction row. */
export interface ReductionInit<A> {
  readonly kind: ReduceKind;
  /** The dtype of the result, and of the expression that is reduced; may refuse the input's. */
  dtype(input: DType, attrs: A): DType;
  /** What is reduced, for one element `x` of the result dtype. Default: `x` itself. */
  formula?(x: Expr): Expr;
  /** Whether the reduction of no elements is an error (max, min). */
  readonly needsElements?: boolean;
}

/** A reduction over some dims. */
export function reduction<A extends ReduceAttrs>(name: string, init: ReductionInit<A>): OpSpec<Sig<[Tensor], A>> {
  /** By the dtypes that are read and written. */
  const programs: (Program | undefined)[] = [];
  return new OpSpec<Sig<[Tensor], A>>({
    name,
    infer([x], attrs) {
      requireTensor(name, x);
      const dtype = init.dtype(x.dtype, attrs);
      if (init.needsElements && attrs.dims.some((d) => x.shape[d] === 0)) throw noElements(name, x.shape);
      return { shape: reducedShape(x.shape, attrs), dtype };
    },
    kernel(runtime, [out], [x], attrs) {
      const key = dtypes[x.dtype].code * 16 + dtypes[out.dtype].code;
      let program = programs[key];
      if (!program) {
        const element = cast(input(0, x.dtype), out.dtype);
        programs[key] = program = new Program([init.formula?.(element) ?? element], [x.dtype]);
      }
      // the kernel takes the result with the reduced dims kept
      runtime.reduce(init.kind, keptView(out, x.shape, attrs), [x], program, none);
    },
  });
}

/** The shape with `dims` taken out, or kept as 1. */
export function reducedShape(shape: Shape, { dims, keepdim }: ReduceAttrs): number[] {
  if (dims.length === shape.length && !keepdim) return [];
  if (keepdim) return shape.map((size, d) => (dims.includes(d) ? 1 : size));
  return shape.filter((_, d) => !dims.includes(d));
}

/** A contiguous reduction result seen with its reduced dims as size 1. */
export function keptView(out: TensorView, shape: Shape, { dims }: ReduceAttrs): TensorView {
  const rank = shape.length;
  if (out.shape.length === rank) return out;
  const kept = new Array<number>(rank);
  const strides = new Array<number>(rank);
  let at = 0;
  for (let d = 0; d < rank; d++) {
    const reduced = dims.includes(d);
    kept[d] = reduced ? 1 : shape[d];
    strides[d] = reduced ? 0 : out.strides[at++];
  }
  return { dtype: out.dtype, shape: kept, strides, offset: out.offset, storage: out.storage };
}

export function noElements(name: string, shape: Shape): ShapeError {
  return new ShapeError(
    `${name}(): Expected reduction dim to have non-zero size: the tensor has shape ${formatShape(shape)}, and the ${name} of no elements is not defined`,
  );
}

/** Keeps programs by a key, and makes one where there is none. */
export function programCache(): (key: string, make: () => Program) => Program {
  const programs = new Map<string, Program>();
  return (key, make) => {
    let program = programs.get(key);
    if (!program) programs.set(key, (program = make()));
    return program;
  };
}

/** Throws unless `x` is a tensor. */
export function requireTensor(name: string, x: unknown, argument = 0): asserts x is Tensor {
  if (!isTensor(x)) throw new ArgumentError(`${name}: argument ${argument} must be a tensor, got ${describe(x)}`);
}

/** The error for an op that a dtype does not have, in PyTorch's words. */
export const notImplementedFor = (name: string, dtype: DType): DTypeError =>
  new DTypeError(`"${name}" not implemented for '${dtype}'; cast the tensor with .to(…) first`);

/** The dtype of a sum or product: integers and bool become int64, unless one is asked for. */
export const sumDType = (dtype: DType, asked?: DType): DType =>
  asked ?? (dtypes[dtype].category === 'float' ? dtype : 'int64');

/** The number of elements that each result of a reduction is made of. */
export function reducedCount(shape: Shape, dims: readonly number[]): number {
  let n = 1;
  for (const d of dims) n *= shape[d];
  return n;
}
