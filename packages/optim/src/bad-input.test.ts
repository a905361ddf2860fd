/** What gradients, modules and optimisers are given and must refuse, with an error of ours that names it. */
import { backward, Function as Custom, grad, gradcheck, jacobian } from '@tenfold/autograd';
import '@tenfold/backend-cpu/register';
import { CrossEntropyLoss, F, Flatten, Linear, Module, ModuleList, MSELoss, Parameter, Sequential } from '@tenfold/nn';
import { ones, TenfoldError, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, it } from 'vitest';
import * as optim from './index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the point of these calls is that their types are wrong
type Any = any;
type BadCase = readonly [what: string, run: (x: Any) => unknown, code: string, ...holds: (string | RegExp)[]];

const junk: readonly unknown[] = [undefined, null, 'x', {}, 7, [1], () => 1];
const named = (value: unknown): string =>
  typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? 'undefined');

class Half extends Custom {
  static forward(_ctx: unknown, x: Tensor): Tensor {
    return x.mul(0.5);
  }

  static backward(): Any {
    return 'nothing';
  }
}

/** `x` is a leaf that requires grad, float64 [2, 3]. */
const gradients: readonly BadCase[] = [
  ['backward of many values', (x) => x.mul(2).backward(), 'AUTOGRAD', 'scalar outputs', '[2, 3]'],
  ['backward without a gradient', (x) => x.detach().sum().backward(), 'AUTOGRAD', 'does not require grad'],
  ['backward with a gradient of another shape', (x) => x.mul(2).backward(ones([3])), 'AUTOGRAD', '[3]', '[2, 3]'],
  [
    'backward twice',
    (x) => {
      const y = x.mul(x).sum();
      y.backward();
      y.backward();
    },
    'AUTOGRAD',
    'second time',
  ],
  ...junk
    .slice(1)
    .map(
      (value): BadCase => [
        `backward with the gradient ${named(value)}`,
        (x) => x.sum().backward(value),
        value === null ? '' : 'ARGUMENT',
        'backward',
      ],
    )
    .filter(([, , code]) => code !== ''),
  ['backward with an unknown option', (x) => x.sum().backward(undefined, { retain: true }), 'ARGUMENT', 'retain'],
  ...junk.map(
    (value): BadCase => [`backward of ${named(value)}`, () => backward(value as Any), 'ARGUMENT', 'backward'],
  ),
  ...junk.map((value): BadCase => [`grad of ${named(value)}`, (x) => grad(value as Any, x), 'ARGUMENT', 'grad']),
  ...junk.map((value): BadCase => [`grad by ${named(value)}`, (x) => grad(x.sum(), value as Any), 'ARGUMENT', 'grad']),
  [
    'grad of what was not used',
    (x) => grad(ones([1], { requiresGrad: true }).sum(), x),
    'AUTOGRAD',
    'not have been used',
  ],
  ['grad by what needs none', (x) => grad(x.sum(), ones([1])), 'AUTOGRAD', 'require'],
  ['grad with too many cotangents', (x) => grad(x.sum(), x, { gradOutputs: [ones([]), ones([])] }), 'AUTOGRAD', /grad/],
  ['grad with an unknown option', (x) => grad(x.sum(), x, { create: true } as Any), 'ARGUMENT', 'grad', 'create'],
  [
    'a gradient of another dtype',
    (x) => {
      x.grad = ones([3]);
    },
    'DTYPE',
    'float32',
  ],
  [
    'a gradient that is no tensor',
    (x) => {
      x.grad = 3;
    },
    'ARGUMENT',
    'grad',
  ],
  ['a hook that is no function', (x) => x.registerHook('x'), 'ARGUMENT', 'registerHook'],
  ['retainGrad of what needs none', () => ones([1]).retainGrad(), 'AUTOGRAD', /retain/],
  ['writing a leaf', (x) => x.add_(1), 'AUTOGRAD', 'leaf'],
  ['writing a view of a leaf', (x) => x.t().mul_(2), 'AUTOGRAD', 'view of a leaf'],
  ['requiresGrad false on a result', (x) => x.mul(2).requiresGrad_(false), 'AUTOGRAD', 'leaf'],
  ['gradcheck of no function', (x) => gradcheck('x' as Any, [x]), 'ARGUMENT', 'gradcheck'],
  ['gradcheck without a tensor', () => gradcheck((x: Tensor) => x, [] as Any), 'ARGUMENT', 'gradcheck'],
  ['jacobian of no function', (x) => jacobian(null as Any, x), 'ARGUMENT', 'jacobian'],
  [
    'a Function without backward',
    (x) =>
      (
        class extends Custom {
          static forward(_: unknown, y: Tensor) {
            return y.exp();
          }
        } as Any
      )
        .apply(x)
        .sum()
        .backward(),
    'ARGUMENT',
    /backward/,
  ],
  ['a Function that gives no tensor as gradient', (x) => (Half as Any).apply(x).sum().backward(), 'AUTOGRAD', /Half/],
];

const modules: readonly BadCase[] = [
  ...[0.5, -1, Number.NaN, '3', null, undefined].map(
    (n): BadCase => [
      `Linear of ${n} features`,
      () => new Linear(n as Any, 2),
      n === -1 ? 'SHAPE|ARGUMENT' : 'ARGUMENT',
      /Linear|features/,
    ],
  ),
  ['Linear with an unknown option', () => new Linear(2, 3, { biases: false } as Any), 'ARGUMENT', 'Linear', 'biases'],
  ['Linear on another size', () => new Linear(4, 2).forward(ones([2, 3])), 'SHAPE', '2x3', '4x2'],
  ...junk.map(
    (value): BadCase => [
      `Linear on ${named(value)}`,
      () => new Linear(3, 2).forward(value as Any),
      'ARGUMENT',
      'linear',
    ],
  ),
  ...junk
    .filter((value) => typeof value !== 'function' && (typeof value !== 'object' || value === null))
    .map(
      (value): BadCase => [
        `Sequential of ${named(value)}`,
        () => new Sequential(value as Any),
        'ARGUMENT',
        'Sequential',
      ],
    ),
  ['ModuleList of numbers', () => new ModuleList([1, 2] as Any), 'ARGUMENT', 'Module subclass'],
  ...junk.map(
    (value): BadCase => [`Parameter of ${named(value)}`, () => new (Parameter as Any)(value), 'ARGUMENT', 'Parameter'],
  ),
  [
    'Parameter of ints that requires grad',
    () => new (Parameter as Any)(tensor([1], { dtype: 'int64' })),
    'AUTOGRAD',
    'int64',
  ],
  [
    'MSELoss with an unknown reduction',
    () => new MSELoss({ reduction: 'max' } as Any).forward(ones([2]), ones([2])),
    'ARGUMENT',
    'max',
  ],
  ['MSELoss of shapes that miss', () => new MSELoss().forward(ones([2]), ones([3])), 'SHAPE', '2', '3'],
  [
    'CrossEntropyLoss by floats of another shape',
    () => new CrossEntropyLoss().forward(ones([2, 3]), ones([2])),
    'DTYPE|SHAPE|ARGUMENT',
    /[Ee]ntropy/,
  ],
  [
    'CrossEntropyLoss of a class too large',
    () => new CrossEntropyLoss().forward(ones([1, 3]), tensor([3], { dtype: 'int64' })),
    'INDEX',
    '3',
  ],
  ['relu of text', () => F.relu('x' as Any), 'ARGUMENT', 'relu'],
  ['linear with a weight of another size', () => F.linear(ones([2, 3]), ones([4, 5])), 'SHAPE', '2x3', '5x4'],
  [
    'Flatten the wrong way',
    () => new Flatten({ startDim: 2, endDim: 1 } as Any).forward(ones([2, 2, 2])),
    'SHAPE|ARGUMENT',
    /[fF]latten/,
  ],
  [
    'a state dict of other names',
    () => new Linear(2, 2).loadStateDict({ w: ones([2, 2]) } as Any),
    'ARGUMENT|SHAPE|TENFOLD',
    /weight/,
  ],
  [
    'a state dict of other shapes',
    () => new Linear(2, 2).loadStateDict({ weight: ones([3, 2]), bias: ones([2]) } as Any),
    'ARGUMENT|SHAPE',
    'weight',
    '[3, 2]',
    '[2, 2]',
  ],
  ['a buffer that is no tensor', () => new (Module as Any)().registerBuffer('a', 3), 'ARGUMENT', /buffer/],
  ['a module moved to an unknown device', () => new Linear(2, 2).to('moon'), 'DEVICE', 'moon'],
];

type Maker = new (params: Any, options?: Any) => { loadStateDict(state: Any): void };
const makers = Object.entries(optim).filter(
  (entry): entry is [string, Any] =>
    entry[1] !== optim.Optimizer && 'prototype' in entry[1] && entry[1].prototype instanceof optim.Optimizer,
) as [string, Maker][];
const optimizers: readonly BadCase[] = makers.flatMap(([name, Maker]): BadCase[] => [
  ...[undefined, null, 'x', 7].map(
    (value): BadCase => [`${name} of ${value}`, () => new Maker(value as Any), 'ARGUMENT', /param/],
  ),
  [`${name} of nothing`, () => new Maker([]), 'ARGUMENT', 'empty parameter list'],
  [`${name} of numbers`, () => new Maker([1, 2] as Any), 'ARGUMENT', 'number 1'],
  [`${name} of a result`, (x) => new Maker([x.mul(2)]), 'ARGUMENT', 'non-leaf'],
  [`${name} of one twice`, (x) => new Maker([x, x]), 'ARGUMENT', 'twice'],
  ...[-1, Number.NaN, 'x', null].map(
    (lr): BadCase => [`${name} with lr ${lr}`, (x) => new Maker([x], { lr } as Any), 'ARGUMENT', /lr|[Ll]earning rate/],
  ),
  [`${name} with an unknown option`, (x) => new Maker([x], { rate: 1 } as Any), 'ARGUMENT', 'rate'],
  [`${name} given a state that is none`, (x) => new Maker([x]).loadStateDict({} as Any), 'ARGUMENT', /state/],
]);

describe.each(Object.entries({ gradients, modules, optimizers }))('%s', (_, cases) => {
  it.each(cases.map(([what, run, code, ...holds]) => ({ what, run, code, holds })))('$what', ({ run, code, holds }) => {
    const x = tensor([1, 2, 3, 4, 5, 6], { dtype: 'float64' }).view([2, 3]).clone().requiresGrad_();
    let error: unknown = null;
    try {
      run(x);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TenfoldError);
    const { message, code: got } = error as TenfoldError;
    expect(code.split('|'), message).toContain(got);
    for (const text of holds) expect(message).toMatch(text);
    expect(x.toArraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(x.requiresGrad).toBe(true);
  });
});
