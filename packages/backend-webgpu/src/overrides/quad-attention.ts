/**
 * Attention where four neighbouring invocations, a quad, share what they read (`quad-product.ts` tells of the devices for which this is made): a quad has a
 * few queries and meets keys in blocks. Each invocation has some of the block's keys, and of what the weights sum up some of the features.
 */
import type { AttentionAttrs } from '@tenfold/tensor-core';
import { sizeOf } from '../geometry.ts';
import type { Gpu } from '../gpu.ts';
import { range } from '../product.ts';
import type { View } from '../shader.ts';
import { Call } from './call.ts';

/** Queries of a quad, a multiple of four. */
const rows = 8;
/** Keys of a block that an invocation has. */
const own = 2;

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

/** Whether quads take the matrices `fours`, beside `others`. */
export function takesQuads({ hasQuads }: Gpu, fours: readonly View[], others: readonly (View | null)[]): boolean {
  return (
    hasQuads &&
    fours.every(hasFours) &&
    others.every((other) => fours.every(({ storage }) => storage.buffer !== other?.storage.buffer))
  );
}

/** The operands that go by fours: the result, queries, keys and values. */
const fours = new Set([0, 2, 3, 4]);

const all = (code: (i: number) => string, n: number): string => range(n).map(code).join('\n');

/** `outs`: result and sums as a column; `ins`: queries, keys, values, and what masks scores. */
export function quadForward(
  gpu: Gpu,
  outs: readonly [View, View],
  ins: readonly [View, View, View, ...View[]],
  { isCausal, scale }: AttentionAttrs,
): void {
  const [out] = outs;
  const [query, key] = ins;
  const { length: dims } = out.shape;
  const heads = sizeOf(out.shape.slice(0, -2));
  const length = out.shape[dims - 2];
  const columns = key.shape[dims - 2];
  const features4 = query.shape[dims - 1] / 4;
  const width4 = out.shape[dims - 1] / 4;
  const mask = ins.length > 3 ? ins[3] : null;
  const call = new Call(gpu, `quad attention ${features4} ${width4} ${mask?.dtype} ${isCausal}`, outs, ins, fours);
  const start = call.walk('start', 0, dims - 2, true);
  const strides = [...outs, ...ins].map((view, o) => [
    call.uint(view.strides[dims - 2] / (fours.has(o) ? 4 : 1)),
    call.uint(view.strides[dims - 1]),
  ]);
  const blocks = Math.ceil(length / rows);
  const [queries, keys, perHead, headCount, factor] = [
    call.uint(length),
    call.uint(columns),
    call.uint(blocks),
    call.uint(heads),
    call.float(scale),
  ];
  const row = (o: number, i: string): string => `(start_${o} + (${i}) * ${strides[o][0]})`;
  const parts = Math.ceil(width4 / 4);
  const groups = rows / 4;
  call.run(heads * blocks, 4, () => {
    const each = (code: (i: number, j: number) => string): string =>
      all(
        (i) =>
          range(own)
            .map((j) => code(i, j))
            .join(' '),
        rows,
      );
    const dots = `${each((i, j) => `var s${i}_${j} = 0.0;`)}
    for (var e = 0u; e < ${features4}u; e++) {
      ${all((g) => `let q${g} = ${call.four(2, `at_q${g} + e`)};`, groups)}
      ${all((j) => `let k${j} = ${call.four(3, `at_k${j} + e`)};`, own)}
      ${all(
        (i) => `let x${i} = quadBroadcast(q${i >> 2}, ${i & 3}u);
      ${all(
        (j) =>
          `s${i}_${j} += ${range(4)
            .map((c) => `x${i}.${'xyzw'[c]} * k${j}.${'xyzw'[c]}`)
            .join(' + ')};`,
        own,
      )}`,
        rows,
      )}
    }`;
    const score = (i: number, j: number): string => {
      let code = `s${i}_${j} * ${factor}`;
      const at = `start_5 + row${i} * ${strides[5]?.[0]} + min(key${j}, ${keys} - 1u) * ${strides[5]?.[1]}`;
      let inside = `key${j} < last`;
      if (mask?.dtype === 'bool') inside += ` && ${call.load(5, at)}`;
      else if (mask) code += ` + ${call.load(5, at)}`;
      if (isCausal) inside += ` && key${j} <= row${i}`;
      return `select(-inf_of(), ${code}, ${inside})`;
    };
    const most = (i: number): string =>
      range(own).reduce((code, j) => (j === 0 ? `z${i}_0` : `max_of(${code}, z${i}_${j})`), '');
    const softmax = all(
      (i) => `${all((j) => `let z${i}_${j} = ${score(i, j)};`, own)}
    let most${i} = ${most(i)};
    let pair${i} = max_of(most${i}, quadSwapX(most${i}));
    let top${i} = max_of(top_${i}, max_of(pair${i}, quadSwapY(pair${i})));
    let origin${i} = select(top${i}, 0.0, abs(top${i}) == inf_of());
    let shrink${i} = exp_of(top_${i} - origin${i});
    top_${i} = top${i};
    ${all((j) => `let w${i}_${j} = exp_of(z${i}_${j} - origin${i});`, own)}
    sum_${i} = sum_${i} * shrink${i} + (${range(own)
      .map((j) => `w${i}_${j}`)
      .join(' + ')});
    ${all((t) => `o${i}_${t} *= shrink${i};`, parts)}`,
      rows,
    );
    // four keys at once, one of each invocation
    const gather = all(
      (j) => `{
      ${all(
        (l) => `let at_v${l} = ${row(4, `min(block + ${4 * j + l}u, ${keys} - 1u)`)};
      ${all((t) => `let v${l}_${t} = ${call.four(4, `at_v${l} + min(lid + ${4 * t}u, ${width4 - 1}u)`)};`, parts)}`,
        4,
      )}
      ${all(
        (i) => `${all((l) => `let p${i}_${l} = quadBroadcast(w${i}_${j}, ${l}u);`, 4)}
      ${all(
        (t) =>
          `o${i}_${t} += ${range(4)
            .map((l) => `p${i}_${l} * v${l}_${t}`)
            .join(' + ')};`,
        parts,
      )}`,
        rows,
      )}
    }`,
      own,
    );
    return {
      enable: 'subgroups',
      uses: ['exp_of', 'log_of', 'max_of', 'inf_of', 'nan_of'],
      body: `  let head = gid / ${perHead};
  if (head >= ${headCount}) { return; }
  let first = (gid % ${perHead}) * ${rows}u;
  ${[0, 1, 2, 3, 4, ...(mask ? [5] : [])].map((o) => `let start_${o} = ${start(o, 'head')};`).join('\n')}
  ${all((i) => `let row${i} = min(first + ${i}u, ${queries} - 1u);`, rows)}
  ${all((g) => `let at_q${g} = ${row(2, `min(first + ${4 * g}u + lid, ${queries} - 1u)`)};`, groups)}
  ${all((i) => `var top_${i} = -inf_of(); var sum_${i} = 0.0; ${all((t) => `var o${i}_${t} = vec4<f32>();`, parts)}`, rows)}
  let last = ${isCausal ? `min(${keys}, first + ${rows}u)` : keys};
  for (var block = 0u; block < last; block += ${4 * own}u) {
    ${all((j) => `let key${j} = block + ${4 * j}u + lid; let at_k${j} = ${row(3, `min(key${j}, ${keys} - 1u)`)};`, own)}
    ${dots}
    ${softmax}
    ${gather}
  }
  ${all(
    (i) => `let half${i} = sum_${i} + quadSwapX(sum_${i});
  let total${i} = half${i} + quadSwapY(half${i});
  let weight${i} = select(1.0 / total${i}, nan_of(), total${i} == 0.0);
  if (first + ${i}u < ${queries}) {
    ${all((t) => `if (lid + ${4 * t}u < ${width4}u) { ${call.four(0, `${row(0, `first + ${i}u`)} + lid + ${4 * t}u`)} = o${i}_${t} * weight${i}; }`, parts)}
    if (lid == 0u) { ${call.store(1, `start_1 + (first + ${i}u) * ${strides[1][0]}`, `select(top_${i}, 0.0, abs(top_${i}) == inf_of()) + log_of(total${i})`)} }
  }`,
    rows,
  )}`,
    };
  });
}
