/** Options of an import, checked. */
import { Function as AutogradFunction, type FunctionClass } from '@tenfold/autograd';
import { checkOptions, type DType, describe, dtypeNames, isFloat, OnnxModelError } from '@tenfold/tensor-core';
import type { Limits, Row } from './context.ts';

/** How an op of a file is computed: from its node, or by a Function whose arguments are the node's inputs and, if it has attributes, an object of them. */
export type CustomOp = Row | (typeof AutogradFunction & FunctionClass);

/** Options of {@link loadOnnx}. */
export interface LoadOnnxOptions {
  /** The device of parameters and buffers. Default: the default device. */
  device?: string;
  /** A float dtype to compute in, instead of the float dtypes of the file. Inputs must have it, too. */
  dtype?: DType;
  /** Whether float initialisers become parameters (the default) or buffers, or which of them, by name. */
  trainable?: boolean | ((name: string) => boolean);
  /** Ops that ONNX does not have, or other forms of its own, by `'domain::Name'` or `'Name'`. */
  ops?: Readonly<Record<string, CustomOp>>;
  /** Whether versions of ONNX's operator set that are not known here are an error (the default). */
  strict?: boolean;
  /** What `forward` gives for several outputs. Default: an array, or the tensor alone if there is one. */
  outputs?: 'list' | 'record';
  /** The most elements of a tensor whose shape is a number of the file or of an input. Default 2 ** 28. */
  maxElements?: number;
  /** The most turns of a loop. Default 1,000,000. */
  maxTrips?: number;
}

const optionNames = [
  'device',
  'dtype',
  'trainable',
  'ops',
  'strict',
  'outputs',
  'maxElements',
  'maxTrips',
] as const satisfies readonly (keyof LoadOnnxOptions)[];

/** Options with everything filled in. */
export interface ImportSettings extends Limits {
  readonly device: string | undefined;
  readonly dtype: DType | null;
  readonly trainable: (name: string) => boolean;
  readonly ops: ReadonlyMap<string, Row>;
  readonly strict: boolean;
  readonly record: boolean;
}

/** Checks and completes options. @throws OnnxModelError that names the option. */
export function readOptions(options: LoadOnnxOptions = {}, also: readonly string[] = []): ImportSettings {
  checkOptions('loadOnnx', options, [...optionNames, ...also]);
  const { dtype = null, trainable = true, outputs = 'list', strict = true, device } = options;
  if (dtype !== null && !(dtypeNames.includes(dtype) && isFloat(dtype)))
    throw new OnnxModelError(`loadOnnx: dtype must be a float dtype, got ${describe(dtype)}`);
  if (outputs !== 'list' && outputs !== 'record')
    throw new OnnxModelError(`loadOnnx: outputs must be 'list' or 'record', got ${describe(outputs)}`);
  if (typeof trainable !== 'boolean' && typeof trainable !== 'function')
    throw new OnnxModelError(
      `loadOnnx: trainable must be a boolean or a function of a name, got ${describe(trainable)}`,
    );
  if (typeof strict !== 'boolean')
    throw new OnnxModelError(`loadOnnx: strict must be a boolean, got ${describe(strict)}`);
  return {
    device,
    dtype,
    trainable: typeof trainable === 'function' ? trainable : () => trainable,
    ops: readOps(options.ops ?? {}),
    strict,
    record: outputs === 'record',
    maxElements: positive('maxElements', options.maxElements ?? 2 ** 28),
    maxTrips: positive('maxTrips', options.maxTrips ?? 1_000_000),
  };
}

function positive(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new OnnxModelError(`loadOnnx: ${name} must be a positive integer, got ${describe(value)}`);
}

function readOps(ops: Readonly<Record<string, CustomOp>>): ReadonlyMap<string, Row> {
  if (typeof ops !== 'object' || ops === null || Array.isArray(ops))
    throw new OnnxModelError(
      `loadOnnx: ops must be an object such as { 'my.domain::MYOP': (c) => … }, got ${describe(ops)}`,
    );
  return new Map(Object.entries(ops).map(([key, op]) => [key.replace(/^(ai\.onnx)?::/, ''), rowOf(key, op)]));
}

function rowOf(key: string, op: unknown): Row {
  if (typeof op !== 'function')
    throw new OnnxModelError(`loadOnnx: ops: '${key}' must be a function of a node or a Function, got ${describe(op)}`);
  // a class of static methods that extends Function
  if (!(op.prototype instanceof AutogradFunction)) return op as Row;
  const apply = (op as unknown as { apply(...args: unknown[]): ReturnType<Row> }).apply.bind(op);
  return (c) => {
    const inputs: unknown[] = Array.from({ length: c.inputCount }, (_, i) => c.optional(i));
    const attributes = Object.fromEntries([...c.node.attributes].map(([name, { value }]) => [name, value]));
    if (c.node.attributes.size > 0) inputs.push(attributes);
    return apply(...inputs);
  };
}
