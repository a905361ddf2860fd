/** Sizes that values decide (how often a loop runs, what a branch gives), traced as if they were dynamic axes. */
import { OnnxExportError, type OpenSizes } from '@tenfold/tensor-core';
import type { Point } from './dims.ts';

/** One program's open sizes, each with a name of its own. */
export class OpenAxes implements OpenSizes {
  /** Their sizes in the first trace. */
  readonly sizes = new Map<string, number>();
  /** The sizes to trace with. */
  point: Point = new Map();
  readonly #names = new Map<string, string>();
  readonly #taken: Set<string>;

  /** `taken` are the names of dynamic axes. */
  constructor(taken: readonly string[]) {
    this.#taken = new Set(taken);
  }

  at(place: string, kind: string, differs: boolean): number | null {
    const name = this.#names.get(place) ?? (differs ? this.#add(place, kind) : null);
    return name === null ? null : (this.point.get(name) ?? this.sizes.get(name) ?? null);
  }

  #add(place: string, kind: string): string {
    let name = kind;
    for (let i = 1; this.#taken.has(name); i++) name = `${kind}_${i}`;
    this.#taken.add(name);
    this.#names.set(place, name);
    // none equal, so that two that meet by chance are found out
    this.sizes.set(name, 3 + this.sizes.size);
    return name;
  }
}

/** For traces in which every size has to be fixed. */
export const noOpenSizes: OpenSizes = {
  at: (_place, kind, differs) => {
    if (!differs) return null;
    throw new OnnxExportError(
      `control flow gives a tensor of a size that depends on values (${kind}), which a training step can't follow; compute it in sizes that are fixed`,
    );
  },
};
