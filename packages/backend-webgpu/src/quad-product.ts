/**
 * Products where four neighbouring invocations, a quad, share what they read: each reads a part of the left factor, and `quadBroadcast` gives it to all.
 * For devices whose cost is reading memory, whoever else has read the same, and which have no memory of a workgroup that is faster. SwiftShader is one:
 * four invocations are the four lanes of its vectors, it reads their elements one by one and checks each, and writes variables lane by lane, so a sum of four
 * steps of k is made of values before a variable is met. On 256 × 256 matrices there it is four times as fast as `direct-product.ts`, and six and three times
 * as fast as the two tiles of `tiled-product.ts`.
 */
import { storeFunction } from './direct-product.ts';
import type { Gpu } from './gpu.ts';
import {
  addressFunctions,
  forSum,
  loopsOverK,
  type Product,
  productKey,
  productUniforms,
  type Reading,
  type Readings,
  range,
  readingsOf,
  sumType,
  vectorSlots,
  writeProduct,
} from './product.ts';
import { type Bindings, bind, grid, read, shader, word } from './shader.ts';

/** What a quad computes: `rows` (a multiple of 4) × `4 · columns` of the result. */
export interface QuadBlock {
  readonly rows: number;
  readonly columns: number;
}

/** Steps of k that are read at once. */
const depth = 4;

/** Records the product. The last dim of k must have at least {@link depth} steps for this to be any good. */
export function quadProduct(gpu: Gpu, p: Product, block: QuadBlock): void {
  const bindings = bind([p.out], [p.a, p.b, ...(p.epilogue?.inputs ?? [])]);
  const { rows, columns } = block;
  const readings = readingsOf(p, bindings, columns % 4 === 0);
  const kernel = gpu.kernel(
    `quad product ${productKey(p)} ${bindings.key} ${[rows, columns, readings.a, readings.b]}`,
    bindings.access,
    () => quadShader(p, bindings, block, readings),
  );
  const tilesM = Math.ceil(p.m.size / rows);
  const tilesN = Math.ceil(p.n.size / (4 * columns));
  const count = writeProduct(gpu, p, tilesM, tilesN);
  gpu.dispatch(kernel, bindings.buffers, count, ...grid(tilesM * tilesN * p.batch.size));
}

const component = (i: number): string => 'xyzw'[i & 3];

function quadShader(p: Product, bindings: Bindings, { rows, columns }: QuadBlock, readings: Readings): string {
  const uniforms = productUniforms(p);
  const type = sumType(p);
  const [, slotA, slotB] = bindings.slots;
  const vectors = vectorSlots(bindings, readings);
  const element = (slot: number, index: string): string =>
    forSum(p, vectors.has(slot) ? `b${slot}[(${index}) >> 2u][(${index}) & 3u]` : read(slot, p.a.dtype, index));
  const vector = (slot: number, index: string): string => {
    const code = `b${slot}[(${index}) >> 2u]`;
    return p.out.dtype === 'float16' ? `vec4<f32>(${code})` : code;
  };
  const { strides } = uniforms.groups.k[uniforms.groups.k.length - 1];
  const [stepA, stepB] = strides;
  const each = (code: (i: number, j: number) => string): string[] =>
    range(rows).flatMap((i) => range(columns).map((j) => code(i, j)));
  const fours = range(rows / 4);
  // left: what a lane reads, and where the element of row i and step t is among the lanes
  const left: { readonly [R in Reading]: { reads: () => string[]; broadcast: (i: number, t: number) => string } } = {
    across: {
      reads: () => fours.map((i) => `let q${i} = ${vector(slotA, `at_a${4 * i} + pa + lane * ${stepA}`)};`),
      broadcast: (i, t) => `q${i >> 2}.${component(i)}, ${t}u`,
    },
    along: {
      reads: () => fours.map((i) => `let q${i} = ${vector(slotA, `at_q${i} + pa`)};`),
      broadcast: (i, t) => `q${i >> 2}.${component(t)}, ${i & 3}u`,
    },
    single: {
      reads: () => range(rows).map((i) => `let q${i} = ${element(slotA, `at_a${i} + pa + lane * ${stepA}`)};`),
      broadcast: (i, t) => `q${i}, ${t}u`,
    },
  };
  const right: { readonly [R in Reading]: { reads: () => string[]; value: (t: number, j: number) => string } } = {
    across: {
      reads: () =>
        range(depth).flatMap((t) =>
          range(columns / 4).map((j) => `let y${t}_${j} = ${vector(slotB, `at_b${4 * j} + pb + ${t}u * ${stepB}`)};`),
        ),
      value: (t, j) => `y${t}_${j >> 2}.${component(j)}`,
    },
    along: {
      reads: () => range(columns).map((j) => `let y${j} = ${vector(slotB, `at_b${j} + pb`)};`),
      value: (t, j) => `y${j}.${component(t)}`,
    },
    single: {
      reads: () =>
        range(depth).flatMap((t) =>
          range(columns).map((j) => `let y${t}_${j} = ${element(slotB, `at_b${j} + pb + ${t}u * ${stepB}`)};`),
        ),
      value: (t, j) => `y${t}_${j}`,
    },
  };
  const { reads: readA, broadcast } = left[readings.a];
  const { reads: readB, value } = right[readings.b];
  const four = [
    ...readA(),
    ...readB(),
    // a row at a time: few values wait in registers
    ...range(rows).flatMap((i) => [
      ...range(depth).map((t) => `let x${i}_${t} = quadBroadcast(${broadcast(i, t)});`),
      ...range(columns).map(
        (j) =>
          `s${i}_${j} += ${range(depth)
            .map((t) => `x${i}_${t} * ${value(t, j)}`)
            .join(' + ')};`,
      ),
    ]),
  ].join('\n');
  const one = [
    ...range(rows).map((i) => `let x${i} = ${element(slotA, `at_a${i} + pa`)};`),
    ...range(columns).map((j) => `let y${j} = ${element(slotB, `at_b${j} + pb`)};`),
    ...each((i, j) => `s${i}_${j} += x${i} * y${j};`),
  ].join('\n');
  // where fours along k are read, k has no rest
  const noRest = readings.a === 'along' || readings.b === 'along';
  const body = (k: string, size: string): string => `for (; ${k} + ${depth}u <= ${size}; ${k} += ${depth}u) {
${four}
pa += ${depth}u * ${stepA}; pb += ${depth}u * ${stepB};
  }${
    noRest
      ? ''
      : `
  for (; ${k} < ${size}; ${k}++) {
${one}
pa += ${stepA}; pb += ${stepB};
  }`
  }`;
  const column = (j: number): number => (readings.b === 'across' ? (j >> 2) * 16 + (j & 3) : 4 * j);
  const laneStep = readings.b === 'across' ? 4 : 1;
  // beyond the edge something else is read and not stored; a four is moved as a whole
  const clamped = (first: string, at: number, end: string, byFours: boolean): string =>
    byFours ? `min(${first} + ${at & ~3}u, ${end} - 4u) + ${at & 3}u` : `min(${first} + ${at}u, ${end} - 1u)`;
  const epilogue = storeFunction(p, bindings, uniforms);
  return `enable subgroups;\n${shader({
    bindings,
    vectors,
    functions: epilogue.functions,
    declarations: `${addressFunctions(p, uniforms)}\n${epilogue.code}`,
    invocations: 4,
    body: `  let tile_n = gid % ${word(5)};
  let tile_m = gid / ${word(5)} % ${word(4)};
  let batch = gid / ${word(5)} / ${word(4)};
  if (batch >= ${word(0)}) { return; }
  let lane = lid;
  let m0 = tile_m * ${rows}u;
  let n0 = tile_n * ${4 * columns}u + lane * ${laneStep}u;
  let base_a = ${uniforms.offset('a')} + a_batch(batch);
  let base_b = ${uniforms.offset('b')} + b_batch(batch);
  ${range(rows)
    .map((i) => `let at_a${i} = base_a + a_m(${clamped('m0', i, word(1), readings.a === 'across')});`)
    .join('\n  ')}
  ${fours.map((i) => `let at_q${i} = base_a + a_m(min(m0 + ${4 * i}u + lane, ${word(1)} - 1u));`).join('\n  ')}
  ${range(columns)
    .map((j) => `let at_b${j} = base_b + b_n(${clamped('n0', column(j), word(2), readings.b === 'across')});`)
    .join('\n  ')}
  ${each((i, j) => `var s${i}_${j}: ${type};`).join(' ')}
  ${loopsOverK(uniforms, body)}
  // in a loop, so that the epilogue is compiled once
  var sums = array<${type}, ${rows * columns}>(${each((i, j) => `s${i}_${j}`).join(', ')});
  for (var e = 0u; e < ${rows * columns}u; e++) {
    let j = e % ${columns}u;
    store(batch, m0 + e / ${columns}u, n0 + ${readings.b === 'across' ? '(j >> 2u) * 16u + (j & 3u)' : '4u * j'}, sums[e]);
  }`,
  })}`;
}
