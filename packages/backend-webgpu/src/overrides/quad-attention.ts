/**
 * Attention where four neighbouring invocations, a quad, share what they read (`quad-product.ts` tells of the devices for which this is made): a quad has
 * eight queries, or in the gradients of keys and values eight keys, and meets the others in blocks of eight. Each invocation has the scores of two of the
 * block, and of what the weights sum up a quarter of the features.
 */
import type { AttentionAttrs } from '@tenfold/tensor-core';
import { sizeOf } from '../geometry.ts';
import type { Gpu } from '../gpu.ts';
import { range } from '../product.ts';
import type { View } from '../shader.ts';
import { Call } from './call.ts';

/** Rows of a quad, a multiple of four. */
const rows = 8;
/** Rows of a block that an invocation has: twice as many take a tenth less time, and twice as long to compile. */
const share = 2;

const all = (n: number, code: (i: number) => string): string => range(n).map(code).join('\n');
/** The sum of four terms. */
const sum4 = (term: (c: number) => string): string => range(4).map(term).join(' + ');
const component = (c: number): string => 'xyzw'[c & 3];

/** Whether rows of `view` are made of vectors of four. */
const hasFours = ({ dtype, offset, shape, strides }: View): boolean => {
  const last = shape.length - 1;
  return (
    dtype === 'float32' &&
    offset % 4 === 0 &&
    shape[last] % 4 === 0 &&
    strides[last] === 1 &&
    strides.every((stride, d) => d === last || shape[d] === 1 || stride % 4 === 0)
  );
};

/** Whether the device has quads, and the matrices `fours` suit them, beside `others`. */
export function takesQuads({ hasQuads }: Gpu, fours: readonly View[], others: readonly (View | null)[]): boolean {
  return (
    hasQuads &&
    fours.every(hasFours) &&
    others.every((other) => fours.every(({ storage }) => storage.buffer !== other?.storage.buffer))
  );
}

/** Operands of {@link Quads}, by number: outputs come first. */
interface Roles {
  readonly query: number;
  readonly key: number;
  readonly mask: number;
}

/** A kernel over matrices `[batch…, rows, columns]`, whose quads have rows of queries or of keys. */
class Quads {
  readonly call: Call;
  readonly #views: readonly View[];
  readonly #start: (o: number, i: string) => string;
  readonly #strides: readonly (readonly [string, string])[];
  readonly #side: 'query' | 'key';
  readonly #roles: Roles;
  readonly #causal: boolean;
  readonly #scale: string;
  readonly #heads: readonly [number, string];
  readonly #blocks: readonly [number, string];
  /** How many rows there are of the quads' side, and of the other. */
  readonly #count: string;
  readonly #others: string;

  constructor(
    gpu: Gpu,
    what: string,
    side: 'query' | 'key',
    outs: readonly View[],
    ins: readonly View[],
    roles: Roles,
    { isCausal, scale }: AttentionAttrs,
  ) {
    const views = [...outs, ...ins];
    const [query, key, mask] = [views[roles.query], views[roles.key], views[roles.mask] as View | undefined];
    const batch = query.shape.length - 2;
    this.#views = views;
    this.#side = side;
    this.#roles = roles;
    this.#causal = isCausal;
    this.call = new Call(gpu, `quad attention ${what} ${views.map(({ shape }) => shape[batch + 1])}`, outs, ins);
    this.call.variant(`${mask?.dtype} ${isCausal}`);
    const fours = range(views.length).filter((o) => o !== roles.mask && views[o].shape[batch + 1] % 4 === 0);
    this.call.byFours(fours);
    this.#start = this.call.walk('start', 0, batch, true);
    this.#strides = views.map(({ strides }) => [this.call.uint(strides[batch]), this.call.uint(strides[batch + 1])]);
    const [own, other] = side === 'query' ? [query, key] : [key, query];
    const heads = sizeOf(query.shape.slice(0, batch));
    const blocks = Math.ceil(own.shape[batch] / rows);
    this.#heads = [heads, this.call.uint(heads)];
    this.#blocks = [blocks, this.call.uint(blocks)];
    this.#count = this.call.uint(own.shape[batch]);
    this.#others = this.call.uint(other.shape[batch]);
    this.#scale = this.call.float(scale);
  }

  get scale(): string {
    return this.#scale;
  }

  /** Vectors of four in a row of operand `o`. */
  #width(o: number): number {
    const { shape } = this.#views[o];
    return shape[shape.length - 1] / 4;
  }

  /** Vectors of four of a row that an invocation sums up. */
  #parts(o: number): number {
    return Math.ceil(this.#width(o) / 4);
  }

  #index(o: number, row: string, column = '0u'): string {
    const [down, right] = this.#strides[o];
    return `start_${o} + (${row}) * ${down} + (${column}) * ${right}`;
  }

  /** Element `column` of row `row`. */
  load(o: number, row: string, column = '0u'): string {
    return this.call.load(o, this.#index(o, row, column));
  }

  /** Declares `name_i_j`: the product of row i of the quad, of operand `mine`, and row j of the invocation's of the block, of operand `theirs`. */
  products(name: string, mine: number, theirs: number): string {
    return `${all(rows, (i) => all(share, (j) => `var ${name}_${i}_${j} = 0.0;`))}
    ${all(rows / 4, (g) => `let ${name}_x${g} = (${this.#index(mine, `min(first + ${4 * g}u + lid, ${this.#count} - 1u)`)}) >> 2u;`)}
    ${all(share, (j) => `let ${name}_y${j} = (${this.#index(theirs, `met${j}`)}) >> 2u;`)}
    for (var e = 0u; e < ${this.#width(mine)}u; e++) {
      ${all(rows / 4, (g) => `let q${g} = ${this.call.four(mine, `${name}_x${g} + e`)};`)}
      ${all(share, (j) => `let y${j} = ${this.call.four(theirs, `${name}_y${j} + e`)};`)}
      ${all(
        rows,
        (i) => `let x${i} = quadBroadcast(q${i >> 2}, ${i & 3}u);
      ${all(share, (j) => `${name}_${i}_${j} += ${sum4((c) => `x${i}.${component(c)} * y${j}.${component(c)}`)};`)}`,
      )}
    }`;
  }

  /** Code of the score of product `s_i_j`: `-inf` where query and key don't meet, or beyond the last of the others. */
  score(i: number, j: number): string {
    const { mask } = this.#roles;
    const [query, key] = this.#side === 'query' ? [`row${i}`, `met${j}`] : [`met${j}`, `row${i}`];
    const given = mask < this.#views.length ? this.load(mask, query, key) : null;
    const isBool = given !== null && this.#views[mask].dtype === 'bool';
    const inside = [`other${j} < last`];
    if (isBool) inside.push(given);
    if (this.#causal) inside.push(`${key} <= ${query}`);
    const value = `s_${i}_${j} * ${this.scale}${given === null || isBool ? '' : ` + ${given}`}`;
    // no short circuits: branches are dear to compile
    return `select(-inf_of(), ${value}, ${inside.map((code) => `(${code})`).join(' & ')})`;
  }

  /** Declares the sums `name_i_t` of rows of operand `o`. */
  sums(name: string, o: number): string {
    return all(rows, (i) =>
      range(this.#parts(o))
        .map((t) => `var ${name}_${i}_${t} = vec4<f32>();`)
        .join(' '),
    );
  }

  /** Adds rows of operand `o` to these sums, by weights `w_i_j`: four rows at once, one of each invocation. */
  gather(name: string, w: string, o: number): string {
    const n = this.#width(o);
    const parts = this.#parts(o);
    const rowOf = (j: number, l: number): string =>
      `let at_${l} = (${this.#index(o, `min(block + ${4 * j + l}u, ${this.#others} - 1u)`)}) >> 2u;
      ${all(parts, (t) => `let y${l}_${t} = ${this.call.four(o, `at_${l} + ${4 * t + 4 > n ? `min(lid + ${4 * t}u, ${n - 1}u)` : `lid + ${4 * t}u`}`)};`)}`;
    return all(
      share,
      (j) => `{
      ${all(4, (l) => rowOf(j, l))}
      ${all(
        rows,
        (i) => `${all(4, (l) => `let p${i}_${l} = quadBroadcast(${w}_${i}_${j}, ${l}u);`)}
      ${all(parts, (t) => `${name}_${i}_${t} += ${sum4((l) => `p${i}_${l} * y${l}_${t}`)};`)}`,
      )}
    }`,
    );
  }

  scaleSums(name: string, o: number, i: number, factor: string): string {
    return all(this.#parts(o), (t) => `${name}_${i}_${t} *= ${factor};`);
  }

  /** Stores the sums as rows of operand `o`, in a loop, which is compiled once. */
  store(name: string, o: number, factor: (i: number) => string): string {
    const parts = this.#parts(o);
    const values = range(rows).flatMap((i) => range(parts).map((t) => `${name}_${i}_${t} * ${factor(i)}`));
    return `var ${name}_all = array<vec4<f32>, ${values.length}>(${values.join(', ')});
  for (var n = 0u; n < ${values.length}u; n++) {
    let own = first + n / ${parts}u;
    let at = lid + 4u * (n % ${parts}u);
    if ((own < ${this.#count}) & (at < ${this.#width(o)}u)) { ${this.call.four(o, `((${this.#index(o, 'own')}) >> 2u) + at`)} = ${name}_all[n]; }
  }`;
  }

  /** Stores a number of each row as operand `o`. */
  storeColumn(o: number, values: readonly string[]): string {
    return `var column = array<f32, ${rows}>(${values.join(', ')});
  for (var i = lid; i < ${rows}u; i += 4u) {
    if (first + i < ${this.#count}) { ${this.call.store(o, this.#index(o, 'first + i'), 'column[i]')} }
  }`;
  }

  /** Records the run. Code is asked for only if the kernel is not there yet. */
  run(code: { before(): string; block(): string; after(): string }): void {
    const [heads, headCount] = this.#heads;
    const [blocks, perHead] = this.#blocks;
    // a causal mask forbids what is before or behind
    const from = this.#causal && this.#side === 'key' ? 'first' : '0u';
    const last = this.#causal && this.#side === 'query' ? `min(${this.#others}, first + ${rows}u)` : this.#others;
    this.call.run(heads * blocks, 4, () => ({
      enable: 'subgroups',
      uses: ['exp_of', 'log_of', 'max_of', 'inf_of', 'nan_of'],
      body: `  let head = gid / ${perHead};
  if (head >= ${headCount}) { return; }
  let first = (gid % ${perHead}) * ${rows}u;
  ${all(this.#views.length, (o) => `let start_${o} = ${this.#start(o, 'head')};`)}
  ${all(rows, (i) => `let row${i} = min(first + ${i}u, ${this.#count} - 1u);`)}
  ${code.before()}
  let last = ${last};
  for (var block = ${from}; block < last; block += ${4 * share}u) {
    ${all(share, (j) => `let other${j} = block + ${4 * j}u + lid; let met${j} = min(other${j}, ${this.#others} - 1u);`)}
    ${code.block()}
  }
  ${code.after()}`,
    }));
  }
}

/** `outs`: result, and sums as a column; `ins`: queries, keys, values, and what masks scores. */
export function quadForward(gpu: Gpu, outs: readonly View[], ins: readonly View[], attrs: AttentionAttrs): void {
  const quads = new Quads(gpu, 'forward', 'query', outs, ins, { query: 2, key: 3, mask: 5 }, attrs);
  const each = (code: (j: number) => string, by = '\n'): string => range(share).map(code).join(by);
  quads.run({
    before: () => `${all(rows, (i) => `var top_${i} = -inf_of(); var sum_${i} = 0.0;`)}
  ${quads.sums('o', 0)}`,
    block: () => `${quads.products('s', 2, 3)}
    ${all(
      rows,
      (i) => `${each((j) => `let z${i}_${j} = ${quads.score(i, j)};`)}
    let most${i} = ${range(share - 1).reduce((code, j) => `max_of(${code}, z${i}_${j + 1})`, `z${i}_0`)};
    let pair${i} = max_of(most${i}, quadSwapX(most${i}));
    let top${i} = max_of(top_${i}, max_of(pair${i}, quadSwapY(pair${i})));
    // an infinite score is no number to measure others by
    let origin${i} = select(top${i}, 0.0, abs(top${i}) == inf_of());
    let shrink${i} = select(exp_of(top_${i} - origin${i}), 1.0, top_${i} == inf_of());
    top_${i} = top${i};
    ${each((j) => `let w_${i}_${j} = exp_of(z${i}_${j} - origin${i});`)}
    sum_${i} = sum_${i} * shrink${i} + (${each((j) => `w_${i}_${j}`, ' + ')});
    ${quads.scaleSums('o', 0, i, `shrink${i}`)}`,
    )}
    ${quads.gather('o', 'w', 4)}`,
    after: () => `${all(
      rows,
      (i) => `let half${i} = sum_${i} + quadSwapX(sum_${i});
  let total${i} = half${i} + quadSwapY(half${i});
  // a row in which nothing takes part has no weights
  let weight${i} = select(1.0 / total${i}, nan_of(), total${i} == 0.0);`,
    )}
  ${quads.store('o', 0, (i) => `weight${i}`)}
  ${quads.storeColumn(
    1,
    range(rows).map((i) => `select(top_${i}, 0.0, abs(top_${i}) == inf_of()) + log_of(total${i})`),
  )}`,
  });
}

/** Operands of the gradients, behind `outs` outputs: queries, keys, values, the gradient, logarithms of sums, the mean gradient of the weights, mask. */
const numbered = (outs: number) => {
  const [query, key, value, grad, sum, mean, mask] = range(7).map((k) => outs + k);
  return { query, key, value, grad, sum, mean, mask };
};

const eachScore = (code: (i: number, j: number) => string): string => all(rows, (i) => all(share, (j) => code(i, j)));

/** With weights w and scores s:  ds = w (g vᵀ - mean),  dq = ds k · scale. */
export function quadGradientOfQueries(gpu: Gpu, out: View, ins: readonly View[], attrs: AttentionAttrs): void {
  const o = numbered(1);
  const quads = new Quads(gpu, 'dq', 'query', [out], ins, o, attrs);
  quads.run({
    before: () => `${quads.sums('d', 0)}
  ${all(rows, (i) => `let sum${i} = ${quads.load(o.sum, `row${i}`)}; let mean${i} = ${quads.load(o.mean, `row${i}`)};`)}`,
    block: () => `${quads.products('s', o.query, o.key)}
    ${quads.products('g', o.grad, o.value)}
    ${eachScore((i, j) => `let w_${i}_${j} = ${within(`exp_of(${quads.score(i, j)} - sum${i}) * (g_${i}_${j} - mean${i})`, j)};`)}
    ${quads.gather('d', 'w', o.key)}`,
    after: () => quads.store('d', 0, () => quads.scale),
  });
}

/** Weights of rows of a block beyond the last as 0, whatever came of them: where all scores are -inf that is NaN. */
const within = (weight: string, j: number): string => `select(0.0, ${weight}, other${j} < last)`;

/** dv = wᵀ g,  dk = dsᵀ q · scale. */
export function quadGradientsOfKeys(
  gpu: Gpu,
  toKey: View | null,
  toValue: View | null,
  ins: readonly View[],
  attrs: AttentionAttrs,
): void {
  const outs = [toKey, toValue].flatMap((view) => (view ? [view] : []));
  const o = numbered(outs.length);
  const quads = new Quads(gpu, `${toKey ? 'dk' : ''}${toValue ? 'dv' : ''}`, 'key', outs, ins, o, attrs);
  quads.run({
    before: () => `${toKey ? quads.sums('dk', 0) : ''}
  ${toValue ? quads.sums('dv', outs.length - 1) : ''}`,
    block: () => `${quads.products('s', o.key, o.query)}
    ${all(share, (j) => `let sum${j} = ${quads.load(o.sum, `met${j}`)}; let mean${j} = ${quads.load(o.mean, `met${j}`)};`)}
    ${eachScore((i, j) => `let w_${i}_${j} = ${within(`exp_of(${quads.score(i, j)} - sum${j})`, j)};`)}
    ${toValue ? quads.gather('dv', 'w', o.grad) : ''}
    ${
      toKey
        ? `${quads.products('g', o.value, o.grad)}
    ${eachScore((i, j) => `let d_${i}_${j} = ${within(`w_${i}_${j} * (g_${i}_${j} - mean${j})`, j)};`)}
    ${quads.gather('dk', 'd', o.query)}`
        : ''
    }`,
    after: () => `${toKey ? quads.store('dk', 0, () => quads.scale) : ''}
  ${toValue ? quads.store('dv', outs.length - 1, () => '1.0') : ''}`,
  });
}
