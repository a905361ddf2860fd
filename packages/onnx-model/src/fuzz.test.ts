import { OnnxModelError } from '@tenfold/tensor-core';
import { expect, test } from 'vitest';
import { checkModel } from './check.ts';
import { checkOperators, unusedValues } from './check-operators.ts';
import { tensorData } from './data.ts';
import { decodeModel } from './decode.ts';
import { toDot } from './dot.ts';
import { allTensors, externalFiles, loadExternalData } from './external-data.ts';
import { type GraphProto, ModelProto, type ValueInfoProto } from './generated/onnx.ts';
import { printModel } from './print.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const info = (name: string): ValueInfoProto => ({
  name,
  type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }, { dimValue: 2 }] } } },
  metadataProps: [{ key: 'k', value: 'v' }],
});

const branch = (name: string): GraphProto => ({
  name,
  node: [
    { opType: 'Neg', name: `${name}/Neg`, input: ['h'], output: [`${name}_y`] },
    {
      opType: 'Constant',
      name: `${name}/Constant`,
      output: [`${name}_c`],
      attribute: [{ name: 'value', type: 4, t: { dims: [2], dataType: 7, int64Data: [1n, -(2n ** 63n)] } }],
    },
  ],
  output: [{ ...info(`${name}_y`) }],
});

/** A model with most of what ONNX has. */
const model: ModelProto = {
  irVersion: 10,
  opsetImport: [
    { domain: '', version: 18 },
    { domain: 'custom', version: 1 },
  ],
  producerName: 'tenfold',
  docString: 'a ünïcode text',
  metadataProps: [{ key: 'a', value: 'b' }],
  graph: {
    name: 'g',
    node: [
      { opType: 'MatMul', name: '/MatMul', input: ['x', 'w'], output: ['h'] },
      {
        opType: 'If',
        name: '/If',
        input: ['c'],
        output: ['i'],
        attribute: [
          { name: 'then_branch', type: 5, g: branch('then') },
          { name: 'else_branch', type: 5, g: branch('else') },
        ],
      },
      {
        opType: 'TWICE',
        domain: 'custom',
        name: '/TWICE',
        input: ['i', ''],
        output: ['y'],
        attribute: [
          { name: 'f', type: 1, f: 0.5 },
          { name: 'i', type: 2, i: -7 },
          { name: 's', type: 3, s: bytes('text') },
          { name: 'fs', type: 6, floats: [1, 2, 3] },
          { name: 'is', type: 7, ints: [1, 2, Number.MAX_SAFE_INTEGER] },
          { name: 'ss', type: 8, strings: [bytes('a'), bytes('b')] },
        ],
      },
    ],
    initializer: [
      { name: 'w', dims: [2, 2], dataType: 1, rawData: new Uint8Array(16) },
      { name: 'c', dims: [], dataType: 9, int32Data: [1] },
      { name: 'd', dims: [2], dataType: 11, doubleData: [1, 2] },
      { name: 's', dims: [1], dataType: 8, stringData: [bytes('s')] },
      { name: 'four', dims: [3], dataType: 22, int32Data: [1, 2] },
      {
        name: 'outside',
        dims: [4],
        dataType: 1,
        dataLocation: 1,
        externalData: [
          { key: 'location', value: 'w.data' },
          { key: 'offset', value: '4096' },
          { key: 'length', value: '16' },
        ],
      },
    ],
    sparseInitializer: [
      {
        values: { name: 'sparse', dims: [1], dataType: 1, floatData: [3] },
        indices: { dims: [1], dataType: 7, int64Data: [2n] },
        dims: [4],
      },
    ],
    input: [info('x')],
    output: [info('y')],
    valueInfo: [info('h'), info('i')],
  },
  functions: [
    {
      name: 'TWICE',
      domain: 'custom',
      input: ['a', 'b'],
      output: ['r'],
      attribute: ['f', 'i', 's', 'fs', 'is', 'ss'],
      node: [{ opType: 'Add', name: '/Add', input: ['a', 'a'], output: ['r'] }],
      opsetImport: [{ domain: '', version: 18 }],
    },
  ],
};
const file = ModelProto.encode(model).finish();

/** Numbers below n, the same for the same seed. */
function draws(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** A file with one to four faults: bits, bytes, cuts, holes, repeats, long numbers. */
function damaged(seed: number): Uint8Array {
  const draw = draws(seed);
  let data = [...file];
  for (let i = draw(4); i >= 0; i--) {
    const at = draw(data.length);
    const length = 1 + draw(20);
    switch (draw(7)) {
      case 0:
        data[at] ^= 1 << draw(8);
        break;
      case 1:
        data[at] = draw(256);
        break;
      case 2:
        data = data.slice(0, at);
        break;
      case 3:
        data.splice(at, length);
        break;
      case 4:
        data.splice(at, 0, ...data.slice(at, at + length));
        break;
      case 5:
        data.splice(at, 1, ...Array.from({ length }, () => 255), 1);
        break;
      default:
        data.splice(at, length, ...data.slice(draw(data.length)).slice(0, length));
    }
    if (data.length === 0) data = [0];
  }
  return Uint8Array.from(data);
}

/** Does everything with a file that is done with files here; errors other than of the model pass. */
async function useAll(data: Uint8Array): Promise<boolean> {
  const refuse = (error: unknown): false => {
    if (error instanceof OnnxModelError) return false;
    throw error;
  };
  let decoded: ModelProto;
  try {
    decoded = decodeModel(data);
  } catch (error) {
    return refuse(error);
  }
  // these take what is not sound, too
  printModel(decoded);
  toDot(decoded);
  checkOperators(decoded);
  unusedValues(decoded);
  externalFiles(decoded);
  for (const tensor of allTensors(decoded)) {
    try {
      tensorData(tensor);
    } catch (error) {
      refuse(error);
    }
  }
  await loadExternalData(decoded, { 'w.data': new Uint8Array(4112) }).catch(refuse);
  try {
    checkModel(decoded);
    return true;
  } catch (error) {
    return refuse(error);
  }
}

test('the file by itself is sound', async () => {
  expect(await useAll(file)).toBe(true);
});

test('every cut of a file', async () => {
  for (let length = 1; length < file.length; length++) await useAll(file.subarray(0, length));
});

test('damaged files are refused by one kind of error, or sound', async () => {
  const count = Number(process.env.TENFOLD_FUZZ ?? 3000);
  let [sound, slowest] = [0, 0];
  for (let seed = 0; seed < count; seed++) {
    const started = performance.now();
    try {
      if (await useAll(damaged(seed))) sound++;
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    }
    slowest = Math.max(slowest, performance.now() - started);
  }
  // some faults hit texts and numbers, most don't
  expect(sound).toBeGreaterThan(count / 50);
  expect(sound).toBeLessThan(count / 2);
  expect(slowest).toBeLessThan(2000);
}, 3_600_000);
