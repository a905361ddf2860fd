/**
 * Products without workgroup memory: each invocation keeps a block of the result in registers and reads its factors where they lie. Neighbouring
 * invocations take neighbouring columns. Right for every product; the choice for small and odd shapes, and for devices where barriers are dear.
 */
import type { Program } from '@tenfold/tensor-core';
import type { Gpu } from './gpu.ts';
import {
  addressFunctions,
  forSum,
  loopsOverK,
  type Product,
  productKey,
  productUniforms,
  range,
  sumType,
  type Uniforms,
  writeProduct,
} from './product.ts';
import { render, toStored } from './render.ts';
import { type Bindings, bind, grid, read, shader, word, wordAs } from './shader.ts';

/** Rows and columns that an invocation computes, and invocations of a workgroup along each. */
export interface Block {
  readonly rows: number;
  readonly columns: number;
  readonly down: number;
  readonly across: number;
}

/** Records the product. */
export function directProduct(gpu: Gpu, p: Product, block: Block): void {
  const bindings = bind([p.out], [p.a, p.b, ...(p.epilogue?.inputs ?? [])]);
  const { rows, columns, down, across } = block;
  const kernel = gpu.kernel(
    `direct product ${productKey(p)} ${bindings.key} ${[rows, columns, down, across]}`,
    bindings.access,
    () => directShader(p, bindings, block),
  );
  const tilesM = Math.ceil(p.m.size / (rows * down));
  const tilesN = Math.ceil(p.n.size / (columns * across));
  const count = writeProduct(gpu, p, tilesM, tilesN);
  gpu.dispatch(kernel, bindings.buffers, count, ...grid(tilesM * tilesN * p.batch.size));
}

function directShader(p: Product, bindings: Bindings, { rows, columns, down, across }: Block): string {
  const uniforms = productUniforms(p);
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
  const k = uniforms.groups.k;
  const [stepA, stepB] = k[k.length - 1]?.strides ?? [];
  const sums =
    k.length === 0
      ? // one step, or none
        `if (${word(3)} > 0u) { let pa = 0u; let pb = 0u; ${step} }`
      : loopsOverK(
          uniforms,
          (counter, size) => `for (; ${counter} < ${size}; ${counter}++) { ${step} pa += ${stepA}; pb += ${stepB}; }`,
        );
  const epilogue = storeFunction(p, bindings, uniforms);
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
  let base_a = ${uniforms.offset('a')} + a_batch(batch);
  let base_b = ${uniforms.offset('b')} + b_batch(batch);
  ${range(rows)
    .map((i) => `let at_a${i} = base_a + a_m(min(m0 + ${i}u, ${word(1)} - 1u));`)
    .join('\n  ')}
  ${range(columns)
    .map((j) => `let at_b${j} = base_b + b_n(min(n0 + ${j * across}u, ${word(2)} - 1u));`)
    .join('\n  ')}
  ${each((i, j) => `var s${i}_${j}: ${type};`).join(' ')}
  ${sums}
  ${each((i, j) => `store(batch, m0 + ${i}u, n0 + ${j * across}u, s${i}_${j});`).join('\n  ')}`,
  });
}

/** `store(batch, m, n, sum)`: what the epilogue makes of a sum goes where it belongs, unless that is outside of the result. */
export function storeFunction(
  p: Product,
  bindings: Bindings,
  uniforms: Uniforms,
): { readonly code: string; readonly functions: Iterable<string> } {
  const { dtype } = p.out;
  const address = (operand: 'out' | `e${number}`): string =>
    `${uniforms.offset(operand)} + ${operand}_batch(batch) + ${operand}_m(m) + ${operand}_n(n)`;
  const sum = dtype === 'float16' ? 'f16(sum)' : dtype === 'uint8' ? '(sum & 255u)' : 'sum';
  const { program, inputs } = p.epilogue ?? { program: null as Program | null, inputs: [] };
  const rendered = program
    ? render(program, {
        input: (i) => (i === 0 ? sum : read(bindings.slots[2 + i], inputs[i - 1].dtype, address(`e${i - 1}`))),
        param: (i, type) => wordAs(uniforms.firstParam + i, type),
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
