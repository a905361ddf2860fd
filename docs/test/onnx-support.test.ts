/**
 * docs/onnx-support.md: every op exported, and what came out. `npm run docs -- onnx` writes the page anew.
 *
 * That the files give the right numbers is shown where symbols are tested, in onnxruntime (packages/onnx-export/src/ops.test.ts).
 */
import '@tenfold/backend-cpu/register';
import { caseOf, families, loadFixture, makeInput, methodCases, type Sample } from '@tenfold/backend-testkit';
import { toOnnx } from '@tenfold/onnx-export';
import { isTensor, type Tensor } from '@tenfold/tensor-core';
import { expect, it } from 'vitest';
import { symbols } from '../../packages/onnx-export/src/symbols/all.ts';
import type { OnnxSymbol } from '../../packages/onnx-export/src/symbols/symbol.ts';

const opsets = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21];

/** Samples to try in this order: ordinary numbers before special ones, float32 before what else there is. */
function ordered(samples: readonly Sample[]): Sample[] {
  const dtypes = ['float32', 'int64', 'float64', 'bool'];
  const rank = ({ name, inputs }: Sample) => {
    const first = inputs.find((x) => typeof x === 'object' && x !== null);
    const dtype = first ? dtypes.indexOf((first as { dtype: string }).dtype) : 0;
    return (dtype < 0 ? 9 : dtype) * 2 + (/nan|inf|empty|special/.test(name) ? 1 : 0);
  };
  return samples.toSorted((a, b) => rank(a) - rank(b)).slice(0, 4);
}

/** Exports one sample as a model of its tensors; gives the kinds of nodes in the file. */
async function nodesOf(op: string, { inputs, args = {} }: Sample, opsetVersion: number): Promise<string[]> {
  const made = inputs.map((input) => makeInput(input, 'cpu', false));
  const tensors = made.filter(isTensor);
  const model = (...given: Tensor[]) => {
    const replaced = made.map((input) => (isTensor(input) ? given[tensors.indexOf(input)] : input));
    const results = caseOf(op)!.call(replaced, args, 'cpu');
    return isTensor(results) ? results : [...results];
  };
  let text = '';
  await toOnnx(model, tensors, { opsetVersion, verbose: (line) => void (text += `${line}\n`) });
  const kinds = [...text.matchAll(/ = onnx::(\w+)/g)].map(([, kind]) => kind);
  return [...new Set(kinds)].filter((kind) => kind !== 'Constant');
}

/** Why an export failed, in the words of a table. */
const inShort = (message: string) =>
  / is read while the model is traced/.test(message)
    ? 'its result depends on values, which a trace must not read'
    : message.replace(/^op '(\w+)' can't be exported: /, 'made of `$1`: ');

/** The row of an op: its nodes at opset 18 and the first opset that has a form of it, or why there is none. */
async function rowOf(op: string, samples: readonly Sample[]): Promise<string> {
  const symbol = (symbols as { readonly [op: string]: OnnxSymbol | undefined })[op];
  if (symbol && 'kind' in symbol && symbol.kind === 'unsupported') return `| \`${op}\` | – | no: ${symbol.reason} |`;
  let problem = '';
  for (const sample of ordered(samples)) {
    for (const opset of opsets) {
      try {
        await nodesOf(op, sample, opset);
      } catch (error) {
        problem = inShort((error as Error).message.split('\n')[0]);
        continue;
      }
      const kinds = await nodesOf(op, sample, Math.max(opset, 18));
      return `| \`${op}\` | ${opset} | ${kinds.join(' ') || 'nothing: the value goes through'} |`;
    }
  }
  return `| \`${op}\` | – | no: ${problem} |`;
}

it('docs/onnx-support.md says what every op becomes; if it is out of date, run: npm run docs -- onnx', {
  timeout: 240_000,
}, async () => {
  const rows: string[] = [];
  const seen = new Set<string>();
  for (const family of families) {
    const ops = (await loadFixture(family)).filter(({ op }) => caseOf(op) && !seen.has(op));
    if (ops.length === 0) continue;
    rows.push(`## ${family}`, '', '| op | from opset | nodes |', '|---|---|---|');
    for (const { op, samples } of ops) {
      seen.add(op);
      rows.push(await rowOf(op, samples));
    }
    rows.push('');
  }
  const rest = Object.keys(symbols).filter((op) => !seen.has(op));
  rows.push('## Without a sample', '', '| op | in a file |', '|---|---|');
  for (const op of rest) {
    const symbol = symbols[op as keyof typeof symbols] as OnnxSymbol;
    const how =
      typeof symbol === 'function'
        ? 'nodes of its own'
        : symbol.kind === 'viaBody'
          ? 'the ops of its body'
          : `no: ${symbol.reason}`;
    rows.push(`| \`${op}\` | ${how} |`);
  }
  const written = rows.filter((row) => /^\| `/.test(row));
  const no = written.filter((row) => row.includes('| no: '));
  const methods = Object.keys(methodCases).filter((op) => seen.has(op)).length;
  const text = [
    '# ONNX support',
    '',
    'Written by `npm run docs -- onnx`, which exports a sample of every op; nothing here is edited by hand.',
    `${written.length} ops and methods (${methods} of them methods made of other ops), of which ${written.length - no.length} have a form in ONNX.`,
    '',
    '"From opset" is the first opset that an export of the sample takes, of 11 to 21. "Nodes" are the kinds of nodes in the file at opset 18, constants left out. Other options of an op can',
    'need other nodes or a later opset: the export says so, and never writes a file that is wrong. Results are compared with onnxruntime in tests, at opsets 11, 13, 18 and 21.',
    '',
    ...rows,
  ].join('\n');
  expect(no.length).toBeLessThan(written.length / 2);
  await expect(`${text}\n`).toMatchFileSnapshot('../onnx-support.md');
});
