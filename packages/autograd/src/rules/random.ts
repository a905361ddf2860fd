/** Derivatives of random ops: nothing flows through a draw. What is overwritten by one gets a gradient of zeros, as in PyTorch. */
import type { AnySig, RandomOps } from '@tenfold/tensor-core';
import { formula, linear, noGradient, type Rules, type Wrt, wrt } from '../rule.ts';

const nothing = <S extends AnySig>(i = 0): Wrt<S> => linear((c) => c.grad.newZeros(c.shape(i)));

export const random: Rules<RandomOps> = {
  rand: noGradient,
  randn: noGradient,
  randint: noGradient,
  randperm: noGradient,
  randLike: noGradient,
  randnLike: noGradient,
  bernoulli: formula(nothing()),
  multinomial: noGradient,
  uniform: formula(nothing()),
  normal: formula(nothing()),
  exponential: formula(nothing()),
  logNormal: formula(nothing()),
  cauchy: formula(nothing()),
  geometric: formula(nothing()),
  normalOf: formula(nothing(), nothing(1)),
  bernoulliFill: formula(nothing(), nothing(1)),
  randomFill: formula(nothing()),
  // y = f x: the factors f are drawn, and move with nothing
  dropout: formula(wrt(['out1'], (c) => c.grads[0] && c.grads[0].mul(c.output(1).detach()))),
};
