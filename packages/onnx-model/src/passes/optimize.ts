/** The passes over a model, by name and in order. */
import { describe, OnnxModelError } from '@tenfold/tensor-core';
import type { ModelProto } from '../generated/onnx.ts';
import { printModel } from '../print.ts';
import { foldBatchNorm } from './batch-norm.ts';
import { type Block, editBlocks } from './block.ts';
import { removeDeadCode } from './dead-code.ts';
import { changedLines } from './diff.ts';
import { foldConstants } from './fold-constants.ts';
import { cleanIdentities } from './identities.ts';
import { shareConstants, shareInitializers, shareSubexpressions } from './share.ts';
import { cleanTransposes } from './transposes.ts';

/** The passes, in the order in which they run. */
export const passNames = [
  'batchNorm',
  'constants',
  'identities',
  'transposes',
  'subexpressions',
  'sharedConstants',
  'sharedInitializers',
  'deadCode',
] as const;

/**
 * A pass of {@link optimizeModel}:
 * - `constants`: what depends on constants and initialisers alone is computed, shapes that the model states included. Results are exact for their dtype and
 *   at most 64 KiB, or no larger than the constants they replace; an initialiser that others read stays as it is
 * - `identities`: Identity, Cast, Reshape, Transpose, Expand, Slice, Concat and Dropout that change nothing go, as do the first of two Reshapes and an
 *   Expand before an operator that broadcasts by itself
 * - `transposes`: one instead of two, none instead of two that cancel, `transA` and `transB` of Gemm
 * - `subexpressions`: of nodes that compute the same, the first stays
 * - `sharedConstants`: of equal Constant nodes, the first stays
 * - `sharedInitializers`: of equal initialisers, the first stays. On request: parameters that are equal by chance would be one from then on
 * - `batchNorm`: BatchNormalization by given statistics becomes part of the Conv, ConvTranspose, Gemm or MatMul before it. On request: results change by
 *   rounding
 * - `deadCode`: nodes, results that may be left out, initialisers, functions, operator sets and stated types that nothing needs go
 */
export type PassName = (typeof passNames)[number];

/** The passes that run if none are named: all that change neither results nor what is trained. */
export const defaultPasses: readonly PassName[] = [
  'constants',
  'identities',
  'transposes',
  'subexpressions',
  'sharedConstants',
  'deadCode',
];

/** What a pass has changed. */
export interface PassReport {
  readonly pass: PassName;
  /** The model as {@link printModel} shows it. */
  readonly before: string;
  readonly after: string;
  /** The lines that went and came, each with the one before and after it. */
  readonly changes: string;
}

/** Options of {@link optimizeModel}. */
export interface OptimizeOptions {
  /** Which passes run. They run in their own order, again until nothing changes. Default: {@link defaultPasses}. */
  passes?: readonly PassName[];
  /** Leaves initialisers as they are, for a model whose parameters are trained on: no constant is made of them, no BatchNormalization folded. Default false. */
  keepInitializers?: boolean;
  /** Is told of each pass that changed something. */
  log?: (report: PassReport) => void;
}

type Pass = (model: ModelProto, keepInitializers: boolean) => boolean;

const onBlocks =
  (edit: (block: Block, keepInitializers: boolean) => void): Pass =>
  (model, keepInitializers) =>
    editBlocks(model, (block) => edit(block, keepInitializers));

const passes: { readonly [P in PassName]: Pass } = {
  batchNorm: /* @__PURE__ */ onBlocks(foldBatchNorm),
  constants: /* @__PURE__ */ onBlocks(foldConstants),
  identities: /* @__PURE__ */ onBlocks(cleanIdentities),
  transposes: /* @__PURE__ */ onBlocks(cleanTransposes),
  subexpressions: /* @__PURE__ */ onBlocks(shareSubexpressions),
  sharedConstants: /* @__PURE__ */ onBlocks(shareConstants),
  sharedInitializers: /* @__PURE__ */ onBlocks(shareInitializers),
  deadCode: removeDeadCode,
};

/** One pass may make room for another; a model that still changes after so many rounds is left as it is then. */
const ROUNDS = 10;

/**
 * Cleans a model: the same results by fewer nodes. Inputs and outputs keep their names; nodes that stay keep theirs, with their metadata. Branches and
 * bodies of If, Loop and Scan and the bodies of functions are cleaned too. Nodes of other domains, models with `trainingInfo` and what a pass does
 * not know are left alone.
 *
 * @returns a new model; the one that was given stays as it is, and the bytes of large tensors are shared with it.
 * @throws OnnxModelError on a model without a graph or in which a name stands for two values, and on a pass that there is not.
 * @example
 * const smaller = optimizeModel(ModelProto.decode(bytes), { log: ({ pass, changes }) => console.log(`${pass}\n${changes}`) });
 */
export function optimizeModel(model: ModelProto, options: OptimizeOptions = {}): ModelProto {
  const { passes: asked = defaultPasses, keepInitializers = false, log } = options;
  const list: readonly unknown[] = Array.isArray(asked) ? asked : [asked];
  const unknown = list.find((name) => !passNames.some((known) => known === name));
  if (unknown !== undefined || !Array.isArray(asked)) {
    throw new OnnxModelError(`passes: ${describe(unknown ?? asked)} is no pass; there are ${passNames.join(', ')}`);
  }
  if (!model.graph) throw new OnnxModelError('the model has no graph');
  const copy = copyOf(model);
  if (model.trainingInfo?.length) return copy;
  let before = log ? printModel(copy) : '';
  for (let round = 0, changed = true; changed && round < ROUNDS; round++) {
    changed = false;
    for (const pass of passNames) {
      if (!asked.includes(pass) || !passes[pass](copy, keepInitializers)) continue;
      changed = true;
      if (!log) continue;
      const after = printModel(copy);
      // types of values that are gone are no news
      if (after !== before) log({ pass, before, after, changes: changedLines(before, after) });
      before = after;
    }
  }
  return copy;
}

/** A copy that shares bytes. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return (typeof value[0] === 'object' ? value.map(copyOf) : value.slice()) as T;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, x]) => [key, copyOf(x)])) as T;
}
