/**
 * Kernels over rows: what is normalised together is a row, whichever dims it has. A workgroup takes one long row or several short ones, and its
 * invocations share them: `lanes` to a row.
 */
import { axesOf, merged, sizeOf } from '../geometry.ts';
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
  /** Whether the lanes are a quad, each of which takes four elements at a time. */
  readonly quads?: boolean;
}

/** A quad to a row: they need neither memory of a workgroup nor barriers. */
const quadLayout: Layout = { rows: 1, lanes: 4, across: false, quads: true };

/** The operands that run along rows by fours, if all others stay where they are meanwhile; else none. */
function alongByFours(views: readonly View[], outer: number): ReadonlySet<number> {
  const none = new Set<number>();
  const rows = merged(
    axesOf(views.map(({ shape, strides }) => ({ shape: shape.slice(outer), strides: strides.slice(outer) }))),
  );
  const inner = rows.pop();
  if (!inner || inner.size % 4 !== 0 || inner.size < 16) return none;
  const fours = new Set(views.flatMap((_, o) => (inner.strides[o] === 0 ? [] : [o])));
  const fit = views.every(({ offset, shape, strides, storage }, o) => {
    if (views.some((other, p) => other.storage.buffer === storage.buffer && fours.has(p) !== fours.has(o)))
      return false;
    if (!fours.has(o)) return true;
    const whole = rows.every((axis) => axis.strides[o] % 4 === 0);
    return (
      whole &&
      inner.strides[o] === 1 &&
      offset % 4 === 0 &&
      strides.every((stride, d) => d >= outer || shape[d] === 1 || stride % 4 === 0)
    );
  });
  return fit ? fours : none;
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
  /** The operand's element, within a loop. */
  load(o: number): string;
  /** Stores the operand's element, within a loop. */
  store(o: number, value: string): string;
  /** Stores the operand's only element of this row. */
  storeOne(o: number, value: string): string;
  one(o: number): string;
  /** A loop over the elements of a row. What it does for an element is asked for each time that its code is needed. */
  each(statement: () => string): string;
  /** Declares each name as the sum of its expression over the row; `statements` come before these. */
  sums(terms: { readonly [name: string]: () => string }, statements?: string): string;
  /** Declares `name` as the largest value of the expression; NaN if there is one. */
  largest(name: string, value: () => string): string;
  /** Index of operand `o`'s element number `i`, and of its first element in row number `row`. */
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
  /** Whether the body asks for elements by number: then they come one at a time. */
  readonly numbered?: boolean;
  body(row: RowWriter): readonly string[];
}

/** Elements that are summed one after the other; sums of these are then summed. */
const run = 32;

/** Runs a kernel over rows, if there are any. */
export function runRows(
  gpu: Gpu,
  { name, outs, ins, outer, params = [], integers = [], fault, numbered, body }: RowsKernel,
): void {
  const [main] = ins;
  const count = sizeOf(main.shape.slice(0, outer));
  const length = sizeOf(main.shape.slice(outer));
  if (count === 0) return;
  const fours = gpu.hasQuads && !numbered ? alongByFours([...outs, ...ins], outer) : new Set<number>();
  const quads = fours.size > 0;
  const layout = quads ? quadLayout : layoutFor(count, length, main, outer);
  const call = new Call(gpu, name, outs, ins, fours);
  call.variant(`${layout.rows}.${layout.lanes}.${layout.across}`);
  const [rows, n] = [call.uint(count), call.uint(length)];
  const start = call.walk('start', 0, outer, true);
  const along = call.walk('along', outer, main.shape.length, false, quads);
  const given = {
    params: params.map((value) => call.float(value)),
    integers: integers.map((value) => call.int(value)),
    report: fault ? call.faults(fault) : () => '',
  };
  call.run(Math.ceil(count / layout.rows), layout.rows * layout.lanes, () => {
    const uses = new Set<string>();
    const code = body(writerOf(call, layout, fours, uses, start, along, given));
    return {
      uses,
      enable: quads ? 'subgroups' : undefined,
      declarations: reductions(layout, uses),
      body: [...opening(layout, rows, n), ...code].map((line) => `  ${line}`).join('\n'),
    };
  });
}

const opening = ({ rows, lanes, across, quads }: Layout, count: string, length: string): string[] => [
  `let lane = ${across ? `lid / ${rows}u` : `lid % ${lanes}u`};`,
  `let sub = ${across ? `lid % ${rows}u` : `lid / ${lanes}u`};`,
  // every invocation comes to every barrier; those beyond the last row have nothing to do between them
  `let wanted = gid * ${rows}u + sub;`,
  `let live = wanted < ${count};`,
  `let row = min(wanted, ${count} - 1u);`,
  `let n = ${length};`,
  `let steps = ${quads ? 'n >> 2u' : 'n'};`,
  'let first = select(steps, lane, live);',
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
  fours: ReadonlySet<number>,
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
  const step = new Step(call, fours, index);
  const loop = (from: string, to: string, body: string): string =>
    `for (var i = ${from}; i < ${to}; i += ${lanes}u) { ${body} }`;
  return {
    length: 'n',
    load: (o) => step.load(o),
    one: (o) => call.load(o, start(o, 'row')),
    store: (o, value) => step.store(o, value),
    storeOne: (o, value) => `if (live && lane == 0u) { ${call.store(o, start(o, 'row'), value)} }`,
    each: (statement) =>
      loop(
        'first',
        'steps',
        step.code(statement, (all) => all.join(' ')),
      ),
    sums(terms, statements = '') {
      const names = Object.keys(terms);
      const all = (code: (name: string) => string): string => names.map(code).join(' ');
      const added = step.code(
        () => names.map((name) => terms[name]()),
        (values) =>
          names
            .map(
              (name, k) =>
                `${name}_part += ${paired(
                  values.map((own) => own[k]),
                  (a, b) => `(${a} + ${b})`,
                )};`,
            )
            .join(' '),
      );
      return `${all((name) => `var ${name}_own = 0.0;`)}
  for (var begin = first; begin < steps; begin += ${lanes * run}u) {
    ${all((name) => `var ${name}_part = 0.0;`)}
    let end = min(steps, begin + ${lanes * run}u);
    ${loop('begin', 'end', `${statements} ${added}`)}
    ${all((name) => `${name}_own += ${name}_part;`)}
  }
  ${all((name) => `let ${name} = row_sum(lane, sub, ${name}_own);`)}`;
    },
    largest(name, value) {
      const own = `${name}_own`;
      const larger = (a: string, b: string): string => use('max_of', a, b);
      const among = step.code(value, (values) => `${own} = ${larger(own, paired(values, larger))};`);
      return `var ${own} = -${use('inf_of')}; ${loop('first', 'steps', among)} let ${name} = row_max(lane, sub, ${own});`;
    },
    index,
    origin: (o, row = 'row') => start(o, row),
    loadAt: (o, at) => call.load(o, at),
    call: use,
    param: (k) => params[k],
    integer: (k) => integers[k],
    fault: report,
  };
}

/** Values joined two by two. */
function paired(values: readonly string[], join: (a: string, b: string) => string): string {
  if (values.length === 1) return values[0];
  const half = values.length / 2;
  return join(paired(values.slice(0, half), join), paired(values.slice(half), join));
}

/** What an invocation does in one step of a loop: the same for one element, or for each of four that are loaded and stored together. */
class Step {
  readonly #call: Call;
  readonly #fours: ReadonlySet<number>;
  readonly #index: (o: number) => string;
  /** Which of the four it is. */
  #letter = '';
  readonly #loaded = new Map<number, string>();
  readonly #stored = new Set<number>();

  constructor(call: Call, fours: ReadonlySet<number>, index: (o: number) => string) {
    this.#call = call;
    this.#fours = fours;
    this.#index = index;
  }

  load(o: number): string {
    if (this.#fours.size === 0) return this.#call.load(o, this.#index(o));
    const four = this.#fours.has(o);
    this.#loaded.set(o, four ? this.#call.loadFour(o, this.#index(o)) : this.#call.load(o, this.#index(o)));
    return four ? `x${o}.${this.#letter}` : `x${o}`;
  }

  store(o: number, value: string): string {
    if (this.#fours.size === 0) return this.#call.store(o, this.#index(o), value);
    this.#stored.add(o);
    return `let y${o}${this.#letter} = ${value};`;
  }

  /** Statements from what `element` gives for each. */
  code<T>(element: () => T, all: (values: readonly T[]) => string): string {
    if (this.#fours.size === 0) return all([element()]);
    this.#loaded.clear();
    this.#stored.clear();
    const values = [...'xyzw'].map((letter) => {
      this.#letter = letter;
      return element();
    });
    const loads = [...this.#loaded].map(([o, code]) => `let x${o} = ${code};`);
    const stores = [...this.#stored].map((o) =>
      this.#call.storeFour(
        o,
        this.#index(o),
        [...'xyzw'].map((letter) => `y${o}${letter}`),
      ),
    );
    return [...loads, all(values), ...stores].join(' ');
  }
}

/** `row_sum` and `row_max`: over the lanes of a row, in one order. */
function reductions(layout: Layout, uses: Set<string>): string {
  const { rows, lanes, quads } = layout;
  if (lanes === 1)
    return ['sum', 'max'].map((name) => `fn row_${name}(lane: u32, sub: u32, x: f32) -> f32 { return x; }`).join('\n');
  uses.add('max_of');
  const both = (code: (name: string, join: (a: string, b: string) => string) => string): string =>
    `${code('row_sum', (a, b) => `${a} + ${b}`)}\n${code('row_max', (a, b) => `max_of(${a}, ${b})`)}`;
  if (quads) {
    return both(
      (name, join) => `fn ${name}(lane: u32, sub: u32, x: f32) -> f32 {
  let two = ${join('x', 'quadSwapX(x)')};
  return ${join('two', 'quadSwapY(two)')};
}`,
    );
  }
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
