/**
 * Second step after `node-tests.py` (how to run both is said there): runs every test in onnxruntime, notes which ones it passes, and writes all of
 * them into one compressed file. From further folders, of an older ONNX, those models are taken whose operator set differs.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const [first, ...others] = process.argv.slice(2);
const target = new URL('../test/onnx-tests.br', import.meta.url);
// onnxruntime is a dependency of the package beside this one
const ort = createRequire(new URL('../../onnx-export/package.json', import.meta.url)).resolve('onnxruntime-node');
const version = JSON.parse(
  readFileSync(new URL('package.json', `file://${ort.slice(0, ort.indexOf('/dist/'))}/`), 'utf8'),
).version;

/** What onnxruntime's process runs: one line of result for each test, so that a crash costs one. */
const program = `
import { createRequire } from 'node:module';
import { readFileSync, writeSync } from 'node:fs';
const [path, folder, from] = process.argv.slice(1);
delete globalThis.Float16Array;
const ort = createRequire(path)(path);
const { tests } = JSON.parse(readFileSync(folder + '/tests.json', 'utf8'));
const blob = readFileSync(folder + '/tests.bin');
const arrays = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, int32: Int32Array, int16: Int16Array, int8: Int8Array,
  uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array, bool: Uint8Array, float16: Uint16Array };
const array = (t) => new arrays[t.dtype](new Uint8Array(blob.subarray(t.at, t.at + t.bytes)).buffer);
const half = (h) => { const s = h & 0x8000 ? -1 : 1, e = (h >> 10) & 31, m = h & 1023;
  return s * (e === 31 ? (m ? NaN : Infinity) : e ? 2 ** (e - 15) * (1 + m / 1024) : 2 ** -24 * m); };
const numbers = (data, dtype) => dtype === 'float16' ? Array.from(data, half) : data;
const run = async (test) => {
  if (test.unpacked) return 'not packed: ' + test.unpacked;
  for (const t of [...test.inputs, ...test.outputs]) if (!arrays[t.dtype]) return 'no array for ' + t.dtype;
  const session = await ort.InferenceSession.create(blob.subarray(test.model, test.model + test.bytes), { logSeverityLevel: 4, intraOpNumThreads: 1, interOpNumThreads: 1 });
  const fetched = await session.run(Object.fromEntries(test.inputs.map((t) => [t.name, new ort.Tensor(t.dtype, array(t), t.dims)])));
  await session.release();
  for (const t of test.outputs) {
    const got = fetched[t.name];
    if (got.type !== t.dtype || String(got.dims) !== String(t.dims)) return 'differs: ' + t.name + ' is ' + got.type + '[' + got.dims + ']';
    const [a, b] = [numbers(got.data, t.dtype), numbers(array(t), t.dtype)];
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i], b[i]];
      if (x === y || (x !== x && y !== y)) continue;
      if (!(Math.abs(Number(x) - Number(y)) <= test.atol + test.rtol * Math.abs(Number(y)))) return 'differs: ' + t.name + '[' + i + '] is ' + x + ', not ' + y;
    }
  }
  return 'pass';
};
for (let i = Number(from); i < tests.length; i++) {
  writeSync(1, '\\n' + i + ' ');
  let result;
  try { result = await run(tests[i]); } catch (error) { result = String(error?.message ?? error); }
  writeSync(1, result.replace(/\\s+/g, ' ').slice(0, 200));
}
process.exit(0);
`;

/** One process from a test on; resolves to what it wrote. */
const runFrom = (folder, at) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, ort, folder, String(at)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', () => resolve(text));
  });

async function runAll(folder, count) {
  const results = new Map();
  for (let at = 0; at < count; ) {
    for (const line of (await runFrom(folder, at)).split('\n').filter(Boolean)) {
      const space = line.indexOf(' ');
      results.set(Number(line.slice(0, space)), line.slice(space + 1));
    }
    at = Math.max(at, ...results.keys());
    if (results.get(at) === '') results.set(at, 'crashes');
    at++;
  }
  return results;
}

const blob = [];
let length = 0;
const places = new Map();
function place(bytes) {
  const key = bytes.toString('latin1');
  const known = places.get(key);
  if (known !== undefined) return known;
  const pad = -length & 7;
  blob.push(Buffer.alloc(pad), bytes);
  places.set(key, length + pad);
  length += pad + bytes.length;
  return length - bytes.length;
}

const tests = [];
const unpacked = {};
const seen = new Map();
for (const [f, folder] of [first, ...others].entries()) {
  const source = JSON.parse(readFileSync(`${folder}/tests.json`, 'utf8'));
  const bytes = readFileSync(`${folder}/tests.bin`);
  const results = await runAll(folder, source.tests.length);
  if (f === 0) Object.assign(unpacked, source.unpacked);
  for (const [i, test] of source.tests.entries()) {
    const model = bytes.subarray(test.model, test.model + test.bytes);
    // the operator set stands in the last bytes of a model
    const key = model.subarray(-8).toString('latin1');
    if (f > 0 && (test.unpacked || seen.get(test.name) === key)) continue;
    if (f === 0) seen.set(test.name, key);
    const move = (t) => ({ ...t, at: place(bytes.subarray(t.at, t.at + t.bytes)) });
    tests.push({
      name: f === 0 ? test.name : `${test.name}_onnx${source.onnx}`,
      group: f === 0 ? test.group : `ONNX ${source.onnx}`,
      ...(test.unpacked
        ? { unpacked: test.unpacked }
        : { rtol: test.rtol, atol: test.atol, inputs: test.inputs.map(move), outputs: test.outputs.map(move) }),
      model: place(model),
      bytes: model.length,
      passes: results.get(i) === 'pass',
    });
  }
}
const index = Buffer.from(
  JSON.stringify({
    source: 'ONNX 1.23.1, https://github.com/onnx/onnx, Apache-2.0',
    onnxruntime: version,
    tests,
    unpacked,
  }),
);
const head = Buffer.alloc(8);
head.writeUInt32LE(index.length);
const all = Buffer.concat([head, index, Buffer.alloc(-index.length & 7), ...blob]);
const packed = brotliCompressSync(all, {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: all.length,
  },
});
mkdirSync(new URL('.', target), { recursive: true });
writeFileSync(target, packed);
const count = (of) => tests.filter(of).length;
console.log(`${fileURLToPath(target)}: ${tests.length} tests, ${all.length} bytes, ${packed.length} compressed`);
for (const group of new Set(tests.map((t) => t.group)))
  console.log(
    `${group}: onnxruntime ${version} passes ${count((t) => t.group === group && t.passes)} of ${count((t) => t.group === group)}`,
  );
