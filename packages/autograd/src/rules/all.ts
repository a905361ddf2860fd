/** Every builtin derivative row, put into the slots of the specs. */
import { type AnySig, ArgumentError, type BuiltinOps, builtinOps, type OpSpec } from '@tenfold/tensor-core';
import type { Rule, Rules } from '../rule.ts';
import { activation } from './activation.ts';
import { attention } from './attention.ts';
import { conv } from './conv.ts';
import { create } from './create.ts';
import { decomposition } from './decomposition.ts';
import { elementwise } from './elementwise.ts';
import { index } from './index.ts';
import { linalg } from './linalg.ts';
import { loss } from './loss.ts';
import { movement } from './movement.ts';
import { norm } from './norm.ts';
import { optim } from './optim.ts';
import { pool } from './pool.ts';
import { random } from './random.ts';
import { reduce } from './reduce.ts';
import { softmax } from './softmax.ts';
import { spatial } from './spatial.ts';

/** The derivative row of each builtin op. */
export const rules: Rules<BuiltinOps> = {
  ...activation,
  ...attention,
  ...conv,
  ...create,
  ...decomposition,
  ...elementwise,
  ...index,
  ...linalg,
  ...loss,
  ...movement,
  ...norm,
  ...optim,
  ...pool,
  ...random,
  ...reduce,
  ...softmax,
  ...spatial,
};

/** Fills the slots. */
export function installRules(): void {
  for (const name of Object.keys(rules) as (keyof BuiltinOps)[]) builtinOps[name].rule = rules[name];
}

/**
 * Gives an op of your own its derivative.
 *
 * @throws ArgumentError if it has one.
 * @example
 * const cube = defineOp<Sig<[Tensor], null>>({ name: 'my.cube', infer: …, body: ([x]) => x.mul(x).mul(x) });
 * defineRule(cube, formula(wrt([0], (c) => c.input(0).square().mul(3).mul(c.grad))));
 */
export function defineRule<S extends AnySig>(spec: OpSpec<S>, rule: Rule<S>): void {
  if (spec.inplaceOf)
    throw new ArgumentError(
      `defineRule: '${spec.name}' is the in-place form of '${spec.inplaceOf.name}'; give that one the rule`,
    );
  if (spec.rule) throw new ArgumentError(`defineRule: op '${spec.name}' has a derivative already`);
  spec.rule = rule;
}
