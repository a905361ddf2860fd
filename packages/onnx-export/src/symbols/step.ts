/** Steps of optimisers: the formula that every backend runs, as ONNX nodes, with what depends on the step count computed in the graph. */
import { controlDType, type DType, expr, type StepInit, stepInitOf } from '@tenfold/tensor-core';
import type { Ref } from '../builder.ts';
import type { OpContext } from '../context.ts';
import { type Dim, explain, otherSizes, samplePoints } from '../dims.ts';
import { writeExprs } from './expr.ts';

/** Writes an optimiser step: new values of each parameter and of its state. */
export function writeStep(g: OpContext): Ref[] {
  const init = stepInitOf(g.node.spec);
  if (!init) throw g.error('it is no step of an optimiser');
  const { tensors, numbers } = init;
  const count = g.inputCount - numbers;
  const dtype = g.dtype();
  const refs = paramsOf(
    g,
    init,
    Array.from({ length: numbers }, (_, i) => g.number(count + i)),
  ).map((x) => g.cast(x, dtype));
  const params = refs.map((_, i) => expr.param(i, dtype));
  const written: Ref[] = [];
  for (let start = 0; start < count; start += tensors) {
    const inputs: Ref[] = [];
    const args: expr.Expr[] = [];
    for (let i = 0; i < tensors; i++) {
      if (g.isAbsent(start + i)) continue;
      args[i] = expr.input(inputs.length, dtype);
      inputs.push(g.x(start + i));
    }
    written.push(...writeExprs(g, init.formula(args, params, g.attrs ?? {}), inputs, refs));
  }
  return written;
}

/** What the formula sees beside tensors. Numbers that differ from step to step are computed in the graph. */
function paramsOf(g: OpContext, { params, counted }: StepInit, given: readonly Dim[]): Ref[] {
  const attrs = g.attrs ?? {};
  const dtype: DType = controlDType(g.dtype());
  const step = counted ? given[counted.at] : null;
  if (!counted || typeof step === 'number' || step === null) {
    return explained((numbers) => params(numbers, attrs), given).map((x) => g.scalar(x, dtype));
  }
  const own = explained((numbers) => counted.numbers(numbers, attrs), given);
  const inputs = [step, ...own].map((x) => g.scalar(x, dtype));
  const [count, ...rest] = inputs.map((_, i) => expr.param(i, dtype));
  const corrections = counted.corrections(count, rest);
  const written = writeExprs(
    g,
    corrections.filter((x) => x !== null),
    [],
    inputs,
  );
  const others = explained(
    (numbers) => params(numbers, attrs),
    given.map((x, i) => (i === counted.at ? step.example : x)),
  );
  return others.map((x, i) => (corrections[i] ? (written.shift() as Ref) : g.scalar(x, dtype)));
}

/** The results of `compute` as formulas of what its numbers depend on. */
function explained(compute: (numbers: number[]) => number[], given: readonly Dim[]): Dim[] {
  const names = new Set(given.flatMap((x) => (typeof x === 'number' ? [] : [...x.factors.keys()])));
  const points = samplePoints(new Map([...names].map((name) => [name, 2])), otherSizes);
  const results = points.map((point) => compute(given.map((x) => (typeof x === 'number' ? x : x.at(point)))));
  return results[0].map((_, i) =>
    explain(
      results.map((result) => result[i]),
      points,
    ),
  );
}
