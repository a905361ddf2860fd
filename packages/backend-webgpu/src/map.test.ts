/** The map family beyond what fixtures reach: more operands than a device binds, and elements in quads, against the cpu backend. */
import { cpu } from '@tenfold/backend-cpu';
import { type DType, expr as e, Program, type Runtime, type TypedArray } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import { render } from './render.ts';
import { webgpu } from './runtime.ts';
import { shader } from './shader.ts';

const runtimes = [(await webgpu()).open(0) as Runtime, cpu().open(0) as Runtime];

interface Operand {
  readonly data: TypedArray;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** What both devices make of operands of one shape; outputs lie in buffers that were 7 everywhere. */
const both = (program: Program, shape: readonly number[], ins: readonly Operand[], out?: Omit<Operand, 'data'>) =>
  Promise.all(
    runtimes.map(async (runtime) => {
      const size = shape.reduce((n, d) => n * d, 1);
      const strides = shape.map((_, d) => shape.slice(d + 1).reduce((n, s) => n * s, 1));
      const view = (dtype: DType, data: TypedArray, operand: Omit<Operand, 'data'>) => {
        const buffer = runtime.allocate(dtype, data.length);
        runtime.upload(buffer, data, 0);
        return { dtype, shape, strides: operand.strides, offset: operand.offset, storage: { buffer } };
      };
      const length = size + 16;
      const outs = program.outputs.map(({ dtype }) =>
        view(
          dtype,
          dtype === 'float32' ? new Float32Array(length).fill(7) : new Int32Array(length).fill(7),
          out ?? { strides, offset: 0 },
        ),
      );
      runtime.map(
        outs,
        ins.map((operand, i) => view(program.inputs[i], operand.data, operand)),
        program,
        [],
      );
      return Promise.all(outs.map(async (v) => [...(await runtime.download(v.storage.buffer, 0, length))]));
    }),
  );

const floats = (n: number, from = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => (((i + from) * 7919) % 201) - 100);

describe('map', () => {
  it('takes more inputs than a device binds, of several types', async () => {
    const dtypes: DType[] = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 'int32' : 'float32'));
    const sum = dtypes.map((dtype, i) => e.cast(e.input(i, dtype), 'float32')).reduce((a, b) => e.add(a, b));
    const ins = dtypes.map((dtype, i) => ({
      data: dtype === 'int32' ? Int32Array.from(floats(64, i)) : floats(64, i),
      strides: i % 4 === 0 ? [0] : [1 + (i % 2)],
      offset: i % 5,
    }));
    const [got, wanted] = await both(new Program([sum], dtypes), [21], ins);
    expect(got).toEqual(wanted);
  });

  it('takes more outputs than a device binds', async () => {
    const inputs = [e.input(0, 'float32'), e.input(1, 'float32')];
    const outputs = Array.from({ length: 20 }, (_, i) => e.add(e.mul(inputs[i % 2], i), inputs[1]));
    const ins = [0, 1].map((i) => ({ data: floats(30, i), strides: [1], offset: 0 }));
    const [got, wanted] = await both(new Program(outputs, ['float32', 'float32']), [30], ins);
    expect(got).toEqual(wanted);
  });

  const program = new Program([e.add(e.mul(e.input(0, 'float32'), e.input(1, 'float32')), 1)], ['float32', 'float32']);
  it.each([1, 2, 3, 4, 5, 255, 256, 257, 1023])('writes %i elements and none beside them', async (n) => {
    for (const offset of [0, 3, 4]) {
      const ins = [
        { data: floats(n + 8), strides: [1], offset },
        { data: floats(n + 8, 5), strides: [n % 2], offset: 8 - offset },
      ];
      const [got, wanted] = await both(program, [n], ins, { strides: [1], offset: 4 });
      expect(got).toEqual(wanted);
    }
  });

  it.each([
    [
      [5, 8],
      [8, 1],
      [0, 1],
    ],
    [
      [5, 8],
      [8, 1],
      [1, 0],
    ],
    [
      [5, 8],
      [12, 1],
      [1, 5],
    ],
    [
      [3, 5, 12],
      [60, 12, 1],
      [0, 16, 1],
    ],
    [
      [3, 5, 12],
      [4, 12, 1],
      [12, 0, 1],
    ],
    [
      [3, 5, 6],
      [30, 6, 1],
      [6, 0, 1],
    ],
  ])('of shape %j with strides %j and %j', async (shape, a, b) => {
    const ins = [a, b].map((strides, i) => ({ data: floats(400, i), strides, offset: 4 * i }));
    const [got, wanted] = await both(program, shape, ins);
    expect(got).toEqual(wanted);
  });
});

describe('float16', () => {
  it('computes in float32 between conversions, with types that fit', async () => {
    const x = e.input(0, 'float16');
    const y = e.input(1, 'float16');
    const outputs = [
      ...(['exp', 'neg', 'abs', 'sign', 'round', 'sqrt', 'tanh', 'erf'] as const).map((fn) => e.unary(fn, x)),
      ...(['add', 'div', 'min', 'pow', 'rem', 'atan2', 'copysign'] as const).map((fn) => e.binary(fn, x, y)),
      e.select(e.lt(x, y), x, e.constant(0.1, 'float16')),
      e.select(e.isNaNExpr(x), Number.POSITIVE_INFINITY, e.cast(e.cast(x, 'float32'), 'float16')),
      e.select(e.ne(x, y), e.cast(e.cast(x, 'int32'), 'float16'), e.cast(e.cast(x, 'bool'), 'float16')),
      e.cast(e.cast(x, 'uint8'), 'float16'),
    ];
    const { statements, functions } = render(new Program(outputs, ['float16', 'float16']), {
      input: (i) => `b${i}[lid]`,
      param: () => '',
      index: () => '',
      load: () => '',
    });
    const code = shader({
      bindings: { access: ['read', 'read'], types: ['float16', 'float16'] },
      functions,
      body: statements.join('\n'),
    });
    expect(code.startsWith('enable f16;\n')).toBe(true);
    // a device without halves can check types under other names: what is mixed up differs from one of the two
    const { acquire } = await import('./acquire.ts');
    const { device } = await acquire({});
    for (const type of ['i32', 'f32']) {
      device.pushErrorScope('validation');
      device.createShaderModule({ code: code.replace('enable f16;\n', '').replaceAll(/\bf16\b/g, type) });
      expect((await device.popErrorScope())?.message).toBeUndefined();
    }
    device.destroy();
  });
});
