/**
 * Attention with no scores kept (the online softmax of https://arxiv.org/abs/1805.02867, in blocks as in https://arxiv.org/abs/2205.14135). An invocation has
 * one query, or in the gradients of keys and values one key, in registers, and meets all others in blocks that its workgroup has loaded. The gradients
 * compute the weights again from the logarithms of their sums. Scores that a causal mask forbids are not looked at.
 */
import type { AttentionAttrs, Override } from '@tenfold/tensor-core';
import { elementType } from '../elements.ts';
import { sizeOf } from '../geometry.ts';
import type { Buffer, Gpu } from '../gpu.ts';
import { type View, workgroup } from '../shader.ts';
import { Call, dimOf, type Operands, viewed } from './call.ts';
import { runRows } from './rows.ts';

type BackwardAttrs = AttentionAttrs & { readonly wanted: readonly boolean[] };

/** Features that registers have room for. */
const mostFeatures = 128;
/** Bytes of workgroup memory that every device has. */
const workgroupBytes = 16_384;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Vectors of four that hold `n` numbers. */
const quads = (n: number): number => Math.ceil(n / 4);

/** `view` with leading dims repeated so that it has those of `batch`, and its last `own` dims. */
function spread(view: View, batch: readonly number[], own: number): View {
  const dims = view.shape.map((_, d) => dimOf(view, d));
  const lead = dims.slice(0, dims.length - own);
  const missing = batch.length - lead.length;
  const repeated = batch.map((size, d) => {
    const [given, stride] = d < missing ? ([1, 0] as const) : lead[d - missing];
    return [size, given === 1 ? 0 : stride] as const;
  });
  return viewed(view, [...repeated, ...dims.slice(dims.length - own)]);
}

/** A row of numbers per query, as a matrix of one column. */
const asColumn = (view: View): View => viewed(view, [...view.shape.map((_, d) => dimOf(view, d)), [1, 0]]);

/** A mask beside scores. */
function maskView(mask: View, scores: readonly number[]): View {
  const dims = mask.shape.map((_, d) => dimOf(mask, d));
  const missing = scores.length - dims.length;
  return viewed(
    mask,
    scores.map((size, d) => {
      const [given, stride] = d < missing ? ([1, 0] as const) : dims[d - missing];
      return [size, given === 1 ? 0 : stride] as const;
    }),
  );
}

/** A kernel over matrices `[batch…, rows, columns]`, written with codes of their elements. */
class Matrices {
  readonly call: Call;
  readonly #start: (o: number, i: string) => string;
  readonly #strides: readonly (readonly [string, string])[];
  readonly #views: readonly View[];

  constructor(gpu: Gpu, name: string, outs: readonly View[], ins: readonly View[]) {
    this.#views = [...outs, ...ins];
    this.call = new Call(gpu, name, outs, ins);
    const { length } = outs[0].shape;
    this.#start = this.call.walk('start', 0, length - 2, true);
    this.#strides = this.#views.map(({ strides }) => [
      this.call.uint(strides[length - 2]),
      this.call.uint(strides[length - 1]),
    ]);
  }

  index(o: number, row: string, column: string): string {
    const [down, right] = this.#strides[o];
    return `${this.#start(o, 'head')} + (${row}) * ${down} + (${column}) * ${right}`;
  }

  load(o: number, row: string, column: string): string {
    return this.call.load(o, this.index(o, row, column));
  }

  store(o: number, row: string, column: string, value: string): string {
    return this.call.store(o, this.index(o, row, column), value);
  }

  columns(o: number): number {
    return this.#views[o].shape[this.#views[o].shape.length - 1];
  }

  /** Declares `name0`, `name1`, … as row `row` of operand `o`, if it is within. */
  vector(name: string, o: number, row: string, times = ''): string {
    const n = this.columns(o);
    return range(quads(n))
      .map((k) => {
        const parts = range(4).map((c) => (4 * k + c < n ? this.load(o, row, `${4 * k + c}u`) : '0.0'));
        return `let ${name}${k} = vec4<f32>(${parts.join(', ')})${times};`;
      })
      .join('\n  ');
  }

  /** Stores row `row` of operand `o` from `name0`, `name1`, …. */
  storeVector(name: string, o: number, row: string, times = ''): string {
    const n = this.columns(o);
    return range(n)
      .map((e) => this.store(o, row, `${e}u`, `${name}${Math.floor(e / 4)}[${e % 4}]${times}`))
      .join('\n    ');
  }

  /** Fills `array` of workgroup memory with the rows of operand `o` from `block` on, zeros beyond `count`. */
  block(array: string, o: number, rows: number, count: string, times = ''): string {
    const n = this.columns(o);
    const q = quads(n);
    const part = (c: number): string => {
      const value = this.load(o, 'block + j', `e + ${c}u`);
      return n % 4 === 0 ? value : `select(0.0, ${value}, e + ${c}u < ${n}u)`;
    };
    return `for (var t = lid; t < ${rows * q}u; t += ${workgroup}u) {
      let j = t / ${q}u;
      let e = (t % ${q}u) * 4u;
      var quad = vec4<f32>();
      if (block + j < ${count}) { quad = vec4<f32>(${range(4).map(part).join(', ')})${times}; }
      ${array}[t] = quad;
    }`;
  }
}

/** Σ over vectors of four of `a` and those of `array` at row `j`. */
const dot = (a: string, array: string, n: number, j: string): string =>
  range(quads(n))
    .map((k) => `dot(${a}${k}, ${array}[(${j}) * ${quads(n)}u + ${k}u])`)
    .join(' + ');

const declared = (name: string, n: number): string =>
  range(quads(n))
    .map((k) => `var ${name}${k} = vec4<f32>();`)
    .join(' ');

/** `name` += `factor` · row `j` of `array`. */
const accumulate = (name: string, factor: string, array: string, n: number, j: string): string =>
  range(quads(n))
    .map((k) => `${name}${k} += ${factor} * ${array}[(${j}) * ${quads(n)}u + ${k}u];`)
    .join(' ');

/** Rows of a block whose vectors have `numbers` numbers each, a multiple of four. */
const blockRows = (numbers: number): number =>
  Math.max(4, Math.min(32, 4 * Math.floor(workgroupBytes / 16 / Math.max(1, numbers))));

interface Scores {
  /** The number of the mask's operand. */
  readonly mask: number | null;
  readonly kind: 'bool' | 'float' | 'none';
  readonly isCausal: boolean;
}

/** Statements after which `name` is the score of query `i` and key `j`, with `-inf` where they don't meet. */
function masked(m: Matrices, { mask, kind, isCausal }: Scores, name: string, i: string, j: string): string {
  const lines: string[] = [];
  if (mask !== null) {
    const given = m.load(mask, i, j);
    lines.push(kind === 'bool' ? `if (!${given}) { ${name} = -inf_of(); }` : `${name} += ${given};`);
  }
  if (isCausal) lines.push(`if (${j} > ${i}) { ${name} = -inf_of(); }`);
  return lines.join(' ');
}

const kindOf = (mask: View | null): Scores['kind'] =>
  mask === null ? 'none' : mask.dtype === 'bool' ? 'bool' : 'float';

const uses = ['exp_of', 'log_of', 'max_of', 'inf_of', 'nan_of'];

/** The batch, queries, keys and their features. */
interface Sizes {
  readonly batch: readonly number[];
  readonly heads: number;
  readonly length: number;
  readonly columns: number;
}

function sizesOf(query: View, key: View, sum: View): Sizes {
  const batch = sum.shape.slice(0, -1);
  const length = query.shape[query.shape.length - 2];
  return { batch, heads: sizeOf(batch), length, columns: key.shape[key.shape.length - 2] };
}

function forward(gpu: Gpu, [out, sum]: readonly View[], inputs: Operands, { isCausal, scale }: AttentionAttrs): void {
  const [query, key, value, mask] = inputs as readonly [View, View, View, View | null];
  const { batch, heads, length, columns } = sizesOf(query, key, sum);
  if (heads * length === 0) return;
  const ins = [query, key, value].map((view) => spread(view, batch, 2));
  if (mask) ins.push(maskView(mask, [...batch, length, columns]));
  const kind = kindOf(mask);
  // operands: result, sums, queries, keys, values, mask
  const [features, width] = [query, value].map(({ shape }) => shape[shape.length - 1]);
  const name = `attention ${features} ${width} ${kind} ${isCausal}`;
  const m = new Matrices(gpu, name, [spread(out, batch, 2), asColumn(sum)], ins);
  const { call } = m;
  const [queries, keys, blocks, scaling] = [
    call.uint(length),
    call.uint(columns),
    call.uint(Math.ceil(length / workgroup)),
    call.float(scale),
  ];
  const rows = blockRows(4 * (quads(features) + quads(width)));
  const scores: Scores = { mask: mask ? 5 : null, kind, isCausal };
  call.run(heads * Math.ceil(length / workgroup), workgroup, () => ({
    uses,
    declarations: `var<workgroup> block_k: array<vec4<f32>, ${Math.max(1, rows * quads(features))}>;
var<workgroup> block_v: array<vec4<f32>, ${Math.max(1, rows * quads(width))}>;`,
    body: `  let head = gid / ${blocks};
  let first = (gid % ${blocks}) * ${workgroup}u;
  let i = min(first + lid, ${queries} - 1u);
  ${m.vector('q', 2, 'i', ` * ${scaling}`)}
  var largest = -inf_of();
  var total = 0.0;
  ${declared('o', width)}
  let keys = ${isCausal ? `min(${keys}, first + ${workgroup}u)` : keys};
  for (var block = 0u; block < keys; block += ${rows}u) {
    ${m.block('block_k', 3, rows, keys)}
    ${m.block('block_v', 4, rows, keys)}
    workgroupBarrier();
    for (var j = 0u; j < min(${rows}u, keys - block); j += 4u) {
      ${range(4)
        .map((c) => {
          const at = `block + j + ${c}u`;
          return `var s${c} = ${dot('q', 'block_k', features, `j + ${c}u`) || '0.0'};
      if (${at} >= keys) { s${c} = -inf_of(); } else { ${masked(m, scores, `s${c}`, 'i', at)} }`;
        })
        .join('\n      ')}
      let met = max_of(max_of(max_of(max_of(largest, s0), s1), s2), s3);
      // an infinite score is no number to measure others by
      let origin = select(met, 0.0, abs(met) == inf_of());
      let shrink = exp_of(largest - origin);
      largest = met;
      ${range(4)
        .map((c) => `let w${c} = exp_of(s${c} - origin);`)
        .join(' ')}
      total = total * shrink + ((w0 + w1) + (w2 + w3));
      ${range(quads(width))
        .map((k) => {
          const terms = range(4).map((c) => `w${c} * block_v[(j + ${c}u) * ${quads(width)}u + ${k}u]`);
          return `o${k} = o${k} * shrink + ((${terms[0]} + ${terms[1]}) + (${terms[2]} + ${terms[3]}));`;
        })
        .join('\n      ')}
    }
    workgroupBarrier();
  }
  if (first + lid < ${queries}) {
    // a row in which nothing takes part has no weights
    let share = select(1.0 / total, nan_of(), total == 0.0);
    ${m.storeVector('o', 0, 'i', ' * share')}
    ${m.store(1, 'i', '0u', 'select(largest, 0.0, abs(largest) == inf_of()) + log_of(total)')}
  }`,
  }));
}

/** Operands of the gradients, numbered behind the outputs. */
interface Given {
  readonly gpu: Gpu;
  readonly sizes: Sizes;
  readonly attrs: AttentionAttrs;
  readonly kind: Scores['kind'];
  readonly features: number;
  readonly width: number;
  /** Queries, keys, values, the gradient, logarithms of sums, the mean gradient of the weights, mask. */
  readonly ins: readonly View[];
}

/** Operands of the gradients, from the number of their outputs. */
const numbered = (outs: number) => {
  const [query, key, value, grad, sum, mean, mask] = range(7).map((k) => outs + k);
  return { query, key, value, grad, sum, mean, mask };
};

/** With weights w and scores s:  ds = w (g vᵀ - mean),  dq = ds k · scale. */
function gradientOfQueries({ gpu, sizes, attrs, kind, features, width, ins }: Given, out: View): void {
  const { heads, length, columns } = sizes;
  const m = new Matrices(gpu, `attention dq ${features} ${width} ${kind} ${attrs.isCausal}`, [out], ins);
  const { call } = m;
  const o = numbered(1);
  const [queries, all, blocks, scaling] = [
    call.uint(length),
    call.uint(columns),
    call.uint(Math.ceil(length / workgroup)),
    call.float(attrs.scale),
  ];
  const rows = blockRows(4 * (quads(features) + quads(width)));
  const scores: Scores = { mask: kind === 'none' ? null : o.mask, kind, isCausal: attrs.isCausal };
  call.run(heads * Math.ceil(length / workgroup), workgroup, () => ({
    uses,
    declarations: `var<workgroup> block_k: array<vec4<f32>, ${Math.max(1, rows * quads(features))}>;
var<workgroup> block_v: array<vec4<f32>, ${Math.max(1, rows * quads(width))}>;`,
    body: `  let head = gid / ${blocks};
  let first = (gid % ${blocks}) * ${workgroup}u;
  let i = min(first + lid, ${queries} - 1u);
  ${m.vector('q', o.query, 'i', ` * ${scaling}`)}
  ${m.vector('g', o.grad, 'i')}
  let sum = ${m.load(o.sum, 'i', '0u')};
  let mean = ${m.load(o.mean, 'i', '0u')};
  ${declared('d', features)}
  let keys = ${attrs.isCausal ? `min(${all}, first + ${workgroup}u)` : all};
  for (var block = 0u; block < keys; block += ${rows}u) {
    ${m.block('block_k', o.key, rows, 'keys')}
    ${m.block('block_v', o.value, rows, 'keys')}
    workgroupBarrier();
    for (var j = 0u; j < min(${rows}u, keys - block); j++) {
      var s = ${dot('q', 'block_k', features, 'j') || '0.0'};
      ${masked(m, scores, 's', 'i', 'block + j')}
      let w = exp_of(s - sum);
      let down = w * ((${dot('g', 'block_v', width, 'j') || '0.0'}) - mean);
      ${accumulate('d', 'down', 'block_k', features, 'j')}
    }
    workgroupBarrier();
  }
  if (first + lid < ${queries}) {
    ${m.storeVector('d', 0, 'i', ` * ${scaling}`)}
  }`,
  }));
}

/** dv = wᵀ g,  dk = dsᵀ q · scale. */
function gradientsOfKeys(given: Given, toKey: View | null, toValue: View | null): void {
  const { gpu, sizes, attrs, kind, features, width, ins } = given;
  const { heads, length, columns } = sizes;
  const outs = [toKey, toValue].flatMap((view) => (view ? [view] : []));
  const name = `attention ${toKey ? 'dk' : ''}${toValue ? 'dv' : ''} ${features} ${width} ${kind} ${attrs.isCausal}`;
  const m = new Matrices(gpu, name, outs, ins);
  const { call } = m;
  const o = numbered(outs.length);
  const [queries, keys, blocks, scaling] = [
    call.uint(length),
    call.uint(columns),
    call.uint(Math.ceil(columns / workgroup)),
    call.float(attrs.scale),
  ];
  const rows = blockRows(4 * (quads(features) + quads(width)) + 4);
  const scores: Scores = { mask: kind === 'none' ? null : o.mask, kind, isCausal: attrs.isCausal };
  call.run(heads * Math.ceil(columns / workgroup), workgroup, () => ({
    uses,
    declarations: `var<workgroup> block_q: array<vec4<f32>, ${Math.max(1, rows * quads(features))}>;
var<workgroup> block_g: array<vec4<f32>, ${Math.max(1, rows * quads(width))}>;
var<workgroup> block_sums: array<vec2<f32>, ${rows}>;`,
    body: `  let head = gid / ${blocks};
  let first = (gid % ${blocks}) * ${workgroup}u;
  let j = min(first + lid, ${keys} - 1u);
  ${m.vector('k', o.key, 'j')}
  ${toKey ? m.vector('v', o.value, 'j') : ''}
  ${toKey ? declared('dk', features) : ''}
  ${toValue ? declared('dv', width) : ''}
  for (var block = ${attrs.isCausal ? `first - first % ${rows}u` : '0u'}; block < ${queries}; block += ${rows}u) {
    ${m.block('block_q', o.query, rows, queries, ` * ${scaling}`)}
    ${m.block('block_g', o.grad, rows, queries)}
    for (var t = lid; t < ${rows}u; t += ${workgroup}u) {
      var sums = vec2<f32>();
      if (block + t < ${queries}) { sums = vec2<f32>(${m.load(o.sum, 'block + t', '0u')}, ${m.load(o.mean, 'block + t', '0u')}); }
      block_sums[t] = sums;
    }
    workgroupBarrier();
    for (var r = 0u; r < min(${rows}u, ${queries} - block); r++) {
      let i = block + r;
      var s = ${dot('k', 'block_q', features, 'r') || '0.0'};
      ${masked(m, scores, 's', 'i', 'j')}
      let w = exp_of(s - block_sums[r].x);
      ${toValue ? accumulate('dv', 'w', 'block_g', width, 'r') : ''}
      ${
        toKey
          ? `let down = w * ((${dot('v', 'block_g', width, 'r') || '0.0'}) - block_sums[r].y);
      ${accumulate('dk', 'down', 'block_q', features, 'r')}`
          : ''
      }
    }
    workgroupBarrier();
  }
  if (first + lid < ${keys}) {
    ${toKey ? m.storeVector('dk', 0, 'j') : ''}
    ${toValue ? m.storeVector('dv', outs.length - 1, 'j') : ''}
  }`,
  }));
}

/** For each query Σ g · out, less what its sum's own gradient adds. */
function meanGradient(gpu: Gpu, mean: View, grad: View, out: View, gradSum: View | null): void {
  const column = (view: View): View => viewed(view, [...view.shape.map((_, d) => dimOf(view, d)), [width, 0]]);
  const width = grad.shape[grad.shape.length - 1];
  runRows(gpu, {
    name: `attention mean ${gradSum !== null}`,
    outs: [column(mean)],
    ins: [grad, out, ...(gradSum ? [column(gradSum)] : [])],
    outer: grad.shape.length - 1,
    body: (row) => [
      row.sums({ total: `${row.load(1)} * ${row.load(2)}` }),
      row.storeOne(0, gradSum ? `total - ${row.one(3)}` : 'total'),
    ],
  });
}

function backward(gpu: Gpu, outs: readonly View[], inputs: Operands, attrs: BackwardAttrs): void {
  const [grad, gradSum, query, key, value, mask, out, sum] = inputs as readonly [
    View,
    View | null,
    View,
    View,
    View,
    View | null,
    View,
    View,
  ];
  const sizes = sizesOf(query, key, sum);
  const { batch, heads, length, columns } = sizes;
  const rest = [...outs];
  const [toQuery, toKey, toValue] = attrs.wanted.map((want) => (want ? (rest.shift() as View) : null));
  if (heads === 0) return;
  const type = elementType('float32');
  const buffer = gpu.pool.allocate(Math.max(1, heads * length) * type.bytes, type);
  const shape = sum.shape;
  let step = 1;
  const strides = [...shape].map(() => 0);
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = step;
    step *= shape[d];
  }
  const mean: View = { dtype: 'float32', storage: { buffer }, offset: 0, shape, strides };
  meanGradient(gpu, mean, grad, out, gradSum);
  const ins = [query, key, value, grad, asColumn(sum), asColumn(mean)];
  if (mask) ins.push(maskView(mask, [...batch, length, columns]));
  const [features, width] = [query, value].map((view) => view.shape[view.shape.length - 1]);
  const given: Given = { gpu, sizes, attrs, kind: kindOf(mask), features, width, ins };
  if (toQuery && length > 0) gradientOfQueries(given, toQuery);
  if ((toKey || toValue) && columns > 0) gradientsOfKeys(given, toKey ?? null, toValue ?? null);
  gpu.pool.release(buffer);
}

const sameSizes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, d) => size === b[d]);

/** Why blocks don't take these queries, keys and values. */
function refusal(query: View, key: View, value: View): true | string {
  const [length, features] = query.shape.slice(-2);
  const [columns, width] = value.shape.slice(-2);
  if (features > mostFeatures || width > mostFeatures) return `more than ${mostFeatures} features`;
  if (features === 0 || width === 0 || columns === 0) return 'no keys or features';
  // each query is one invocation
  if (length < 16 && columns > 512) return 'few queries for many keys: a product shares them better';
  const batches = [query, key, value].map(({ shape }) => shape.slice(0, -2));
  return batches.every((batch) => sameSizes(batch, batches[0])) || 'heads that are shared';
}

/** By op name. */
export function attentionOverrides(gpu: Gpu): { readonly [op: string]: Override<Buffer> } {
  return {
    scaledDotProductAttention: {
      supports: ([query, key, value]) => refusal(query as View, key as View, value as View),
      run: (outs, inputs, attrs) => forward(gpu, outs, inputs, attrs as AttentionAttrs),
    },
    scaledDotProductAttentionBackward: {
      supports([, , query, key, value], attrs) {
        if ((attrs as BackwardAttrs).wanted[3]) return 'the gradient of a mask is one of all scores';
        return refusal(query as View, key as View, value as View);
      },
      run: (outs, inputs, attrs) => backward(gpu, outs, inputs, attrs as BackwardAttrs),
    },
  };
}
