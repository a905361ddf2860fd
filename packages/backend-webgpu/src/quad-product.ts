/**
 * Products where four neighbouring invocations, a quad, share what they read: each reads a part of the left factor, and `quadBroadcast` gives it to all.
 * For devices on which reading memory is what costs, whoever else has read it: SwiftShader reads the elements of four invocations one by one, and writes
 * variables one by one, so sums are kept out of variables for some steps of k.
 */

import { storeFunction } from './direct-product.ts';
import type { Gpu } from './gpu.ts';
import {
  addressFunctions,
  forSum,
  mapUniforms,
  offsetOf,
  type Product,
  productKey,
  sumType,
  type Uniforms,
} from './product.ts';
import { type Bindings, bind, grid, read, shader, word, writeParams } from './shader.ts';

/** What a quad computes: `rows` × `4 · columns` of the result, `depth` (a multiple of 4) steps of k at once. */
export interface QuadBlock {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** Quads of a workgroup, side by side. */
const quads = 4;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const header = 6;

export function quadProduct(gpu: Gpu, p: Product, block: QuadBlock): void {
  const bindings = bind([p.out], [p.a, p.b, ...(p.epilogue?.inputs ?? [])]);
  const { rows, columns, depth } = block;
  const kernel = gpu.kernel(
    `quad product ${p.out.dtype} ${bindings.key} ${productKey(p)} ${[rows, columns, depth]}`,
    bindings.access,
    () => quadShader(p, bindings, block),
  );
  const tilesM = Math.ceil(p.m.size / rows);
  const tilesN = Math.ceil(p.n.size / (4 * columns * quads));
  const { words } = gpu;
  words.set([p.batch.size, p.m.size, p.n.size, p.k.size, tilesM, tilesN]);
  let at = header;
  mapUniforms(p, (value) => {
    words[at++] = value;
  });
  if (p.epilogue) at = writeParams(gpu, at, p.epilogue.program, p.epilogue.params);
  const [x, y] = grid(tilesM * tilesN * p.batch.size);
  gpu.dispatch(kernel, bindings.buffers, at, x, y);
}

function quadShader(p: Product, bindings: Bindings, { rows, columns, depth }: QuadBlock): string {
  let at = header;
  const uniforms = mapUniforms(p, () => word(at++));
  const firstParam = at;
  const type = sumType(p);
  const [, slotA, slotB] = bindings.slots;
  const element = (slot: number, index: string): string => forSum(p, read(slot, p.a.dtype, index));
  const inner = uniforms.groups.k.length - 1;
  const { size, strides } = uniforms.groups.k[inner];
  const [stepA, stepB] = strides;
  const each = (code: (i: number, j: number) => string): string[] =>
    range(rows).flatMap((i) => range(columns).map((j) => code(i, j)));
  const sum = (terms: readonly string[]): string => terms.join(' + ');
  const chunk = [
    ...range(depth / 4).flatMap((q) =>
      range(rows).map((i) => `let q${i}_${q} = ${element(slotA, `at_a${i} + pa + (${4 * q}u + lane) * ${stepA}`)};`),
    ),
    ...range(depth).flatMap((t) =>
      range(columns).map((j) => `let y${t}_${j} = ${element(slotB, `at_b${j} + pb + ${t}u * ${stepB}`)};`),
    ),
    ...range(rows).flatMap((i) =>
      range(depth).map((t) => `let x${i}_${t} = quadBroadcast(q${i}_${t >> 2}, ${t & 3}u);`),
    ),
    ...each((i, j) => `s${i}_${j} += ${sum(range(depth).map((t) => `x${i}_${t} * y${t}_${j}`))};`),
    `pa += ${depth}u * ${stepA}; pb += ${depth}u * ${stepB};`,
  ].join('\n');
  const single = [
    ...range(rows).map((i) => `let x${i} = ${element(slotA, `at_a${i} + pa`)};`),
    ...range(columns).map((j) => `let y${j} = ${element(slotB, `at_b${j} + pb`)};`),
    ...each((i, j) => `s${i}_${j} += x${i} * y${j};`),
    `pa += ${stepA}; pb += ${stepB};`,
  ].join('\n');
  const body = `for (; k${inner} + ${depth}u <= ${size}; k${inner} += ${depth}u) {
${chunk}
  }
  for (; k${inner} < ${size}; k${inner}++) {
${single}
  }`;
  const epilogue = storeFunction(p, bindings, uniforms, firstParam);
  return `enable subgroups;\n${shader({
    bindings,
    functions: epilogue.functions,
    declarations: `${addressFunctions(p, uniforms)}\n${epilogue.code}`,
    invocations: 4 * quads,
    body: `  let tile_n = gid % ${word(5)};
  let tile_m = gid / ${word(5)} % ${word(4)};
  let batch = gid / ${word(5)} / ${word(4)};
  if (batch >= ${word(0)}) { return; }
  let lane = lid & 3u;
  let m0 = tile_m * ${rows}u;
  let n0 = (tile_n * ${quads}u + (lid >> 2u)) * ${4 * columns}u + lane;
  let base_a = ${offsetOf(uniforms, 'a')} + a_batch(batch);
  let base_b = ${offsetOf(uniforms, 'b')} + b_batch(batch);
  ${range(rows)
    .map((i) => `let at_a${i} = base_a + a_m(min(m0 + ${i}u, ${word(1)} - 1u));`)
    .join('\n  ')}
  ${range(columns)
    .map((j) => `let at_b${j} = base_b + b_n(min(n0 + ${j * 4}u, ${word(2)} - 1u));`)
    .join('\n  ')}
  ${each((i, j) => `var s${i}_${j}: ${type};`).join(' ')}
  ${loops(uniforms, body)}
  ${each((i, j) => `store(batch, m0 + ${i}u, n0 + ${j * 4}u, s${i}_${j});`).join('\n  ')}`,
  })}`;
}

/** Loops over the dims of k; `body` goes along the last. */
function loops({ groups: { k } }: Uniforms<string>, body: string): string {
  return k.reduceRight((code, { size, strides: [sa, sb] }, d) => {
    const last = d === k.length - 1;
    const [pa, pb] = last ? ['pa', 'pb'] : [`pa${d}`, `pb${d}`];
    const outer = d === 0 ? ['0u', '0u'] : [`pa${d - 1}`, `pb${d - 1}`];
    const head = `var ${pa} = ${outer[0]}; var ${pb} = ${outer[1]}; var k${d} = 0u;`;
    if (last) return `${head}\n  ${code}`;
    return `${head}
  for (; k${d} < ${size}; k${d}++) {
    ${code}
    ${pa} += ${sa}; ${pb} += ${sb};
  }`;
  }, body);
}
