/** Functions of this package that are one op on the road: an exporter can write them as one node, and gradients are those of the ops inside. */
import { defineRule, viaBody } from '@tenfold/autograd';
import { type AnySig, defineOp, type OpInit, type OpSpec } from '@tenfold/tensor-core';

/** An op `nn.<name>` made of others. */
export function compositeOp<S extends AnySig>(name: string, body: NonNullable<OpInit<S>['body']>): OpSpec<S> {
  const spec = defineOp<S>({ name: `nn.${name}`, body });
  defineRule(spec, viaBody);
  return spec;
}
