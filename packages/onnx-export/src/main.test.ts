import '@tenfold/backend-cpu/register';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenfold/nn';
import { decodeModel, ModelProto } from '@tenfold/onnx-model';
import { manualSeed, rand, type Tensor, tensor } from '@tenfold/tensor-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CheckReport } from './check-file.ts';
import { exportOnnx } from './export-file.ts';
import { main } from './main.ts';

const folder = mkdtempSync(join(tmpdir(), 'check-'));
afterAll(() => rmSync(folder, { recursive: true }));
const good = join(folder, 'good.onnx');

beforeAll(async () => {
  manualSeed(0);
  const model = new Sequential(
    new Conv2d(1, 4, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(4 * 4 * 4, 5),
  );
  await exportOnnx(model, rand([1, 1, 8, 8]), good, { dynamicAxes: { x: { 0: 'batch' } } });
});

/** Runs the command. */
async function command(...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const code = await main(argv, { out: (text) => void (out += text), error: (text) => void (error += text) });
  return { code, out, error };
}

/** A file with the good model, spoilt. */
function spoilt(name: string, spoil: (model: ModelProto) => void): string {
  const model = decodeModel(readFileSync(good));
  spoil(model);
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, ModelProto.encode(model).finish());
  return path;
}

describe('check', () => {
  test('a good file', async () => {
    const { code, out, error } = await command('check', good, '--sizes', '1,3');
    expect(error).toBe('');
    expect(out).toMatch(
      /good\.onnx: IR 8, opset ai\.onnx 18, by tenfold\n {2}\d+ nodes, 4 initializers with 365 numbers/,
    );
    expect(out).toMatch(
      /outputs, as onnxruntime infers them:\n {2}y: float32\[batch, 5\]\nran in onnxruntime at 2 choices of sizes\n/,
    );
    expect(out).toMatch(/good\n$/);
    expect(code).toBe(0);
  });

  test('as JSON, with a picture in a file', async () => {
    const svg = join(folder, 'good.svg');
    const { code, out } = await command('check', good, '--json', '--size', 'batch=2,5', '--svg', svg);
    const report = JSON.parse(out) as CheckReport;
    expect(report).toMatchObject({ file: good, problems: [], notes: expect.anything(), runs: 2 });
    expect(report.facts?.ops).toMatchObject({ Conv: 1, Relu: 1, MaxPool: 1, Gemm: 1 });
    expect(report.inferred).toEqual([{ name: 'y', type: 'float32', shape: ['batch', 5] }]);
    expect(readFileSync(svg, 'utf8')).toMatch(/<svg[\s\S]*Conv[\s\S]*<\/svg>/);
    expect(code).toBe(0);
  });

  test('the graph as text and for Graphviz', async () => {
    const { code, out } = await command('check', good, '--no-run', '--print', '--dot');
    expect(out).toContain('%y : float32[batch, 5] = onnx::Gemm');
    expect(out).toMatch(/digraph "Sequential" \{[\s\S]*<b>Conv<\/b>[\s\S]*0\.weight: float32\[4, 1, 3, 3\]/);
    expect(out).toMatch(/-> n\d+ \[label=<float32\[batch, 4, 8, 8\]>\]/);
    expect(out).toMatch(/well-formed; not run\n$/);
    expect(code).toBe(0);
  });

  test('integer inputs and data in another file', async () => {
    const path = join(folder, 'ids.onnx');
    const table = rand([2, 512]);
    const ids = tensor([[0, 1]], { dtype: 'int64' });
    await exportOnnx((x: Tensor) => table.indexSelect(0, x.reshape([-1])), ids, path, { externalData: true });
    const { code, out } = await command('check', path);
    expect(out).toContain('data in ids.onnx.data');
    expect(code).toBe(0);
    writeFileSync(`${path}.data`, 'short');
    const short = await command('check', path);
    expect(short.out).toMatch(/problem: the data of tensor 'constant'.* would be bytes 0 to 4096, and the file has 5/);
    expect(short.code).toBe(1);
  });

  test.each<[string, (model: ModelProto) => void, RegExp]>([
    ['order', (m) => void m.graph?.node?.reverse(), /problem: .* reads .* before it is computed/],
    [
      'operator',
      (m) => m.graph?.node && Object.assign(m.graph.node[1], { opType: 'Rulu' }),
      /ONNX has no operator of this name/,
    ],
    [
      'opset',
      (m) => m.graph?.node && Object.assign(m.graph.node[1], { opType: 'Gelu' }),
      /part of ONNX from opset 20 on, the model says 18/,
    ],
    [
      'attribute',
      (m) => void m.graph?.node?.[0].attribute?.push({ name: 'padding', type: 2, i: 1 }),
      /has no attribute 'padding'/,
    ],
    ['inputs', (m) => void m.graph?.node?.[1].input?.push('x'), /has 2 inputs, the operator takes at most 1/],
    [
      'unread',
      (m) => void m.graph?.initializer?.push({ name: 'w', dims: [1], dataType: 1, rawData: new Uint8Array(4) }),
      /note: initializers that nothing reads: 'w'/,
    ],
    [
      'shape',
      (m) => m.graph?.initializer && Object.assign(m.graph.initializer[0], { dims: [4, 9] }),
      /problem: onnxruntime: /,
    ],
  ])('%s', async (name, spoil, message) => {
    const { code, out } = await command('check', spoilt(name, spoil), '--sizes', '1');
    expect(out).toMatch(message);
    expect(code).toBe(out.includes('problem: ') ? 1 : 0);
  });

  test('what is no ONNX file', async () => {
    const path = join(folder, 'text.onnx');
    writeFileSync(path, 'a text');
    const { code, out } = await command('check', path);
    expect(out).toMatch(/problem: not an ONNX file, or a damaged one: at byte/);
    expect(code).toBe(1);
  });

  test.each([
    [[], /expected: check FILE/],
    [['check'], /expected: check FILE/],
    [['chek', good], /expected: check FILE/],
    [['check', join(folder, 'absent.onnx')], /ENOENT/],
    [['check', good, '--fast'], /Unknown option '--fast'; --help lists the flags/],
    [['check', good, '--sizes', '1,two'], /--sizes: give sizes such as 1,7,64/],
    [['check', good, '--size', 'batch'], /--size: write NAME=LIST/],
    [['check', good, '--timeout', '0'], /--timeout: '0' is no number/],
    [['check', good, '--json', '--print'], /--json prints one object/],
  ])('%j is a wrong command', async (argv, message) => {
    const { code, out, error } = await command(...argv);
    expect(error).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  test('help', async () => {
    const { code, out } = await command('--help');
    expect(out).toContain('Exit codes: 0 the file is good');
    expect(code).toBe(0);
    expect(existsSync(join(folder, '-'))).toBe(false);
  });

  test('results are compared with those of the same file imported, and the first node that differs is named', async () => {
    const weight = rand([700, 3]);
    const path = join(folder, 'product.onnx');
    await exportOnnx((x: Tensor) => x.mul(3).matmul(weight).relu(), rand([2, 700]), path, {
      dynamicAxes: { x: { 0: 'n' } },
    });
    const { code, out } = await command('check', path, '--sizes', '1,4', '--seed', '3');
    expect(out).toMatch(
      /compared with @tenfold\/onnx-import:\noutput {2}sizes {2}shape {3}largest difference {2}allowed\ny {7}n = 1 {2}\[1, 3\] {2}\S+ +1e-4\ny {7}n = 4 {2}\[4, 3\] {2}\S+ +1e-4\ngood\n$/,
    );
    expect(code).toBe(0);
    // sums of 700 numbers are rounded differently, products are not
    const exact = await command('check', path, '--sizes', '4', '--tolerance', '0');
    expect(exact.out).toMatch(
      /problem: onnxruntime and @tenfold\/onnx-import differ\. The first node that differs: '\/MatMul' \(MatMul\)/,
    );
    expect(exact.code).toBe(1);
    // the same seed, the same numbers
    const again = await command('check', path, '--sizes', '1,4', '--seed', '3');
    expect(again.out).toBe(out);
  });

  test('an axis that the model does not have', async () => {
    const { code, out } = await command('check', good, '--size', 'time=1');
    expect(out).toMatch(/the model has no axis 'time'; its axes: batch/);
    expect(code).toBe(1);
  });
});
