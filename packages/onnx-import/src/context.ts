/** What a row of the op tables sees of its node: inputs, attributes, opset, and the module's mode. */

import { dtypeOf } from '@tenfold/onnx-model';
import {
  DeviceError,
  type DType,
  isFloat,
  isTensor,
  numel,
  OnnxExportError,
  OnnxModelError,
  type Shape,
  TenfoldError,
  type Tensor,
} from '@tenfold/tensor-core';
import type { AttributeTypes, AttributeValue } from './attributes.ts';
import { HostTensor, hostTensor, invalid, kindOf, type Sequence, type Value } from './values.ts';

/** What a row gives: one output, or an array with one entry for each. */
export type RowResult = Value | readonly Value[];

/**
 * How an ONNX op is computed. Rows stand in tables by op type; what differs between opsets is asked of `c.opset`, the version of the operator set that the
 * file imports.
 *
 * @example
 * const rows: Rows = {
 *   Relu: (c) => relu(c.x()),
 *   Concat: (c) => cat(c.inputs(), c.int('axis')),
 *   Reshape: (c) => c.x().reshape(c.hostInts(1)),
 * };
 */
export type Row = (c: NodeContext) => RowResult;

/** Rows by op type. */
export type Rows = Readonly<Record<string, Row>>;

/** What a graph states of one of its outputs; sizes that it leaves open are `null`. */
export interface ValueType {
  readonly dtype: DType | null;
  readonly shape: readonly (number | null)[] | null;
}

/** A graph among the attributes of a node: the branch of an If, the body of a Loop. */
export interface SubGraph {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly outputTypes: readonly ValueType[];
  /** Runs it; what it reads of the graph around it is there already. */
  run(inputs: readonly Value[]): Value[];
  /** Frees tensors that a run gave and nobody needs any more. */
  drop(values: readonly Value[]): void;
}

/** One node, as it was read. */
export interface NodeInfo {
  readonly name: string;
  readonly opType: string;
  /** `''` is ONNX's own. */
  readonly domain: string;
  /** The version of the domain's operator set that the file, or the function the node stands in, imports. */
  readonly opset: number;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Names of the outputs; `''` is one that nobody asks for. */
  readonly outputNames: readonly string[];
}

/** What one run of a model has in common. */
export interface RunState {
  /** Whether the module is in training mode. */
  readonly training: boolean;
  /** Whether the file has nodes that train. */
  readonly trainingFile: boolean;
  /** Where constants go. */
  readonly device: string;
  /** The dtype in which a dtype of the file is computed: a model that was moved to another float dtype computes in that one. */
  computed(dtype: DType): DType;
  /** A host value as a tensor. */
  tensorOf(value: HostTensor): Tensor;
  readonly limits: Limits;
}

/** What a run may ask for. */
export interface Limits {
  /** The most elements of a tensor whose shape is a number in the file. */
  readonly maxElements: number;
  /** The most turns of a loop. */
  readonly maxTrips: number;
}

/** `/fc1/MatMul (MatMul)`. */
export const labelOf = ({ name, opType, outputNames }: Pick<NodeInfo, 'name' | 'opType' | 'outputNames'>): string =>
  `node '${name || outputNames.find((output) => output !== '') || '?'}' (${opType})`;

/** An error of an op, with the node it happened in. */
export function explained(error: unknown, node: NodeInfo, isCustom = false): unknown {
  if (error instanceof OnnxModelError) return error;
  // a value that is read while the model is exported again
  if (error instanceof OnnxExportError)
    return error.message.startsWith('node ') ? error : new OnnxExportError(`${labelOf(node)}: ${error.message}`, { cause: error });
  // the engine's own limits, as for an array that is too long
  if (error instanceof TenfoldError || error instanceof RangeError)
    return invalid(`${labelOf(node)}: ${error.message}`, error);
  // rows take the inputs that their op has: a node without them is the file's mistake
  if (error instanceof TypeError && !isCustom)
    return invalid(`${labelOf(node)}: has other inputs or attributes than the op takes: ${error.message}`, error);
  return error;
}

/** One run of one node. */
export class NodeContext {
  readonly node: NodeInfo;
  readonly #inputs: readonly Value[];
  readonly #run: RunState;
  readonly #graphs: ((name: string) => SubGraph | null) | null;

  constructor(
    node: NodeInfo,
    inputs: readonly Value[],
    run: RunState,
    graphs: ((name: string) => SubGraph | null) | null = null,
  ) {
    this.node = node;
    this.#inputs = inputs;
    this.#run = run;
    this.#graphs = graphs;
  }

  /** The version of the node's operator set. */
  get opset(): number {
    return this.node.opset;
  }

  /**
   * Whether a Dropout or BatchNormalization trains, given what the file says of it. In a module in training mode it does as the file says, or, where
   * the file was written for inference alone, it trains; in evaluation mode it does not.
   */
  trains(says: boolean): boolean {
    return this.#run.training && (says || !this.#run.trainingFile);
  }

  /** The device that the model runs on. */
  get device(): string {
    return this.#run.device;
  }

  /** What the run may ask for. */
  get limits(): Limits {
    return this.#run.limits;
  }

  /** An error that names the node. */
  error(message: string, cause?: unknown): OnnxModelError {
    return invalid(`${labelOf(this.node)}: ${message}`, cause);
  }

  // --- inputs ---

  /** How many inputs the node lists, absent ones among them counted. */
  get inputCount(): number {
    return this.#inputs.length;
  }

  /** Whether input `i` is there. */
  has(i: number): boolean {
    return (this.#inputs[i] ?? null) !== null;
  }

  /** Input `i` as it is: a tensor, a host tensor, a sequence, or `null`. */
  value(i: number): Value {
    return this.#inputs[i] ?? null;
  }

  /** Input `i` as a tensor. */
  x(i = 0): Tensor {
    const value = this.value(i);
    if (isTensor(value)) return value;
    if (value instanceof HostTensor) return this.#run.tensorOf(value);
    throw this.error(`input ${i} must be a tensor, got ${kindOf(value)}`);
  }

  /** Input `i` as a tensor, or `null` if it is absent. */
  optional(i: number): Tensor | null {
    return this.has(i) ? this.x(i) : null;
  }

  /** All inputs as tensors; none may be absent. */
  inputs(): Tensor[] {
    return this.#inputs.map((_, i) => this.x(i));
  }

  /**
   * Input `i` as a tensor, or as a number where it is one that JavaScript knows and the other operand is a tensor of the same dtype. So a size that is
   * computed from a shape stays a number in an exported graph.
   */
  operand(i: number): Tensor | number {
    const value = this.value(i);
    const number = value instanceof HostTensor && value.shape.length === 0 ? value.numbers?.[0] : undefined;
    return number !== undefined && value !== null && Math.abs(number) !== 2 ** 63 ? number : this.x(i);
  }

  /** The elements of a sequence. */
  sequence(i = 0): Sequence['items'] {
    const value = this.value(i);
    if (value !== null && 'items' in value) return value.items;
    throw this.error(`input ${i} must be a sequence, got ${kindOf(value)}`);
  }

  /** The shape of input `i`. */
  shape(i = 0): Shape {
    return this.#tensorLike(i).shape;
  }

  /** The number of dims of input `i`. */
  rank(i = 0): number {
    return this.shape(i).length;
  }

  /** The dtype in which input `i` is computed. */
  dtype(i = 0): DType {
    const value = this.#tensorLike(i);
    return value instanceof HostTensor ? this.#run.computed(value.dtype) : value.dtype;
  }

  #tensorLike(i: number): Tensor | HostTensor {
    const value = this.value(i);
    if (isTensor(value) || value instanceof HostTensor) return value;
    throw this.error(`input ${i} must be a tensor, got ${kindOf(value)}`);
  }

  /** Input `i` as a host tensor. What is on the device is read, if it can be read at once. */
  host(i: number): HostTensor {
    return this.read(this.value(i), `input ${i}`);
  }

  /** A value of the graph as a host tensor; `what` names it in errors. */
  read(tensor: Value, what: string): HostTensor {
    if (tensor instanceof HostTensor) return tensor;
    if (!isTensor(tensor)) throw this.error(`${what} must be a tensor, got ${kindOf(tensor)}`);
    try {
      return new HostTensor(tensor.dtype, tensor.shape, tensor.detach().toTypedArraySync());
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      throw this.error(
        `needs the values of ${what} to go on, and device '${tensor.device}' can't be read at once; run the model on 'cpu' or 'cuda', or make them constants of the file`,
        error,
      );
    }
  }

  /** The elements of input `i` as numbers, read from the device if need be. */
  hostNumbers(i: number): readonly number[] {
    const host = this.host(i);
    const { numbers } = host;
    if (numbers) return numbers;
    throw this.error(`input ${i} (${kindOf(host)}) has more elements, or larger integers, than a setting can have`);
  }

  /** The elements of an integer input, read from the device if need be. */
  hostInts(i: number): number[] {
    const host = this.host(i);
    if (isFloat(host.dtype)) throw this.error(`input ${i} must be integers, got ${kindOf(host)}`);
    return [...this.hostNumbers(i)];
  }

  /** The same, or `null` if the input is absent. */
  optionalInts(i: number): number[] | null {
    return this.has(i) ? this.hostInts(i) : null;
  }

  /** The one number of input `i`. */
  hostNumber(i: number): number {
    const numbers = this.hostNumbers(i);
    if (numbers.length === 1) return numbers[0];
    throw this.error(`input ${i} must be one number, got ${kindOf(this.value(i))}`);
  }

  /** The same, or `fallback` if the input is absent. */
  optionalNumber<T>(i: number, fallback: T): number | T {
    return this.has(i) ? this.hostNumber(i) : fallback;
  }

  // --- attributes ---

  /** Whether the node has the attribute. */
  given(name: string): boolean {
    return this.node.attributes.has(name);
  }

  #attribute<T extends keyof AttributeTypes, D>(name: string, type: T, fallback: D | undefined): AttributeTypes[T] | D {
    const found = this.node.attributes.get(name);
    if (found === undefined) {
      if (fallback === undefined) throw this.error(`attribute '${name}' is missing`);
      return fallback;
    }
    if (found.type !== type && !(found.type === 'empty' && type.endsWith('s')))
      throw this.error(`attribute '${name}' must be of type ${type}, got ${found.type}`);
    return found.value as AttributeTypes[T];
  }

  /** An integer attribute; without a default it must be there. */
  int<D = number>(name: string, fallback?: D): number | D {
    return this.#attribute(name, 'int', fallback);
  }

  /** A float attribute. */
  float<D = number>(name: string, fallback?: D): number | D {
    return this.#attribute(name, 'float', fallback);
  }

  /** A string attribute. */
  string<D = string>(name: string, fallback?: D): string | D {
    return this.#attribute(name, 'string', fallback);
  }

  /** A list of integers. */
  ints<D = readonly number[]>(name: string, fallback?: D): readonly number[] | D {
    return this.#attribute(name, 'ints', fallback);
  }

  /** A list of floats. */
  floats<D = readonly number[]>(name: string, fallback?: D): readonly number[] | D {
    return this.#attribute(name, 'floats', fallback);
  }

  /** A list of strings. */
  strings<D = readonly string[]>(name: string, fallback?: D): readonly string[] | D {
    return this.#attribute(name, 'strings', fallback);
  }

  /** A tensor attribute. */
  tensor<D = HostTensor>(name: string, fallback?: D): HostTensor | D {
    return this.#attribute(name, 'tensor', fallback);
  }

  /** A graph attribute, ready to run. */
  graph(name: string): SubGraph {
    const graph = this.#graphs?.(name);
    if (!graph) throw this.error(`attribute '${name}' is missing, or is no graph`);
    return graph;
  }

  // --- outputs ---

  /** How many outputs the node lists. */
  get outputCount(): number {
    return this.node.outputNames.length;
  }

  /** Whether somebody asks for output `k`. */
  wants(k: number): boolean {
    return (this.node.outputNames[k] ?? '') !== '';
  }

  /** Integers that JavaScript goes on computing with: the shape of a tensor. Default: one dim, int64. */
  ofInts(numbers: readonly number[], shape: Shape = [numbers.length]): Value {
    return hostTensor('int64', shape, numbers) ?? new HostTensor('int64', shape, numbers);
  }

  /** The dtype that a number of ONNX's element types stands for, in which it is computed here. */
  dtypeOf(type: number): DType {
    const dtype = dtypeOf(type);
    if (dtype === null) throw this.error(`element type ${type} is none of Tenfold's dtypes`);
    return this.#run.computed(dtype);
  }

  /** The dtype in which one of the file is computed. */
  computed(dtype: DType): DType {
    return this.#run.computed(dtype);
  }

  /** A host tensor as a tensor of the model's device. */
  tensorOf(value: HostTensor): Tensor {
    return this.#run.tensorOf(value);
  }

  /** The shape, if a tensor of it may be made: for ops whose result has whatever size a number in the file says. */
  sized(shape: readonly number[]): number[] {
    for (const size of shape)
      if (!Number.isSafeInteger(size) || size < 0) throw this.error(`a shape can't be [${shape.join(', ')}]`);
    const count = numel(shape);
    if (count > this.limits.maxElements) {
      throw this.error(
        `would make a tensor of shape [${shape.join(', ')}], more than the ${this.limits.maxElements} elements that the option maxElements allows`,
      );
    }
    return [...shape];
  }
}
