/**
 * Element types and PyTorch's promotion rules
 * (https://pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc).
 */
import { ArgumentError, DTypeError, describe } from './errors.ts';

/** The element types of Tenfold, named as PyTorch names them. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'bool';

/** bool < integer < float: a result never leaves the highest category among its operands. */
export type DTypeCategory = 'bool' | 'int' | 'float';

/** What is fixed about a dtype. */
export interface DTypeInfo {
  readonly name: DType;
  /** A small integer, stable within one process, for compact cache keys (0 … 9). */
  readonly code: number;
  readonly category: DTypeCategory;
  /** Bytes of one element. */
  readonly itemsize: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

const info = (
  name: DType,
  code: number,
  category: DTypeCategory,
  itemsize: DTypeInfo['itemsize'],
  signed = true,
): DTypeInfo => ({
  name,
  code,
  category,
  itemsize,
  signed,
});

/** The facts of every dtype, by name. */
export const dtypes: { readonly [D in DType]: DTypeInfo } = {
  bool: info('bool', 0, 'bool', 1, false),
  uint8: info('uint8', 1, 'int', 1, false),
  int8: info('int8', 2, 'int', 1),
  int16: info('int16', 3, 'int', 2),
  int32: info('int32', 4, 'int', 4),
  int64: info('int64', 5, 'int', 8),
  float16: info('float16', 6, 'float', 2),
  bfloat16: info('bfloat16', 7, 'float', 2),
  float32: info('float32', 8, 'float', 4),
  float64: info('float64', 9, 'float', 8),
};

/** Every dtype name. */
export const dtypeNames = Object.keys(dtypes) as readonly DType[];

/** Arrays of JavaScript that hold elements of a tensor. float16 and bfloat16 travel as their bits in a `Uint16Array`. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** The class of array that holds elements of each dtype in memory. */
export const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const satisfies { [D in DType]: unknown };

export const isFloat = (dtype: DType): boolean => dtypes[dtype].category === 'float';
export const isInteger = (dtype: DType): boolean => dtypes[dtype].category === 'int';

/** Returns `value` if it names a dtype, else throws a {@link DTypeError} with the choices. */
export function checkDType(value: unknown, where: string): DType {
  if (typeof value === 'string' && Object.hasOwn(dtypes, value)) return value as DType;
  throw new DTypeError(`${where}: ${describe(value)} is not a dtype; choose one of ${dtypeNames.join(', ')}`);
}

let defaultDType: DType = 'float32';

/** The float dtype that `tensor([1.5])`, `zeros` and integer division give: `'float32'` unless changed. */
export const getDefaultDType = (): DType => defaultDType;

/** Sets the default float dtype, as `torch.set_default_dtype`. */
export function setDefaultDType(dtype: DType): void {
  if (!isFloat(checkDType(dtype, 'setDefaultDType'))) {
    throw new DTypeError(
      `only floating-point types are supported as the default type, got ${dtype} in setDefaultDType`,
    );
  }
  defaultDType = dtype;
}

/** The dtype that holds both, as `torch.promote_types`: uint8 with int8 is int16, float16 with bfloat16 is float32. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const [low, high] = dtypes[a].code < dtypes[b].code ? [a, b] : [b, a];
  if (low === 'float16' && high === 'bfloat16') return 'float32';
  if (low === 'uint8' && isInteger(high)) return high === 'int8' ? 'int16' : high;
  return high;
}

const categoryRank: { readonly [C in DTypeCategory]: number } = { bool: 0, int: 1, float: 2 };

/** One operand of a promotion: a tensor with dims (`dim > 0`), a 0-d tensor (`dim === 0`) or a JavaScript number. */
export type PromotionOperand = { readonly dtype: DType; readonly shape: readonly number[] } | number | null;

/**
 * The dtype in which an op of these operands computes, as `torch.result_type`: tensors with dims decide; 0-d tensors and then numbers only count
 * if they are of a higher category. A number is an integer if `Number.isInteger` says so, else a float of the default dtype.
 */
export function resultType(operands: readonly PromotionOperand[]): DType {
  let dimmed: DType | undefined;
  let zeroDim: DType | undefined;
  let weak: DType | undefined;
  for (const x of operands) {
    if (x === null) continue;
    if (typeof x === 'number') weak = higher(weak, Number.isInteger(x) ? 'int64' : defaultDType);
    else if (x.shape.length > 0) dimmed = higher(dimmed, x.dtype);
    else zeroDim = higher(zeroDim, x.dtype);
  }
  const strong = byCategory(dimmed, zeroDim);
  const result = byCategory(strong, weak);
  if (result === undefined) throw new ArgumentError('resultType: at least one operand is needed');
  return result;
}

function higher(a: DType | undefined, b: DType): DType {
  return a === undefined ? b : promoteTypes(a, b);
}

/** `a` unless `b` is of a higher category. */
function byCategory(a: DType | undefined, b: DType | undefined): DType | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return categoryRank[dtypes[b].category] > categoryRank[dtypes[a].category] ? b : a;
}

/** Whether a value of `from` may be written into a tensor of `to` by an in-place op, as `torch.can_cast`. */
export function canCast(from: DType, to: DType): boolean {
  return categoryRank[dtypes[from].category] <= categoryRank[dtypes[to].category];
}

/** PyTorch's error sentences name dtypes by their C++ names. */
export const scalarTypeName: { readonly [D in DType]: string } = {
  bool: 'Bool',
  uint8: 'Byte',
  int8: 'Char',
  int16: 'Short',
  int32: 'Int',
  int64: 'Long',
  float16: 'Half',
  bfloat16: 'BFloat16',
  float32: 'Float',
  float64: 'Double',
};
