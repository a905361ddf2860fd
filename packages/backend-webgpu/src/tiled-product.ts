/**
 * Products with workgroup memory, for GPUs: a workgroup of 16 × 16 invocations brings a tile of each factor into memory that it shares, reads it from there
 * many times, and each invocation keeps a block of the result in registers.
 */
import { storeFunction } from './direct-product.ts';
import type { Gpu } from './gpu.ts';
import {
  addressFunctions,
  type GroupName,
  lastStride,
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

/** Invocations of a workgroup along m and along n. */
const side = 16;

/** What an invocation computes: `rows` × `columns` of the result, both 4 or 8; and the steps of k that a tile holds. */
export interface TileBlock {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/** Records the product. */
export function tiledProduct(gpu: Gpu, p: Product, block: TileBlock): void {
  const bindings = bind([p.out], [p.a, p.b, ...(p.epilogue?.inputs ?? [])]);
  const { rows, columns, depth } = block;
  const readings = readingsOf(p, bindings);
  // neighbouring invocations read neighbouring elements, of rows or of columns
  const along = [lastStride(p.k, 'a') === 1, lastStride(p.k, 'b') === 1] as const;
  const kernel = gpu.kernel(
    `tiled product ${productKey(p)} ${bindings.key} ${[rows, columns, depth, readings.a, readings.b, ...along]}`,
    bindings.access,
    () => tiledShader(p, bindings, block, readings, along),
  );
  const tilesM = Math.ceil(p.m.size / (side * rows));
  const tilesN = Math.ceil(p.n.size / (side * columns));
  const count = writeProduct(gpu, p, tilesM, tilesN);
  gpu.dispatch(kernel, bindings.buffers, count, ...grid(tilesM * tilesN * p.batch.size));
}

/** A factor as the code that brings a tile of it needs it. */
interface Factor {
  readonly operand: 'a' | 'b';
  readonly group: GroupName;
  readonly reading: Reading;
  readonly along: boolean;
  readonly slot: number;
  /** Rows or columns of its tile, the first of them, and how many the product has. */
  readonly width: number;
  readonly first: string;
  readonly end: string;
}

function tiledShader(
  p: Product,
  bindings: Bindings,
  { rows, columns, depth }: TileBlock,
  readings: Readings,
  along: readonly [boolean, boolean],
): string {
  const uniforms = productUniforms(p);
  const type = sumType(p);
  const [, slotA, slotB] = bindings.slots;
  const invocations = side * side;
  const last = `${word(3)} - 1u`;

  /** Statements that bring elements of a factor into `tile_a[step][row]` or `tile_b[step][column]`; zeros where k has ended. */
  function bring({ operand, group, reading, along: runsAlong, slot, width, first, end }: Factor): string {
    const each = reading === 'single' ? 1 : 4;
    const count = (width * depth) / each;
    const place = reading === 'along' || (reading === 'single' && runsAlong) ? 'along' : 'across';
    // how many reads there are along the direction in which neighbours lie
    const run = (place === 'along' ? depth : width) / (reading === 'single' ? 1 : 4);
    return range(Math.ceil(count / invocations))
      .map((i) => {
        const [inner, outer] = [`(e % ${run}u) * ${each}u`, `e / ${run}u`];
        const [r, t] = place === 'along' ? [outer, inner] : [inner, outer];
        const steps = reading === 'across' ? each : 1;
        const address = `base_${operand} + ${operand}_${group}(min(${first} + r, ${end} - ${steps}u)) + ${operand}_k(min(k0 + t, ${last}))`;
        const lines = [`let e = lid + ${i * invocations}u;`, `let r = ${r};`, `let t = ${t};`];
        if (reading === 'single') {
          lines.push(
            `tile_${operand}[t * ${width}u + r] = select(${type}(0), ${type}(${read(slot, p.a.dtype, address)}), k0 + t < ${word(3)});`,
          );
        } else {
          lines.push(
            `let four = select(vec4<${type}>(), vec4<${type}>(b${slot}[(${address}) >> 2u]), k0 + t < ${word(3)});`,
          );
          const [dr, dt] = reading === 'across' ? [1, 0] : [0, 1];
          for (const c of range(4))
            lines.push(`tile_${operand}[(t + ${c * dt}u) * ${width}u + r + ${c * dr}u] = four[${c}];`);
        }
        const code = lines.join('\n      ');
        return count % invocations === 0 ? `{ ${code} }` : `if (lid + ${i * invocations}u < ${count}u) { ${code} }`;
      })
      .join('\n    ');
  }

  const [tileM, tileN] = [side * rows, side * columns];
  const a: Factor = {
    operand: 'a',
    group: 'm',
    reading: readings.a,
    along: along[0],
    slot: slotA,
    width: tileM,
    first: 'm0',
    end: word(1),
  };
  const b: Factor = {
    operand: 'b',
    group: 'n',
    reading: readings.b,
    along: along[1],
    slot: slotB,
    width: tileN,
    first: 'n0',
    end: word(2),
  };
  const each = (code: (i: number, j: number) => string): string[] =>
    range(rows).flatMap((i) => range(columns).map((j) => code(i, j)));
  // fours of neighbours, which one instruction can read, then the next such run of the whole workgroup
  const local = (i: number): string => `${(i >> 2) * 4 * side + (i & 3)}u`;
  const epilogue = storeFunction(p, bindings, uniforms);
  return shader({
    bindings,
    vectors: vectorSlots(bindings, readings),
    functions: epilogue.functions,
    declarations: `${addressFunctions(p, uniforms)}
${epilogue.code}
var<workgroup> tile_a: array<${type}, ${tileM * depth}>;
var<workgroup> tile_b: array<${type}, ${tileN * depth}>;`,
    invocations,
    body: `  let tile_n = gid % ${word(5)};
  let tile_m = gid / ${word(5)} % ${word(4)};
  let batch = gid / ${word(5)} / ${word(4)};
  if (batch >= ${word(0)}) { return; }
  let m0 = tile_m * ${tileM}u;
  let n0 = tile_n * ${tileN}u;
  let down = (lid / ${side}u) * 4u;
  let across = (lid % ${side}u) * 4u;
  let base_a = ${uniforms.offset('a')} + a_batch(batch);
  let base_b = ${uniforms.offset('b')} + b_batch(batch);
  ${each((i, j) => `var s${i}_${j}: ${type};`).join(' ')}
  for (var k0 = 0u; k0 < ${word(3)}; k0 += ${depth}u) {
    ${bring(a)}
    ${bring(b)}
    workgroupBarrier();
    for (var t = 0u; t < ${depth}u; t++) {
      ${range(rows)
        .map((i) => `let x${i} = tile_a[t * ${tileM}u + down + ${local(i)}];`)
        .join(' ')}
      ${range(columns)
        .map((j) => `let y${j} = tile_b[t * ${tileN}u + across + ${local(j)}];`)
        .join(' ')}
      ${each((i, j) => `s${i}_${j} += x${i} * y${j};`).join(' ')}
    }
    workgroupBarrier();
  }
  ${each((i, j) => `store(batch, m0 + down + ${local(i)}, n0 + across + ${local(j)}, s${i}_${j});`).join('\n  ')}`,
  });
}
