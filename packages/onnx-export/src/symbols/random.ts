/** Random numbers: ONNX's generators give other numbers in every runtime, so a file would not compute what the model does. */
import type { RandomOps } from '@tenfold/tensor-core';
import { type Symbols, unsupported } from './symbol.ts';

const random = unsupported(
  "random numbers would differ in every runtime; draw them outside and pass them as an input, or export in eval mode. randomOps: 'runtime' lets each runtime draw its own",
);

/** Rows by op name. */
export const randomNumbers: Symbols<RandomOps> = {
  rand: random,
  randn: random,
  randint: random,
  randperm: random,
  randLike: random,
  randnLike: random,
  bernoulli: random,
  multinomial: random,
  uniform: random,
  normal: random,
  exponential: random,
  logNormal: random,
  cauchy: random,
  geometric: random,
  normalOf: random,
  bernoulliFill: random,
  randomFill: random,
  dropout: random,
};
