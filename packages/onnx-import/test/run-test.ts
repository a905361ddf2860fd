/** Runs a packed test here. */
import { loadOnnx } from '@tenfold/onnx-import';
import {
  arrayTypes,
  bfloat16ToNumber,
  type DType,
  dtypeNames,
  fromTypedArray,
  halfToNumber,
  isTensor,
  type Tensor,
} from '@tenfold/tensor-core';
import type { OnnxTest, OnnxTests, PackedTensor } from './onnx-tests.ts';

/** The numbers of a packed tensor. */
function numbersOf({ at, bytes, dtype }: PackedTensor, tests: OnnxTests): (number | bigint)[] {
  const data = new arrayTypes[dtype as DType](tests.bytes(at, bytes).buffer as ArrayBuffer);
  return valuesOf(data, dtype);
}

function valuesOf(data: ArrayLike<number | bigint>, dtype: string): (number | bigint)[] {
  const decode = !(data instanceof Uint16Array)
    ? null
    : dtype === 'float16'
      ? halfToNumber
      : dtype === 'bfloat16'
        ? bfloat16ToNumber
        : null;
  return Array.from(data, (x) => (decode ? decode(x as number) : x));
}

const isKnown = (dtype: string): dtype is DType => dtypeNames.includes(dtype as DType);

/** `null` if the outputs are those of the test, within its tolerance; else what is wrong. */
export async function runTest(test: OnnxTest, tests: OnnxTests): Promise<string | null> {
  const strange = [...test.inputs, ...test.outputs].find(({ dtype }) => !isKnown(dtype));
  if (strange) return `dtype ${strange.dtype}`;
  let outputs: Tensor[];
  try {
    const model = await loadOnnx(tests.bytes(test.model, test.bytes), { strict: false });
    const inputs = test.inputs.map(({ at, bytes, dtype, dims }) =>
      fromTypedArray(new arrayTypes[dtype as DType](tests.bytes(at, bytes).buffer as ArrayBuffer), dims, {
        dtype: dtype as DType,
      }),
    );
    const result: Tensor | Tensor[] = model.forward(...inputs);
    outputs = isTensor(result) ? [result] : result;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  for (const [k, expected] of test.outputs.entries()) {
    const wrong = await compare(outputs[k], expected, test, tests);
    if (wrong) return `${expected.name}: ${wrong}`;
  }
  return null;
}

async function compare(
  got: Tensor,
  expected: PackedTensor,
  { rtol, atol }: OnnxTest,
  tests: OnnxTests,
): Promise<string | null> {
  if (got.dtype !== expected.dtype || String(got.shape) !== String(expected.dims))
    return `is ${got.dtype}[${got.shape}], not ${expected.dtype}[${expected.dims}]`;
  const [a, b] = [valuesOf(await got.detach().toTypedArray(), got.dtype), numbersOf(expected, tests)];
  const exact = !got.dtype.includes('float');
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (exact || !(Math.abs(Number(x) - Number(y)) <= atol + rtol * Math.abs(Number(y))))
      return `element ${i} is ${x}, not ${y}`;
  }
  return null;
}
