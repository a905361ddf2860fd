/**
 * What a derivative row is. Rules live in `rules/<family>.ts`, one table per family, typed so that a missing row does not compile.
 *
 * Legend of the names in a formula `(c) => …`, which gives the gradient of the loss with respect to one input:
 *
 * | name | meaning |
 * |---|---|
 * | `c.grad` | gradient of the loss with respect to output 0, never null inside a single-output rule |
 * | `c.grads[k]` | the same for output k, `null` if nothing flows there |
 * | `c.input(i)` | input i as it was in forward; must stand in the row's `saves` |
 * | `c.output(k)` | output k; must stand in `saves` as `'out'`/`'out1'`/… |
 * | `c.shape(i)`, `c.dtype(i)` | shape and dtype of input i, free of charge |
 * | `c.strides(i)` | its strides, to choose between forms of equal value: in a traced graph they are those of the traced run |
 * | `c.attrs` | the op's attributes |
 *
 * The engine sums a gradient over broadcast dims and casts it to its input's dtype, so formulas need not. Formulas use public, differentiable ops only:
 * higher derivatives come from that.
 */
import type { AnySig, DType, Operand, Shape, Tensor } from '@tenfold/tensor-core';

/** What a formula keeps for backward: an input by its number, or an output. Reading anything else is an error. */
export type Saved = number | 'out' | 'out1' | 'out2';

/** What a formula sees. */
export interface FormulaContext<S extends AnySig> {
  readonly grad: Tensor;
  readonly grads: readonly (Tensor | null)[];
  readonly attrs: S['attrs'];
  input<I extends number>(i: I): S['inputs'][I] extends Operand ? S['inputs'][I] : Operand;
  /** Input `i`, which must have been a tensor. */
  tensor(i: number): Tensor;
  output(k?: number): Tensor;
  shape(i: number): Shape;
  strides(i: number): readonly number[];
  dtype(i: number): DType;
  /** Whether input `i` needs a gradient. */
  needs(i: number): boolean;
}

/** The gradient with respect to one input, and what it must have saved. `null` means that nothing flows. */
export interface Wrt<S extends AnySig> {
  readonly saves: readonly Saved[];
  grad(c: FormulaContext<S>): Tensor | null;
  /** The op shows a part of the input, and the gradient is 0 outside of it: the engine may add it there alone. */
  readonly window?: true;
}

/** A derivative row: exactly one of four kinds. */
export type Rule<S extends AnySig> =
  /** One formula per input; `null` for an input that is never differentiable (a mask, indices). */
  | { readonly kind: 'formula'; readonly wrt: readonly (Wrt<S> | null)[] }
  /** For ops of any number of inputs, or whose gradients share work: gives all gradients, `null` where `c.needs(i)` is false. */
  | {
      readonly kind: 'joint';
      readonly saves: readonly Saved[];
      grads(c: FormulaContext<S>): readonly (Tensor | null)[];
    }
  /** With grad on, the body runs and its ops record themselves. */
  | { readonly kind: 'viaBody' }
  /** The outputs do not require grad: comparisons, argmax, detach. */
  | { readonly kind: 'noGradient' }
  /** The outputs carry a node that raises: a gradient is never cut silently. */
  | { readonly kind: 'notImplemented'; readonly reason: string };

/** A table of rows for a family of ops. */
export type Rules<Ops> = { readonly [K in keyof Ops]: Ops[K] extends AnySig ? Rule<Ops[K]> : never };

/** One formula per input. */
export const formula = <S extends AnySig>(...wrt: (Wrt<S> | null)[]): Rule<S> => ({ kind: 'formula', wrt });

/** A formula and what it saves: `wrt([1], (c) => c.grad.mul(c.input(1)))`. */
export const wrt = <S extends AnySig>(
  saves: readonly Saved[],
  grad: (c: FormulaContext<S>) => Tensor | null,
): Wrt<S> => ({
  saves,
  grad,
});

/** A formula that saves nothing. */
export const linear = <S extends AnySig>(grad: (c: FormulaContext<S>) => Tensor | null): Wrt<S> => wrt([], grad);

export const joint = <S extends AnySig>(
  saves: readonly Saved[],
  grads: (c: FormulaContext<S>) => readonly (Tensor | null)[],
): Rule<S> => ({ kind: 'joint', saves, grads });

export const viaBody = { kind: 'viaBody' } as const;
export const noGradient = { kind: 'noGradient' } as const;
export const notImplemented = (reason: string) => ({ kind: 'notImplemented', reason }) as const;

/** A row of any op, as the engine reads it from the slot of a spec. */
export type AnyRule = Rule<never>;
