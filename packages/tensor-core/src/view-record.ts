/** How the dispatcher notes what a view is a view of. */
import type { OpSpec } from './spec.ts';
import type { Tensor, ViewInfo } from './tensor.ts';

/** What is known of a view. Its source may change its own geometry in place later, and then this is a view of what the source was. */
export class ViewRecord implements ViewInfo {
  // declared and assigned, as the fields of a tensor are
  declare readonly spec: OpSpec;
  declare readonly attrs: object | null;
  declare readonly made: ViewInfo['made'];
  declare multi: ViewInfo['multi'];
  declare readonly version: number;
  declare private readonly latest: Tensor;
  declare private readonly epoch: number;

  constructor(
    source: Tensor,
    spec: OpSpec,
    attrs: object | null,
    made: ViewInfo['made'],
    version: number,
    epoch = source.geometryEpoch,
  ) {
    this.latest = source;
    this.epoch = epoch;
    this.spec = spec;
    this.attrs = attrs;
    this.made = made;
    this.multi = null;
    this.version = version;
  }

  get source(): Tensor {
    return this.latest.asOf(this.epoch);
  }
}
