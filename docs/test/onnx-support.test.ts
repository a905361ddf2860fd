/**
 * docs/onnx-support.md: every op exported, and what came out. `npm run docs -- onnx` writes the page anew.
 *
 * That the files give the right numbers is shown where symbols are tested, in onnxruntime (packages/onnx-export/src/ops.test.ts).
 */
import '@tenfold/backend-cpu/register';
import { methodCases } from '@tenfold/backend-testkit';
import { expect, it } from 'vitest';
import { layerLines } from './onnx-layers.ts';
import { linesOf, opTables, restLines } from './onnx-ops.ts';

it('docs/onnx-support.md says what every op becomes; if it is out of date, run: npm run docs -- onnx', {
  timeout: 240_000,
}, async () => {
  const tables = await opTables();
  const rows = tables.flatMap((table) => table.rows);
  const rest = restLines(new Set(rows.map(({ op }) => op)));
  const count = rows.length + rest.filter((row) => row.startsWith('| `')).length;
  const without = rows.filter(({ form }) => !form).length + rest.filter((row) => row.includes('| no: ')).length;
  const methods = Object.keys(methodCases).filter((name) => rows.some(({ op }) => op === name)).length;
  const text = [
    '# ONNX support',
    '',
    'Written by `npm run docs -- onnx`, which exports a sample of every op; nothing here is edited by hand.',
    `${count} ops and methods (${methods} of them methods made of other ops), of which ${count - without} have a form in ONNX.`,
    '',
    '"From opset" is the first opset that an export of the sample takes, of 11 to 23. "Nodes" are the kinds of nodes in the file for float32, constants left out. Other options of an op can',
    'need other nodes or a later opset: the export says so, and never writes a file that is wrong. "Runs in onnxruntime" are the dtypes in which onnxruntime 1.30 loads the file of opset 18 on a',
    'CPU, of those that the op takes; bfloat16 is inside such a file, between casts. Results are compared with onnxruntime in tests, at opsets 11, 13, 17, 18, 20, 21 and 23.',
    '',
    ...(await layerLines()),
    ...tables.flatMap(linesOf),
    ...rest,
  ].join('\n');
  expect(without).toBeLessThan(count / 2);
  await expect(text).toMatchFileSnapshot('../onnx-support.md');
});
