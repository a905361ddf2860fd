/** Every op with a symbol, at opsets 11, 13, 17, 18, 20, 21 and 23, in onnxruntime against the op here. */
import '@tenfold/backend-cpu/register';
import { spawnSync } from 'node:child_process';
import { checkModel, type ModelProto } from '@tenfold/onnx-model';
import {
  builtinOps,
  DTypeError,
  dispatch,
  manualSeed,
  type OpSpec,
  type Tensor,
  type TypedArray,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, encodeModel, readInputs } from './export.ts';
import { resize, traceAll, withModel } from './model.ts';
import { readOptions } from './options.ts';
import { type Job, runInOnnxRuntime, type WireTensor } from './runtime.ts';
import { standardOps } from './standard-ops.ts';
import { readResult } from './structure.ts';
import { symbols } from './symbols/all.ts';
import type { OnnxSymbol } from './symbols/symbol.ts';
import { activation } from './test-cases/activation.ts';
import { attention } from './test-cases/attention.ts';
import { conv } from './test-cases/conv.ts';
import { decomposition } from './test-cases/decomposition.ts';
import { elementwise } from './test-cases/elementwise.ts';
import { index } from './test-cases/index.ts';
import { type Case, extremes, f, i, mask, type Name, positive, special, unit } from './test-cases/inputs.ts';
import { lengths } from './test-cases/lengths.ts';
import { movement } from './test-cases/movement.ts';
import { norm } from './test-cases/norm.ts';
import { ownNodes } from './test-cases/own-nodes.ts';
import { pool } from './test-cases/pool.ts';
import { reduce } from './test-cases/reduce.ts';
import { meaningAt, problemsOf, versionAt } from './test-cases/schemas.ts';
import { spatial } from './test-cases/spatial.ts';
import { unify } from './unify.ts';
import { fromWire, largestDifference, toWire } from './verify.ts';

manualSeed(11);
const device = 'cpu';
const unary = (op: Name, x: Tensor = f([3, 4]), more: Partial<Case> = {}): Case => ({
  op,
  inputs: [x],
  attrs: null,
  dynamic: true,
  ...more,
});
const binary = (op: Name, x: Tensor = f([3, 4]), y: Tensor = f([3, 4]), more: Partial<Case> = {}): Case => ({
  op,
  inputs: [x, y],
  attrs: null,
  dynamic: true,
  ...more,
});
const alpha = (a: number): object => ({ alpha: a });
const reduceCases = (op: Name, x = f([3, 4, 2])): Case[] => [
  { op, inputs: [x], attrs: { dims: [1], keepdim: false }, dynamic: true },
  { op, inputs: [x], attrs: { dims: [0, 2], keepdim: true }, dynamic: true },
  { op, inputs: [x], attrs: { dims: [0, 1, 2], keepdim: false }, dynamic: true },
];

const cases: Case[] = [
  ...conv(),
  ...decomposition(),
  ...pool(),
  ...spatial(),
  ...(
    [
      'abs',
      'neg',
      'sign',
      'floor',
      'ceil',
      'round',
      'trunc',
      'square',
      'relu',
      'isnan',
      'isinf',
      'isfinite',
      'exp',
      'sigmoid',
      'tanh',
      'logicalNot',
    ] as const
  ).flatMap((op) => [unary(op, special()), unary(op)]),
  ...(
    [
      'frac',
      'exp2',
      'expm1',
      'sin',
      'cos',
      'tan',
      'atan',
      'sinh',
      'cosh',
      'asinh',
      'erf',
      'erfc',
      'reciprocal',
    ] as const
  ).map((op) => unary(op)),
  ...(['log', 'log2', 'log10', 'sqrt', 'rsqrt', 'log1p'] as const).map((op) => unary(op, positive([3, 4]))),
  unary('log1p', tensor([1e-10, -1e-9, 0, 3], { dtype: 'float64' })),
  unary('expm1', tensor([1e-10, -1e-9, 0, 3, -40], { dtype: 'float64' })),
  ...(['asin', 'acos', 'atanh'] as const).map((op) => unary(op, unit([3, 4]))),
  unary('acosh', positive([3, 4]).add(1)),
  ...(
    [
      'tan',
      'sin',
      'cos',
      'sinh',
      'cosh',
      'asinh',
      'acosh',
      'atanh',
      'asin',
      'acos',
      'atan',
      'erf',
      'erfc',
      'exp2',
    ] as const
  ).flatMap((op) => [unary(op, special()), unary(op, extremes())]),
  ...(['erfinv', 'lgamma', 'digamma'] as const).flatMap((op) => [
    unary(op, special()),
    unary(op, op === 'erfinv' ? unit([3, 4]) : f([3, 4]).mul(20)),
  ]),
  unary('erfinv', tensor([0.999999, -0.9999999999, 0.5, 1e-12, -0.4], { dtype: 'float64' })),
  unary('lgamma', tensor([1, 2, 3, 0.5, 1.5, 170, 1e10, 1e300, 0.001, -0.5, -3.25], { dtype: 'float64' })),
  unary('digamma', tensor([1, 2, 3, 0.5, 1.4616321449683623, 170, 1e10, 0.001, -0.5, -3.25, -2], { dtype: 'float64' })),
  ...(['abs', 'neg', 'sign', 'square', 'relu', 'floor', 'exp', 'sqrt'] as const).flatMap((op) =>
    (['int64', 'int32', 'int16', 'int8'] as const).map((dtype) =>
      unary(op, i(op === 'sqrt' ? 0 : -5, 6, [3, 4], dtype)),
    ),
  ),
  unary('threshold', special(), { attrs: { threshold: 0.5, value: 7 } }),
  unary('clamp', f([3, 4]), { operands: ([x]) => [x, -0.5, 0.5] }),
  unary('clamp', f([3, 4]), { operands: ([x]) => [x, null, 0.5] }),
  unary('clamp', i(-9, 9, [3, 4], 'int64'), { operands: ([x]) => [x, -2, 3] }),
  unary('clamp', i(-9, 9, [3, 4], 'int8'), { operands: ([x]) => [x, -2, null] }),
  { op: 'clamp', inputs: [f([3, 4]), f([3, 4]).sub(1), f([3, 4]).add(1)], attrs: null, dynamic: true },
  ...(['add', 'sub', 'rsub'] as const).flatMap((op) => [
    binary(op, f([3, 4]), f([3, 1]), { attrs: alpha(1) }),
    binary(op, f([3, 4]), f([3, 4]), { attrs: alpha(2.5) }),
    binary(op, i(-50, 50, [3, 4], 'int8'), i(-90, 90, [3, 4], 'int8'), { attrs: alpha(2) }),
    binary(op, i(-50, 50, [3, 4], 'int64'), f([3, 4], 'float32'), { attrs: alpha(1) }),
    unary(op, i(-50, 50, [3, 4], 'int32'), { operands: ([x]) => [x, 1.5], attrs: alpha(1) }),
    unary(op, i(0, 50, [3, 4], 'uint8'), { operands: ([x]) => [x, 3], attrs: alpha(1) }),
  ]),
  binary('add', mask([3, 4]), mask([3, 4]), { attrs: alpha(1) }),
  binary('mul'),
  binary('mul', mask([3, 4]), mask([3, 4])),
  binary('mul', mask([3, 4]), f([3, 4])),
  binary('mul', i(-9, 9, [3, 4], 'int16'), i(-9, 9, [3, 4], 'uint8')),
  ...([null, 'floor', 'trunc'] as const).flatMap((roundingMode) => [
    binary('div', f([3, 4]), f([3, 4]), { attrs: { roundingMode } }),
    binary('div', i(-20, 20, [3, 4]), i(1, 7, [3, 4]), { attrs: { roundingMode } }),
    binary('div', i(-20, 20, [3, 4]), i(-7, 0, [3, 4]), { attrs: { roundingMode } }),
    binary('div', i(-20, 20, [3, 4], 'int32'), i(-7, 0, [3, 4], 'int32'), { attrs: { roundingMode } }),
  ]),
  ...(['remainder', 'fmod'] as const).flatMap((op) => [
    binary(op, f([3, 4]), f([3, 4])),
    binary(op, i(-20, 20, [3, 4]), i(-7, 0, [3, 4])),
    unary(op, f([3, 4]), { operands: ([x]) => [x, 0.3] }),
  ]),
  binary('pow', positive([3, 4]), f([3, 4])),
  unary('pow', f([3, 4]), { operands: ([x]) => [x, 2] }),
  unary('pow', i(-4, 5, [3, 4]), { operands: ([x]) => [x, 2] }),
  unary('pow', i(-4, 5, [3, 4]), { operands: ([x]) => [x, 3] }),
  binary('pow', i(-4, 5, [3, 4]), i(0, 5, [3, 4]), { since: 12 }),
  unary('pow', f([3, 4]), { operands: ([x]) => [2, x] }),
  binary('atan2'),
  binary('atan2', tensor([0, 1, -1, 0, 0], { dtype: 'float64' }), tensor([0, 0, 0, 1, -1], { dtype: 'float64' })),
  binary('hypot'),
  binary('logaddexp'),
  binary('copysign'),
  binary('xlogy', f([3, 4]), positive([3, 4])),
  ...(['maximum', 'minimum', 'fmax', 'fmin'] as const).flatMap((op) => [
    binary(op),
    binary(op, special(), special().flip([0])),
    binary(op, i(-5, 5, [3, 4]), i(-5, 5, [3, 4])),
    binary(op, mask([3, 4]), mask([3, 4])),
    binary(op, i(-5, 5, [3, 4], 'int8'), i(-5, 5, [3, 4], 'int8')),
  ]),
  { op: 'lerp', inputs: [f([3, 4]), f([3, 4]), f([3, 4])], attrs: null, dynamic: true },
  ...(['addcmul', 'addcdiv'] as const).map(
    (op): Case => ({ op, inputs: [f([3, 4]), f([3, 4]), f([3, 4])], attrs: { value: 0.5 }, dynamic: true }),
  ),
  ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).flatMap((op) => [
    binary(op, i(0, 3, [3, 4]), i(0, 3, [3, 4])),
    binary(op, special(), special().flip([0])),
    binary(op, i(0, 3, [3, 4], 'uint8'), i(0, 3, [3, 4], 'int8')),
    unary(op, i(0, 3, [3, 4]), { operands: ([x]) => [x, 1.5] }),
    binary(op, mask([3, 4]), mask([3, 4])),
  ]),
  ...(['logicalAnd', 'logicalOr', 'logicalXor'] as const).flatMap((op) => [
    binary(op, mask([3, 4]), mask([3, 4])),
    binary(op, i(0, 2, [3, 4]), special().slice(0, 0, 4).expand([3, 4]).clone()),
  ]),
  ...(['bitwiseAnd', 'bitwiseOr', 'bitwiseXor'] as const).flatMap((op) => [
    binary(op, mask([3, 4]), mask([3, 4])),
    ...(['int64', 'int32', 'int8', 'uint8'] as const).map((dtype) =>
      binary(op, i(dtype === 'uint8' ? 0 : -9, 99, [3, 4], dtype), i(dtype === 'uint8' ? 0 : -9, 99, [3, 1], dtype)),
    ),
    unary(op, i(-9, 9, [3, 4]), { operands: ([x]) => [x, 6] }),
    binary(
      op,
      tensor([2 ** 52, -(2 ** 52), -1, 5], { dtype: 'int64' }),
      tensor([-3, 2 ** 51, -(2 ** 40), 4], { dtype: 'int64' }),
    ),
  ]),
  unary('bitwiseNot', mask([3, 4])),
  unary('bitwiseNot', i(-9, 9, [3, 4])),
  unary('bitwiseNot', i(0, 9, [3, 4], 'uint8')),
  { op: 'where', inputs: [mask([3, 4]), f([3, 4]), f([3, 1])], attrs: null, dynamic: true },
  {
    op: 'where',
    inputs: [mask([3, 4]), i(0, 9, [3, 4], 'int16')],
    operands: ([m, x]) => [m, x, 5],
    attrs: null,
    dynamic: true,
  },
  { op: 'where', inputs: [mask([3, 4]), mask([3, 4]), mask([3, 4])], attrs: null, dynamic: true },
  { op: 'maskedFill', inputs: [f([3, 4]), mask([3, 4])], operands: ([x, m]) => [x, m, -1], attrs: null, dynamic: true },

  ...(['sum', 'mean', 'prod', 'amax', 'amin'] as const).flatMap((op) => reduceCases(op)),
  unary('mean', f([2, 3, 4, 5]), { attrs: { dims: [2, 3], keepdim: true } }),
  ...(['sum', 'prod', 'amax', 'amin'] as const).flatMap((op) => [
    // products of many must not overflow, which runtimes do in ways of their own
    ...reduceCases(op, op === 'prod' ? i(-1, 2, [3, 4, 2]) : i(-4, 5, [3, 4, 2])),
    ...reduceCases(op, op === 'prod' ? i(-1, 2, [3, 4, 2], 'int8') : i(-4, 5, [3, 4, 2], 'int8')),
    ...reduceCases(op, mask([3, 4, 2])),
  ]),
  ...(['any', 'all', 'countNonzero'] as const).flatMap((op) => [
    ...reduceCases(op, mask([3, 4, 2])),
    ...reduceCases(op),
  ]),
  unary('max'),
  unary('min'),
  unary('max', mask([3, 4])),
  ...(['maxDim', 'minDim'] as const).flatMap((op) => [
    unary(op, f([3, 4]), { attrs: { dim: 1, keepdim: false } }),
    unary(op, i(0, 3, [3, 4]), { attrs: { dim: 0, keepdim: true } }),
  ]),
  ...(['argmax', 'argmin'] as const).flatMap((op) => [
    unary(op, f([3, 4]), { attrs: { dim: 1, keepdim: false } }),
    unary(op, i(0, 3, [3, 4], 'int32'), { attrs: { dim: 0, keepdim: true } }),
    unary(op, f([3, 4]), { attrs: { dim: null, keepdim: false } }),
    unary(op, f([3, 4]), { attrs: { dim: null, keepdim: true } }),
  ]),
  ...(['var', 'std'] as const).flatMap((op) => [
    unary(op, f([3, 4]), { attrs: { dims: [1], keepdim: false, correction: 1 } }),
    unary(op, f([3, 4]), { attrs: { dims: [0, 1], keepdim: true, correction: 0 } }),
  ]),
  ...[0, 1, 2, 3, Number.POSITIVE_INFINITY].map((p) =>
    unary('norm', f([3, 4]), { attrs: { p, dims: [0], keepdim: false } }),
  ),
  unary('logsumexp', f([3, 4]), { attrs: { dims: [1], keepdim: false } }),
  unary('logsumexp', f([3, 4]).mul(300), { attrs: { dims: [0], keepdim: true } }),
  ...(['cumsum', 'cumprod'] as const).flatMap((op) => [
    unary(op, f([3, 4]), { attrs: { dim: 0, reverse: false } }),
    unary(op, f([3, 4]), { attrs: { dim: 1, reverse: true } }),
    unary(op, i(-2, 3, [3, 4]), { attrs: { dim: 1, reverse: false } }),
  ]),

  { op: 'matmul', inputs: [f([3, 4]), f([4, 5])], attrs: null },
  { op: 'matmul', inputs: [f([2, 3, 4]), f([4, 5])], attrs: null },
  { op: 'matmul', inputs: [f([3, 4]), f([4])], attrs: null },
  { op: 'matmul', inputs: [i(-9, 9, [3, 4]), i(-9, 9, [4, 2])], attrs: null },
  { op: 'mm', inputs: [f([3, 4]), f([4, 5])], attrs: null },
  { op: 'mm', inputs: [i(-9, 9, [3, 4], 'int8'), i(-9, 9, [4, 2], 'int8')], attrs: null },
  { op: 'bmm', inputs: [f([2, 3, 4]), f([2, 4, 5])], attrs: null, dynamic: true },
  { op: 'mv', inputs: [f([3, 4]), f([4])], attrs: null },
  { op: 'dot', inputs: [f([4]), f([4])], attrs: null, dynamic: true },
  ...[
    [1, 1],
    [0.5, 2],
    [0, 1],
  ].map(([beta, a]): Case => ({ op: 'addmm', inputs: [f([5]), f([3, 4]), f([4, 5])], attrs: { beta, alpha: a } })),
  { op: 'addmm', inputs: [i(0, 5, [3, 5]), i(0, 5, [3, 4]), i(0, 5, [4, 5])], attrs: { beta: 2, alpha: 3 } },
  { op: 'baddbmm', inputs: [f([2, 3, 5]), f([2, 3, 4]), f([2, 4, 5])], attrs: { beta: 0.5, alpha: 2 }, dynamic: true },
  { op: 'contract', inputs: [f([2, 3, 4]), f([2, 4, 5])], attrs: { batch: 1, m: 1, n: 1, k: 1 }, since: 12 },
  ...[
    ['bij,bjk->bik', [2, 3, 4], [2, 4, 5]],
    ['ij,kj->ik', [3, 4], [5, 4]],
    ['i,j->ij', [3], [4]],
  ].map(
    ([equation, a, b]): Case => ({
      op: 'einsum',
      inputs: [f(a as number[]), f(b as number[])],
      attrs: { equation },
      since: 12,
    }),
  ),
  { op: 'trace', inputs: [f([3, 4])], attrs: null },
  { op: 'trace', inputs: [i(0, 9, [3, 3], 'int32')], attrs: null },
  ...(['softmax', 'logSoftmax'] as const).flatMap((op) =>
    [0, 1, 2].map((dim) => unary(op, f([3, 4, 2]), { attrs: { dim } })),
  ),
  ...(['softmaxBackward', 'logSoftmaxBackward'] as const).map((op) =>
    binary(op, f([3, 4]), f([3, 4]), { attrs: { dim: 1 } }),
  ),

  ...(['mseLoss', 'l1Loss'] as const).flatMap((op) =>
    (['mean', 'sum', 'none'] as const).map((reduction) => binary(op, f([3, 4]), f([3, 4]), { attrs: { reduction } })),
  ),
  binary('smoothL1Loss', f([3, 4]), f([3, 4]), { attrs: { reduction: 'mean', beta: 0.5 } }),
  binary('huberLoss', f([3, 4]), f([3, 4]), { attrs: { reduction: 'mean', delta: 0.5 } }),
  {
    op: 'nllLoss',
    inputs: [f([3, 4]), i(0, 4, [3])],
    operands: ([x, y]) => [x, y, null],
    attrs: { reduction: 'mean', ignoreIndex: -100 },
    dynamic: true,
  },
  {
    op: 'nllLoss',
    inputs: [f([3, 4]), i(0, 4, [3])],
    operands: ([x, y]) => [x, y, tensor([1, 2, 0.5, 1], { dtype: x.dtype })],
    attrs: { reduction: 'sum', ignoreIndex: 1 },
  },
  ...(['nllLoss', 'crossEntropy'] as const).flatMap((op) =>
    (['mean', 'sum', 'none'] as const).flatMap((reduction): Case[] => [
      {
        op,
        inputs: [f([3, 4, 2]), i(0, 4, [3, 2])],
        operands: ([x, y]) => [x, y, tensor([1, 2, 0.5, 1], { dtype: x.dtype })],
        attrs: { reduction, ignoreIndex: 1, labelSmoothing: 0 },
        dynamic: true,
      },
      {
        op,
        inputs: [f([4]), i(0, 4, [])],
        operands: ([x, y]) => [x, y, null],
        attrs: { reduction, ignoreIndex: -100, labelSmoothing: 0 },
      },
    ]),
  ),
  {
    op: 'crossEntropy',
    inputs: [f([3, 4]), f([3, 4])],
    operands: ([x, y]) => [x, y, null],
    attrs: { reduction: 'mean', ignoreIndex: -100, labelSmoothing: 0 },
    dynamic: true,
  },
  {
    op: 'nllLossBackward',
    inputs: [f([]), i(0, 4, [3])],
    operands: ([g, y]) => [g, y, tensor([1, 2, 0.5, 1], { dtype: g.dtype })],
    attrs: { reduction: 'mean', ignoreIndex: 1, classes: 4 },
  },
  {
    op: 'crossEntropy',
    inputs: [f([3, 4]), i(0, 4, [3])],
    operands: ([x, y]) => [x, y, null],
    attrs: { reduction: 'mean', ignoreIndex: -100, labelSmoothing: 0.1 },
    dynamic: true,
  },
  {
    op: 'binaryCrossEntropy',
    inputs: [unit([3, 4]).abs(), unit([3, 4]).abs()],
    operands: ([x, y]) => [x, y, null],
    attrs: { reduction: 'mean' },
    dynamic: true,
  },
  {
    op: 'binaryCrossEntropyWithLogits',
    inputs: [f([3, 4]), unit([3, 4]).abs()],
    operands: ([x, y]) => [x, y, null, null],
    attrs: { reduction: 'mean' },
    dynamic: true,
  },

  unary('view', f([3, 4]), { attrs: { shape: [-1, 2, 2] } }),
  unary('reshape', f([3, 4]), { attrs: { shape: [-1] } }),
  { op: 'view', inputs: [f([3, 4])], attrs: { shape: [2, 6] } },
  { op: 'reshape', inputs: [zeros([0, 3], { dtype: 'float64' })], attrs: { shape: [0, 3] } },
  { op: 'expand', inputs: [f([3, 1])], attrs: { shape: [2, 3, 4] } },
  { op: 'expand', inputs: [i(0, 9, [3, 1], 'int16')], attrs: { shape: [-1, 4] }, dynamic: true },
  unary('permute', f([3, 4, 2]), { attrs: { dims: [2, 0, 1] } }),
  unary('transpose', f([3, 4, 2]), { attrs: { dim0: 0, dim1: 2 } }),
  unary('t'),
  unary('t', f([3])),
  { op: 'squeeze', inputs: [f([3, 1, 1, 2])], attrs: { dims: null } },
  unary('squeeze', f([3, 1, 1, 2]), { attrs: { dims: [1, 3] } }),
  unary('unsqueeze', f([3, 4]), { attrs: { dim: 1 } }),
  unary('unsqueeze', f([3, 4]), { attrs: { dim: 2 } }),
  unary('unflatten', f([3, 4]), { attrs: { dim: 1, shape: [2, -1] } }),
  unary('slice', f([5, 6]), { attrs: { dim: 1, start: 1, end: null, step: 2 } }),
  unary('slice', f([5, 6]), { attrs: { dim: 0, start: 1, end: null, step: 2 } }),
  unary('slice', f([5, 6]), { attrs: { dim: 0, start: -2, end: null, step: 1 } }),
  unary('slice', f([5, 6]), { attrs: { dim: 0, start: 0, end: 2, step: 1 } }),
  unary('select', f([3, 4]), { attrs: { dim: 1, index: -1 } }),
  unary('select', f([3, 4]), { attrs: { dim: 0, index: 0 } }),
  unary('diagonal', f([3, 4, 5]), { attrs: { offset: 1, dim1: 1, dim2: 2 } }),
  { op: 'diagonal', inputs: [f([3, 4])], attrs: { offset: -1, dim1: 0, dim2: 1 } },
  unary('unfold', f([3, 8]), { attrs: { dim: 1, size: 3, step: 2 } }),
  { op: 'unfold', inputs: [f([8, 3])], attrs: { dim: 0, size: 3, step: 2 } },
  unary('detach'),
  unary('data'),
  unary('clone'),
  unary('flatten', f([3, 4, 2]), { attrs: { startDim: 0, endDim: 1 } }),
  unary('flatten', f([3, 4, 2]), { attrs: { startDim: 1, endDim: 2 } }),
  binary('viewAs', f([3, 4]), f([3, 2, 2])),
  binary('reshapeAs', f([3, 4]), f([3, 2, 2])),
  { op: 'expandAs', inputs: [f([4]), f([3, 4])], attrs: null },
  binary('copy', f([3, 4]), f([3, 1], 'float32')),
  {
    op: 'viewScatter',
    inputs: [f([5, 6]), f([2, 6])],
    attrs: { view: builtinOps.slice, attrs: { dim: 0, start: 1, end: 5, step: 2 } },
  },
  binary('viewScatter', f([5, 6]), f([5]), { attrs: { view: builtinOps.select, attrs: { dim: 1, index: 2 } } }),
  {
    op: 'viewScatter',
    inputs: [f([4, 4]), f([4])],
    attrs: { view: builtinOps.diagonal, attrs: { offset: 0, dim1: 0, dim2: 1 } },
  },
  unary('flip', f([3, 4]), { attrs: { dims: [0, 1] } }),
  unary('roll', f([3, 4]), { attrs: { shift: 1, dim: 0 } }),
  unary('tril', f([3, 4]), { attrs: { diagonal: 1 } }),
  unary('triu', f([3, 4]), { attrs: { diagonal: -1 } }),
  unary('triu', i(0, 9, [3, 4], 'int32'), { attrs: { diagonal: 0 } }),
  { op: 'diag', inputs: [f([3])], attrs: { diagonal: 1 } },
  { op: 'diag', inputs: [f([3, 4])], attrs: { diagonal: 0 } },
  unary('repeat', f([3, 4]), { attrs: { repeats: [2, 1, 3] } }),
  unary('repeatInterleave', f([3, 4]), { attrs: { repeats: 2, dim: 0 } }),
  binary('cat', f([3, 4]), f([3, 4]), { attrs: { dim: 0 } }),
  binary('cat', i(0, 9, [3, 2]), f([3, 4], 'float32'), { attrs: { dim: 1 } }),
  binary('stack', f([3, 4]), f([3, 4]), { attrs: { dim: 1 } }),

  { op: 'gather', inputs: [f([4, 5]), i(0, 4, [3, 5])], attrs: { dim: 0 } },
  binary('gather', f([4, 5]), i(0, 5, [4, 2]), { attrs: { dim: 1 } }),
  { op: 'scatter', inputs: [f([4, 5]), tensor([[0, 1, 2, 3, 0]], { dtype: 'int64' }), f([2, 5])], attrs: { dim: 0 } },
  {
    op: 'scatter',
    inputs: [
      f([4, 5]),
      tensor(
        [
          [0, 1],
          [1, 2],
          [3, 4],
          [0, 4],
        ],
        { dtype: 'int64' },
      ),
    ],
    operands: ([x, at]) => [x, at, 9],
    attrs: { dim: 1 },
  },
  { op: 'scatterAdd', inputs: [f([4, 5]), i(0, 4, [3, 5]), f([3, 5])], attrs: { dim: 0 }, since: 16 },
  binary('indexSelect', f([4, 5]), i(0, 5, [4]), { attrs: { dim: 1 } }),
  { op: 'indexSelect', inputs: [f([4, 5]), i(0, 4, [6], 'int32')], attrs: { dim: 0 } },
  {
    op: 'indexAdd',
    inputs: [f([4, 5]), tensor([0, 2, 0], { dtype: 'int64' }), f([3, 5])],
    attrs: { dim: 0 },
    since: 16,
  },
  { op: 'indexCopy', inputs: [f([4, 5]), tensor([0, 2], { dtype: 'int64' }), f([4, 2])], attrs: { dim: 1 } },
  {
    op: 'indexFill',
    inputs: [f([4, 5]), tensor([0, 2], { dtype: 'int64' })],
    operands: ([x, at]) => [x, at, 7],
    attrs: { dim: 1 },
  },
  { op: 'linearIndex', inputs: [i(-4, 4, [3]), i(-5, 5, [3])], attrs: { sizes: [4, 5] } },
  { op: 'index', inputs: [f([4, 5]), i(-4, 4, [3])], attrs: null },
  { op: 'index', inputs: [f([4, 5]), i(-5, 5, [3])], operands: ([x, at]) => [x, null, at], attrs: null },
  { op: 'index', inputs: [f([4, 5]), i(0, 4, [3]), i(0, 5, [3])], attrs: null },
  {
    op: 'indexPut',
    inputs: [f([4, 5]), tensor([0, 2], { dtype: 'int64' }), f([2, 5])],
    operands: ([x, at, v]) => [x, v, at],
    attrs: { accumulate: false },
  },
  { op: 'take', inputs: [f([4, 5]), i(-20, 20, [3])], attrs: null },
  { op: 'maskedScatter', inputs: [f([4, 5]), mask([4, 5]), f([20])], attrs: null },
  unary('sort', f([3, 5]), { attrs: { dim: 1, descending: false } }),
  unary('sort', i(0, 3, [3, 5]), { attrs: { dim: 1, descending: true } }),
  unary('sort', f([3, 5]), { attrs: { dim: 0, descending: true } }),
  unary('topk', f([3, 5]), { attrs: { k: 2, dim: 1, largest: true, sorted: true } }),
  {
    op: 'searchsorted',
    inputs: [
      tensor([1, 3, 5, 7], { dtype: 'float64' }),
      tensor(
        [
          [0, 3, 8],
          [5, 7, 2],
        ],
        { dtype: 'float64' },
      ),
    ],
    attrs: { right: false },
  },
  {
    op: 'searchsorted',
    inputs: [
      tensor([1, 3, 5, 7], { dtype: 'float64' }),
      tensor(
        [
          [0, 3, 8],
          [5, 7, 2],
        ],
        { dtype: 'float64' },
      ),
    ],
    attrs: { right: true },
  },
  unary('oneHot', i(0, 4, [3, 2]), { attrs: { numClasses: 4 } }),
  { op: 'embedding', inputs: [f([6, 4]), i(0, 6, [3, 2])], attrs: { paddingIdx: null } },
  { op: 'embeddingBackward', inputs: [f([3, 2, 4]), i(0, 6, [3, 2])], attrs: { rows: 6, paddingIdx: 2 }, since: 16 },

  ...(
    [
      ['full', { shape: [2, 3], dtype: 'float64', device, value: 1.5 }],
      ['empty', { shape: [0, 3], dtype: 'float64', device }],
      ['eye', { shape: [3, 3], dtype: 'float64', device }],
      ['arange', { start: 1, end: 7, step: 2, dtype: 'int64', device }],
      ['linspace', { start: 0, end: 1, steps: 5, dtype: 'float64', device }],
      ['logspace', { start: 0, end: 1, steps: 5, base: 10, dtype: 'float64', device }],
      ['fromData', { shape: [2], dtype: 'float64', device, data: Float64Array.of(1, 2) }],
    ] as const
  ).map(([op, attrs]): Case => ({ op, inputs: [], attrs })),
  unary('fullLike', f([3, 4]), { attrs: { value: 2, dtype: 'int32', device } }),
  unary('toCopy', f([3, 4]).mul(9), { attrs: { dtype: 'int32', device } }),
  unary('toCopy', special(), { attrs: { dtype: 'bool', device } }),
  unary('toCopy', i(-9, 9, [3, 4]), { attrs: { dtype: 'float64', device } }),
  unary('fill', f([3, 4]), { operands: ([x]) => [x, 3] }),
  // last, since all cases draw from one generator
  ...index(),
  ...movement(),
  ...elementwise(),
  ...reduce(),
  ...norm(),
  ...attention(),
  ...activation(),
  ...lengths(),
];

/** Ops that have a row but no case here. */
const elsewhere: Readonly<Record<string, string>> = {
  emptyLike: 'its contents are undefined; written before read, as in the in-place tests',
  ...Object.fromEntries(['sgdStep', 'adamStep', 'rmspropStep'].map((op) => [op, 'iterated in training-step.test.ts'])),
};

const opsets = [11, 13, 17, 18, 20, 21, 23] as const;

/** Where onnxruntime 1.30 has no float64 kernel on the CPU: these are compared in float32. */
const withoutDouble = new Set<string>([
  'det',
  'gridSample',
  'convolution',
  'convolutionTranspose',
  'convolutionWeight',
]);

/** Positions between pixels are rounded to 8 bits here, and the file computes them in float32. */
const tooCoarse = new Set<string>(['gridSample']);

const isFloat64 = (x: Tensor): boolean => x.dtype === 'float64';

type Precision = 'float64' | 'float32' | 'float16' | 'bfloat16';

/** At which opsets each precision is run: halves have the same nodes and, in onnxruntime, kernels made of casts. */
const opsetsOf: { readonly [D in Precision]: readonly number[] } = {
  float64: opsets,
  float32: opsets,
  float16: [18, 23],
  bfloat16: [18, 23],
};

/** A case in one precision: what is exported, and what is to come out of it. */
interface Prepared {
  readonly c: Case;
  readonly dtype: Precision;
  /** By opset. */
  readonly models: ReadonlyMap<number, ModelProto>;
  /** Those to run: a model that differs from the last in its number alone runs the same kernels. */
  readonly distinct: ReadonlySet<number>;
  readonly runs: Job['runs'];
  readonly expected: readonly (readonly { readonly dims: readonly number[]; readonly values: TypedArray }[])[];
}

const tensorsOf = (result: unknown): readonly Tensor[] => readResult(result).tensors;

/** What decides how a runtime computes a model: its nodes and the versions of their ops (of those that only took more dtypes, the first does). */
const fingerprint = ({ graph }: ModelProto, opset: number, dtype: Precision): string => {
  const version = dtype === 'float32' ? versionAt : meaningAt;
  return JSON.stringify(
    [graph?.node, graph?.node?.map(({ opType = '' }) => version(opType, opset))],
    (_, value: unknown) => (value instanceof Uint8Array ? value.join() : value),
  );
};

/** Whether the op itself does not take the dtype. */
function refuses(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    if (error instanceof DTypeError) return true;
    throw error;
  }
}

/** The lengths that go with batches of 1 and 17. */
const LENGTHS: Readonly<Record<number, number>> = { 1: 9, 17: 1 };

/** Traces a case once and writes it at every opset. */
async function prepare(c: Case, dtype: Precision): Promise<Prepared | null> {
  const { op, attrs = null, operands = (inputs: readonly Tensor[]) => inputs } = c;
  const spec = builtinOps[op] as unknown as OpSpec;
  // onnxruntime-node takes and gives no bfloat16
  const half = dtype === 'bfloat16';
  const outer = half ? 'float32' : dtype;
  const example = c.inputs.map((x) => (isFloat64(x) && outer !== 'float64' ? x.to(outer) : x));
  const names = example.map((_, k) => `x_${k}`);
  const { length } = c;
  const axes = example.flatMap((_, input) => [
    ...(c.dynamic ? [{ input, axis: 0, name: 'batch' }] : []),
    ...(length === undefined ? [] : [{ input, axis: length, name: 'length' }]),
  ]);
  // the size of an axis that has another in one input (an argument that is broadcast) stays
  const sizes = axes.every(({ input }) => example[input].shape[0] === example[0].shape[0])
    ? [...new Set([example[0]?.shape[0], 1, 3, 17])]
    : [example[0]?.shape[0]];
  const given =
    axes.length > 0
      ? sizes.map((size) =>
          resize(
            example,
            axes,
            new Map([
              ['batch', size],
              ['length', LENGTHS[size] ?? example[0].shape[length ?? 0]],
            ]),
          ),
        )
      : [example];
  const fn = (...inputs: Tensor[]): Tensor | readonly Tensor[] => {
    const inner = inputs.map((x, k) => (half && isFloat64(c.inputs[k]) ? x.to('bfloat16') : x));
    const result = dispatch(spec, operands(inner), attrs) as Tensor | readonly Tensor[];
    return half ? tensorsOf(result).map((x) => (x.dtype === 'bfloat16' ? x.to('float32') : x)) : result;
  };
  const options = {
    inputNames: names,
    dynamicAxes: Object.fromEntries(
      names.map((name, k) => [
        name,
        Object.fromEntries(axes.filter(({ input }) => input === k).map((each) => [each.axis, each.name])),
      ]),
    ),
  };
  const args = readInputs(example);
  const first = readOptions(args, options);
  if (dtype.endsWith('16') && refuses(() => fn(...example))) return null;
  const traced = withModel(fn, (runner) => ({ runner, ...traceAll(runner, args, first.axes) }));
  const unified = unify(traced.graphs, traced.points);
  const models = new Map<number, ModelProto>();
  const distinct = new Set<number>();
  let last = '';
  for (const opset of opsetsOf[dtype]) {
    if (opset < (c.since ?? 11)) continue;
    const model = await assemble(unified, traced.runner, { ...first, opset }, traced);
    checkModel(model);
    const now = fingerprint(model, opset, dtype);
    models.set(opset, model);
    if (now !== last) distinct.add(opset);
    last = now;
  }
  const expected = await Promise.all(
    given.map((inputs) =>
      Promise.all(
        tensorsOf(fn(...inputs.map((x) => x.clone()))).map(async (x) => ({
          dims: x.shape,
          values: await x.detach().toTypedArray(),
        })),
      ),
    ),
  );
  const runs = await Promise.all(
    given.map(async (inputs) =>
      Object.fromEntries(await Promise.all(inputs.map(async (x, k) => [names[k], await toWire(x)] as const))),
    ),
  );
  return { c, dtype, models, distinct, runs, expected };
}

/** The kinds of nodes of an op's cases by opset. */
const kinds = new Map<string, Map<number, Set<string>>>();

function noteKinds(op: string, opset: number, { graph }: ModelProto): void {
  const byOpset = kinds.get(op) ?? new Map<number, Set<string>>();
  kinds.set(op, byOpset);
  const set = byOpset.get(opset) ?? new Set<string>();
  byOpset.set(opset, set);
  for (const { opType = '' } of graph?.node ?? []) set.add(opType);
}

/** Models of opset 17, the newest of the `onnx` that Linux distributions have. */
const older: { readonly c: Case; readonly dtype: Precision; readonly model: string }[] = [];

/** How one op came out in all precisions, as lines that say what is wrong. */
const found = new Map<string, string[]>();

const report = (c: Case, where: string, problem: string): void => {
  const line = `${where}, inputs ${c.inputs.map((x) => x.dtype)}: ${problem}`;
  found.set(c.op, [...(found.get(c.op) ?? []), line]);
};

/** Exports and runs the cases of some ops: all in one onnxruntime process, since starting one takes longer than an op. */
async function compareOps(ops: ReadonlySet<string>): Promise<void> {
  const jobs: { readonly prepared: Prepared; readonly opset: number; readonly job: Job }[] = [];
  for (const c of cases.filter(({ op }) => ops.has(op))) {
    for (const dtype of ['float64', 'float32', 'float16', 'bfloat16'] as const) {
      if (dtype === 'bfloat16' && tooCoarse.has(c.op)) continue;
      // a case without float64 inputs is the same in every precision
      if (dtype !== 'float64' && !c.inputs.some(isFloat64)) continue;
      try {
        const prepared = await prepare(c, dtype);
        if (prepared === null) continue;
        for (const [opset, model] of prepared.models) {
          for (const problem of problemsOf(model)) report(c, dtype, problem);
          if (dtype === 'float32' || !c.inputs.some(isFloat64)) noteKinds(c.op, opset, model);
          if (opset === 17) older.push({ c, dtype, model: Buffer.from(encodeModel(model)).toString('base64') });
          if (!prepared.distinct.has(opset)) continue;
          const job = { model: Buffer.from(encodeModel(model)).toString('base64'), runs: prepared.runs };
          jobs.push({ prepared, opset, job });
        }
      } catch (error) {
        report(c, dtype, `export: ${(error as Error).message}`);
      }
    }
  }
  const results = await runInOnnxRuntime(jobs.map(({ job }) => job));
  jobs.forEach(({ prepared: { c, dtype, expected }, opset }, k) => {
    const result = results[k];
    if ('error' in result) {
      if (dtype === 'float64' && withoutDouble.has(c.op)) return;
      // few kernels take bfloat16: then the check of the nodes has to do
      if (dtype === 'bfloat16' && /NOT_IMPLEMENTED|Could not find an implementation/.test(result.error)) return;
      report(c, `opset ${opset}, ${dtype}`, `onnxruntime: ${result.error}`);
      return;
    }
    const problem = differences(result.outputs, expected, boundOf(c, dtype));
    if (problem) report(c, `opset ${opset}, ${dtype}`, problem);
  });
}

/** What is wrong with results, or `null`. */
function differences(
  outputs: readonly Readonly<Record<string, WireTensor>>[],
  expected: Prepared['expected'],
  bound: number,
): string | null {
  for (const [t, wires] of outputs.map((x) => Object.values(x)).entries()) {
    for (const [k, { dims, values }] of expected[t].entries()) {
      if (String(wires[k].dims) !== String(dims))
        return `run ${t}: output ${k} has shape [${wires[k].dims}], not [${dims}]`;
      const difference = largestDifference(fromWire(wires[k]), values);
      if (difference > bound) return `run ${t}: output ${k} differs by ${difference}`;
    }
  }
  return null;
}

/** Ops of floats give float32 for integers, and neither side rounds exp correctly: 4 units in the last place. */
function boundOf(c: Case, dtype: Precision): number {
  if (dtype !== 'float64') return { float32: 1e-5, float16: 2e-2, bfloat16: 1e-1 }[dtype];
  return c.inputs.length > 0 && !c.inputs.some(isFloat64) ? 2 ** -22 : 1e-12;
}

/** Reads models in base64, a line each, and prints the number and the problem of each that is refused. */
const checker = `
import base64, sys, onnx
for i, line in enumerate(sys.stdin):
    try:
        model = onnx.load_from_string(base64.b64decode(line))
        onnx.checker.check_model(model)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        print(i, str(error).strip().replace(chr(10), ' ')[:300])
`;
const python = process.platform === 'linux' ? '/usr/bin/python3' : 'python3';
const hasOnnx = spawnSync(python, ['-c', 'import onnx']).status === 0;
const nodesTest = 'each op becomes the node of its own from the opset on that has it';

describe('symbols', () => {
  // `-t` leaves out tests, and with them the work for their ops
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the fixtures that a hook wants off the pattern
  beforeAll(async ({}, { tasks }) => {
    const wanted = tasks.filter(({ mode }) => mode === 'run').map(({ name }) => name);
    await compareOps(new Set(wanted.includes(nodesTest) ? cases.map(({ op }) => op) : wanted));
  }, 300_000);

  test.each([...new Set(cases.map(({ op }) => op))])('%s', (op) => {
    expect(found.get(op) ?? []).toEqual([]);
  });

  test(nodesTest, () => {
    const wrong = ownNodes.flatMap(({ op, type, since }) => {
      // the first opset that has the node, of those that are run
      const from = since ?? standardOps.get(type) ?? Number.POSITIVE_INFINITY;
      const byOpset = [...(kinds.get(op) ?? [])];
      if (!byOpset.some(([opset]) => opset >= from)) return [`${op}: no case at opset ${from} or later`];
      return byOpset.flatMap(([opset, types]) =>
        types.has(type) === opset >= from ? [] : [`${op} at opset ${opset}: ${[...types].join(' ')}`],
      );
    });
    expect(wrong).toEqual([]);
  });

  test.skipIf(!hasOnnx)(
    `at opset 17, onnx's checker and its strict shape inference take every model${hasOnnx ? '' : ': not run, this machine has no Python with onnx'}`,
    { timeout: 120_000 },
    () => {
      const { stdout, stderr, status } = spawnSync(python, ['-c', checker], {
        input: older.map(({ model }) => model).join('\n'),
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
      expect(status, stderr).toBe(0);
      const refused = stdout.split('\n').filter((line) => line !== '');
      expect(refused.map((line) => `${older[Number.parseInt(line, 10)].c.op}: ${line}`)).toEqual([]);
    },
  );
});

test('every op with a symbol has a case', () => {
  const covered = new Set<string>(cases.map(({ op }) => op));
  const missing = Object.entries(symbols).filter(
    ([name, row]) =>
      (row as OnnxSymbol) !== undefined &&
      !(typeof row === 'object' && row.kind === 'unsupported') &&
      !covered.has(name) &&
      !(name in elsewhere),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
});
