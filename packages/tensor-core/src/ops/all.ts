/** Every builtin op, by name. */
import type { OpSpec } from '../spec.ts';
import { type ActivationOps, activation } from './activation.ts';
import { type AttentionOps, attention } from './attention.ts';
import { type ConvOps, conv } from './conv.ts';
import { type CreateOps, create } from './create.ts';
import { decomposition } from './decomposition.ts';
import { dropout } from './dropout.ts';
import { einsum } from './einsum.ts';
import { type ElementwiseOps, elementwise } from './elementwise.ts';
import { embedding } from './embedding.ts';
import { type DecompositionOps, equations } from './equations.ts';
import { type IndexOps, index } from './index.ts';
import { type LinalgOps, linalg } from './linalg.ts';
import { type LossOps, loss } from './loss.ts';
import { movement } from './movement.ts';
import { type NormOps, norm } from './norm.ts';
import { type OptimOps, optim } from './optim.ts';
import { type PoolOps, pool } from './pool.ts';
import { random } from './random.ts';
import { type RandomOps, randomFactories } from './random-factories.ts';
import { type ReduceOps, reduce } from './reduce.ts';
import { softmax } from './softmax.ts';
import { type SoftmaxOps, softmaxBackward } from './softmax-backward.ts';
import { type SpatialOps, spatial } from './spatial.ts';
import { type MovementOps, stack } from './stack.ts';

/**
 * The closed table of builtin ops: each name with its signature. It gets rows in any release, so a table of yours that is total over it stops compiling then.
 *
 * @sealed
 */
export interface BuiltinOps
  extends ActivationOps,
    AttentionOps,
    ConvOps,
    CreateOps,
    DecompositionOps,
    ElementwiseOps,
    IndexOps,
    LinalgOps,
    LossOps,
    MovementOps,
    NormOps,
    OptimOps,
    PoolOps,
    RandomOps,
    ReduceOps,
    SoftmaxOps,
    SpatialOps {}

/** The open table: third parties augment it with their ops (`declare module '@tenfold/tensor-core' { interface Ops { … } }`). */
export interface Ops extends BuiltinOps {}

/** Specs of the builtin ops by name. */
export const builtinOps: { readonly [K in keyof BuiltinOps]: OpSpec<BuiltinOps[K]> } = {
  ...activation,
  ...attention,
  ...conv,
  ...create,
  ...decomposition,
  ...equations,
  ...elementwise,
  ...index,
  ...embedding,
  ...linalg,
  einsum,
  ...loss,
  ...movement,
  stack,
  ...norm,
  ...optim,
  ...pool,
  ...random,
  ...randomFactories,
  ...dropout,
  ...reduce,
  ...softmax,
  ...softmaxBackward,
  ...spatial,
};
