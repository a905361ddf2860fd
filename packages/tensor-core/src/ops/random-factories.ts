/** Random ops that only functions call, apart from the others: a page that doesn't call them doesn't ship them. */
import type { Runtime, TensorView } from '../backend.ts';
import { allocate } from '../dispatch.ts';
import type { DType } from '../dtype.ts';
import * as e from '../expr.ts';
import type { Generator } from '../random.ts';
import { broadcastShapes } from '../shape.ts';
import { type Operand, OpSpec, type Sig } from '../spec.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor } from '../tensor-class.ts';
import { broadcastView } from './build.ts';
import type { FactoryAttrs } from './create.ts';
import type { DropoutOps } from './dropout.ts';
import {
  checkFloat,
  type Drawn,
  device,
  deviceOf,
  draw,
  drawDType,
  drawFloat,
  drawIntegers,
  drawWords,
  floatFactory,
  meta,
  program,
  type RandomMethodOps,
} from './random.ts';

interface RandomFunctionOps {
  randn: Sig<[], FactoryAttrs & Drawn>;
  randint: Sig<[], FactoryAttrs & Drawn & { readonly low: number; readonly high: number }>;
  randperm: Sig<[], Drawn & { readonly n: number; readonly dtype: DType; readonly device: string }>;
  randLike: Sig<[Tensor], Drawn & { readonly dtype: DType; readonly device: string }>;
  randnLike: Sig<[Tensor], Drawn & { readonly dtype: DType; readonly device: string }>;
  normalOf: Sig<[Operand, Operand], Drawn>;
}

/** All random ops by name. */
export interface RandomOps extends RandomMethodOps, RandomFunctionOps, DropoutOps {}

const floatLike = <A extends Drawn & { readonly dtype: DType; readonly device: string }>(
  name: string,
  kind: 'uniform' | 'normal',
): OpSpec<Sig<[Tensor], A>> =>
  new OpSpec<Sig<[Tensor], A>>({
    name,
    device,
    infer([x], { dtype }) {
      checkFloat(name, dtype);
      return { shape: x.shape, dtype };
    },
    kernel: (runtime, [out], _, { generator }) => drawFloat(kind, runtime, out, generator),
  });

/** Normal numbers of the means and standard deviations of the inputs, each a tensor or a number. */
function drawNormalOf(runtime: Runtime, out: TensorView, inputs: readonly Operand[], generator: Generator): void {
  const wide = drawDType(out.dtype);
  const drawn = allocate(deviceOf(out), wide, out.shape);
  draw(runtime, 'normal', drawn, generator);
  const tensors = inputs.filter(isTensor);
  const numbers = inputs.filter((x): x is number => typeof x === 'number');
  const made = program(`normalOf|${out.dtype}|${inputs.map((x) => (isTensor(x) ? x.dtype : 'number')).join()}`, () => {
    let [tensor, number] = [1, 0];
    const [mean, std] = inputs.map((x) =>
      isTensor(x) ? e.cast(e.input(tensor++, x.dtype), wide) : e.param(number++, wide),
    );
    return new e.Program(
      [e.cast(e.add(mean, e.mul(e.input(0, wide), std)), out.dtype)],
      [wide, ...tensors.map((x) => x.dtype)],
      numbers.map(() => wide),
    );
  });
  runtime.map([out], [drawn, ...tensors.map((x) => broadcastView(x, out.shape))], made, numbers);
}

/** Rows by op name. */
export const randomFactories: { readonly [K in keyof RandomFunctionOps]: OpSpec<RandomFunctionOps[K]> } = {
  randn: floatFactory('randn', 'normal'),
  randint: new OpSpec({
    name: 'randint',
    device,
    infer: (_, attrs) => meta(attrs),
    kernel: (runtime, [out], _, { generator, low, high }) => drawIntegers(runtime, out, generator, low, high),
  }),
  // the order in which random words sort; equal words keep their places
  randperm: new OpSpec({
    name: 'randperm',
    device,
    infer: (_, { n, dtype }) => ({ shape: [n], dtype }),
    kernel(runtime, [out], _, { n, generator }) {
      if (n === 0) return;
      const [words, sorted] = [0, 1].map(() => allocate(deviceOf(out), 'int32', [n]));
      const order = allocate(deviceOf(out), 'int64', [n]);
      // less 2^31, which keeps their order
      drawWords(runtime, words, generator, -(2 ** 31), 2 ** 32);
      runtime.sort(sorted, order, words, 0, false);
      const made = program(
        `randperm|${out.dtype}`,
        () => new e.Program([e.cast(e.input(0, 'int64'), out.dtype)], ['int64']),
      );
      runtime.map([out], [order], made, []);
    },
  }),
  randLike: floatLike('randLike', 'uniform'),
  randnLike: floatLike('randnLike', 'normal'),
  normalOf: new OpSpec({
    name: 'normalOf',
    infer(inputs) {
      const tensors = inputs.filter(isTensor);
      for (const x of tensors) checkFloat('normal', x.dtype);
      const shape = broadcastShapes(
        tensors.map((x) => x.shape),
        'normal',
      );
      return { shape, dtype: tensors[0].dtype };
    },
    kernel: (runtime, [out], inputs, { generator }) => drawNormalOf(runtime, out, inputs, generator),
  }),
};
