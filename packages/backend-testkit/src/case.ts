/** What a case is: how an op is called on a sample. One row per op, in `cases/<family>.ts`; a missing row does not compile. */
import type { Tensor } from '@tenfold/tensor-core';
import type { Tolerance } from './compare.ts';

/** What a call gives: one tensor or several. */
export type Results = Tensor | readonly Tensor[];

/** Inputs and further arguments come from JSON, and each row knows its own; so they are untyped here, and checked by the ops. */
// biome-ignore lint/suspicious/noExplicitAny: see above
type Json = any;

/** How one op is called, and how its results are judged. */
export interface OpCase {
  /** Calls the op through the public API. `device` is for ops without inputs. */
  call(inputs: readonly Json[], args: Json, device: string): Results;
  /** Calls the in-place form. */
  inplace?(inputs: readonly Json[], args: Json): Results;
  /** Reads values while it runs (its result shape depends on them), so it can't be traced. */
  readonly reads?: true;
  /** What to call where the device can't be read at once and {@link call} is a `DeviceError`; without it there must be none. */
  callAsync?(inputs: readonly Json[], args: Json): Promise<Results>;
  /** The same for {@link inplace}. */
  inplaceAsync?(inputs: readonly Json[], args: Json): Promise<Results>;
  /** Where an op is less exact than the others. */
  readonly tolerance?: { readonly [dtype: string]: Tolerance };
  /** Why it is. */
  readonly toleranceReason?: string;
  /** Samples that are left out, by name, with the reason. */
  readonly exclude?: { readonly [sample: string]: string };
}

/** An op without samples, and why. */
export interface NoCase {
  readonly none: string;
}

/** A table of rows for a family of ops. */
export type Cases<Ops> = { readonly [K in keyof Ops]: OpCase | NoCase };

/** A method called as `x.name(...rest, options)`, with its in-place form `x.name_(...)`; options are left out when there are none. */
export function method(name: string, extra: Omit<OpCase, 'call' | 'inplace'> = {}): OpCase {
  const by = (suffix: string) => (inputs: readonly Json[], args: Json) => {
    const [x, ...rest] = inputs;
    return x[name + suffix](...rest, ...(Object.keys(args).length ? [args] : []));
  };
  return { ...extra, call: by(''), inplace: by('_') };
}

/** A method that takes some arguments by position, in this order, and the rest as options. */
export function positional(name: string, ...order: readonly string[]): OpCase {
  return {
    call: ([x, ...rest], args) => {
      const options = Object.fromEntries(Object.entries(args).filter(([key]) => !order.includes(key)));
      return x[name](...rest, ...order.map((key) => args[key]), ...(Object.keys(options).length ? [options] : []));
    },
  };
}
