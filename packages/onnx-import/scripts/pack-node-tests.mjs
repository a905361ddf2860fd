/**
 * Second step after `node-tests.py` (how to run both is said there): packs the tests of one folder, and from further folders, of an older ONNX, those
 * of former versions of ops. Runs all of them in onnxruntime, and notes which ones it passes.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const folders = process.argv.slice(2);
const target = fileURLToPath(new URL('../test/onnx-tests.br', import.meta.url));
const child = fileURLToPath(new URL('run-in-onnxruntime.mjs', import.meta.url));
const ort = createRequire(import.meta.url).resolve('onnxruntime-node');
const root = pathToFileURL(ort.slice(0, ort.indexOf('/dist/') + 1));
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

const blob = [];
let length = 0;
const places = new Map();

/** Where bytes stand: equal ones once, at a multiple of 8. */
function place(bytes) {
  const key = bytes.toString('latin1');
  if (!places.has(key)) {
    const pad = -length & 7;
    blob.push(Buffer.alloc(pad), bytes);
    places.set(key, length + pad);
    length += pad + bytes.length;
  }
  return places.get(key);
}

const tests = [];
const leftOut = {};
/** Names with the versions of their ops: an older release adds what is not there. */
const known = new Set();
for (const [f, folder] of folders.entries()) {
  const source = JSON.parse(readFileSync(`${folder}/tests.json`, 'utf8'));
  const bytes = readFileSync(`${folder}/tests.bin`);
  for (const test of source.tests) {
    const { operators, ...rest } = test;
    const key = `${test.name} ${operators}`;
    if (known.has(key) || (f > 0 && test.unpacked)) continue;
    known.add(key);
    const model = bytes.subarray(test.model, test.model + test.bytes);
    const move = (t) => ({ ...t, at: place(bytes.subarray(t.at, t.at + t.bytes)) });
    tests.push({
      ...rest,
      ...(f > 0 ? { name: `${test.name} (${test.group})` } : {}),
      ...(test.unpacked ? {} : { inputs: test.inputs.map(move), outputs: test.outputs.map(move) }),
      model: place(model),
      bytes: model.length,
    });
  }
  if (f === 0)
    for (const [name, why] of Object.entries(source.unpacked))
      if (!tests.some((test) => test.name === name)) leftOut[name] = why;
}

function write(quality) {
  const source = 'ONNX, https://github.com/onnx/onnx, Apache-2.0';
  const index = Buffer.from(JSON.stringify({ source, onnxruntime: version, tests, leftOut }));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(index.length);
  const all = Buffer.concat([head, index, Buffer.alloc(-index.length & 7), ...blob]);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: all.length,
  };
  const packed = brotliCompressSync(all, { params });
  writeFileSync(target, packed);
  return packed.length;
}

/** Runs all tests from one on; resolves to what was written until the process ended. */
const runFrom = (at) =>
  new Promise((resolve) => {
    const running = spawn(process.execPath, [child, ort, target, String(at)], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    running.stdout.on('data', (chunk) => {
      text += chunk;
    });
    running.on('close', () => resolve(text));
  });

write(1);
for (let at = 0; at < tests.length; at++) {
  const lines = (await runFrom(at)).split('\n').filter(Boolean);
  for (const line of lines) {
    at = Number(line.slice(0, line.indexOf(' ')));
    tests[at].passes = line.endsWith(' pass');
  }
}
console.log(`${target}: ${tests.length} tests, ${write(11)} bytes`);
for (const group of new Set(tests.map((t) => t.group))) {
  const all = tests.filter((t) => t.group === group);
  console.log(`${group}: onnxruntime ${version} passes ${all.filter((t) => t.passes).length} of ${all.length}`);
}
