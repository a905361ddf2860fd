/** Runs packed tests here. */
import { loadOnnx, type OnnxModule } from '@tenfold/onnx-import';
import {
  arrayTypes,
  bfloat16ToNumber,
  type DType,
  dtypeNames,
  fromTypedArray,
  halfToNumber,
  isTensor,
  OnnxModelError,
  type Tensor,
} from '@tenfold/tensor-core';
import type { OnnxTest, OnnxTests, PackedTensor } from './onnx-tests.ts';

const isKnown = ({ dtype }: PackedTensor): boolean => dtypeNames.includes(dtype as DType);

/** The elements of a packed tensor, as `arrayTypes` has them. */
const elementsOf = ({ at, bytes, dtype }: PackedTensor, tests: OnnxTests) =>
  new arrayTypes[dtype as DType](tests.bytes(at, bytes).buffer as ArrayBuffer);

/** The numbers of a packed tensor, halves decoded. */
function numbersOf(packed: PackedTensor, tests: OnnxTests): readonly (number | bigint)[] {
  const decode = packed.dtype === 'float16' ? halfToNumber : packed.dtype === 'bfloat16' ? bfloat16ToNumber : null;
  return Array.from(elementsOf(packed, tests) as ArrayLike<number | bigint>, (x) => decode?.(x as number) ?? x);
}

/** The model of a test. Its operator set may be newer than those that are known. */
export const modelOf = (test: OnnxTest, tests: OnnxTests): Promise<OnnxModule> =>
  loadOnnx(tests.bytes(test.model, test.bytes), { strict: false });

/** The inputs of a test as tensors. */
export const inputsOf = (test: OnnxTest, tests: OnnxTests): Tensor[] =>
  test.inputs.map((x) => fromTypedArray(elementsOf(x, tests), x.dims, { dtype: x.dtype as DType }));

/** What `forward` gave, as a list. */
export const listOf = (result: Tensor | readonly Tensor[]): readonly Tensor[] => (isTensor(result) ? [result] : result);

/**
 * `null` if the outputs are those of the test, within its tolerance; else what is wrong. Of a test whose values can't be had here the model alone is
 * loaded, or run on inputs that can: it must be refused.
 */
export async function runTest(test: OnnxTest, tests: OnnxTests): Promise<string | null> {
  if (test.unpacked?.startsWith('more than')) return test.unpacked;
  let outputs: readonly Tensor[];
  try {
    const model = await modelOf(test, tests);
    const strange = test.unpacked ?? test.inputs.find((x) => !isKnown(x))?.dtype;
    if (strange) return `loads with ${strange}`;
    outputs = listOf(model.forward(...inputsOf(test, tests)));
  } catch (error) {
    if (error instanceof OnnxModelError) return error.message;
    throw error;
  }
  for (const [k, expected] of test.outputs.entries()) {
    const wrong = isKnown(expected) ? await compare(outputs[k], expected, test, tests) : `can't be ${expected.dtype}`;
    if (wrong) return `${expected.name} ${wrong}`;
  }
  return null;
}

/** Compares as ONNX's own runner does, but integers exactly. */
async function compare(
  got: Tensor,
  expected: PackedTensor,
  { rtol, atol }: OnnxTest,
  tests: OnnxTests,
): Promise<string | null> {
  if (got.dtype !== expected.dtype || String(got.shape) !== String(expected.dims))
    return `is ${got.dtype}[${got.shape}], not ${expected.dtype}[${expected.dims}]`;
  const [a, b] = [await got.detach().toTypedArray(), numbersOf(expected, tests)];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const off = Math.abs(Number(x) - Number(y));
    if (!got.isFloatingPoint() || !(off <= atol + rtol * Math.abs(Number(y)))) return `element ${i} is ${x}, not ${y}`;
  }
  return null;
}
