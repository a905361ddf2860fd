/** Every case by op name, total over the builtin ops. */
import type { BuiltinOps, CreateOps, OptimOps, RandomOps } from '@tenfold/tensor-core';
import type { Cases, NoCase, OpCase } from '../case.ts';
import { conv, convMethods } from './conv.ts';
import { decomposition, decompositionMethods } from './decomposition.ts';
import { elementwise, elementwiseMethods } from './elementwise.ts';
import { index, indexMethods } from './index.ts';
import { linalg, linalgMethods } from './linalg.ts';
import { lossCases } from './loss.ts';
import { movement, movementMethods } from './movement.ts';
import { pool, poolMethods } from './pool.ts';
import { reduce } from './reduce.ts';
import { softmax } from './softmax.ts';
import { spatial, spatialMethods } from './spatial.ts';

const made: NoCase = { none: 'makes a tensor from attributes; checked in checks/create.ts' };
const drawn: NoCase = { none: 'random; streams and distributions are checked in checks/random.ts' };
const stepped: NoCase = { none: 'fused optimiser step; 50-step trajectories of PyTorch are replayed in optim' };

const create: Cases<CreateOps> = {
  full: made,
  empty: made,
  fullLike: made,
  emptyLike: made,
  fromData: made,
  eye: made,
  arange: made,
  linspace: made,
  logspace: made,
  toCopy: { none: 'the method `to` has the samples' },
  fill: { none: 'in-place only in the API; tested in tensor-core' },
};

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
  bernoulliFill: drawn,
  randomFill: drawn,
};

const optim: Cases<OptimOps> = { sgdStep: stepped, adamStep: stepped, rmspropStep: stepped };

/** Cases of the builtin ops. */
export const opCases: Cases<BuiltinOps> = {
  ...conv,
  ...create,
  ...decomposition,
  ...elementwise,
  ...index,
  ...linalg,
  ...lossCases,
  ...movement,
  ...optim,
  ...pool,
  ...random,
  ...reduce,
  ...softmax,
  ...spatial,
};

/** Cases of methods that are made of other ops. */
export const methodCases: { readonly [name: string]: OpCase } = {
  ...convMethods,
  ...decompositionMethods,
  ...elementwiseMethods,
  ...indexMethods,
  ...linalgMethods,
  ...movementMethods,
  ...poolMethods,
  ...spatialMethods,
};

/** The case for an op of the fixtures. */
export function caseOf(op: string): OpCase | undefined {
  const row = (opCases as { readonly [name: string]: OpCase | NoCase })[op] ?? methodCases[op];
  return row && 'call' in row ? row : undefined;
}
