/** Inputs and outputs of a model as the file states them, and the check of what `forward` is given. */
import type { GraphProto, TypeProto, ValueInfoProto } from '@tenfold/onnx-model';
import { dtypeOf } from '@tenfold/onnx-model';
import { type DType, describe, formatShape, isTensor, OnnxModelError, type Tensor } from '@tenfold/tensor-core';
import { requireDtype } from './tensor.ts';
import { invalid } from './values.ts';

/** A size: a number, a name that stands for one size in all inputs, or any. */
export type Dim = number | string | null;

/** An input or output of a model. */
export interface ValueInfo {
  readonly name: string;
  /** The dtype in the file; `null` if it is not stated. */
  readonly dtype: DType | null;
  /** The sizes; `null` if even their number is not stated. */
  readonly shape: readonly Dim[] | null;
}

/** The inputs of a graph: those that must be given, and those that are initialisers, whose values another one may replace for a call. */
export function readInputs(graph: GraphProto): { readonly inputs: ValueInfo[]; readonly defaults: ValueInfo[] } {
  const initializers = new Set((graph.initializer ?? []).map(({ name }) => name));
  const all = (graph.input ?? []).map((info) => readInfo(info, 'input'));
  return {
    inputs: all.filter(({ name }) => !initializers.has(name)),
    defaults: all.filter(({ name }) => initializers.has(name)),
  };
}

/** The outputs. */
export const readOutputs = (graph: GraphProto): ValueInfo[] =>
  (graph.output ?? []).map((info) => readInfo(info, 'output'));

function readInfo({ name = '', type }: ValueInfoProto, what: string): ValueInfo {
  const where = `${what} '${name}'`;
  const other = otherType(type);
  if (other) throw invalid(`${where} is ${other}; only tensors go in and out of a module`);
  const tensor = type?.tensorType;
  // the type of an output need not be stated
  const dtype = what === 'input' ? requireDtype(tensor?.elemType, where) : dtypeOf(tensor?.elemType ?? 0);
  const shape = tensor?.shape
    ? (tensor.shape.dim ?? []).map(({ dimValue, dimParam }): Dim => {
        if (dimParam) return dimParam;
        // some writers say "any" as -1
        return dimValue === undefined || dimValue < 0 ? null : dimValue;
      })
    : null;
  return { name, dtype, shape };
}

function otherType(type: TypeProto | undefined): string | null {
  if (type?.sequenceType) return 'a sequence';
  if (type?.mapType) return 'a map';
  if (type?.optionalType) return 'an optional value';
  if (type?.sparseTensorType) return 'a sparse tensor';
  return null;
}

/** `x: float32[batch, 3]`. */
export const infoText = ({ name, dtype, shape }: ValueInfo): string =>
  `${name}: ${dtype ?? 'any'}${shape ? `[${shape.map((dim) => dim ?? '?').join(', ')}]` : ''}`;

/** The arguments of a call of `forward`: the inputs in the file's order, and what replaces initialisers in this call. */
export interface Arguments {
  readonly inputs: readonly Tensor[];
  readonly replaced: ReadonlyMap<string, Tensor>;
}

/** Reads and checks the arguments of a call. */
export function readArguments(
  args: readonly unknown[],
  inputs: readonly ValueInfo[],
  defaults: readonly ValueInfo[],
  computed: (dtype: DType) => DType,
): Arguments {
  const expected = `expected ${inputs.length === 1 ? '1 input' : `${inputs.length} inputs`} (${inputs.map(infoText).join('; ')})`;
  const record = isRecord(args) ? args[0] : null;
  if (record) checkNames(record, [...inputs, ...defaults], expected);
  const list = record ? inputs.map(({ name }) => fromRecord(record, name, expected)) : args;
  if (list.length !== inputs.length) throw new OnnxModelError(`forward: ${expected}, got ${list.length}`);
  const sizes: Sizes = new Map();
  const check = (x: unknown, info: ValueInfo): Tensor => checkInput(x, info, computed, sizes);
  return {
    inputs: list.map((x, i) => check(x, inputs[i])),
    replaced: new Map(
      record
        ? defaults.flatMap((info) =>
            Object.hasOwn(record, info.name) ? [[info.name, check(record[info.name], info)]] : [],
          )
        : [],
    ),
  };
}

/** Sizes of named axes, and where each was met first. */
type Sizes = Map<string, { readonly size: number; readonly where: string }>;

function checkInput(x: unknown, info: ValueInfo, computed: (dtype: DType) => DType, sizes: Sizes): Tensor {
  const where = `input '${info.name}'`;
  if (!isTensor(x))
    throw new OnnxModelError(`forward: ${where} must be a tensor (${infoText(info)}), got ${describe(x)}`);
  const dtype = info.dtype && computed(info.dtype);
  if (dtype !== null && x.dtype !== dtype)
    throw new OnnxModelError(`forward: ${where} must be ${dtype}, got ${x.dtype}; cast it: x.to('${dtype}')`);
  checkShape(x, info, where, sizes);
  return x;
}

function checkShape(x: Tensor, { shape }: ValueInfo, where: string, sizes: Sizes): void {
  if (shape === null) return;
  const fits = x.ndim === shape.length && shape.every((dim, d) => typeof dim !== 'number' || dim === x.shape[d]);
  if (!fits) {
    throw new OnnxModelError(
      `forward: ${where} must be of shape [${shape.map((dim) => dim ?? '?').join(', ')}], got ${formatShape(x.shape)}`,
    );
  }
  shape.forEach((dim, d) => {
    if (typeof dim !== 'string') return;
    const size = x.shape[d];
    const known = sizes.get(dim);
    if (known && known.size !== size) {
      throw new OnnxModelError(
        `forward: '${dim}' is ${known.size} in ${known.where}, but ${size} in axis ${d} of ${where}; axes of one name have one size`,
      );
    }
    sizes.set(dim, { size, where: `axis ${d} of ${where}` });
  });
}

const isRecord = (args: readonly unknown[]): args is readonly [Readonly<Record<string, unknown>>] =>
  args.length === 1 && typeof args[0] === 'object' && args[0] !== null && !isTensor(args[0]) && !Array.isArray(args[0]);

function checkNames(record: object, infos: readonly ValueInfo[], expected: string): void {
  const unknown = Object.keys(record).find((name) => !infos.some((info) => info.name === name));
  if (unknown !== undefined) throw new OnnxModelError(`forward: there is no input '${unknown}'; ${expected}`);
}

function fromRecord(record: Readonly<Record<string, unknown>>, name: string, expected: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  throw new OnnxModelError(`forward: input '${name}' is missing; ${expected}`);
}
