/** Where the symbols of activations are run in onnxruntime. */
import { type ActivationOps, tensor } from '@tenfold/tensor-core';
import { type Case, f } from './inputs.ts';

const one = (op: keyof ActivationOps, attrs: object | null = null): Case => ({
  op,
  inputs: [f([6, 4]).mul(4)],
  attrs,
  dynamic: true,
});
const backward = (of: keyof ActivationOps, attrs: object | null): Case => ({
  op: 'activationBackward',
  inputs: [f([3, 4]), f([3, 4])],
  attrs: { of, attrs },
  dynamic: true,
});
const far = (op: keyof ActivationOps, attrs: object | null = null): Case => ({
  op,
  inputs: [tensor([-1000, -50, 0, 25, 1000, Number.NaN], { dtype: 'float64' })],
  attrs,
  dynamic: true,
});
const softplus = { beta: 1, threshold: 20 };

export const activation = (): Case[] => [
  one('gelu', { approximate: 'none' }),
  one('gelu', { approximate: 'tanh' }),
  one('silu'),
  one('mish'),
  one('softplus', softplus),
  one('softplus', { beta: 2, threshold: 1 }),
  far('softplus', softplus),
  one('logSigmoid'),
  far('logSigmoid'),
  one('elu', { alpha: 1, scale: 1 }),
  one('elu', { alpha: 1.6732632423543772, scale: 1.0507009873554805 }),
  one('celu', { alpha: 0.5 }),
  one('leakyRelu', { negativeSlope: 0.2 }),
  one('hardtanh', { minVal: -1, maxVal: 2 }),
  one('hardsigmoid'),
  one('hardswish'),
  one('hardshrink', { lambd: 0.5 }),
  far('hardshrink', { lambd: 0.5 }),
  one('softshrink', { lambd: 0.5 }),
  far('softshrink', { lambd: 0.5 }),
  backward('gelu', { approximate: 'tanh' }),
  backward('softplus', softplus),
  backward('hardswish', null),
];
