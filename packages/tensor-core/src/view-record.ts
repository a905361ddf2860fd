/** How the dispatcher notes what a view is a view of. */
import type { OpSpec } from './spec.ts';
import type { Tensor, ViewInfo } from './tensor.ts';

/** What is known of a view. Its source may change its own geometry in place later, and then this is a view of what the source was. */
export class ViewRecord implements ViewInfo {
  readonly spec: OpSpec;
  readonly attrs: object | null;
  readonly made: ViewInfo['made'];
  multi: ViewInfo['multi'] = null;
  readonly version: number;
  readonly #source: Tensor;
  readonly #epoch: number;

  constructor(
    source: Tensor,
    spec: OpSpec,
    attrs: object | null,
    made: ViewInfo['made'],
    version: number,
    epoch = source.geometryEpoch,
  ) {
    this.#source = source;
    this.#epoch = epoch;
    this.spec = spec;
    this.attrs = attrs;
    this.made = made;
    this.version = version;
  }

  get source(): Tensor {
    return this.#source.asOf(this.#epoch);
  }
}
