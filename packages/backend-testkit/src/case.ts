/** What a case is: how an op is called on a sample. One row per op, in `cases/<family>.ts`; a missing row does not compile. */
import type { Tensor } from '@tenfold/tensor-core';
import type { Tolerance } from './compare.ts';

/** Further arguments of a sample, by name. */
// biome-ignore lint/suspicious/noExplicitAny: arguments come from JSON; each row knows its own
export type Args = { readonly [name: string]: any };

/** Inputs of a sample as tensors, numbers and nulls. A row takes them as what its op takes. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type CaseInputs = readonly any[];

/** How one op is called, and how its results are judged. */
export interface OpCase {
  /** The op's name in the fixtures, if it is not the row's. */
  readonly fixture?: string;
  /** Calls the op through the public API. */
  call(inputs: CaseInputs, args: Args): Tensor | readonly Tensor[];
  /** Calls the in-place form, for samples whose result has the first input's shape and dtype. */
  inplace?(inputs: CaseInputs, args: Args): Tensor;
  /** Where an op is less exact than the others, with the reason in a comment. */
  readonly tolerance?: { readonly [dtype: string]: Tolerance };
  /** Samples that are left out, by name, with the reason. */
  readonly exclude?: { readonly [sample: string]: string };
}

/** An op without samples, and why: internal to another op, random, or not differentiable and covered elsewhere. */
export interface NoCase {
  readonly none: string;
}

/** A table of rows for a family of ops. */
export type Cases<Ops> = { readonly [K in keyof Ops]: OpCase | NoCase };
