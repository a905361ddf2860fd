/** Sums and results of whole tensors, as expressions that the reduce and map families run: what overrides are made of that are not one kernel. */
import { type DType, type Expr, type Override, Program, type Runtime } from '@tenfold/tensor-core';
import * as e from '@tenfold/tensor-core/expr';
import type { Buffer, View } from '../elements.ts';
import type { MapFamily } from './map.ts';
import type { ReduceFamily } from './reduce.ts';
import { precisionOf, type Rows } from './rows.ts';
import type { Precision } from './rows-kernel.ts';

/** Operands of an override. */
export type Operands = readonly (View | number | null)[];
export type Temporary = (dtype: DType, shape: readonly number[]) => View;

export const numel = (shape: readonly number[]): number => shape.reduce((n, size) => n * size, 1);

/** Programs by what they are for and their dtypes. */
const programs = new Map<string, Program>();

function programOf(
  name: string,
  dtypes: readonly DType[],
  numbers: number,
  to: readonly DType[],
  body: (x: readonly Expr[], n: readonly Expr[]) => readonly Expr[],
  precision: Precision,
): Program {
  const key = `${name} ${dtypes.join()} ${to.join()}`;
  let program = programs.get(key);
  if (!program) {
    const inputs = dtypes.map((dtype, i) => e.cast(e.input(i, dtype), precision));
    const params = Array.from({ length: numbers }, (_, n) => e.param(n, precision));
    const outputs = body(inputs, params).map((x, k) => e.cast(x, to[k]));
    programs.set(
      key,
      (program = new Program(
        outputs,
        dtypes,
        params.map(() => precision),
      )),
    );
  }
  return program;
}

/** What overrides are made of. */
export interface Families {
  readonly map: MapFamily;
  readonly reduce: ReduceFamily;
  readonly rows: Rows;
  readonly matmul: Runtime<Buffer>['matmul'];
}

/** Runs expressions of the families in the precision of an op. */
export class Steps {
  readonly #families: Families;
  readonly #name: string;
  readonly #precision: Precision;
  readonly #temporary: Temporary;

  constructor(families: Families, name: string, precision: Precision, temporary: Temporary) {
    this.#families = families;
    this.#name = name;
    this.#precision = precision;
    this.#temporary = temporary;
  }

  map(
    step: string,
    outs: readonly View[],
    ins: readonly View[],
    numbers: readonly number[],
    body: (x: readonly Expr[], n: readonly Expr[]) => readonly Expr[],
  ): void {
    const [out] = outs;
    const program = this.#program(
      step,
      ins,
      numbers.length,
      outs.map(({ dtype }) => dtype),
      body,
    );
    this.#families.map(
      outs,
      ins.map((view) => broadcast(view, out.shape)),
      program,
      numbers,
    );
  }

  /** Σ of an expression over the dims in which `shape`, of the rank of the inputs, is 1. */
  sum(step: string, shape: readonly number[], ins: readonly View[], body: (x: readonly Expr[]) => Expr): View {
    const out = this.#temporary(this.#precision, shape);
    const full = ins[0].shape;
    const program = this.#program(step, ins, 0, [this.#precision], (x) => [body(x)]);
    this.#families.reduce(
      'sum',
      out,
      ins.map((view) => broadcast(view, full)),
      program,
      [],
    );
    return out;
  }

  temporary(shape: readonly number[]): View {
    return this.#temporary(this.#precision, shape);
  }

  #program(
    step: string,
    ins: readonly View[],
    numbers: number,
    to: readonly DType[],
    body: (x: readonly Expr[], n: readonly Expr[]) => readonly Expr[],
  ): Program {
    return programOf(
      `${this.#name} ${step}`,
      ins.map(({ dtype }) => dtype),
      numbers,
      to,
      body,
      this.#precision,
    );
  }
}

/** A view with dims of size 1 repeated to `shape`, of the same rank. */
const broadcast = (view: View, shape: readonly number[]): View =>
  view.shape.every((size, d) => size === shape[d])
    ? view
    : { ...view, shape, strides: view.strides.map((stride, d) => (view.shape[d] === shape[d] ? stride : 0)) };

/** A view with other dims over the same elements: sizes and strides. */
export const seenAs = (view: View, shape: readonly number[], strides: readonly number[]): View => ({
  ...view,
  shape,
  strides,
});

/** The precision of all operands; else why there is no kernel. */
function supports(inputs: Operands): true | string {
  const views = inputs.filter((x): x is View => x !== null && typeof x === 'object');
  const [{ dtype }] = views;
  const precision = precisionOf(dtype);
  if (precision === null) return `no kernel for ${dtype}`;
  const other = views.find((view) => precisionOf(view.dtype) !== precision);
  if (other) return `${dtype} beside ${other.dtype}`;
  return numel(views[0].shape) > 0 || 'no elements';
}

/** An override by steps for floats of one precision. */
export const bySteps = (
  families: Families,
  name: string,
  run: (steps: Steps, outs: readonly View[], inputs: Operands, attrs: never) => void,
): Override<Buffer> => ({
  supports,
  run: (outs, inputs, attrs) => {
    const precision = precisionOf((inputs[0] as View).dtype) as Precision;
    families.rows.withTemporaries((temporary) =>
      run(new Steps(families, name, precision, temporary), outs, inputs, attrs as never),
    );
  },
});
