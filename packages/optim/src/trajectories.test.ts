/**
 * Every optimiser against PyTorch: 50 steps in float64 on given gradients, what it remembers then, and what it says of bad options. A new optimiser is a
 * row in `tools/torch-oracle/optimizers.py`; nothing here names one.
 */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { isTensor, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import * as optim from './index.ts';

/** The elements of a tensor. */
type Elements = readonly number[];

interface Run {
  readonly options: object;
  /** The parameters every so many steps. */
  readonly after: readonly (readonly Elements[])[];
  /** What is remembered of each parameter in the end. */
  readonly state: readonly { readonly [name: string]: Elements | number }[];
  /** It takes the given matrices. */
  readonly matrices?: true;
}

interface Refusal {
  readonly options: object;
  readonly refused: string;
}

interface Given {
  readonly initial: readonly { readonly shape: number[]; readonly data: number[] }[];
  readonly grads: readonly (readonly number[][])[];
}

interface Fixture extends Given {
  readonly steps: number;
  readonly every: number;
  readonly matrices: Given;
  readonly optimizers: readonly { readonly optimizer: string; readonly samples: readonly (Run | Refusal)[] }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8'));

type AnyOptimizer = optim.Optimizer<object, optim.ParamState>;
const make = (name: string, params: Tensor[], options: object): AnyOptimizer => {
  const found: unknown = Reflect.get(optim, name);
  if (typeof found !== 'function') throw new Error(`@tenfold/optim has no optimiser '${name}'`);
  return new (found as new (params: Tensor[], options: object) => AnyOptimizer)(params, options);
};

const float64 = { dtype: 'float64' } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);
const givenTo = ({ matrices }: Run): Given => (matrices ? fixture.matrices : fixture);
const initial = (given: Given = fixture): Tensor[] =>
  given.initial.map(({ shape, data }) => tensor(data, float64).view(shape).clone().requiresGrad_());

function expectClose(what: string, actual: Tensor | undefined, expected: Elements): void {
  const values = actual ? numbers(actual) : [];
  expect(values.length, what).toBe(expected.length);
  const far = values.findIndex((value, i) => !(Math.abs(value - expected[i]) < 1e-10));
  if (far >= 0) expect.fail(`${what}[${far}] is ${values[far]}, not ${expected[far]}`);
}

/** Steps from `from` to before `to`. */
function steps({ grads }: Given, optimizer: AnyOptimizer, params: readonly Tensor[], from: number, to: number): void {
  for (let step = from; step < to; step++) {
    params.forEach((param, i) => {
      param.grad = tensor(grads[step][i], float64).view(param.shape).clone();
    });
    optimizer.step();
  }
}

function checkRun(name: string, run: Run): void {
  const { options, after, state } = run;
  const given = givenTo(run);
  const params = initial(given);
  const optimizer = make(name, params, options);
  after.forEach((expected, k) => {
    steps(given, optimizer, params, k * fixture.every, (k + 1) * fixture.every);
    params.forEach((param, i) => {
      expectClose(`parameter ${i} after ${(k + 1) * fixture.every} steps`, param, expected[i]);
    });
  });
  params.forEach((param, i) => {
    const known = optimizer.state.get(param) ?? {};
    const expected = state[i];
    for (const [key, value] of Object.entries(known))
      if (value !== null) expect(Object.keys(expected), `a name of PyTorch's state`).toContain(key);
    for (const [key, value] of Object.entries(expected)) {
      const own = known[key];
      if (typeof value !== 'number') expectClose(`${key} of parameter ${i}`, isTensor(own) ? own : undefined, value);
      else if (own !== undefined) expect(own, `${key} of parameter ${i}`).toBeCloseTo(value, 10);
    }
  });
}

function checkResumed(name: string, run: Run): void {
  const { options } = run;
  const given = givenTo(run);
  const params = initial(given);
  const optimizer = make(name, params, options);
  steps(given, optimizer, params, 0, 5);
  const copies = params.map((param) => param.detach().clone().requiresGrad_());
  const resumed = make(name, copies, options);
  resumed.loadStateDict(optimizer.stateDict());
  steps(given, optimizer, params, 5, 10);
  steps(given, resumed, copies, 5, 10);
  expect(copies.map(numbers)).toEqual(params.map(numbers));
}

/** A parameter that joins later, and others that have no gradient at times, step as they would alone. */
function checkJoined(name: string, run: Run): void {
  const given = givenTo(run);
  const gives = (step: number, i: number): boolean => (i === 0 ? step !== 4 : step >= 3);
  const walk = (params: readonly Tensor[], optimizers: readonly AnyOptimizer[]): number[][] => {
    for (let step = 0; step < 8; step++) {
      params.forEach((param, i) => {
        param.grad = gives(step, i) ? tensor(given.grads[step][i], float64).view(param.shape).clone() : null;
      });
      for (const optimizer of optimizers) optimizer.step();
    }
    return params.map(numbers);
  };
  const [all, alone] = [initial(given), initial(given)];
  const together = walk(all, [make(name, all, run.options)]);
  expect(together).toEqual(
    walk(
      alone,
      alone.map((param) => make(name, [param], run.options)),
    ),
  );
}

const shown = (options: object): string => JSON.stringify(options).replaceAll('"', '').slice(1, -1) || 'defaults';

for (const { optimizer, samples } of fixture.optimizers) {
  describe(optimizer, () => {
    const runs = samples.filter((sample): sample is Run => 'after' in sample);
    const refusals = samples.filter((sample): sample is Refusal => 'refused' in sample);
    test.each(runs.map((run) => [shown(run.options), run] as const))('50 steps: %s', (_, run) => {
      checkRun(optimizer, run);
    });
    test.each(runs.map((run) => [shown(run.options), run] as const))('goes on from a saved state: %s', (_, run) => {
      checkResumed(optimizer, run);
    });
    for (const run of runs.slice(0, 1)) test('steps apart what is behind', () => checkJoined(optimizer, run));
    test.each(refusals.map((each) => [shown(each.options), each] as const))('refuses %s', (_, { options, refused }) => {
      expect(() => make(optimizer, initial(), options)).toThrow(refused);
    });
    test('refuses an unknown option', () => {
      expect(() => make(optimizer, initial(), { unknownOption: 1 })).toThrow(
        `${optimizer}: unknown option 'unknownOption'`,
      );
    });
  });
}

test('every optimiser has runs', () => {
  const optimizers = Object.entries(optim).filter(
    ([, value]) => typeof value === 'function' && value.prototype instanceof optim.Optimizer,
  );
  expect(optimizers.map(([name]) => name).sort()).toEqual(fixture.optimizers.map(({ optimizer }) => optimizer).sort());
});
