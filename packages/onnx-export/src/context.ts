/** What a symbol sees of the op it writes: its inputs, attributes and sizes, and how to write ONNX nodes. */

import { encode, onnxType } from '@tenfold/onnx-model';
import {
  type AnySig,
  type DType,
  type Graph,
  type GraphNode,
  isFloat,
  OnnxExportError,
  resultType,
  type Shape,
  type TypedArray,
  type Value,
} from '@tenfold/tensor-core';
import type { Attributes, Body, NodeOptions, Ref } from './builder.ts';
import type { Follower } from './by-reference.ts';
import { type Dim, type SizeExpr, sameDim } from './dims.ts';
import { bfloat16Since, float16Since } from './standard-ops.ts';
import { nameOf, type UnifiedGraph } from './unify.ts';

/** Where the size of a dynamic axis can be read in a body: dim `axis` of `ref`, which has the size `dim`. */
export interface SizeSource {
  readonly ref: Ref;
  readonly axis: number;
  readonly dim: Dim;
}

/** The parameters of the file, for symbols that lay them out anew. */
export interface Weights {
  /** The numbers of a parameter, or `undefined` for a value that is computed. */
  data(value: Value): TypedArray | undefined;
  /** Another initialiser. */
  add(name: string, data: TypedArray, dtype: DType, shape: Shape): Ref;
}

/** The surroundings of the ops of one body. */
export interface Frame {
  /** In the body of a function: its attributes that formulas refer to, and those among them whose value float32 does not hold. */
  readonly followers?: readonly Follower[];
  readonly inexact?: ReadonlySet<string>;
  readonly body: Body;
  readonly unified: UnifiedGraph;
  /** The value of the file for each value of the traced graph. */
  readonly env: Map<Value, Ref>;
  readonly sources: SizeSource[];
  /** Results of factories, computed before. */
  readonly folded: ReadonlyMap<GraphNode, TypedArray>;
  /** Whether sorts put NaN last at the cost of a second sort. */
  readonly nanLast?: boolean;
  /** Not in the bodies of functions, which stand for calls with other parameters, too. */
  readonly weights?: Weights;
  /** Inputs of shape `[]` whose values are numbers of the program, by name: the learning rate of a training step. */
  readonly scalars?: ReadonlyMap<string, Ref>;
}

/** Where the values of a graph come from and go to; `null` stands for the graph's own outputs. */
interface Links {
  readonly readers: ReadonlyMap<Value, readonly (GraphNode | null)[]>;
  readonly producer: ReadonlyMap<Value, GraphNode>;
}

const links = new WeakMap<Graph, Links>();

function linksOf(graph: Graph): Links {
  const known = links.get(graph);
  if (known) return known;
  const readers = new Map<Value, (GraphNode | null)[]>();
  const producer = new Map<Value, GraphNode>();
  const note = (value: Value, node: GraphNode | null): void => {
    const list = readers.get(value);
    if (list) list.push(node);
    else readers.set(value, [node]);
  };
  const walk = ({ nodes, outputs }: Graph): void => {
    for (const value of outputs) note(value, null);
    for (const node of nodes) {
      for (const x of node.inputs) if (typeof x === 'object' && x !== null) note(x, node);
      for (const value of node.outputs) producer.set(value, node);
      if (node.body) walk(node.body);
    }
  };
  walk(graph);
  const made = { readers, producer };
  links.set(graph, made);
  return made;
}

/** The opset from which on an op takes a dtype of 16 bits. */
const halfSince = (type: string, dtype: 'float16' | 'bfloat16'): number =>
  dtype === 'float16' ? (float16Since.get(type) ?? 0) : (bfloat16Since.get(type) ?? Number.POSITIVE_INFINITY);

const narrow: ReadonlySet<DType> = new Set(['int8', 'uint8', 'int16']);

/** `dynamic axis 'batch'`, for messages. */
const namesOfAxes = (names: Iterable<string>): string => {
  const list = [...new Set(names)].map((name) => `'${name}'`);
  return list.length === 0 ? 'a dynamic axis' : `dynamic ${list.length === 1 ? 'axis' : 'axes'} ${list.join(' and ')}`;
};

/** One op to be written. */
export class OpContext<S extends AnySig = AnySig> {
  readonly node: GraphNode;
  readonly frame: Frame;
  readonly #read = new Set<string>();
  readonly #writeBody: (() => Ref[]) | undefined;

  constructor(node: GraphNode, frame: Frame, writeBody?: () => Ref[]) {
    this.node = node;
    this.frame = frame;
    this.#writeBody = writeBody;
  }

  get opset(): number {
    return this.frame.body.opset;
  }

  /** Attributes as in the first trace. Numbers that can depend on a dynamic size are read with {@link size} and {@link sizes}. */
  get attrs(): S['attrs'] {
    return this.node.attrs as S['attrs'];
  }

  /** An attribute, or an entry of one (`'shape.0'`), that may depend on dynamic sizes. */
  size(path: string): Dim {
    this.#read.add(path);
    const known = this.frame.unified.varying(this.node).get(path);
    if (known) return known;
    let value: unknown = this.node.attrs;
    for (const key of path.split('.')) value = (value as { readonly [key: string]: unknown })[key];
    return value as number;
  }

  /** A list attribute whose entries may depend on dynamic sizes. */
  sizes(path: string): Dim[] {
    const list = (this.node.attrs as { readonly [key: string]: unknown })[path] as readonly number[];
    return list.map((_, i) => this.size(`${path}.${i}`));
  }

  /** After the symbol has run: everything that depends on a dynamic size must have been asked for. */
  checkRead(): void {
    for (const [path, dim] of this.frame.unified.varying(this.node)) {
      if (!this.#read.has(path)) {
        throw this.error(
          `${path.startsWith('input') ? 'a number it takes' : `its attribute '${path}'`} depends on a dynamic axis (${dim}), and this op's ONNX form can't follow that; give the axis a fixed size`,
        );
      }
    }
  }

  /** The dynamic axes that the op's numbers depend on, for messages: `dynamic axis 'batch'`. */
  axesBehind(): string {
    const varying = [...this.frame.unified.varying(this.node).values()];
    return namesOfAxes(varying.flatMap((dim) => (typeof dim === 'number' ? [] : [...dim.factors.keys()])));
  }

  error(message: string): OnnxExportError {
    return new OnnxExportError(`op ${nameOf(this.node)}: ${message}`);
  }

  /** Refuses an opset that has no form of the op. */
  needs(opset: number, what = 'its ONNX form'): void {
    if (this.opset < opset) throw this.error(`${what} needs opset ${opset} or later, asked for ${this.opset}`);
  }

  // --- inputs and outputs ---

  get inputCount(): number {
    return this.node.inputs.length;
  }

  /** Whether anything reads output k: statistics for a gradient, say, are often not wanted. */
  isRead(k: number): boolean {
    return linksOf(this.frame.unified.graph).readers.has(this.node.outputs[k]);
  }

  /** The names of the ops that give the tensor inputs and that read the outputs. */
  neighbours(): string[] {
    const { readers, producer } = linksOf(this.frame.unified.graph);
    const before = this.node.inputs.map((x) => (typeof x === 'object' && x ? producer.get(x) : undefined));
    const after = this.node.outputs.flatMap((x) => readers.get(x) ?? []);
    return [...before, ...after].flatMap((node) => (node ? [node.spec.name] : []));
  }

  /** Output k as the op's body computes it, beside a node for the others. */
  ofBody(k: number): Ref {
    if (!this.#writeBody) throw this.error('it has no body here');
    for (const path of this.frame.unified.varying(this.node).keys()) this.#read.add(path);
    return this.#writeBody()[k];
  }

  /** The traced value of a tensor input. */
  value(i: number): Value {
    const x = this.node.inputs[i];
    if (typeof x === 'number' || x === null) throw this.error(`input ${i} is not a tensor`);
    return x;
  }

  isTensor(i: number): boolean {
    const x = this.node.inputs[i];
    return typeof x === 'object' && x !== null;
  }

  isAbsent(i: number): boolean {
    return this.node.inputs[i] === null || i >= this.node.inputs.length;
  }

  /** A tensor input, as it is. */
  x(i = 0): Ref {
    const ref = this.frame.env.get(this.value(i));
    if (!ref) throw this.error(`input ${i} was not computed before`);
    return ref;
  }

  /** An input of any kind in a dtype: tensors are cast, numbers become constants. */
  operand(i: number, dtype: DType): Ref {
    if (this.isTensor(i)) return this.cast(this.x(i), dtype);
    return this.scalar(this.number(i), dtype);
  }

  /** An input that is a number. */
  number(i: number): Dim {
    const path = `input.${i}`;
    this.#read.add(path);
    return this.frame.unified.varying(this.node).get(path) ?? (this.node.inputs[i] as number);
  }

  dtype(i = 0): DType {
    return this.value(i).dtype;
  }

  rank(i = 0): number {
    return this.value(i).shape.length;
  }

  dims(i = 0): readonly Dim[] {
    return this.frame.unified.dims(this.value(i));
  }

  outDType(k = 0): DType {
    return this.node.outputs[k].dtype;
  }

  outDims(k = 0): readonly Dim[] {
    return this.frame.unified.dims(this.node.outputs[k]);
  }

  outRank(k = 0): number {
    return this.node.outputs[k].shape.length;
  }

  /** The dtype in which the inputs are compared or combined. */
  promoted(): DType {
    return resultType(this.node.inputs);
  }

  /** A size that must be the same in every run. */
  fixed(dim: Dim, what: string): number {
    if (typeof dim === 'number') return dim;
    throw this.error(`${what} depends on a dynamic axis (${dim}), and this op's ONNX form needs it fixed`);
  }

  // --- writing ---

  /** Writes a node with one output. Halves go through float32, in which Tenfold computes them too, where the opset has no such node for them. */
  op(type: string, inputs: readonly (Ref | null)[], attributes?: Attributes, options?: NodeOptions): Ref {
    return this.#add(type, inputs, attributes, options)[0];
  }

  /** Writes a node with several outputs. */
  ops(type: string, inputs: readonly (Ref | null)[], attributes: Attributes, outputs: number): Ref[] {
    return this.#add(type, inputs, attributes, { outputs });
  }

  #add(type: string, inputs: readonly (Ref | null)[], attributes?: Attributes, options?: NodeOptions): Ref[] {
    const dtypes = options?.domain ? [] : inputs.map((x) => x?.dtype);
    const half = dtypes.find((dtype) => dtype === 'float16' || dtype === 'bfloat16');
    if (!half || this.opset >= halfSince(type, half)) return this.frame.body.add(type, inputs, attributes, options);
    const wide = inputs.map((x) => (x?.dtype === half ? this.cast(x, 'float32') : x));
    const results = this.frame.body.add(type, wide, attributes, options);
    return results.map((x) => (x.dtype === 'float32' ? this.cast(x, half) : x));
  }

  cast(x: Ref, dtype: DType): Ref {
    if (x.dtype === dtype) return x;
    // a NaN is true, but runtimes cast it to false or true as they like
    if (dtype === 'bool' && x.dtype !== null && isFloat(x.dtype))
      return this.op('Not', [this.op('Equal', [x, this.scalar(0, x.dtype)])]);
    if (dtype === 'bfloat16') this.needs(13, 'bfloat16');
    return this.op('Cast', [x], { to_i: onnxType[dtype] });
  }

  /** Runs `write` in a dtype that every runtime has arithmetic for: small integers go through int32, where they wrap the same way. */
  widened(dtype: DType, write: (dtype: DType) => Ref): Ref {
    if (!narrow.has(dtype)) return write(dtype);
    return this.cast(write('int32'), dtype);
  }

  /** A constant with no dims, or a number computed from dynamic sizes. */
  scalar(value: Dim, dtype: DType): Ref {
    if (typeof value === 'number') {
      if (!Number.isFinite(value) && !isFloat(dtype) && dtype !== 'bool')
        throw this.error(`${value} is no ${dtype}, and runtimes differ in what they make of it`);
      return this.frame.body.constant([value], dtype, []);
    }
    return this.op(
      'Squeeze',
      this.withAxes([this.cast(this.computed(value, dtype), dtype)], [0], 13),
      this.axesAttribute([0], 13),
    );
  }

  constant(values: ArrayLike<number | bigint>, dtype: DType, shape: Shape = [values.length]): Ref {
    return this.frame.body.constant(values, dtype, shape);
  }

  constantBytes(values: TypedArray, dtype: DType, shape: Shape): Ref {
    return this.frame.body.constantBytes(encode(values, dtype), dtype, shape);
  }

  ints(values: readonly number[]): Ref {
    return this.constant(values, 'int64');
  }

  /** Inputs of an op whose axes became an input at opset `since`. */
  withAxes(inputs: readonly Ref[], axes: readonly number[], since: number): Ref[] {
    return this.opset >= since ? [...inputs, this.ints(axes)] : [...inputs];
  }

  axesAttribute(axes: readonly number[], since: number): Attributes {
    return this.opset >= since ? {} : { axes_i: axes };
  }

  squeeze(x: Ref, axes: readonly number[]): Ref {
    return axes.length === 0 ? x : this.op('Squeeze', this.withAxes([x], axes, 13), this.axesAttribute(axes, 13));
  }

  unsqueeze(x: Ref, axes: readonly number[]): Ref {
    return axes.length === 0 ? x : this.op('Unsqueeze', this.withAxes([x], axes, 13), this.axesAttribute(axes, 13));
  }

  transpose(x: Ref, perm: readonly number[]): Ref {
    return perm.every((d, i) => d === i) ? x : this.op('Transpose', [x], { perm_i: perm });
  }

  /** Reduces `axes`; none is a reduction of nothing. */
  reduce(type: string, x: Ref, axes: readonly number[], keepdim: boolean): Ref {
    if (axes.length === 0) return x;
    const since = type === 'ReduceSum' ? 13 : 18;
    return this.op(type, this.withAxes([x], axes, since), {
      ...this.axesAttribute(axes, since),
      keepdims_i: keepdim ? 1 : 0,
    });
  }

  /** Slices one axis; bounds count as in Python. */
  slice(x: Ref, axis: number, start: Dim, end: Dim, step = 1): Ref {
    return this.op('Slice', [x, this.shape([start]), this.shape([end]), this.ints([axis]), this.ints([step])]);
  }

  /** `x` with the sizes `dims`, of which `from` are those it has now, if known. */
  reshape(x: Ref, dims: readonly Dim[], from: readonly Dim[] = []): Ref {
    if (from.length === dims.length && from.length > 0 && dims.every((dim, d) => sameDim(dim, from[d]))) return x;
    if (dims.includes(0)) {
      const allowZero = this.opset >= 14 ? { allowzero_i: 1 } : {};
      // before opset 14 a zero copies the input's size at that place, which must then be zero too
      if (this.opset < 14 && dims.some((dim, d) => dim === 0 && from[d] !== 0))
        this.needs(14, 'reshaping an empty tensor');
      return this.op('Reshape', [x, this.shape(dims)], allowZero);
    }
    const open = dims.map((dim, d) => typeof dim !== 'number' && !(from[d] !== undefined && sameDim(dim, from[d])));
    const inferred = open.filter(Boolean).length === 1 ? open.indexOf(true) : -1;
    if (inferred < 0 && open.includes(true)) return this.op('Reshape', [x, this.shape(dims)]);
    const unknown =
      dims.filter((dim) => typeof dim !== 'number').length === 1
        ? dims.findIndex((dim) => typeof dim !== 'number')
        : inferred;
    return this.op('Reshape', [
      x,
      this.ints(dims.map((dim, d) => (typeof dim === 'number' ? dim : d === unknown ? -1 : 0))),
    ]);
  }

  /** `x` broadcast to `dims`. */
  expand(x: Ref, dims: readonly Dim[], from?: readonly Dim[]): Ref {
    if (from && from.length === dims.length && dims.every((dim, d) => sameDim(dim, from[d]))) return x;
    const write = (y: Ref): Ref => this.op('Expand', [y, this.shape(dims)]);
    return x.dtype !== null && narrow.has(x.dtype) ? this.cast(write(this.cast(x, 'int32')), x.dtype) : write(x);
  }

  /** Sizes as a 1-D int64 tensor: a constant, or computed from the inputs' shapes. */
  shape(dims: readonly Dim[]): Ref {
    const parts: Ref[] = [];
    let run: number[] = [];
    const flush = (): void => {
      if (run.length > 0) parts.push(this.ints(run));
      run = [];
    };
    for (const dim of dims) {
      if (typeof dim === 'number') run.push(dim);
      else {
        flush();
        parts.push(this.computed(dim, 'int64'));
      }
    }
    flush();
    if (parts.length === 0) return this.constant([], 'int64', [0]);
    return parts.length === 1 ? parts[0] : this.op('Concat', parts, { axis_i: 0 });
  }

  /** A number that depends on dynamic sizes, as a tensor of one element: int64, or `dtype` where it is not a whole number. */
  computed(expr: SizeExpr, dtype: DType): Ref {
    const { kind, offset, factors } = expr;
    if (kind === 'unknown') {
      throw this.error(
        `a size or number depends on ${namesOfAxes(factors.keys())} in a way that is no multiple of its size plus a constant (a slice or a rounded division?); give the axis a fixed size`,
      );
    }
    const whole =
      kind !== 'quotient' &&
      kind !== 'fraction' &&
      Number.isInteger(offset) &&
      [...factors].every(([name, k]) => Number.isInteger(k) && !this.#isFraction(name));
    const attributes = [...factors.keys()].filter((name) => name.startsWith('@'));
    const plain = expr.symbol !== null && dtype === 'float32';
    if (!plain && attributes.some((name) => this.frame.inexact?.has(name)))
      throw this.error(`${expr} would be computed from an attribute in float32, which does not hold its value`);
    // in float64, as JavaScript has computed it
    if (!whole && !plain && dtype !== 'float64' && attributes.length > 0)
      return this.cast(this.computed(expr, 'float64'), dtype);
    if (!whole && !isFloat(dtype))
      throw this.error(`a size is ${expr}, which is not a whole number for every size of the axis`);
    return this.frame.body.cached(`${expr}:${whole ? 'int64' : dtype}`, () =>
      this.#compute(expr, whole ? 'int64' : dtype),
    );
  }

  #compute({ kind, offset, factors, shift }: SizeExpr, dtype: DType): Ref {
    const number = (value: number): Ref => this.constant([value], dtype);
    const size = (name: string): Ref => this.cast(this.#sizeOf(name), dtype);
    const [factor] = factors.values();
    const times = (x: Ref, k: number): Ref => (k === 1 ? x : this.op('Mul', [x, number(k)]));
    const product = (): Ref => [...factors.keys()].map(size).reduce((a, b) => this.op('Mul', [a, b]));
    const plus = (x: Ref): Ref => (offset === 0 ? x : this.op('Add', [x, number(offset)]));
    if (kind === 'fraction') return plus(this.op('Div', [number(factor), this.op('Add', [product(), number(shift)])]));
    if (kind === 'quotient') return this.op('Div', [number(factor), product()]);
    if (kind === 'product') return plus(times(product(), factor));
    return plus([...factors].map(([name, k]) => times(size(name), k)).reduce((a, b) => this.op('Add', [a, b])));
  }

  /** Whether a name stands for a number that need not be whole. */
  #isFraction(name: string): boolean {
    const dtype = this.frame.scalars?.get(name)?.dtype;
    return dtype !== undefined && dtype !== null && isFloat(dtype);
  }

  /** The size of a dynamic axis, as an int64 tensor of one element; or a scalar input as it is. */
  #sizeOf(name: string): Ref {
    const { body, sources, scalars } = this.frame;
    return body.cached(`size of ${name}`, () => {
      const scalar = scalars?.get(name);
      if (scalar) return this.op('Reshape', [scalar, this.ints([1])]);
      const found =
        sources.find(({ dim }) => typeof dim !== 'number' && dim.symbol === name) ??
        sources.find(
          ({ dim }) =>
            typeof dim !== 'number' && dim.kind === 'linear' && dim.factors.size === 1 && dim.factors.has(name),
        );
      if (!found)
        throw this.error(
          `the size of dynamic axis '${name}' can't be read from the inputs of the function around it; export with customOps: 'inline'`,
        );
      const { scope, origin } = body;
      body.scope = [];
      body.origin = null;
      const all = body.cached(`shape of ${found.ref.name}`, () => this.op('Shape', [found.ref]));
      let size = this.op('Gather', [all, this.ints([found.axis])], { axis_i: 0 });
      const { offset, factors } = found.dim as SizeExpr;
      const factor = factors.get(name) as number;
      if (offset !== 0) size = this.op('Sub', [size, this.ints([offset])]);
      if (factor !== 1) size = this.op('Div', [size, this.ints([factor])]);
      body.scope = scope;
      body.origin = origin;
      return size;
    });
  }

  /** The number of elements, if it is the same in every run. */
  fixedShape(dims: readonly Dim[], what: string): number[] {
    return dims.map((dim) => this.fixed(dim, what));
  }

  /** 0, 1, … up to `count`, exclusive. */
  range(count: Dim, dtype: DType = 'int64'): Ref {
    if (typeof count === 'number')
      return this.constant(
        Array.from({ length: count }, (_, i) => i),
        dtype,
      );
    return this.cast(
      this.op('Range', [this.scalar(0, 'int64'), this.scalar(count, 'int64'), this.scalar(1, 'int64')]),
      dtype,
    );
  }

  /** `condition ? a : b`, also for the dtypes that runtimes have no Where for. */
  where(condition: Ref, a: Ref, b: Ref): Ref {
    if (a.dtype === 'bool') {
      return this.op('Or', [this.op('And', [condition, a]), this.op('And', [this.op('Not', [condition]), b])]);
    }
    if (a.dtype !== null && narrow.has(a.dtype)) {
      return this.cast(this.op('Where', [condition, this.cast(a, 'int32'), this.cast(b, 'int32')]), a.dtype);
    }
    return this.op('Where', [condition, a, b]);
  }

  /** Whether a dtype is an integer of fewer than 32 bits. */
  isNarrow(dtype: DType): boolean {
    return narrow.has(dtype);
  }
}
