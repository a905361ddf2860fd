/** Stop ① of the road: what happens to an op when an input requires grad. By the kind of its derivative row, one of the branches of {@link record}. */
import {
  belowAutograd,
  builtinOps,
  dispatch,
  isFloat,
  isTensor,
  type Operand,
  type OpSpec,
  type Outputs,
  runBody,
  type Tensor,
} from '@tenfold/tensor-core';
import { rebase, recordInPlace, targetsOf } from './inplace.ts';
import { setHistory } from './meta.ts';
import { type Node, nodeCount } from './node.ts';
import { compositeName, nodeName } from './node-name.ts';
import type { AnyRule } from './rule.ts';
import { RuleNode } from './rule-node.ts';
import {
  baseOf,
  checkInPlace,
  edgesOf,
  gradientEdge,
  NotImplementedNode,
  notImplementedMessage,
  requiresGrad,
} from './views.ts';

/** A row that records its op by itself: custom Functions. */
export interface OwnRecord {
  readonly kind: 'own';
  record(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs;
}

export function record(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  if (spec.inplaceOf && !inputs.some((x) => isTensor(x) && requiresGrad(x))) {
    for (const target of targetsOf(spec, inputs)) if (requiresGrad(baseOf(target))) checkInPlace(target);
    return belowAutograd(spec, inputs, attrs);
  }
  const rule = (spec.inplaceOf ?? spec).rule as AnyRule | OwnRecord | null;
  switch (rule?.kind) {
    case 'own':
      return rule.record(spec, inputs, attrs);
    case 'noGradient':
      if (!spec.inplaceOf) return belowAutograd(spec, inputs, attrs);
      return recordInPlace(spec, { kind: 'formula', wrt: inputs.map(() => null) }, inputs, attrs);
    case 'viaBody':
      return spec.inplaceOf ? writeResult(spec.inplaceOf, inputs, attrs) : recordBody(spec, inputs, attrs);
    case 'formula':
    case 'joint': {
      if (spec.inplaceOf) return recordInPlace(spec, rule, inputs, attrs);
      const node = new RuleNode(spec, rule, inputs, attrs, edgesOf(inputs));
      const result = belowAutograd(spec, inputs, attrs);
      const outputs = isTensor(result) ? [result] : result;
      if (node.savesOutputs) node.saveOutputs(outputs);
      attach(node, outputs);
      return result;
    }
    default:
      return recordMissing(spec, rule, inputs, attrs);
  }
}

/** The body with its ops recorded. An op that is one node in PyTorch gives the last of them its name. */
function recordBody(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  const name = compositeName(spec, inputs, attrs);
  if (name === null) return runBody(spec, inputs, attrs);
  const before = nodeCount();
  const result = runBody(spec, inputs, attrs);
  for (const output of isTensor(result) ? [result] : result) {
    const node = gradientEdge(output)[0];
    if (node && node.sequenceNr > before) node.name = name;
  }
  return result;
}

/** Makes float outputs those of `node`; the others have no gradient. */
export function attach(node: Node, outputs: readonly Tensor[]): void {
  for (let k = 0; k < outputs.length; k++) if (isFloat(outputs[k].dtype)) setHistory(outputs[k], node, k);
}

/** An in-place op with a body: the result is recorded, then its copy into the target. */
function writeResult(functional: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  const result: Outputs = dispatch(functional, inputs, attrs);
  const results = isTensor(result) ? [result] : result;
  const targets = targetsOf(functional.inplaceTwin, inputs);
  targets.forEach((target, k) => {
    dispatch(builtinOps.copy.inplaceTwin, [target, results[k]], null);
  });
  return targets.length === 1 ? targets[0] : targets;
}

function recordMissing(spec: OpSpec, rule: AnyRule | null, inputs: readonly Operand[], attrs: object | null): Outputs {
  const targets = spec.inplaceOf ? targetsOf(spec, inputs) : [];
  for (const target of targets) checkInPlace(target);
  const message = notImplementedMessage((spec.inplaceOf ?? spec).name, rule);
  const node = new NotImplementedNode(nodeName(spec, inputs, attrs), edgesOf(inputs), message);
  const result = belowAutograd(spec, inputs, attrs);
  if (spec.inplaceOf) {
    targets.forEach((target, k) => {
      rebase(target, node, k, spec.writes(inputs)[k], targets.length);
    });
  } else attach(node, isTensor(result) ? [result] : result);
  return result;
}
