/**
 * Bodies of functions that take their numbers from attributes: `symbolic` writes an argument of forward as an attribute, and the constants that forward
 * makes of it refer to that attribute, so that calls with other numbers share one function.
 */
import { FunctionCall, type FunctionClass, TensorArgument } from '@tenfold/autograd';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type NodeProto,
} from '@tenfold/onnx-model';
import {
  builtinOps,
  dispatch,
  type GraphNode,
  TenfoldError,
  type Tensor,
  type TypedArray,
  trace,
  type Value,
  withoutGrad,
} from '@tenfold/tensor-core';
import { Body, Ref } from './builder.ts';
import type { Frame } from './context.ts';
import { runSymbolic } from './custom.ts';
import { type Dim, otherSizes, type Point, SizeExpr, samplePoints } from './dims.ts';
import { type UnifiedGraph, unify } from './unify.ts';

/** An argument of forward that is an attribute of its node. */
export interface Follower {
  /** The position among forward's arguments. */
  readonly arg: number;
  readonly attribute: string;
  readonly type: AttributeType.FLOAT | AttributeType.INT;
}

/** The name under which an attribute stands among dynamic sizes: no axis has such a name. */
export const symbolOfAttribute = (name: string): string => `@${name}`;

/** A call of a Function, traced so that what depends on attributes shows. */
export interface ReferencedCall {
  readonly node: GraphNode;
  readonly unified: UnifiedGraph;
  readonly followers: readonly Follower[];
  /** Attributes whose value float32 does not hold: a constant may only be such an attribute itself, in float32. */
  readonly inexact: ReadonlySet<string>;
}

/** Values of an argument to compare with: multiples by powers of two, which round nothing, or further integers. */
const otherNumbers = (value: number, whole: boolean): number[] => {
  if (whole) return [value + 1, value + 2, 2 * value + 5];
  return value === 0 ? [1, 2, 0.5] : [2 * value, 4 * value, value / 2];
};

/** The attributes of the node that are arguments of forward, found by giving `symbolic` other numbers. */
export function followersOf(
  node: GraphNode,
  functionClass: FunctionClass,
  custom: NodeProto,
  frame: Frame,
): Follower[] {
  const call = node.attrs as FunctionCall;
  const numbers = call.args.flatMap((arg, k) => (typeof arg === 'number' && Number.isFinite(arg) ? [k] : []));
  if (numbers.length === 0) return [];
  const refOf = (input: number): Ref => {
    const value = node.inputs[input];
    const known = typeof value === 'object' && value !== null ? frame.env.get(value) : undefined;
    return known ?? new Ref('', null);
  };
  /** The attributes that the node has with another number. */
  const attributesWith = (arg: number, number: number): readonly AttributeProto[] => {
    const args = call.args.map((other, k) => (k === arg ? number : other));
    const probe = { ...node, attrs: new FunctionCall(functionClass, args) };
    const [written] = runSymbolic(probe, functionClass, new Body(frame.body.opset), refOf).custom;
    return written?.attribute ?? [];
  };
  const scalar = (attributes: readonly AttributeProto[], name: string): number | undefined => {
    const found = attributes.find((x) => x.name === name);
    return found?.type === AttributeType.FLOAT ? found.f : found?.type === AttributeType.INT ? found.i : undefined;
  };
  try {
    const base = custom.attribute ?? [];
    const probes = numbers.map((arg) => {
      const value = call.args[arg] as number;
      const number = otherNumbers(value, Number.isInteger(value))[0];
      return { arg, number, attributes: attributesWith(arg, number) };
    });
    return base.flatMap(({ name = '', type }): Follower[] => {
      if (type !== AttributeType.FLOAT && type !== AttributeType.INT) return [];
      const changing = probes.filter(({ attributes }) => scalar(attributes, name) !== scalar(base, name));
      const [only] = changing;
      if (changing.length !== 1 || scalar(base, name) !== call.args[only.arg]) return [];
      return scalar(only.attributes, name) === only.number ? [{ arg: only.arg, attribute: name, type }] : [];
    });
  } catch (error) {
    // what symbolic says to the numbers of the call itself is the user's concern, not what it says to these
    if (!(error instanceof Error)) throw error;
    return [];
  }
}

/** Traces a call at other sizes and other values of its attributes. `null` where that can't be compared: then each value has a function of its own. */
export function traceCall(
  node: GraphNode,
  functionClass: FunctionClass,
  followers: readonly Follower[],
  frame: Frame,
): ReferencedCall | null {
  // Constant takes a number from an attribute since opset 12
  if (followers.length === 0 || frame.body.opset < 12) return null;
  const call = node.attrs as FunctionCall;
  const values = node.inputs.filter((x): x is Value => typeof x === 'object' && x !== null);
  const base = new Map<string, number>();
  for (const { dim } of frame.sources)
    if (typeof dim !== 'number' && dim.symbol !== null) base.set(dim.symbol, dim.example);
  for (const { arg, attribute } of followers) base.set(symbolOfAttribute(attribute), call.args[arg] as number);
  const wholes = new Set(
    followers.flatMap(({ attribute, type }) => (type === AttributeType.INT ? [symbolOfAttribute(attribute)] : [])),
  );
  const points = samplePoints(base, (value, name) =>
    name.startsWith('@') ? otherNumbers(value, wholes.has(name)) : otherSizes(value),
  );
  const device = frame.unified.graph.inputs[0]?.tensor.device;
  const zeros = (value: Value, point: Point): Tensor => {
    const shape = frame.unified.dims(value).map((dim) => (typeof dim === 'number' ? dim : dim.at(point)));
    return dispatch(builtinOps.full, [], { shape, dtype: value.dtype, device: device ?? 'cpu', value: 0 });
  };
  try {
    const graphs = points.map((point) => {
      const args = call.args.map((arg, k) => {
        const follower = followers.find((x) => x.arg === k);
        return follower && !(arg instanceof TensorArgument) ? point.get(symbolOfAttribute(follower.attribute)) : arg;
      });
      return withoutGrad(() => {
        const inputs = values.map((value) => zeros(value, point));
        return trace((...given) => dispatch(node.spec, given, new FunctionCall(functionClass, args)), inputs).graph;
      });
    });
    const unified = unify(graphs, points);
    const again = unified.graph.nodes.find(({ spec }) => spec === node.spec);
    if (!again?.body || unified.bodyProblem(again)) return null;
    const inexact = followers.filter(
      ({ arg, type }) => type === AttributeType.FLOAT && Math.fround(call.args[arg] as number) !== call.args[arg],
    );
    return {
      node: again,
      unified: { ...unified, varying: (inner) => exactly(unified.varying(inner), base) },
      followers,
      inexact: new Set(inexact.map(({ attribute }) => symbolOfAttribute(attribute))),
    };
  } catch (error) {
    // other numbers may not be allowed, or lead through other ops
    if (!(error instanceof TenfoldError)) throw error;
    return null;
  }
}

/** Formulas that give the very number at the values of the call; others count as unknown. */
function exactly(varying: ReadonlyMap<string, Dim>, base: Point): ReadonlyMap<string, Dim> {
  if (varying.size === 0) return varying;
  return new Map(
    [...varying].map(([path, dim]) => {
      if (typeof dim === 'number' || dim.at(base) === dim.example) return [path, dim];
      const round = (x: number): number => Number(x.toPrecision(14));
      const factors = new Map([...dim.factors].map(([name, k]) => [name, round(k)]));
      const rounded = new SizeExpr(dim.kind, round(dim.offset), factors, dim.example, round(dim.shift));
      return [path, rounded.at(base) === dim.example ? rounded : new SizeExpr('unknown', 0, dim.factors, dim.example)];
    }),
  );
}

/** The values of the attributes in the body of the function, by the names under which formulas have them. */
export function attributeScalars(followers: readonly Follower[], body: Body): Map<string, Ref> {
  return new Map(
    followers.map(({ attribute, type }) => {
      const whole = type === AttributeType.INT;
      const [ref] = body.add('Constant', [], { [whole ? 'value_int_i' : 'value_float_f']: 0 });
      const { producer } = ref;
      if (producer) producer.attribute = [reference(whole ? 'value_int' : 'value_float', type, attribute)];
      ref.dtype = whole ? 'int64' : 'float32';
      return [symbolOfAttribute(attribute), ref];
    }),
  );
}

/** An attribute whose value is that of an attribute of the function around the node. */
export const reference = (name: string, type: AttributeType, refAttrName: string): AttributeProto => ({
  name,
  type,
  refAttrName,
});

/** The data of factories in another trace of the same body, where it is the same. */
export function foldedAgain(
  nodes: readonly GraphNode[],
  again: readonly GraphNode[],
  folded: ReadonlyMap<GraphNode, TypedArray>,
  unified: UnifiedGraph,
): Map<GraphNode, TypedArray> {
  const found = new Map<GraphNode, TypedArray>();
  again.forEach((node, i) => {
    const data = folded.get(nodes[i]);
    if (data && unified.varying(node).size === 0) found.set(node, data);
    if (node.body && nodes[i].body)
      for (const entry of foldedAgain(nodes[i].body.nodes, node.body.nodes, folded, unified)) found.set(...entry);
  });
  return found;
}
