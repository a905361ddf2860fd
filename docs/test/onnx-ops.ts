/** What docs/onnx-support.md says of ops: each is exported from a sample, and loaded in onnxruntime in every dtype that it takes. */
import { caseOf, families, loadFixture, makeInput, methodCases, type Sample } from '@tenfold/backend-testkit';
import { toOnnx } from '@tenfold/onnx-export';
import { ModelProto } from '@tenfold/onnx-model';
import { type DType, isTensor, TenfoldError, type Tensor } from '@tenfold/tensor-core';
import { type JobResult, runInOnnxRuntime } from '../../packages/onnx-export/src/runtime.ts';
import { symbols } from '../../packages/onnx-export/src/symbols/all.ts';
import type { OnnxSymbol } from '../../packages/onnx-export/src/symbols/symbol.ts';

const opsets = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];

const dtypes: readonly DType[] = ['float32', 'float64', 'float16', 'bfloat16', 'int64', 'int32', 'uint8', 'bool'];

/** What is known of an op. */
interface Row {
  readonly op: string;
  /** The first opset that an export takes, and the kinds of nodes at 18 (or the first) and 23; `null` where there is none. */
  readonly form: { readonly first: number; readonly at18: readonly string[]; readonly at23: readonly string[] } | null;
  /** Why there is none. */
  readonly reason: string;
  /** The dtypes that onnxruntime has kernels for, of those that the op takes. */
  readonly runs: readonly DType[];
}

/** A list of rows under a title. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Samples to try in this order: ordinary numbers before special ones, float32 before what else there is. */
function ordered(samples: readonly Sample[]): Sample[] {
  const order = ['float32', 'int64', 'float64', 'bool'];
  const rank = ({ name, inputs }: Sample) => {
    const first = inputs.find((x) => typeof x === 'object' && x !== null);
    const dtype = first ? order.indexOf((first as { dtype: string }).dtype) : 0;
    return (dtype < 0 ? 9 : dtype) * 2 + (/nan|inf|empty|special/.test(name) ? 1 : 0);
  };
  return samples.toSorted((a, b) => rank(a) - rank(b)).slice(0, 4);
}

/** A sample as a model of its tensors. Those of the first one's dtype have `dtype` instead, if it is given. */
function modelOf(op: string, { inputs, args = {} }: Sample, dtype?: DType) {
  const made = inputs.map((input) => makeInput(input, 'cpu', false));
  const tensors = made.filter(isTensor);
  const from = tensors[0]?.dtype;
  // onnxruntime-node takes and gives no bfloat16: it stays inside
  const inside = dtype === 'bfloat16';
  const given = tensors.map((x) => (dtype && x.dtype === from ? x.to(inside ? 'float32' : dtype) : x));
  const model = (...now: Tensor[]) => {
    const cast = now.map((x, k) => (inside && tensors[k].dtype === from ? x.to('bfloat16') : x));
    const replaced = made.map((input) => (isTensor(input) ? cast[tensors.indexOf(input)] : input));
    const results = caseOf(op)!.call(replaced, args, 'cpu');
    const list = isTensor(results) ? [results] : [...results];
    return list.map((x) => (x.dtype === 'bfloat16' ? x.to('float32') : x));
  };
  return { model, given, applies: dtype === undefined || from !== undefined };
}

async function bytesOf(op: string, sample: Sample, opsetVersion: number): Promise<Uint8Array> {
  const { model, given } = modelOf(op, sample);
  return toOnnx(model, given, { opsetVersion, metadata: false });
}

/** The kinds of nodes in a file. */
function kindsOf(bytes: Uint8Array): string[] {
  const kinds = (ModelProto.decode(bytes).graph?.node ?? []).map(({ opType = '' }) => opType);
  return [...new Set(kinds)].filter((kind) => kind !== 'Constant');
}

/** Why an export failed, in the words of a table. */
const inShort = (message: string) =>
  / is read while the model is traced/.test(message)
    ? 'its result depends on values, which a trace must not read'
    : message.replace(/^op '(\w+)'(?: at \S+:\d+:\d+)? can't be exported: /, 'made of `$1`: ');

/** A file that onnxruntime is asked to load. */
interface Question {
  readonly op: string;
  readonly dtype: DType;
  readonly model: string;
}

/** Methods are made of other ops, and run where these do; but a convolution by its number of dims is what one looks for. */
const sweeps = (op: string): boolean => !(op in methodCases) || /^conv|[Pp]ool\dd$/.test(op);

/** The sample in every dtype that the op takes. */
async function questionsOf(op: string, sample: Sample): Promise<Question[]> {
  const questions: Question[] = [];
  for (const dtype of dtypes) {
    try {
      const { model, given, applies } = modelOf(op, sample, dtype);
      if (!applies) continue;
      const bytes = await toOnnx(model, given, { opsetVersion: 18, metadata: false });
      questions.push({ op, dtype, model: Buffer.from(bytes).toString('base64') });
    } catch (error) {
      // the op, or its form, does not take the dtype
      if (!(error instanceof TenfoldError)) throw error;
    }
  }
  return questions;
}

async function formOf(op: string, samples: readonly Sample[], questions: Question[]): Promise<Omit<Row, 'runs'>> {
  const symbol = (symbols as { readonly [op: string]: OnnxSymbol | undefined })[op];
  if (symbol && 'kind' in symbol && symbol.kind === 'unsupported') return { op, form: null, reason: symbol.reason };
  let reason = '';
  for (const sample of ordered(samples)) {
    for (const first of opsets) {
      try {
        await bytesOf(op, sample, first);
      } catch (error) {
        reason = inShort((error as Error).message.split('\n')[0]);
        // a later opset changes what has a form, not what can be traced
        if (!/opset/.test(reason)) break;
        continue;
      }
      const at18 = kindsOf(await bytesOf(op, sample, Math.max(first, 18)));
      const at23 = kindsOf(await bytesOf(op, sample, 23));
      if (sweeps(op)) questions.push(...(await questionsOf(op, sample)));
      return { op, form: { first, at18, at23 }, reason: '' };
    }
  }
  return { op, form: null, reason };
}

/** A table for each family of ops that has samples. All files are loaded in one process. */
export async function opTables(): Promise<Table[]> {
  const seen = new Set<string>();
  const questions: Question[] = [];
  const found: { title: string; rows: Omit<Row, 'runs'>[] }[] = [];
  for (const family of families) {
    const ops = (await loadFixture(family)).filter(({ op }) => caseOf(op) && !seen.has(op));
    if (ops.length === 0) continue;
    const rows: Omit<Row, 'runs'>[] = [];
    for (const { op, samples } of ops) {
      seen.add(op);
      rows.push(await formOf(op, samples, questions));
    }
    found.push({ title: family, rows });
  }
  const results: JobResult[] = await runInOnnxRuntime(questions.map(({ model }) => ({ model, runs: [] })));
  const runs = (op: string): DType[] =>
    questions.flatMap((question, k) => (question.op === op && !('error' in results[k]) ? [question.dtype] : []));
  return found.map(({ title, rows }) => ({ title, rows: rows.map((row) => ({ ...row, runs: runs(row.op) })) }));
}

const short = (dtype: DType): string =>
  dtype.replace('bfloat', 'bf').replace('float', 'f').replace('uint', 'u').replace('int', 'i');

const nodes = (kinds: readonly string[]): string => kinds.join(' ') || 'none: the value goes through';

function line({ op, form, reason, runs }: Row): string {
  if (!form) return `| \`${op}\` | – | no: ${reason} | | |`;
  const [a, b] = [nodes(form.at18), nodes(form.at23)];
  return `| \`${op}\` | ${form.first} | ${a} | ${a === b ? 'the same' : b} | ${sweeps(op) ? runs.map(short).join(' ') : 'where its ops do'} |`;
}

/** The lines of a table. */
export const linesOf = ({ title, rows }: Table): string[] => [
  `## ${title}`,
  '',
  '| op | from opset | nodes at 18 | nodes at 23 | runs in onnxruntime |',
  '|---|---|---|---|---|',
  ...rows.map(line),
  '',
];

/** The ops of no table: those that other ops are made of. */
export function restLines(seen: ReadonlySet<string>): string[] {
  const rest = Object.entries(symbols).filter(([op]) => !seen.has(op));
  return [
    '## Without a sample',
    '',
    '| op | in a file |',
    '|---|---|',
    ...rest.map(([op, row]) => {
      const symbol = row as OnnxSymbol;
      if (typeof symbol === 'function') return `| \`${op}\` | nodes of its own |`;
      return `| \`${op}\` | ${symbol.kind === 'viaBody' ? 'the ops of its body' : `no: ${symbol.reason}`} |`;
    }),
    '',
  ];
}
