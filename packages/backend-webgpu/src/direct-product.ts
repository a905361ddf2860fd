/**
 * Products without workgroup memory: each invocation keeps a block of the result in registers and reads its factors where they lie. Neighbouring
 * invocations take neighbouring columns. Right for every product; the choice for small and odd shapes, and for devices where barriers are dear.
 */
import type { Program } from '@tenfold/tensor-core';
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
import { render, toStored } from './render.ts';
import { type Bindings, bind, grid, read, shader, word, wordAs, writeParams } from './shader.ts';

/** Rows and columns that an invocation computes, and invocations of a workgroup along each. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly down: number;
  readonly across: number;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Uniforms that are no address: sizes of groups, tiles. */
const header = 6;

/** Records the product. */
export function directProduct(gpu: Gpu, p: Product, block: Block): void {
  const bindings = bind([p.out], [p.a, p.b, ...(p.epilogue?.inputs ?? [])]);
  const { rows, columns, down, across } = block;
  const kernel = gpu.kernel(
    `direct product ${p.out.dtype} ${bindings.key} ${productKey(p)} ${[rows, columns, down, across]}`,
    bindings.access,
    () => directShader(p, bindings, block),
  );
  const tilesM = Math.ceil(p.m.size / (rows * down));
  const tilesN = Math.ceil(p.n.size / (columns * across));
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

function directShader(p: Product, bindings: Bindings, { rows, columns, down, across }: Block): string {
  let at = header;
  const uniforms = mapUniforms(p, () => word(at++));
  const firstParam = at;
  const type = sumType(p);
  const [, slotA, slotB] = bindings.slots;
  const element = (slot: number, index: string): string => forSum(p, read(slot, p.a.dtype, index));
  const each = (code: (i: number, j: number) => string): string[] =>
    range(rows).flatMap((i) => range(columns).map((j) => code(i, j)));
  const step = [
    ...range(rows).map((i) => `let x${i} = ${element(slotA, `at_a${i} + pa`)};`),
    ...range(columns).map((j) => `let y${j} = ${element(slotB, `at_b${j} + pb`)};`),
    ...each((i, j) => `s${i}_${j} += x${i} * y${j};`),
  ].join(' ');
  const epilogue = storeFunction(p, bindings, uniforms, firstParam);
  return shader({
    bindings,
    functions: epilogue.functions,
    declarations: `${addressFunctions(p, uniforms)}\n${epilogue.code}`,
    invocations: down * across,
    body: `  let tile_n = gid % ${word(5)};
  let tile_m = gid / ${word(5)} % ${word(4)};
  let batch = gid / ${word(5)} / ${word(4)};
  if (batch >= ${word(0)}) { return; }
  let m0 = (tile_m * ${down}u + lid / ${across}u) * ${rows}u;
  let n0 = tile_n * ${across * columns}u + lid % ${across}u;
  if (m0 >= ${word(1)} || n0 >= ${word(2)}) { return; }
  let base_a = ${offsetOf(uniforms, 'a')} + a_batch(batch);
  let base_b = ${offsetOf(uniforms, 'b')} + b_batch(batch);
  ${range(rows)
    .map((i) => `let at_a${i} = base_a + a_m(min(m0 + ${i}u, ${word(1)} - 1u));`)
    .join('\n  ')}
  ${range(columns)
    .map((j) => `let at_b${j} = base_b + b_n(min(n0 + ${j * across}u, ${word(2)} - 1u));`)
    .join('\n  ')}
  ${each((i, j) => `var s${i}_${j}: ${type};`).join(' ')}
  ${loops(uniforms, step)}
  ${each((i, j) => `store(batch, m0 + ${i}u, n0 + ${j * across}u, s${i}_${j});`).join('\n  ')}`,
  });
}

/** Loops over the dims of k, with the parts `pa` and `pb` of both addresses. */
function loops({ groups: { k } }: Uniforms<string>, step: string): string {
  if (k.length === 0) return `{ let pa = 0u; let pb = 0u; if (${word(3)} > 0u) { ${step} } }`;
  return k.reduceRight((body, { size, strides: [sa, sb] }, d) => {
    const [pa, pb] = d === k.length - 1 ? ['pa', 'pb'] : [`pa${d}`, `pb${d}`];
    const outer = d === 0 ? ['0u', '0u'] : [`pa${d - 1}`, `pb${d - 1}`];
    return `var ${pa} = ${outer[0]}; var ${pb} = ${outer[1]};
  for (var k${d} = 0u; k${d} < ${size}; k${d}++) {
    ${body}
    ${pa} += ${sa}; ${pb} += ${sb};
  }`;
  }, step);
}

/** `store(batch, m, n, sum)`: what the epilogue makes of a sum goes where it belongs, unless that is outside of the result. */
export function storeFunction(
  p: Product,
  bindings: Bindings,
  uniforms: Uniforms<string>,
  firstParam: number,
): { readonly code: string; readonly functions: Iterable<string> } {
  const { dtype } = p.out;
  const address = (operand: 'out' | `e${number}`): string =>
    `${offsetOf(uniforms, operand)} + ${operand}_batch(batch) + ${operand}_m(m) + ${operand}_n(n)`;
  const sum = dtype === 'float16' ? 'f16(sum)' : dtype === 'uint8' ? '(sum & 255u)' : 'sum';
  const { program, inputs } = p.epilogue ?? { program: null as Program | null, inputs: [] };
  const rendered = program
    ? render(program, {
        input: (i) => (i === 0 ? sum : read(bindings.slots[2 + i], inputs[i - 1].dtype, address(`e${i - 1}`))),
        param: (i, type) => wordAs(firstParam + i, type),
        index: (d) => {
          throw new Error(`webgpu: an epilogue that asks for its position along dim ${d}`);
        },
        load: (i) => {
          throw new Error(`webgpu: an epilogue that loads from input ${i}`);
        },
      })
    : { statements: [], outputs: [sum], functions: [] };
  const code = `fn store(batch: u32, m: u32, n: u32, sum: ${sumType(p)}) {
  if (m >= ${word(1)} || n >= ${word(2)}) { return; }
  ${rendered.statements.join('\n  ')}
  b${bindings.slots[0]}[${address('out')}] = ${toStored(dtype, rendered.outputs[0])};
}`;
  return { code, functions: rendered.functions };
}
