/** Loss scaling: trajectories with overflow against PyTorch's steps under its rule, errors, and what is decided on the device. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import {
  defineStep,
  expr,
  type Interpreter,
  interpreters,
  isTensor,
  ones,
  type Tensor,
  tensor,
  tidy,
  transforms,
  withLayer,
  zeros,
} from '@tenfold/tensor-core';
import { afterEach, describe, expect, test } from 'vitest';
import * as optim from './index.ts';
import { Adam, ASGD, GradScaler, type GradScalerState, LBFGS, Optimizer, RAdam, RMSprop, SGD } from './index.ts';

type Stepped = Parameters<GradScaler['step']>[0];
type AnyOptimizer = Stepped & Pick<Optimizer<object, optim.ParamState>, 'stateDict' | 'loadStateDict'>;
type Elements = readonly (number | 'inf' | '-inf' | 'nan')[];
interface Run {
  readonly options: object;
  readonly matrices?: true;
  readonly scales: readonly number[];
  readonly after: readonly Elements[];
  readonly state: readonly { readonly [name: string]: Elements | number }[];
}
interface Given {
  readonly initial: readonly { readonly shape: number[]; readonly data: Elements }[];
  readonly grads: readonly (readonly Elements[])[];
}
interface Fixture extends Given {
  readonly scaler: { initScale: number; growthFactor: number; backoffFactor: number; growthInterval: number };
  /** For optimisers that take nothing else. */
  readonly matrices: Given;
  readonly optimizers: readonly { readonly optimizer: string; readonly samples: readonly Run[] }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('../fixtures/scaled.json', import.meta.url), 'utf8'));
const special: { readonly [text: string]: number } = { inf: Infinity, '-inf': -Infinity, nan: Number.NaN };
const tensorOf = (data: Elements, shape: readonly number[]): Tensor =>
  tensor(
    data.map((x) => (typeof x === 'number' ? x : special[x])),
    { dtype: 'float64' },
  ).view([...shape]);
const leaves = ({ initial }: Given = fixture): Tensor[] =>
  initial.map(({ shape, data }) => tensorOf(data, shape).clone().requiresGrad_());
const make = (name: string, params: Tensor[], options: object): AnyOptimizer => {
  const found: unknown = Reflect.get(optim, name);
  return new (found as new (params: Tensor[], options: object) => AnyOptimizer)(params, options);
};
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

function expectClose(what: string, actual: Tensor, expected: Elements): void {
  const values = numbers(actual);
  expect(values.length, what).toBe(expected.length);
  const far = values.findIndex((value, i) => !(Math.abs(value - Number(expected[i])) < 1e-10));
  if (far >= 0) expect.fail(`${what}[${far}] is ${values[far]}, not ${expected[far]}`);
}

/** Gradients of a step, scaled as a backward of a scaled loss leaves them. */
function give(params: readonly Tensor[], step: number, scaler: GradScaler, { grads }: Given = fixture): void {
  params.forEach((param, i) => {
    param.grad = scaler.scale(tensorOf(grads[step][i], param.shape));
  });
}

/** Refuses to read anything. */
const blind: Interpreter = {
  process: (_spec, _inputs, _attrs, next) => next(),
  read: () => {
    throw new Error('a value was read');
  },
};

afterEach(() => {
  expect(transforms).toEqual([]);
});

const runs = fixture.optimizers.flatMap(({ optimizer, samples }) =>
  samples.map((sample) => ({ name: optimizer, title: JSON.stringify(sample.options), ...sample })),
);

describe('trajectories with overflow', () => {
  test.each(runs)('$name $title', async ({ name, options, matrices, scales, after, state }) => {
    const given = matrices ? fixture.matrices : fixture;
    let params = leaves(given);
    let optimizer = make(name, params, options);
    let scaler = new GradScaler(fixture.scaler);
    const seen: Promise<number>[] = [];
    for (let step = 0; step < scales.length; step++) {
      withLayer<Interpreter, void>(interpreters, blind, () => {
        give(params, step, scaler, given);
        if (step % 3 === 0) scaler.unscale_(optimizer);
        scaler.step(optimizer);
        scaler.update();
      });
      seen.push(scaler.getScale());
      if (step === 9 || step === 15) {
        // goes on from what was saved, on fresh tensors
        params = params.map((param) => param.detach().clone().requiresGrad_());
        const saved = optimizer.stateDict();
        optimizer = make(name, params, options);
        optimizer.loadStateDict(saved);
        const before = scaler.stateDict();
        scaler = new GradScaler();
        scaler.loadStateDict(before);
      }
    }
    expect(await Promise.all(seen)).toEqual(scales);
    params.forEach((param, i) => {
      expectClose(`parameter ${i}`, param, after[i]);
    });
    const end = optimizer.stateDict().state;
    state.forEach((expected, i) => {
      for (const [key, value] of Object.entries(expected)) {
        const actual = end[i][key];
        if (!isTensor(actual)) expect.fail(`${key} of parameter ${i} is ${String(actual)}`);
        else expectClose(`${key} of parameter ${i}`, actual, typeof value === 'number' ? [value] : value);
      }
    });
  });

  test('go on without a scaler', () => {
    const good = [2, 3, 4, 5, 6, 9, 10];
    const run = (steps: readonly number[], scaler: GradScaler): Tensor[] => {
      const params = leaves();
      const optimizer = new Adam(params, { lr: 0.05 });
      for (const step of steps) {
        give(params, step, scaler);
        scaler.step(optimizer);
        scaler.update();
      }
      give(params, 11, new GradScaler({ enabled: false }));
      optimizer.step();
      return params;
    };
    const [scaled, plain] = [
      run([0, 1, ...good.slice(0, 5), 7, 8, 9, 10], new GradScaler()),
      run(good, new GradScaler({ enabled: false })),
    ];
    scaled.forEach((param, i) => {
      expectClose(`parameter ${i}`, param, numbers(plain[i]));
    });
  });

  test('count the steps of each parameter apart', () => {
    const run = (overflows: boolean): [Tensor, Tensor] => {
      const [a, b] = [
        ones([2], { dtype: 'float64', requiresGrad: true }),
        ones([2], { dtype: 'float64', requiresGrad: true }),
      ];
      const optimizer = new Adam([a, b], { lr: 0.1 });
      const scaler = new GradScaler();
      const step = (gradA: number, gradB: number | null): void => {
        if (!overflows && gradA === Infinity) return;
        a.grad = scaler.scale(ones([2], { dtype: 'float64' }).mul(gradA));
        b.grad = gradB === null ? null : scaler.scale(ones([2], { dtype: 'float64' }).mul(gradB));
        scaler.step(optimizer);
        scaler.update();
      };
      step(Infinity, null);
      step(1, null);
      step(2, 3);
      step(Infinity, 1);
      step(0.5, 2);
      return [a, b];
    };
    const [withOverflow, without] = [run(true), run(false)];
    expectClose('a', withOverflow[0], numbers(without[0]));
    expectClose('b', withOverflow[1], numbers(without[1]));
  });
});

describe('optimisers of others', () => {
  const grads = [1, Infinity, 2, 0.5];
  /** Steps with gradients, of which one overflows; and without that one and without a scaler. */
  function both(create: (param: Tensor) => Stepped): [number[], number[]] {
    const end = (scaler: GradScaler): number[] => {
      const param = ones([2], { dtype: 'float64', requiresGrad: true });
      const optimizer = create(param);
      for (const grad of grads) {
        if (!scaler.isEnabled() && grad === Infinity) continue;
        param.grad = scaler.scale(tensor([grad, 1], { dtype: 'float64' }));
        scaler.step(optimizer);
        scaler.update();
      }
      return numbers(param);
    };
    return [end(new GradScaler()), end(new GradScaler({ enabled: false }))];
  }
  const checks = { lr: () => null };

  /** Momentum by single ops. */
  class ByOps extends Optimizer<{ lr: number }, optim.ParamState> {
    readonly replaces: boolean;
    started = false;
    constructor(params: Tensor[], replaces: boolean) {
      super(params, { lr: 0.1 }, undefined, checks);
      this.replaces = replaces;
    }
    protected override update(params: readonly Tensor[], given: readonly Tensor[], { lr }: { lr: number }): void {
      params.forEach((param, i) => {
        const state = this.stateOf(param, () => ({ buffer: zeros([2], { dtype: 'float64' }) }));
        const buffer = state.buffer as Tensor;
        if (this.replaces && this.started) state.buffer = buffer.mul(0.9).add(given[i]);
        else buffer.mul_(0.9).add_(given[i]);
        this.started = true;
        param.sub_((state.buffer as Tensor).mul(lr));
      });
    }
  }

  test('made of single ops', () => {
    for (const replaces of [false, true]) {
      const [scaled, plain] = both((param) => new ByOps([param], replaces));
      expect(scaled).toEqual(plain);
    }
  });

  /** p -= lr / t · g, as `counted` says it. */
  function counting(counted: object | undefined): new (param: Tensor) => Stepped {
    const step = defineStep<object>('test.counting', {
      tensors: 2,
      optional: 0,
      numbers: 2,
      formula: ([param, grad], [rate]) => [expr.sub(param, expr.mul(rate, grad))],
      params: ([lr, t]) => [lr / t],
      variant: () => 0,
      ...counted,
    });
    return class Counting extends Optimizer<{ lr: number }, optim.ParamState> {
      constructor(param: Tensor) {
        super([param], { lr: 0.1 }, undefined, checks);
      }
      protected override update(params: readonly Tensor[], given: readonly Tensor[], { lr }: { lr: number }): void {
        const state = this.stateOf(params[0], () => ({ step: 0 }));
        state.step = (state.step as number) + 1;
        step([params, given], [lr, state.step], {});
      }
    } as unknown as new (
      param: Tensor,
    ) => Stepped;
  }

  test('that say how they count', () => {
    const Counting = counting({
      counted: {
        at: 1,
        numbers: ([lr]: number[]) => [lr],
        corrections: (t: expr.Expr, [lr]: expr.Expr[]) => [expr.div(lr, t)],
      },
    });
    const [scaled, plain] = both((param) => new Counting(param));
    expect(scaled).toEqual(plain);
  });

  test('that count on the host are refused, before they change anything', () => {
    const Counting = counting(undefined);
    const param = ones([2], { dtype: 'float64', requiresGrad: true });
    const optimizer = new Counting(param);
    const scaler = new GradScaler();
    param.grad = scaler.scale(ones([2], { dtype: 'float64' }));
    expect(() => scaler.step(optimizer)).toThrow("GradScaler: Counting keeps the number 'step'");
    expect(numbers(param)).toEqual([1, 1]);
  });
});

describe('RAdam in float32', () => {
  // lengths near the 5 from which it rectifies, and one whose step leaves the series
  test.each([0.999, 0.9999, 0.95])('rectifies from the same step with beta2 %d', (beta2) => {
    const end = (overflows: boolean): number[] => {
      const param = ones([2], { requiresGrad: true });
      const optimizer = new RAdam([param], { lr: 0.05, betas: [0.9, beta2] });
      const scaler = new GradScaler({ enabled: overflows });
      for (let step = 0; step < 16; step++) {
        if (!overflows && step % 5 === 0) continue;
        param.grad = scaler.scale(tensor([step % 5 === 0 ? Infinity : Math.cos(step), Math.sin(step)]));
        scaler.step(optimizer);
        scaler.update();
      }
      return numbers(param);
    };
    const expected = end(false);
    for (const [i, value] of end(true).entries()) expect(Math.abs(value - expected[i])).toBeLessThan(1e-6);
  });
});

describe('ASGD under a schedule', () => {
  test('goes by the rate of the last step that counted', () => {
    const end = (overflows: boolean): number[] => {
      const param = ones([1], { dtype: 'float64', requiresGrad: true });
      const optimizer = new ASGD([param], { lr: 0.1, lambd: 0.1 });
      const scaler = new GradScaler({ enabled: overflows });
      for (const [step, grad] of [1, 2, Infinity, 0.5, 1].entries()) {
        optimizer.paramGroups[0].lr = 0.1 / (step + 1);
        if (!overflows && grad === Infinity) continue;
        param.grad = scaler.scale(tensor([grad], { dtype: 'float64' }));
        scaler.step(optimizer);
        scaler.update();
      }
      return numbers(param);
    };
    expect(Math.abs(end(true)[0] - end(false)[0])).toBeLessThan(1e-14);
  });
});

describe('SGD with dampening', () => {
  test('damps from the second step that counts', () => {
    const end = (grads: readonly number[], scaler: GradScaler): number[] => {
      const param = ones([1], { requiresGrad: true });
      const optimizer = new SGD([param], { lr: 0.1, momentum: 0.9, dampening: 0.5 });
      for (const grad of grads) {
        param.grad = scaler.scale(tensor([grad]));
        scaler.step(optimizer);
        scaler.update();
      }
      return numbers(param);
    };
    const expected = end([1, 2, 3], new GradScaler({ enabled: false }));
    expect(end([1, Infinity, 2, 3], new GradScaler())).toEqual(expected);
    expect(end([Infinity, 1, 2, 3], new GradScaler())).toEqual(expected);
  });
});

describe('GradScaler', () => {
  const setUp = (options?: object) => {
    const w = ones([2], { requiresGrad: true });
    const optimizer = new SGD([w], { lr: 0.5 });
    return { w, optimizer, scaler: new GradScaler(options) };
  };

  test('scales tensors and nested arrays, and unscales what backward gives', async () => {
    const { w, optimizer, scaler } = setUp({ initScale: 8 });
    expect(await scaler.getScale()).toBe(8);
    const [loss, [again]] = scaler.scale([w.sum(), [w.mul(2)]] as const) as [Tensor, [Tensor]];
    expect([await loss.item(), await again.toArray()]).toEqual([16, [16, 16]]);
    loss.backward();
    expect(numbers(w.grad as Tensor)).toEqual([8, 8]);
    scaler.unscale_(optimizer);
    expect(numbers(w.grad as Tensor)).toEqual([1, 1]);
    scaler.step(optimizer);
    scaler.update();
    expect(numbers(w)).toEqual([0.5, 0.5]);
  });

  test('takes a new scale, and several optimisers', async () => {
    const { w, optimizer, scaler } = setUp();
    const other = ones([1], { requiresGrad: true });
    const second = new RMSprop([other]);
    w.grad = scaler.scale(ones([2]));
    other.grad = scaler.scale(tensor([Infinity]));
    scaler.step(optimizer);
    scaler.step(second);
    scaler.update();
    expect([numbers(w), numbers(other), await scaler.getScale()]).toEqual([[0.5, 0.5], [1], 32768]);
    scaler.update(4);
    expect(await scaler.getScale()).toBe(4);
    scaler.update(tensor(16));
    expect(await scaler.getScale()).toBe(16);
    expect(() => scaler.update(ones([2]))).toThrow('new_scale should be a float or a 1-element');
    expect(() => scaler.update(-1)).toThrow('newScale must be a number above 0');
  });

  test("says what is wrong in PyTorch's words", () => {
    const { w, optimizer, scaler } = setUp();
    expect(() => scaler.unscale_(optimizer)).toThrow(
      'Attempted unscale_ but _scale is None.  This may indicate your script did not use scaler.scale(loss or outputs) earlier in the iteration.',
    );
    expect(() => scaler.step(optimizer)).toThrow('Attempted step but _scale is None.');
    expect(() => scaler.update()).toThrow('Attempted update but _scale is None.');
    const loss = scaler.scale(w.sum());
    expect(() => scaler.step(optimizer)).toThrow('No inf checks were recorded for this optimizer.');
    expect(() => new GradScaler().scale(w.sum()) && scaler.update()).toThrow(
      'No inf checks were recorded prior to update.',
    );
    const { optimizer: fresh, w: v } = setUp();
    loss.backward();
    v.grad = ones([2]);
    scaler.unscale_(fresh);
    expect(() => scaler.unscale_(fresh)).toThrow(
      'unscale_() has already been called on this optimizer since the last update().',
    );
    scaler.step(fresh);
    expect(() => scaler.unscale_(fresh)).toThrow('unscale_() is being called after step().');
    expect(() => scaler.step(fresh)).toThrow('step() has already been called since the last update().');
    expect(() => scaler.step(fresh, (() => 1) as never)).toThrow('Closure use is not currently supported');
    expect(() => scaler.step({} as never)).toThrow('GradScaler.step: expected an optimizer');
    expect(() => scaler.scale(1 as never)).toThrow('outputs must be a Tensor or an iterable of Tensors');
    const searching = new LBFGS([v]);
    v.grad = ones([2]);
    expect(() => scaler.step(searching as never)).toThrow(
      'Closure use is not currently supported if GradScaler is enabled. LBFGS needs one: train without a scaler',
    );
    expect(numbers(v.grad)).toEqual([1, 1]);
    const half = ones([2], { dtype: 'float16', requiresGrad: true });
    half.grad = ones([2], { dtype: 'float16' });
    expect(() => scaler.unscale_(new SGD([half]))).toThrow('Attempting to unscale FP16 gradients.');
    expect(() => new GradScaler({ growthFactor: 1 })).toThrow('The growth factor must be > 1.0.');
    expect(() => new GradScaler({ backoffFactor: 1 })).toThrow('The backoff factor must be < 1.0.');
    expect(() => new GradScaler({ growthInterval: 0.5 })).toThrow('growthInterval must be an integer');
    expect(() => new GradScaler({ initScale: 0 })).toThrow('initScale must be a number above 0');
    expect(() => new GradScaler({ enabled: 1 as never })).toThrow('enabled must be a boolean');
    expect(() => new GradScaler({ scale: 2 } as never)).toThrow('scale');
  });

  test('does nothing when it is not enabled', async () => {
    const { w, optimizer, scaler } = setUp({ enabled: false });
    const loss = w.sum();
    expect(scaler.scale(loss)).toBe(loss);
    loss.backward();
    scaler.unscale_(optimizer);
    scaler.step(optimizer);
    scaler.update();
    expect([numbers(w), await scaler.getScale(), scaler.stateDict(), scaler.isEnabled()]).toEqual([
      [0.5, 0.5],
      1,
      {},
      false,
    ]);
  });

  test('saves and loads, and its factors can be changed', async () => {
    const { w, optimizer, scaler } = setUp({ growthInterval: 2, initScale: 4 });
    expect(scaler.stateDict()).toEqual({
      scale: 4,
      growthFactor: 2,
      backoffFactor: 0.5,
      growthInterval: 2,
      growthTracker: 0,
    });
    w.grad = scaler.scale(ones([2]));
    scaler.step(optimizer);
    scaler.update();
    const saved = scaler.stateDict() as GradScalerState;
    const loaded = new GradScaler();
    loaded.loadStateDict(saved);
    loaded.setGrowthFactor(3);
    loaded.setBackoffFactor(0.25);
    w.grad = loaded.scale(ones([2]));
    loaded.step(optimizer);
    loaded.update();
    expect([
      await loaded.getScale(),
      loaded.getGrowthFactor(),
      loaded.getBackoffFactor(),
      loaded.getGrowthInterval(),
    ]).toEqual([12, 3, 0.25, 2]);
    expect(await (saved.scale as Tensor).item()).toBe(4);
    const fresh = new GradScaler();
    fresh.loadStateDict({ scale: 2, growthFactor: 2, backoffFactor: 0.5, growthInterval: 5, growthTracker: 1 });
    expect(await fresh.getScale()).toBe(2);
    expect(() => fresh.loadStateDict({})).toThrow(
      'The source state dict is empty, possibly because it was saved from a disabled instance',
    );
    expect(() => fresh.loadStateDict({ ...saved, growthFactor: 0 })).toThrow('The growth factor must be > 1.0.');
    expect(() => fresh.loadStateDict({ ...saved, scale: 'x' as never })).toThrow('scale must be a number or a tensor');
    expect(await fresh.getScale()).toBe(2);
  });

  test('grows only to what is finite', async () => {
    const { w, optimizer, scaler } = setUp({ growthInterval: 1, initScale: 2 ** 127 });
    w.grad = scaler.scale(zeros([2]));
    scaler.step(optimizer);
    scaler.update();
    expect(await scaler.getScale()).toBe(2 ** 127);
  });

  test('lives through tidy', async () => {
    const { w, scaler } = setUp();
    const optimizer = new Adam([w]);
    for (let step = 0; step < 3; step++) {
      tidy(() => {
        scaler.scale(w.mul(step === 1 ? Infinity : 1).sum()).backward();
        scaler.step(optimizer);
        scaler.update();
        optimizer.zeroGrad();
      });
    }
    const [state] = Object.values(optimizer.stateDict().state);
    expect([await (state.step as Tensor).item(), await scaler.getScale()]).toEqual([2, 32768]);
  });
});
