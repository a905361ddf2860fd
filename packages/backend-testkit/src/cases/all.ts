/** Every case by op name, total over the builtin ops. */
import type { BuiltinOps, OptimOps, RandomOps } from '@tenfold/tensor-core';
import type { Cases, NoCase, OpCase } from '../case.ts';
import { activation, activationMethods } from './activation.ts';
import { attention } from './attention.ts';
import { conv, convMethods } from './conv.ts';
import { create, createMethods } from './create.ts';
import { decomposition, decompositionMethods } from './decomposition.ts';
import { elementwise, elementwiseMethods } from './elementwise.ts';
import { index, indexMethods } from './index.ts';
import { linalg, linalgMethods } from './linalg.ts';
import { lossCases } from './loss.ts';
import { movement, movementMethods } from './movement.ts';
import { norm, normMethods } from './norm.ts';
import { pool, poolMethods } from './pool.ts';
import { reduce, reduceMethods } from './reduce.ts';
import { softmax } from './softmax.ts';
import { spatial, spatialMethods } from './spatial.ts';

const drawn: NoCase = { none: 'random; streams and distributions are checked in checks/random.ts' };
const stepped: NoCase = { none: 'fused optimiser step; 50-step trajectories of PyTorch are replayed in optim' };

const random: Cases<RandomOps> = {
  rand: drawn,
  randn: drawn,
  randint: drawn,
  randperm: drawn,
  randLike: drawn,
  randnLike: drawn,
  bernoulli: drawn,
  multinomial: drawn,
  uniform: drawn,
  normal: drawn,
  exponential: drawn,
  logNormal: drawn,
  cauchy: drawn,
  geometric: drawn,
  normalOf: drawn,
  bernoulliFill: drawn,
  randomFill: drawn,
  dropout: drawn,
};

const optim: Cases<OptimOps> = { sgdStep: stepped, adamStep: stepped, rmspropStep: stepped };

/** Cases of the builtin ops. */
export const opCases: Cases<BuiltinOps> = {
  ...activation,
  ...attention,
  ...conv,
  ...create,
  ...decomposition,
  ...elementwise,
  ...index,
  ...linalg,
  ...lossCases,
  ...movement,
  ...norm,
  ...optim,
  ...pool,
  ...random,
  ...reduce,
  ...softmax,
  ...spatial,
};

/** Cases of methods that are made of other ops. */
export const methodCases: { readonly [name: string]: OpCase } = {
  ...activationMethods,
  ...convMethods,
  ...createMethods,
  ...decompositionMethods,
  ...elementwiseMethods,
  ...reduceMethods,
  ...indexMethods,
  ...linalgMethods,
  ...movementMethods,
  ...normMethods,
  ...poolMethods,
  ...spatialMethods,
};

/** The case for an op of the fixtures. */
export function caseOf(op: string): OpCase | undefined {
  const row = (opCases as { readonly [name: string]: OpCase | NoCase })[op] ?? methodCases[op];
  return row && 'call' in row ? row : undefined;
}
