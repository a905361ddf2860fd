/** Every derivative row against numerical differences, first and second order, on small samples. A row without a sample fails. */
import '@tenfold/backend-cpu/register';
import {
  type BuiltinOps,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  builtinOps,
  cat,
  crossEntropy,
  dispatch,
  einsum,
  embedding,
  huberLoss,
  l1Loss,
  manualSeed,
  mseLoss,
  nllLoss,
  smoothL1Loss,
  stack,
  type Tensor,
  tensor,
  transforms,
  where,
  withLayer,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { gradcheck, gradgradcheck } from './gradcheck.ts';
import { rules } from './index.ts';
import { activation } from './test-samples/activation.ts';
import { attention } from './test-samples/attention.ts';
import { conv } from './test-samples/conv.ts';
import { decomposition } from './test-samples/decomposition.ts';
import { elementwise } from './test-samples/elementwise.ts';
import { index } from './test-samples/index.ts';
import {
  any,
  bools,
  type Fn,
  ints,
  other,
  positive,
  probability,
  type Sample,
  type Samples,
  spread,
  unit,
} from './test-samples/inputs.ts';
import { movement } from './test-samples/movement.ts';
import { norm } from './test-samples/norm.ts';
import { pool } from './test-samples/pool.ts';
import { random } from './test-samples/random.ts';
import { reduce } from './test-samples/reduce.ts';
import { softmax as softmaxBackwards } from './test-samples/softmax.ts';
import { spatial } from './test-samples/spatial.ts';

type UnaryName = {
  [K in keyof BuiltinOps]: BuiltinOps[K] extends { inputs: [Tensor]; attrs: null; outputs: Tensor } ? K : never;
}[keyof BuiltinOps];
const unary = (name: UnaryName, x: Tensor): Sample[] => [
  [(y) => dispatch(builtinOps[name], [y] as never, null) as Tensor, x],
];
/** Same shapes, both ways of broadcasting, and a number. */
const binary = (fn: (x: Tensor, y: Tensor | number) => Tensor, x = any, y = other): Sample[] => [
  [fn as Fn, x(2, 3), y(2, 3)],
  [fn as Fn, x(2, 1), y(3)],
  [fn as Fn, x(), y(2)],
  [(a) => fn(a, 1.5), x(4)],
];
const mask = bools([
  [true, false, true],
  [false, false, true],
]);
const rows = ints([2, 0, 2]);
const seeded = (fn: (x: Tensor) => Tensor): Sample[] => [
  [
    (x) => {
      manualSeed(0);
      return fn(x.mul(1));
    },
    probability(4),
  ],
];
const loss = (
  fn: (x: Tensor, t: Tensor, options: { reduction: 'mean' | 'sum' | 'none' }) => Tensor,
  x = any,
  t = other,
): Sample[] =>
  (['mean', 'sum', 'none'] as const).map((reduction) => [(a, b) => fn(a, b, { reduction }), x(2, 3), t(2, 3)]);

const samples: Samples = {
  ...activation,
  ...attention,
  ...conv,
  ...decomposition,
  ...elementwise,
  ...norm,
  ...pool,
  ...reduce,
  ...softmaxBackwards,
  ...spatial,
  abs: unary('abs', any(4)),
  neg: unary('neg', any(4)),
  sign: unary('sign', any(4)),
  floor: unary('floor', any(4)),
  ceil: unary('ceil', any(4)),
  round: unary('round', any(4)),
  trunc: unary('trunc', any(4)),
  frac: unary('frac', any(4)),
  square: unary('square', any(4)),
  exp: unary('exp', any(4)),
  exp2: unary('exp2', any(4)),
  expm1: unary('expm1', any(4)),
  log: unary('log', positive(4)),
  log2: unary('log2', positive(4)),
  log10: unary('log10', positive(4)),
  log1p: unary('log1p', positive(4)),
  sqrt: unary('sqrt', positive(4)),
  rsqrt: unary('rsqrt', positive(4)),
  reciprocal: unary('reciprocal', any(4)),
  sin: unary('sin', any(4)),
  cos: unary('cos', any(4)),
  tan: unary('tan', unit(4)),
  asin: unary('asin', unit(4)),
  acos: unary('acos', unit(4)),
  atan: unary('atan', any(4)),
  sinh: unary('sinh', any(4)),
  cosh: unary('cosh', any(4)),
  tanh: unary('tanh', any(4)),
  asinh: unary('asinh', any(4)),
  acosh: unary('acosh', spread([4], 1.2, 3)),
  atanh: unary('atanh', unit(4)),
  sigmoid: unary('sigmoid', any(4)),
  relu: unary('relu', any(5)),
  erf: unary('erf', any(4)),
  erfc: unary('erfc', any(4)),
  clamp: [
    [(x) => x.clamp(-1, 1), any(6)],
    [(x) => x.clamp(0.1), any(6)],
    [(x) => x.clamp(null, 0.1), any(6)],
    [(x, low, high) => x.clamp(low, high), any(2, 3), spread([3], -1.1, -0.3), spread([2, 1], 0.4, 1.2)],
    [(x, low, high) => x.clamp(low, high), any(2, 3), spread([3], 0.3, 0.9), spread([2, 1], -0.8, 0.1)],
  ],
  threshold: [[(x) => dispatch(builtinOps.threshold, [x], { threshold: 0.1, value: 5 }), any(6)]],
  add: [...binary((x, y) => x.add(y)), ...binary((x, y) => x.add(y, { alpha: 3 }))],
  sub: [...binary((x, y) => x.sub(y)), ...binary((x, y) => x.sub(y, { alpha: 3 }))],
  rsub: binary((x, y) => x.rsub(y, { alpha: 3 })),
  mul: binary((x, y) => x.mul(y)),
  div: [
    ...binary((x, y) => x.div(y)),
    ...binary((x, y) => x.div(y, { roundingMode: 'floor' })),
    ...binary((x, y) => x.div(y, { roundingMode: 'trunc' })),
  ],
  remainder: binary((x, y) => x.remainder(y)),
  fmod: binary((x, y) => x.fmod(y)),
  pow: [
    ...binary((x, y) => x.pow(y), positive, other),
    [(x) => x.pow(2), any(4)],
    [(x) => x.pow(0), any(4)],
    [(e) => dispatch(builtinOps.pow, [2.5, e], null), any(4)],
  ],
  atan2: binary((x, y) => x.atan2(y)),
  hypot: binary((x, y) => x.hypot(y)),
  maximum: binary((x, y) => x.maximum(y)),
  minimum: binary((x, y) => x.minimum(y)),
  fmax: binary((x, y) => x.fmax(y)),
  fmin: binary((x, y) => x.fmin(y)),
  logaddexp: binary((x, y) => x.logaddexp(y)),
  xlogy: binary((x, y) => x.xlogy(y), any, positive),
  copysign: binary((x, y) => x.copysign(y)),
  lerp: [
    [(x, y, w) => x.lerp(y, w), any(2, 3), other(3), spread([2, 1], 0.1, 0.9)],
    [(x, y) => x.lerp(y, 0.3), any(2, 3), other(3)],
  ],
  addcmul: [
    [(x, y, z) => x.addcmul(y, z, { value: 3 }), any(3), other(2, 1), positive(3)],
    [(x, y, z) => x.addcmul(y, z), any(3), other(3), positive(3)],
  ],
  addcdiv: [[(x, y, z) => x.addcdiv(y, z, { value: 3 }), any(3), other(2, 1), positive(3)]],
  where: [
    [(x, y) => where(mask, x, y), any(3), other(2, 1)],
    [(x) => where(mask, x, 2), any(2, 3)],
  ],
  maskedFill: [
    [(x) => x.maskedFill(mask, 2), any(2, 3)],
    [(x, v) => x.maskedFill(mask, v), any(2, 3), other()],
  ],

  sum: [
    [(x) => x.sum(), any(2, 3)],
    [(x) => x.sum(1), any(2, 3)],
    [(x) => x.sum([0, 2], { keepdim: true }), any(2, 3, 2)],
  ],
  mean: [
    [(x) => x.mean(), any(2, 3)],
    [(x) => x.mean([0]), any(2, 3)],
    [(x) => x.mean(1, { keepdim: true }), any(2, 3)],
  ],
  prod: [
    [(x) => x.prod(), any(2, 2)],
    [(x) => x.prod(1), any(2, 3)],
    [(x) => x.prod(0), tensor([0, 2, 3], { dtype: 'float64', requiresGrad: true })],
  ],
  amax: [
    [(x) => x.amax(1), any(2, 3)],
    [(x) => x.amax([0, 1], { keepdim: true }), any(2, 3)],
  ],
  amin: [[(x) => x.amin(1), any(2, 3)]],
  max: [[(x) => x.max(), any(2, 3)]],
  min: [[(x) => x.min(), any(2, 3)]],
  maxDim: [
    [(x) => x.max(1).values, any(2, 3)],
    [(x) => x.max(0, { keepdim: true }).values, any(2, 3)],
  ],
  minDim: [[(x) => x.min(1).values, any(2, 3)]],
  var: [
    [(x) => x.var(), any(2, 3)],
    [(x) => x.var(1, { keepdim: true }), any(2, 3)],
    [(x) => x.var(0, { correction: 0 }), any(2, 3)],
  ],
  std: [
    [(x) => x.std(), any(2, 3)],
    [(x) => x.std(1), any(2, 3)],
  ],
  norm: [
    [(x) => x.norm(), any(2, 3)],
    [(x) => x.norm({ p: 1, dim: 1 }), any(2, 3)],
    [(x) => x.norm({ p: 3, dim: 0, keepdim: true }), any(2, 3)],
    [(x) => x.norm({ p: Number.POSITIVE_INFINITY }), any(4)],
  ],
  logsumexp: [
    [(x) => x.logsumexp(1), any(2, 3)],
    [(x) => x.logsumexp([0, 1], { keepdim: true }), any(2, 3)],
  ],
  cumsum: [[(x) => x.cumsum(1), any(2, 3)]],
  cumprod: [[(x) => x.cumprod(1), any(2, 3)]],
  cummax: [[(x) => x.cummax(1).values, any(2, 3)]],
  cummin: [[(x) => x.cummin(1).values, any(2, 3)]],

  matmul: [[3], [2, 3], [2, 2, 3]].flatMap((a) =>
    [[3], [3, 2], [2, 3, 2]].map((b): Sample => [(x, y) => x.matmul(y), any(...a), other(...b)]),
  ),
  mm: [[(x, y) => x.mm(y), any(2, 3), other(3, 2)]],
  bmm: [[(x, y) => x.bmm(y), any(2, 2, 3), other(2, 3, 1)]],
  mv: [[(x, y) => x.mv(y), any(2, 3), other(3)]],
  dot: [[(x, y) => x.dot(y), any(3), other(3)]],
  addmm: [[(x, a, b) => x.addmm(a, b, { beta: 2, alpha: 3 }), any(2), other(3, 2), positive(2, 2)]],
  baddbmm: [[(x, a, b) => x.baddbmm(a, b, { beta: 2, alpha: 3 }), any(2, 1, 2), other(2, 3, 2), positive(2, 2, 2)]],
  contract: [[(x, y) => einsum('bij,bkj->ik', [x, y]), any(2, 2, 2), other(2, 2, 2)]],
  einsum: [
    [(x, y) => einsum('ij,kj->ki', [x, y]), any(2, 3), other(2, 3)],
    [(x) => einsum('ii->i', [x]), any(3, 3)],
    [(x, y, z) => einsum('i,j,k->', [x, y, z]), any(2), other(2), positive(2)],
  ],
  trace: [[(x) => x.trace(), any(3, 3)]],
  softmax: [[(x) => x.softmax(1), any(2, 3)]],
  logSoftmax: [[(x) => x.logSoftmax(0), any(2, 3)]],

  mseLoss: loss(mseLoss),
  l1Loss: loss(l1Loss),
  smoothL1Loss: loss((x, t, options) => smoothL1Loss(x, t, { ...options, beta: 0.7 })),
  huberLoss: loss((x, t, options) => huberLoss(x, t, { ...options, delta: 0.7 })),
  binaryCrossEntropy: [
    ...loss(binaryCrossEntropy, probability, (...s) => spread(s, 0.2, 0.7, 3)),
    [(x, t, w) => binaryCrossEntropy(x, t, { weight: w }), probability(3), spread([3], 0.2, 0.7, 3), positive(3)],
  ],
  binaryCrossEntropyWithLogits: [
    ...loss(binaryCrossEntropyWithLogits, any, probability),
    [
      (x, t, w, p) => binaryCrossEntropyWithLogits(x, t, { weight: w, posWeight: p }),
      any(3),
      probability(3),
      positive(3),
      positive(3),
    ],
  ],
  nllLoss: (['mean', 'sum', 'none'] as const).map(
    (reduction): Sample => [(x, w) => nllLoss(x, ints([1, 0]), { weight: w, reduction }), any(2, 3), positive(3)],
  ),
  nllLossBackward: (['mean', 'sum', 'none'] as const).map(
    (reduction): Sample => [
      (g, w) =>
        dispatch(builtinOps.nllLossBackward, [g, ints([1, 0]), w], { reduction, ignoreIndex: -100, classes: 3 }),
      reduction === 'none' ? any(2) : any(),
      positive(3),
    ],
  ),
  crossEntropy: [
    [(x) => crossEntropy(x, ints([2, 0])), any(2, 3)],
    [(x, w) => crossEntropy(x, ints([2, 0]), { weight: w, labelSmoothing: 0.1 }), any(2, 3), positive(3)],
    [(x, t) => crossEntropy(x, t), any(2, 3), probability(2, 3)],
  ],

  view: [[(x) => x.view([3, 2]), any(2, 3)]],
  expand: [[(x) => x.expand([2, 3, 2]), any(3, 1)]],
  permute: [[(x) => x.permute([2, 0, 1]), any(2, 3, 1)]],
  transpose: [[(x) => x.transpose(0, 1), any(2, 3)]],
  t: [[(x) => x.t(), any(2, 3)]],
  squeeze: [
    [(x) => x.squeeze(), any(2, 1)],
    [(x) => x.squeeze(1), any(2, 1)],
  ],
  unsqueeze: [[(x) => x.unsqueeze(1), any(2, 3)]],
  unflatten: [[(x) => x.unflatten(0, [2, -1]), any(4)]],
  slice: [[(x) => x.slice(0, 1, 6, 2), any(6)]],
  select: [[(x) => x.select(1, -1), any(2, 3)]],
  diagonal: [[(x) => x.diagonal({ offset: 1 }), any(3, 3)]],
  unfold: [[(x) => x.unfold(0, 3, 1), any(5)]],
  asStrided: [[(x) => x.asStrided([2, 2], [1, 2], 1), any(6)]],
  reshape: [[(x) => x.t().reshape([6]), any(2, 3)]],
  flatten: [[(x) => x.flatten(), any(2, 3)]],
  viewAs: [[(x, y) => x.viewAs(y), any(2, 3), other(6)]],
  reshapeAs: [[(x, y) => x.reshapeAs(y), any(2, 3), other(6)]],
  expandAs: [[(x, y) => x.expandAs(y), any(3), other(2, 3)]],
  clone: [[(x) => x.clone(), any(3)]],
  copy: [[(x, y) => x.mul(2).copy_(y), any(2, 3), other(3)]],
  viewScatter: [
    [
      (x, y) => dispatch(builtinOps.viewScatter, [x, y], { view: builtinOps.select, attrs: { dim: 0, index: 1 } }),
      any(3, 2),
      other(2),
    ],
  ],
  flip: [[(x) => x.flip([0, 1]), any(2, 3)]],
  roll: [[(x) => x.roll(1, 1), any(2, 3)]],
  tril: [[(x) => x.tril(), any(3, 3)]],
  triu: [[(x) => x.triu(1), any(3, 3)]],
  diag: [
    [(x) => x.diag(), any(3)],
    [(x) => x.diag(), any(3, 3)],
  ],
  repeat: [[(x) => x.repeat([2, 2]), any(3)]],
  repeatInterleave: [[(x) => x.repeatInterleave(2, { dim: 0 }), any(2, 2)]],
  cat: [[(x, y) => cat([x, y], 1), any(2, 1), other(2, 2)]],
  stack: [[(x, y) => stack([x, y], 1), any(2), other(2)]],

  gather: [
    [
      (x) =>
        x.gather(
          1,
          ints([
            [0, 2],
            [1, 1],
          ]),
        ),
      any(2, 3),
    ],
  ],
  scatter: [
    [
      (x, y) =>
        x.scatter(
          1,
          ints([
            [0, 2],
            [1, 0],
          ]),
          y,
        ),
      any(2, 3),
      other(2, 2),
    ],
    [(x) => x.scatter(1, ints([[0], [1]]), 5), any(2, 3)],
  ],
  scatterAdd: [
    [
      (x, y) =>
        x.scatterAdd(
          1,
          ints([
            [0, 0],
            [1, 0],
          ]),
          y,
        ),
      any(2, 3),
      other(2, 2),
    ],
  ],
  indexSelect: [[(x) => x.indexSelect(0, rows), any(3, 2)]],
  indexAdd: [[(x, y) => x.indexAdd(0, rows, y), any(3, 2), other(3, 2)]],
  indexCopy: [[(x, y) => x.indexCopy(0, ints([2, 0]), y), any(3, 2), other(2, 2)]],
  indexFill: [
    [(x) => x.indexFill(0, rows, 3), any(3, 2)],
    [(x, v) => x.indexFill(0, rows, v), any(3, 2), other()],
  ],
  index: [
    [(x) => x.index([rows]), any(3, 2)],
    [(x) => x.index([mask]), any(2, 3)],
    [(x) => x.index([null, rows]), any(2, 3)],
  ],
  indexPut: [
    [(x, y) => x.indexPut([ints([2, 0])], y), any(3, 2), other(2)],
    [(x, y) => x.indexPut([rows], y, { accumulate: true }), any(3, 2), other(3, 2)],
  ],
  take: [[(x) => x.take(rows), any(2, 3)]],
  maskedScatter: [[(x, y) => x.maskedScatter(mask, y), any(2, 3), other(4)]],
  sort: [[(x) => x.sort(1).values, any(2, 3)]],
  topk: [[(x) => x.topk(2).values, any(2, 3)]],
  embedding: [
    [(w) => embedding(rows, w), any(3, 2)],
    [(w) => embedding(rows, w, { paddingIdx: 0 }).select(0, 0), any(3, 2)],
  ],

  toCopy: [[(x) => x.to('float32').to('float64').mul(x), tensor([0.5, 2], { dtype: 'float64', requiresGrad: true })]],
  fill: [
    [(x) => x.mul(2).fill_(3), any(2, 2)],
    [(x, v) => x.mul(2).fill_(v), any(2, 2), other()],
  ],
  bernoulli: seeded((x) => x.bernoulli()),
  uniform: seeded((x) => x.uniform_()),
  normal: seeded((x) => x.normal_()),
  exponential: seeded((x) => x.exponential_()),
  bernoulliFill: seeded((x) => x.bernoulli_(0.5)),
  randomFill: seeded((x) => x.random_()),
};

/** Further samples of families that have many. */
const more: readonly Samples[] = [index, movement, random];

/** Rounding to float32 is a staircase to a step of 1e-6. */
const coarse = new Set(['toCopy']);

const without = new Set(['noGradient', 'notImplemented']);
describe.each(Object.keys(rules).filter((name) => !without.has(rules[name as keyof BuiltinOps].kind)))('%s', (op) => {
  const rows = [samples, ...more].flatMap((table) => table[op as keyof BuiltinOps] ?? []);
  test('first and second derivatives', () => {
    expect(rows.length, `no sample for ${op}`).toBeGreaterThan(0);
    const called = new Set<string>();
    rows.forEach(([fn, ...inputs], i) => {
      const spy = {
        process(spec: { name: string }, _inputs: unknown, _attrs: unknown, next: () => never) {
          called.add(spec.name.replace(/_$/, ''));
          return next();
        },
      };
      withLayer(transforms, spy, () => fn(...inputs));
      const options = coarse.has(op) ? { eps: 0.125, atol: 1e-4 } : { eps: 1e-6, atol: 1e-5 };
      expect(gradcheck(fn, inputs, options), `sample ${i}`).toBe(true);
      if (!coarse.has(op)) expect(gradgradcheck(fn, inputs, options), `sample ${i}`).toBe(true);
    });
    expect(called).toContain(op);
  });
});

test('what has no derivative does not require grad', () => {
  const x = any(2, 3);
  for (const y of [x.lt(0), x.argmax(), x.isnan(), x.detach(), x.data, x.logicalNot()])
    expect(y.requiresGrad).toBe(false);
});
