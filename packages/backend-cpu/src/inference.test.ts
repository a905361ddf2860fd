/**
 * What ops infer against what they give, on samples of the fixtures whose shapes, dtypes and arguments are changed at random. Every op on the way must
 * infer the shape and dtype it gives or refuse both times; what is refused is refused with an error of ours, and nothing that was passed in changes.
 */
import './register.ts';
import { caseOf, families, loadFixture, type OpCase, type Sample } from '@tenfold/backend-testkit';
import {
  type DType,
  dtypeNames,
  IndexError,
  type Interpreter,
  interpreters,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  TenfoldError,
  type Tensor,
  tensor,
  withLayer,
} from '@tenfold/tensor-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

/** Notes where inference and result differ. */
class Comparison implements Interpreter {
  readonly problems: string[] = [];

  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: () => Outputs): Outputs {
    if (!spec.infer) return next();
    let inferred: ReturnType<NonNullable<OpSpec['infer']>> | null = null;
    try {
      inferred = spec.infer(inputs, attrs);
    } catch {
      // the op must refuse too
    }
    let outputs: Outputs;
    try {
      outputs = next();
    } catch (error) {
      // values decide whether an index is in range, or a matrix fit for its op
      if (inferred && !(error instanceof IndexError) && !readsValues.test(String(error)))
        this.problems.push(`${spec.name} infers ${JSON.stringify(inferred)} but raises ${error}`);
      throw error;
    }
    const list = isTensor(outputs) ? [outputs] : outputs;
    const metas = inferred && ('shape' in inferred ? [inferred] : inferred);
    list.forEach(({ shape, dtype }, i) => {
      const meta = metas?.[i];
      if (meta?.dtype !== dtype || meta.shape.join() !== shape.join())
        this.problems.push(`${spec.name} infers ${JSON.stringify(meta)} but gives ${dtype} [${shape}]`);
    });
    return outputs;
  }
}

/** Refusals that depend on values. */
const readsValues =
  /must be|not implemented for|ZeroDivision|Integers to negative|singular|positive-definite|converge|out of memory|too many elements/;

type Choose = (bound: number) => number;

/** Numbers below a bound from a seed (the minimal standard generator). */
function chooser(seed: number): Choose {
  let state = seed;
  return (bound) => {
    state = (state * 48271) % 2147483647;
    return state % bound;
  };
}

const strange = [Number.NaN, 1.5, -1, 7, Number.POSITIVE_INFINITY, 2 ** 40, 'text', null, [], [0, 0], {}, true];

function changedShape(shape: readonly number[], choose: Choose): number[] {
  const out = [...shape];
  const d = choose(out.length + 1);
  switch (choose(6)) {
    case 0:
      return out.toSpliced(d, 1);
    case 1:
      return out.toSpliced(d, 0, choose(3));
    case 2:
      return out.reverse();
    case 3:
      return out.toSpliced(d, 1, 1);
    case 4:
      return out.toSpliced(d, 1, choose(4));
    default:
      return out;
  }
}

function changedInput(x: unknown, choose: Choose): unknown {
  if (x === null || typeof x !== 'object') return choose(6) === 0 ? strange[choose(strange.length)] : x;
  const { shape, dtype, data } = x as { shape: number[]; dtype: DType; data: (number | boolean | string)[] };
  const other = choose(12);
  if (other === 0) return strange[choose(strange.length)];
  const newShape = choose(3) === 0 ? changedShape(shape, choose) : shape;
  const newDType = choose(3) === 0 ? dtypeNames[choose(dtypeNames.length)] : dtype;
  const n = newShape.reduce((a, b) => a * b, 1);
  const numbers = data.map(Number).map((v) => (Number.isFinite(v) ? v : 1));
  const range = newDType === 'uint8' ? 1 : -1;
  const values = Array.from({ length: n }, (_, i) => {
    const v = numbers.length ? numbers[i % numbers.length] : 1;
    return newDType.startsWith('float') || newDType === 'bfloat16' ? v : Math.max(range * 100, Math.min(100, v | 0));
  });
  return tensor(newDType === 'uint8' ? values.map(Math.abs) : values, { dtype: newDType }).view(newShape);
}

function changedArgs(args: object, choose: Choose): object {
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => {
      if (choose(4) > 0) return [key, value];
      if (typeof value === 'number' && choose(2)) return [key, choose(9) - 4];
      if (Array.isArray(value) && choose(2))
        return [key, value.map((v) => (typeof v === 'number' && choose(2) ? choose(9) - 4 : v)).slice(choose(2))];
      return [key, strange[choose(strange.length)]];
    }),
  );
}

const flat = (x: Tensor): string => `${x.dtype} ${x.shape} ${x.toTypedArraySync()}`;

/** One changed call: what it did wrong, or nothing. */
function tryCall(row: OpCase, sample: Sample, seed: number): string[] {
  const choose = chooser(seed);
  const inputs = sample.inputs.map((x) => changedInput(x, choose));
  const args = changedArgs(sample.args ?? {}, choose);
  const before = inputs.filter(isTensor).map(flat);
  const comparison = new Comparison();
  const problems: string[] = [];
  try {
    withLayer(interpreters, comparison, () => row.call(inputs, args, 'cpu'));
  } catch (error) {
    const receiver = inputs[0];
    // a method of what is no tensor is not ours to refuse, nor what the fixtures' decoder can't read
    const ours = error instanceof TenfoldError || !isTensor(receiver) || error instanceof SyntaxError;
    if (!ours) problems.push(`raises ${error}`);
  }
  const after = inputs.filter(isTensor).map(flat);
  if (after.join() !== before.join()) problems.push('changes its inputs');
  problems.push(...comparison.problems);
  return problems.map(
    (p) =>
      `${p} — of ${inputs.map((x) => (isTensor(x) ? `${x.dtype}[${x.shape}]` : (JSON.stringify(x) ?? String(x)))).join(', ')} with ${JSON.stringify(args)}`,
  );
}

const fixtures = await Promise.all(families.map(async (family) => [family, await loadFixture(family)] as const));

describe.each(fixtures.filter(([, ops]) => ops.length > 0))('%s', (_, ops) => {
  for (const { op, samples } of ops) {
    const row = caseOf(op);
    if (!row) continue;
    it(op, () => {
      const small = samples.filter(({ inputs }) =>
        inputs.every((x) => typeof x !== 'object' || x === null || x.data.length <= 200),
      );
      if (small.length === 0) return;
      fc.assert(
        fc.property(fc.nat(small.length - 1), fc.integer({ min: 1, max: 2 ** 31 - 2 }), (i, seed) => {
          expect(tryCall(row, small[i], seed)).toEqual([]);
        }),
        { numRuns: Number(process.env.RUNS ?? 60), seed: 5, endOnFailure: true },
      );
    });
  }
});
