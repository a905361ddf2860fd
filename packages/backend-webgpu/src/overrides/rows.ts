/**
 * Kernels over rows: what is normalised together is a row, whichever dims it has. A workgroup takes one long row or several short ones, and its
 * invocations share them: `lanes` to a row.
 */
import { sizeOf } from '../geometry.ts';
import type { Fault, Gpu } from '../gpu.ts';
import type { View } from '../shader.ts';
import { Call } from './call.ts';

/** How a workgroup is laid over rows. */
interface Layout {
  /** Rows of a workgroup, and invocations to each of them. */
  readonly rows: number;
  readonly lanes: number;
  /** Whether neighbouring invocations take neighbouring rows, rather than neighbouring elements of a row. */
  readonly across: boolean;
}

/** Neighbouring invocations should read neighbouring elements; and there should be enough of them. */
function layoutFor(count: number, length: number, x: View, outer: number): Layout {
  const inner = Math.min(...x.shape.flatMap((size, d) => (d >= outer && size > 1 ? [x.strides[d]] : [])));
  const between = Math.min(...x.shape.flatMap((size, d) => (d < outer && size > 1 ? [x.strides[d]] : [])));
  if (between < inner) {
    if (length <= 32 || count >= 2 ** 15) return { rows: 64, lanes: 1, across: true };
    return { rows: 16, lanes: 16, across: true };
  }
  if (length <= 16) return { rows: 64, lanes: 1, across: false };
  if (length <= 256 && count > 8) return { rows: 8, lanes: 8, across: false };
  return { rows: 1, lanes: length <= 4096 ? 64 : 256, across: false };
}

/** What a body of a row is written with. Operands are numbered, outputs first; values are f32. */
export interface RowWriter {
  /** Elements of a row, as a u32. */
  readonly length: string;
  /** Element `i` of operand `o` in this row, within loops; outside of them, the operand's only element of this row. */
  load(o: number): string;
  /** Stores element `i`, within a loop. */
  store(o: number, value: string): string;
  /** Stores the operand's only element of this row. */
  storeOne(o: number, value: string): string;
  one(o: number): string;
  /** A loop over the elements `i` of a row. */
  each(...statements: string[]): string;
  /** Declares each name as the sum of its expression over the row; `statements` come before these. */
  sums(terms: { readonly [name: string]: string }, statements?: string): string;
  /** Declares `name` as the largest value of the expression; NaN if there is one. */
  largest(name: string, value: string): string;
  /** Index of element `i` of operand `o`, and of its first element in row number `row`. */
  index(o: number): string;
  origin(o: number, row?: string): string;
  /** Reading and writing anywhere. */
  loadAt(o: number, index: string): string;
  /** A call of a function of the prelude. */
  call(name: string, ...args: string[]): string;
  param(k: number): string;
  /** A whole number of those given, as an i32. */
  integer(k: number): string;
  /** Statement that reports an i32 as the fault of this call. */
  fault(value: string): string;
}

/** A kernel over rows. All operands have one shape, whose first `outer` dims number the rows; strides of 0 repeat. */
export interface RowsKernel {
  readonly name: string;
  readonly outs: readonly View[];
  readonly ins: readonly View[];
  readonly outer: number;
  readonly params?: readonly number[];
  readonly integers?: readonly number[];
  readonly fault?: Fault;
  body(row: RowWriter): readonly string[];
}

/** Elements that are summed one after the other; sums of these are then summed. */
const run = 32;

/** Runs a kernel over rows, if there are any. */
export function runRows(
  gpu: Gpu,
  { name, outs, ins, outer, params = [], integers = [], fault, body }: RowsKernel,
): void {
  const [main] = ins;
  const count = sizeOf(main.shape.slice(0, outer));
  const length = sizeOf(main.shape.slice(outer));
  if (count === 0) return;
  const layout = layoutFor(count, length, main, outer);
  const call = new Call(gpu, name, outs, ins);
  call.variant(`${layout.rows}.${layout.lanes}.${layout.across}`);
  const [rows, n] = [call.uint(count), call.uint(length)];
  const start = call.walk('start', 0, outer, true);
  const along = call.walk('along', outer, main.shape.length, false);
  const given = {
    params: params.map((value) => call.float(value)),
    integers: integers.map((value) => call.int(value)),
    report: fault ? call.faults(fault) : () => '',
  };
  call.run(Math.ceil(count / layout.rows), layout.rows * layout.lanes, () => {
    const uses = new Set<string>();
    const code = body(writerOf(call, layout, uses, start, along, given));
    return {
      uses,
      declarations: reductions(layout, uses),
      body: [...opening(layout, rows, n), ...code].map((line) => `  ${line}`).join('\n'),
    };
  });
}

const opening = ({ rows, lanes, across }: Layout, count: string, length: string): string[] => [
  `let lane = ${across ? `lid / ${rows}u` : `lid % ${lanes}u`};`,
  `let sub = ${across ? `lid % ${rows}u` : `lid / ${lanes}u`};`,
  // every invocation comes to every barrier; those beyond the last row have nothing to do between them
  `let wanted = gid * ${rows}u + sub;`,
  `let live = wanted < ${count};`,
  `let row = min(wanted, ${count} - 1u);`,
  `let n = ${length};`,
  'let first = select(n, lane, live);',
];

/** Codes of what a kernel was given. */
interface Given {
  readonly params: readonly string[];
  readonly integers: readonly string[];
  readonly report: (value: string) => string;
}

function writerOf(
  call: Call,
  { lanes }: Layout,
  uses: Set<string>,
  start: (o: number, i: string) => string,
  along: (o: number, i: string) => string,
  { params, integers, report }: Given,
): RowWriter {
  const use = (name: string, ...args: string[]): string => {
    uses.add(name);
    return `${name}(${args.join(', ')})`;
  };
  const index = (o: number): string => `${start(o, 'row')} + ${along(o, 'i')}`;
  return {
    length: 'n',
    load: (o) => call.load(o, index(o)),
    one: (o) => call.load(o, start(o, 'row')),
    store: (o, value) => call.store(o, index(o), value),
    storeOne: (o, value) => `if (live && lane == 0u) { ${call.store(o, start(o, 'row'), value)} }`,
    each: (...statements) => `for (var i = first; i < n; i += ${lanes}u) { ${statements.join(' ')} }`,
    sums(terms, statements = '') {
      const names = Object.keys(terms);
      const all = (code: (name: string) => string): string => names.map(code).join(' ');
      return `${all((name) => `var ${name}_own = 0.0;`)}
  for (var begin = first; begin < n; begin += ${lanes * run}u) {
    ${all((name) => `var ${name}_part = 0.0;`)}
    let end = min(n, begin + ${lanes * run}u);
    for (var i = begin; i < end; i += ${lanes}u) { ${statements} ${all((name) => `${name}_part += ${terms[name]};`)} }
    ${all((name) => `${name}_own += ${name}_part;`)}
  }
  ${all((name) => `let ${name} = row_sum(lane, sub, ${name}_own);`)}`;
    },
    largest: (name, value) => `var ${name}_own = -${use('inf_of')};
  for (var i = first; i < n; i += ${lanes}u) { ${name}_own = ${use('max_of', `${name}_own`, value)}; }
  let ${name} = row_max(lane, sub, ${name}_own);`,
    index,
    origin: (o, row = 'row') => start(o, row),
    loadAt: (o, at) => call.load(o, at),
    call: use,
    param: (k) => params[k],
    integer: (k) => integers[k],
    fault: report,
  };
}

/** `row_sum` and `row_max`: over the lanes of a row, in one order. */
function reductions(layout: Layout, uses: Set<string>): string {
  const { rows, lanes } = layout;
  if (lanes === 1)
    return ['sum', 'max'].map((name) => `fn row_${name}(lane: u32, sub: u32, x: f32) -> f32 { return x; }`).join('\n');
  uses.add('max_of');
  const both = (code: (name: string, join: (a: string, b: string) => string) => string): string =>
    `${code('row_sum', (a, b) => `${a} + ${b}`)}\n${code('row_max', (a, b) => `max_of(${a}, ${b})`)}`;
  const head = `var<workgroup> lanes: array<f32, ${rows * lanes}>;`;
  if (lanes <= 16)
    return `${head}
${both(
  (name, join) => `fn ${name}(lane: u32, sub: u32, x: f32) -> f32 {
  workgroupBarrier();
  lanes[sub * ${lanes}u + lane] = x;
  workgroupBarrier();
  var all = lanes[sub * ${lanes}u];
  for (var k = 1u; k < ${lanes}u; k++) { all = ${join('all', `lanes[sub * ${lanes}u + k]`)}; }
  return all;
}`,
)}`;
  // in two steps of the same length
  const step = Math.sqrt(lanes);
  return `${head}
var<workgroup> parts: array<f32, ${rows * step}>;
${both(
  (name, join) => `fn ${name}(lane: u32, sub: u32, x: f32) -> f32 {
  lanes[sub * ${lanes}u + lane] = x;
  workgroupBarrier();
  if (lane < ${step}u) {
    let base = sub * ${lanes}u + lane * ${step}u;
    var part = lanes[base];
    for (var k = 1u; k < ${step}u; k++) { part = ${join('part', 'lanes[base + k]')}; }
    parts[sub * ${step}u + lane] = part;
  }
  workgroupBarrier();
  var all = parts[sub * ${step}u];
  for (var k = 1u; k < ${step}u; k++) { all = ${join('all', `parts[sub * ${step}u + k]`)}; }
  return all;
}`,
)}`;
}
