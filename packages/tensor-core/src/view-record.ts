/** How the dispatcher notes what a view is a view of. */
import type { OpSpec } from './spec.ts';
import type { Tensor, ViewInfo } from './tensor.ts';

/** What is known of a view. Its source may change its own geometry in place later, and then this is a view of what the source was. */
export class ViewRecord implements ViewInfo {
  readonly spec: OpSpec;
  readonly attrs: object | null;
  readonly gradMode: boolean;
  readonly version: number;
  readonly #source: Tensor;
  readonly #epoch: number;

  constructor(
    source: Tensor,
    spec: OpSpec,
    attrs: object | null,
    gradMode: boolean,
    version: number,
    epoch = source.geometryEpoch,
  ) {
    this.#source = source;
    this.#epoch = epoch;
    this.spec = spec;
    this.attrs = attrs;
    this.gradMode = gradMode;
    this.version = version;
  }

  get source(): Tensor {
    return this.#source.asOf(this.#epoch);
  }
}
