/**
 * Attention with no scores kept (the online softmax of https://arxiv.org/abs/1805.02867, in blocks as in https://arxiv.org/abs/2205.14135). A workgroup has
 * 32 queries, or in the gradients of keys and values 32 keys, and meets the others in blocks of 32: the 64 invocations share the 32 × 32 scores as squares of
 * 4 × 4, and what the scores weigh as rows of which each has an eighth. The gradients compute the weights again from the logarithms of their sums. Blocks that a
 * causal mask forbids are not looked at. Where four invocations are a subgroup, `quad-attention.ts` does the same without memory of workgroups.
 */
import type { AttentionAttrs, Override } from '@tenfold/tensor-core';
import { elementType } from '../elements.ts';
import { sizeOf } from '../geometry.ts';
import type { Buffer, Gpu } from '../gpu.ts';
import { type View, workgroup } from '../shader.ts';
import { Call, dimOf, type Operands, viewed } from './call.ts';
import { quadForward, quadGradientOfQueries, quadGradientsOfKeys, takesQuads } from './quad-attention.ts';
import { runRows } from './rows.ts';

type BackwardAttrs = AttentionAttrs & { readonly wanted: readonly boolean[] };

/** Features that registers have room for. */
const mostFeatures = 128;
/** Rows of a block, and of a workgroup. */
const side = 32;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Vectors of four that hold `n` numbers. */
const quads = (n: number): number => Math.ceil(n / 4);

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

  /** Code of numbers 4e … 4e + 3 of row `row` of operand `o`, zeros beyond its columns. */
  quad(o: number, row: string, e: string): string {
    const n = this.columns(o);
    const part = (c: number): string => {
      const at = `4u * ${e} + ${c}u`;
      const value = this.load(o, row, at);
      return n % 4 === 0 ? value : `select(0.0, ${value}, ${at} < ${n}u)`;
    };
    return `vec4<f32>(${range(4).map(part).join(', ')})`;
  }

  /** Fills the block with the rows of operand `o` from `block` on, zeros beyond `count`. */
  fill(o: number, count: string): string {
    const q = quads(this.columns(o));
    return `for (var t = lid; t < ${side * q}u; t += ${workgroup}u) {
      let j = t / ${q}u;
      var quad = vec4<f32>();
      if (block + j < ${count}) { quad = ${this.quad(o, 'block + j', `(t % ${q}u)`)}; }
      met[t] = quad;
    }`;
  }

  /** Declares `name`: the products of the four own rows of operand `o` with the four rows of the block that this invocation has. */
  products(name: string, o: number): string {
    const q = quads(this.columns(o));
    // said outright: within a loop, not every compiler makes zeros of what says nothing
    return `var ${name} = array<vec4<f32>, 4>();
    for (var e = 0u; e < ${q}u; e++) {
      ${fours((b) => `let m${b} = met[(4u * c + ${b}u) * ${q}u + e];`)}
      ${fours((a) => `let x${a} = ${this.quad(o, `own${a}`, 'e')}; ${name}[${a}] += vec4<f32>(dot(x${a}, m0), dot(x${a}, m1), dot(x${a}, m2), dot(x${a}, m3));`)}
    }`;
  }

  /** Stores the four own rows of operand `o` from what `gather` has summed up, times `factor`. */
  storeRows(name: string, o: number, count: string, factor: string): string {
    const n = this.columns(o);
    return `for (var a = 0u; a < 4u; a++) { for (var k = 0u; k < ${4 * share(n)}u; k++) {
      let own = first + 4u * r + a;
      let at = 4u * (c + 8u * (k / 4u)) + k % 4u;
      if (own < ${count} && at < ${n}u) { ${this.store(o, 'own', 'at', `${name}[a * ${share(n)}u + k / 4u][k % 4u] * ${factor}`)} }
    } }`;
  }
}

const fours = (code: (k: number) => string): string => range(4).map(code).join(' ');
/** A loop over the four own rows `a`: a compiler that is slow is spared three quarters of the code. */
const eachRow = (...statements: string[]): string => `for (var a = 0u; a < 4u; a++) { ${statements.join(' ')} }`;
/** The row `a`. */
const ownRow = (count: string): string => `min(first + 4u * r + a, ${count} - 1u)`;

/** Vectors of four that one of the eight invocations of a row has of `n` numbers. */
const share = (n: number): number => Math.ceil(quads(n) / 8);

/** Sums for the four own rows, over numbers 4(c + 8t) … of each. */
const declareSums = (name: string, n: number): string => `var ${name} = array<vec4<f32>, ${4 * share(n)}>();`;

/** Adds the rows of the block to these sums, by the weights that lie in `shares`. */
function gather(name: string, n: number): string {
  const q = quads(n);
  const adds = range(share(n)).map((t) => {
    const all = `${range(4)
      .map((k) => `let y${k} = met[(4u * j + ${k}u) * ${q}u + c + ${8 * t}u];`)
      .join(
        ' ',
      )} ${fours((a) => `${name}[${a * share(n) + t}] += ((w${a}.x * y0 + w${a}.y * y1) + (w${a}.z * y2 + w${a}.w * y3));`)}`;
    return 8 * t + 8 > q ? `if (c + ${8 * t}u < ${q}u) { ${all} }` : `{ ${all} }`;
  });
  return `for (var j = 0u; j < ${side / 4}u; j++) {
      ${fours((a) => `let w${a} = shares[(4u * r + ${a}u) * ${side / 4}u + j];`)}
      ${adds.join('\n      ')}
    }
    workgroupBarrier();`;
}

/** Puts the weights of row `a` where all invocations of the row find them. */
const spread = (weights: string): string => `shares[(4u * r + a) * ${side / 4}u + c] = ${weights};`;

/** Workgroup memory of a kernel whose blocks have rows of at most `n` numbers. */
const memory = (n: number): string => `var<workgroup> met: array<vec4<f32>, ${side * quads(n)}>;
var<workgroup> shares: array<vec4<f32>, ${(side * side) / 4}>;
var<workgroup> lanes: array<f32, ${side * 8}>;
fn exp4(x: vec4<f32>) -> vec4<f32> { return vec4<f32>(exp_of(x.x), exp_of(x.y), exp_of(x.z), exp_of(x.w)); }`;

const memoryBytes = (n: number): number => 16 * (side * quads(n) + (side * side) / 4) + 32 * side;

/** A workgroup has `side` rows, the invocation four of them and four of the `side` rows of a block, or an eighth of the numbers of its own. */
const opening = (blocks: string, count: string): string => `  let head = gid / ${blocks};
  let first = (gid % ${blocks}) * ${side}u;
  let r = lid / 8u;
  let c = lid % 8u;
  ${fours((a) => `let own${a} = min(first + 4u * r + ${a}u, ${count} - 1u);`)}`;

interface Scores {
  /** The number of the mask's operand. */
  readonly mask: number | null;
  readonly kind: 'bool' | 'float' | 'none';
  readonly isCausal: boolean;
  readonly scale: string;
}

/** Turns the products `s[a]` of row `own` into scores: `-inf` where query and key don't meet, or beyond the `count` others. */
function toScores(m: Matrices, { mask, kind, isCausal, scale }: Scores, own: 'query' | 'key', count: string): string {
  const ordered = (other: string): [string, string] => (own === 'query' ? ['own', other] : [other, 'own']);
  const lines = [`var score = s[a] * ${scale};`];
  if (mask !== null) {
    const given = fours((b) =>
      m.load(mask, ...ordered(`min(others.${'xyzw'[b]}, ${count} - 1u)`)).concat(b < 3 ? ',' : ''),
    );
    if (kind === 'bool') lines.push(`inside = inside & vec4<bool>(${given});`);
    else lines.push(`score += vec4<f32>(${given});`);
  }
  if (isCausal)
    lines.push(`inside = inside & (${own === 'query' ? 'others <= vec4<u32>(own)' : 'others >= vec4<u32>(own)'});`);
  return `var inside = others < vec4<u32>(${count}); ${lines.join(' ')} score = select(vec4<f32>(-inf_of()), score, inside);`;
}

/** The numbers of the four rows of the block. */
const others = 'let others = vec4<u32>(block + 4u * c) + vec4<u32>(0u, 1u, 2u, 3u);';

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
  const ins = [query, key, value];
  if (mask) ins.push(maskView(mask, [...batch, length, columns]));
  if (takesQuads(gpu, [out, query, key, value], [sum, mask])) {
    quadForward(gpu, [out, asColumn(sum)], ins, { isCausal, scale });
    return;
  }
  const kind = kindOf(mask);
  // operands: result, sums, queries, keys, values, mask
  const [features, width] = [query, value].map(({ shape }) => shape[shape.length - 1]);
  const m = new Matrices(gpu, `attention ${features} ${width} ${kind} ${isCausal}`, [out, asColumn(sum)], ins);
  const { call } = m;
  const blocks = Math.ceil(length / side);
  const [queries, all, perHead] = [call.uint(length), call.uint(columns), call.uint(blocks)];
  const scores: Scores = { mask: mask ? 5 : null, kind, isCausal, scale: call.float(scale) };
  call.run(heads * blocks, workgroup, () => ({
    uses,
    declarations: memory(Math.max(features, width)),
    body: `${opening(perHead, queries)}
  var largest = array<f32, 4>(-inf_of(), -inf_of(), -inf_of(), -inf_of());
  var total = array<f32, 4>();
  ${declareSums('o', width)}
  let keys = ${isCausal ? `min(${all}, first + ${side}u)` : all};
  for (var block = 0u; block < keys; block += ${side}u) {
    ${m.fill(3, 'keys')}
    workgroupBarrier();
    ${m.products('s', 2)}
    ${others}
    ${eachRow(
      `let own = ${ownRow(queries)};`,
      toScores(m, scores, 'query', 'keys'),
      's[a] = score;',
      'lanes[(4u * r + a) * 8u + c] = max_of(max_of(score.x, score.y), max_of(score.z, score.w));',
    )}
    workgroupBarrier();
    ${m.fill(4, 'keys')}
    ${eachRow(
      'var top = largest[a];',
      'for (var k = 0u; k < 8u; k++) { top = max_of(top, lanes[(4u * r + a) * 8u + k]); }',
      `// an infinite score is no number to measure others by
      let origin = select(top, 0.0, abs(top) == inf_of());`,
      'let shrink = select(exp_of(largest[a] - origin), 1.0, largest[a] == inf_of());',
      'largest[a] = top;',
      'let w = exp4(s[a] - origin);',
      'total[a] = total[a] * shrink + ((w.x + w.y) + (w.z + w.w));',
      spread('w'),
      ...range(share(width)).map((t) => `o[a * ${share(width)}u + ${t}u] *= shrink;`),
    )}
    workgroupBarrier();
    ${gather('o', width)}
  }
  ${eachRow('lanes[(4u * r + a) * 8u + c] = total[a];')}
  workgroupBarrier();
  var weight = array<f32, 4>();
  ${eachRow(
    'var sum = 0.0;',
    'for (var k = 0u; k < 8u; k++) { sum += lanes[(4u * r + a) * 8u + k]; }',
    `// a row in which nothing takes part has no weights
    weight[a] = select(1.0 / sum, nan_of(), sum == 0.0);`,
    `let own = first + 4u * r + a;
    if (c == 0u && own < ${queries}) { ${m.store(1, 'own', '0u', 'select(largest[a], 0.0, abs(largest[a]) == inf_of()) + log_of(sum)')} }`,
  )}
  ${m.storeRows('o', 0, queries, 'weight[a]')}`,
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
  const blocks = Math.ceil(length / side);
  const [queries, all, perHead] = [call.uint(length), call.uint(columns), call.uint(blocks)];
  const scale = call.float(attrs.scale);
  const scores: Scores = { mask: kind === 'none' ? null : o.mask, kind, isCausal: attrs.isCausal, scale };
  call.run(heads * blocks, workgroup, () => ({
    uses,
    declarations: memory(Math.max(features, width)),
    body: `${opening(perHead, queries)}
  ${declareSums('d', features)}
  let keys = ${attrs.isCausal ? `min(${all}, first + ${side}u)` : all};
  for (var block = 0u; block < keys; block += ${side}u) {
    ${m.fill(o.value, 'keys')}
    workgroupBarrier();
    ${m.products('g', o.grad)}
    workgroupBarrier();
    ${m.fill(o.key, 'keys')}
    workgroupBarrier();
    ${m.products('s', o.query)}
    ${others}
    ${eachRow(
      `let own = ${ownRow(queries)};`,
      toScores(m, scores, 'query', 'keys'),
      `let w = exp4(score - ${m.load(o.sum, 'own', '0u')}) * (g[a] - ${m.load(o.mean, 'own', '0u')});`,
      spread(within('w', 'keys')),
    )}
    workgroupBarrier();
    ${gather('d', features)}
  }
  ${m.storeRows('d', 0, queries, scale)}`,
  }));
}

/** Weights of rows of a block beyond `count` as 0, whatever came of them: where all scores are -inf that is NaN. */
const within = (weights: string, count: string): string =>
  `select(vec4<f32>(), ${weights}, others < vec4<u32>(${count}))`;

/** dv = wᵀ g,  dk = dsᵀ q · scale. */
function gradientsOfKeys(given: Given, toKey: View | null, toValue: View | null): void {
  const { gpu, sizes, attrs, kind, features, width, ins } = given;
  const { heads, length, columns } = sizes;
  const outs = [toKey, toValue].flatMap((view) => (view ? [view] : []));
  const name = `attention ${toKey ? 'dk' : ''}${toValue ? 'dv' : ''} ${features} ${width} ${kind} ${attrs.isCausal}`;
  const m = new Matrices(gpu, name, outs, ins);
  const { call } = m;
  const o = numbered(outs.length);
  const blocks = Math.ceil(columns / side);
  const [queries, keys, perHead] = [call.uint(length), call.uint(columns), call.uint(blocks)];
  const scale = call.float(attrs.scale);
  const scores: Scores = { mask: kind === 'none' ? null : o.mask, kind, isCausal: attrs.isCausal, scale };
  const four = (operand: number): string =>
    `vec4<f32>(${range(4)
      .map((b) => m.load(operand, `min(block + 4u * c + ${b}u, ${queries} - 1u)`, '0u'))
      .join(', ')})`;
  call.run(heads * blocks, workgroup, () => ({
    uses,
    declarations: memory(Math.max(features, width)),
    body: `${opening(perHead, keys)}
  ${toKey ? declareSums('dk', features) : ''}
  ${toValue ? declareSums('dv', width) : ''}
  for (var block = ${attrs.isCausal ? 'first' : '0u'}; block < ${queries}; block += ${side}u) {
    ${m.fill(o.query, queries)}
    workgroupBarrier();
    ${m.products('s', o.key)}
    ${others}
    let sums = ${four(o.sum)};
    ${eachRow(
      `let own = ${ownRow(keys)};`,
      toScores(m, scores, 'key', queries),
      'let w = exp4(score - sums);',
      `s[a] = ${within('w', queries)};`,
      spread('s[a]'),
    )}
    workgroupBarrier();
    ${m.fill(o.grad, queries)}
    workgroupBarrier();
    ${toKey ? m.products('g', o.value) : ''}
    ${toValue ? gather('dv', width) : 'workgroupBarrier();'}
    ${
      toKey
        ? `let means = ${four(o.mean)};
    ${eachRow(spread('s[a] * (g[a] - means)'))}
    ${m.fill(o.query, queries)}
    workgroupBarrier();
    ${gather('dk', features)}`
        : ''
    }
  }
  ${toKey ? m.storeRows('dk', 0, keys, scale) : ''}
  ${toValue ? m.storeRows('dv', outs.length - 1, keys, '1.0') : ''}`,
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
      row.sums({ total: () => `${row.load(1)} * ${row.load(2)}` }),
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
  if (takesQuads(gpu, [...outs, query, key, value, grad], [sum, mean, mask])) {
    if (toQuery && length > 0) quadGradientOfQueries(gpu, toQuery, ins, attrs);
    if ((toKey || toValue) && columns > 0) quadGradientsOfKeys(gpu, toKey ?? null, toValue ?? null, ins, attrs);
    gpu.pool.release(buffer);
    return;
  }
  const given: Given = { gpu, sizes, attrs, kind: kindOf(mask), features, width, ins };
  if (toQuery && length > 0) gradientOfQueries(given, toQuery);
  if ((toKey || toValue) && columns > 0) gradientsOfKeys(given, toKey ?? null, toValue ?? null);
  gpu.pool.release(buffer);
}

const sameSizes = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, d) => size === b[d]);

/** Why blocks don't take these queries, keys and values. */
function refusal(gpu: Gpu, query: View, key: View, value: View): true | string {
  const [length, features] = query.shape.slice(-2);
  const [columns, width] = value.shape.slice(-2);
  if (features > mostFeatures || width > mostFeatures) return `more than ${mostFeatures} features`;
  if (features === 0 || width === 0 || columns === 0) return 'no keys or features';
  const most = gpu.device.limits.maxComputeWorkgroupStorageSize;
  if (memoryBytes(Math.max(features, width)) > most) return `blocks of more than ${most} bytes`;
  if (length < 16 && columns > 512) return 'few queries for many keys: a product shares them better';
  const batches = [query, key, value].map(({ shape }) => shape.slice(0, -2));
  return batches.every((batch) => sameSizes(batch, batches[0])) || 'heads that are shared';
}

/** By op name. */
export function attentionOverrides(gpu: Gpu): { readonly [op: string]: Override<Buffer> } {
  return {
    scaledDotProductAttention: {
      supports: ([query, key, value]) => refusal(gpu, query as View, key as View, value as View),
      run: (outs, inputs, attrs) => forward(gpu, outs, inputs, attrs as AttentionAttrs),
    },
    scaledDotProductAttentionBackward: {
      supports([, , query, key, value], attrs) {
        if ((attrs as BackwardAttrs).wanted[3]) return 'the gradient of a mask is one of all scores';
        return refusal(gpu, query as View, key as View, value as View);
      },
      run: (outs, inputs, attrs) => backward(gpu, outs, inputs, attrs as BackwardAttrs),
    },
  };
}
