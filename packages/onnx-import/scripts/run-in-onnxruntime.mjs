/**
 * Runs tests of the packed file in onnxruntime, one line of result for each: `<index> pass`, or what is wrong. A crash costs one test: whoever starts
 * this process sees at which it ended.
 *
 *     node run-in-onnxruntime.mjs <path of onnxruntime-node> <packed file> <from> [step]
 */
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliDecompressSync } from 'node:zlib';

const [path, file, from, step = '1'] = process.argv.slice(2);
// where there is a Float16Array (Node 24), onnxruntime 1.30 turns float16 into one, of which its native part sees no bytes
delete globalThis.Float16Array;
const ort = createRequire(path)(path);
const all = brotliDecompressSync(readFileSync(file));
const length = all.readUInt32LE(0);
const { tests } = JSON.parse(all.subarray(8, 8 + length).toString());
const blob = all.subarray(8 + length + (-length & 7));

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
  float16: Uint16Array,
};
const arrayOf = (t) => new arrays[t.dtype](new Uint8Array(blob.subarray(t.at, t.at + t.bytes)).buffer);

function halfToNumber(bits) {
  const [sign, exponent, mantissa] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + mantissa / 1024) : 2 ** -24 * mantissa);
}
const numbersOf = (data, dtype) => (dtype === 'float16' ? Array.from(data, halfToNumber) : data);

/** Compares as ONNX's own runner does. */
function compare(got, expected, { rtol, atol }) {
  if (got.type !== expected.dtype || String(got.dims) !== String(expected.dims)) return `is ${got.type}[${got.dims}]`;
  const [a, b] = [numbersOf(got.data, expected.dtype), numbersOf(arrayOf(expected), expected.dtype)];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (!(Math.abs(x - y) <= atol + rtol * Math.abs(y))) return `element ${i} is ${x}, not ${y}`;
  }
  return null;
}

async function run(test) {
  if (test.unpacked) return `not packed: ${test.unpacked}`;
  const strange = [...test.inputs, ...test.outputs].find(({ dtype }) => !arrays[dtype]);
  if (strange) return `no array for ${strange.dtype}`;
  const session = await ort.InferenceSession.create(blob.subarray(test.model, test.model + test.bytes), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const fed = test.inputs.map((t) => [t.name, new ort.Tensor(t.dtype, arrayOf(t), t.dims)]);
  const fetched = await session.run(Object.fromEntries(fed));
  await session.release();
  for (const expected of test.outputs) {
    const wrong = compare(fetched[expected.name], expected, test);
    if (wrong) return `${expected.name} ${wrong}`;
  }
  return 'pass';
}

for (let i = Number(from); i < tests.length; i += Number(step)) {
  writeSync(1, `\n${i} `);
  let result;
  try {
    result = await run(tests[i]);
  } catch (error) {
    result = String(error?.message ?? error);
  }
  writeSync(1, result.replace(/\s+/g, ' ').slice(0, 200));
}
process.exit(0);
