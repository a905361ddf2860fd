/** Writes control flow: If, Loop and Scan with their subgraphs. Values from outside are read by their names, as ONNX allows. */
import type { GraphProto } from '@tenfold/onnx-model';
import { type Graph, type GraphNode, OnnxExportError, type OpSpec } from '@tenfold/tensor-core';
import { Ref } from './builder.ts';
import { type Frame, OpContext } from './context.ts';
import { condOp } from './control/cond.ts';
import { loopOp } from './control/loop.ts';
import { type ScanAttrs, scanOp } from './control/scan.ts';
import type { Dim } from './dims.ts';
import { nameOf } from './unify.ts';
import { intermediate, valueInfo } from './value-info.ts';

/** Writes the ops of a body. */
type Lower = (nodes: readonly GraphNode[], frame: Frame) => void;

const numbered = (stem: string, count: number): string[] =>
  count === 1 ? [stem] : Array.from({ length: count }, (_, i) => `${stem}_${i}`);

/** Gives one of an op's bodies, whose inputs bear the names. */
type Subgraph = (body: string, names?: readonly string[]) => GraphProto;

/** How each op is written. */
const symbols: ReadonlyMap<OpSpec, (g: OpContext, subgraph: Subgraph) => Ref[]> = /* @__PURE__ */ new Map<
  OpSpec,
  (g: OpContext, subgraph: Subgraph) => Ref[]
>([
  [
    condOp,
    (g, subgraph) =>
      g.ops(
        'If',
        [g.x()],
        { then_branch_g: subgraph('thenBranch'), else_branch_g: subgraph('elseBranch') },
        g.node.outputs.length,
      ),
  ],
  [
    loopOp,
    (g, subgraph) => {
      const inputs = g.node.inputs.map((_, i) => (g.isAbsent(i) ? null : i === 0 ? g.operand(0, 'int64') : g.x(i)));
      const names = ['i', 'cond', ...numbered('carried', inputs.length - 2)];
      const refs = g.ops('Loop', inputs, { body_g: subgraph('body', names) }, g.node.outputs.length);
      return refs.map((ref, k) => (k < inputs.length - 2 ? ref : withSizes(g, ref, k)));
    },
  ],
  [
    scanOp,
    (g, subgraph) => {
      const { carried, dims, reverse } = g.attrs as ScanAttrs;
      const kept = g.node.outputs.length - carried;
      const backwards = (count: number): number[] | undefined =>
        reverse && count > 0 ? new Array<number>(count).fill(1) : undefined;
      return g.ops(
        'Scan',
        g.node.inputs.map((_, i) => g.x(i)),
        {
          body_g: subgraph('body', [...numbered('carried', carried), ...numbered('slice', dims.length)]),
          num_scan_inputs_i: dims.length,
          scan_input_axes_i: dims.some((dim) => dim !== 0) ? dims : undefined,
          scan_input_directions_i: backwards(dims.length),
          scan_output_directions_i: backwards(kept),
        },
        g.node.outputs.length,
      );
    },
  ],
]);

/**
 * What a loop keeps, with its sizes stated: onnxruntime takes sizes that no file fixes for 0 if the loop runs no times, where it should be the first alone.
 */
function withSizes(g: OpContext, ref: Ref, k: number): Ref {
  const [trips, condition] = g.node.inputs;
  const fixed = typeof trips === 'number' && trips > 0 && !g.frame.unified.varying(g.node).has('input.0');
  const runs = condition === null && (trips === null || fixed);
  const [, ...dims] = g.outDims(k);
  const known = (dim: Dim): boolean =>
    typeof dim === 'number' ||
    (dim.kind !== 'unknown' &&
      [...dim.factors.keys()].every((name) =>
        g.frame.sources.some((source) => typeof source.dim !== 'number' && source.dim.symbol === name),
      ));
  if (runs || dims.every((dim) => typeof dim === 'number') || !dims.every(known)) return ref;
  ref.dtype = g.outDType(k);
  // a 0 keeps the size that is there; Abs, as onnxruntime replaces a size that it sees come from elsewhere by -1, which nothing of no elements has
  return g.op('Reshape', [ref, g.op('Abs', [g.shape([0, ...dims])])]);
}

/** Writes one node of control flow, and gives its results. */
export function lowerControl(node: GraphNode, frame: Frame, lower: Lower): Ref[] {
  const symbol = symbols.get(node.spec);
  if (!symbol) throw new OnnxExportError(`op ${nameOf(node)} has bodies and no ONNX form`);
  const g = new OpContext(node, frame);
  const refs = symbol(g, (name, inputs) => subgraph(name, inputs ?? [], node.bodies?.[name] as Graph, frame, lower));
  g.checkRead();
  return refs;
}

/** Sizes that first come up in the results of control flow can be read from them. */
export function readSizesFrom(node: GraphNode, frame: Frame): void {
  for (const value of node.outputs) {
    const ref = frame.env.get(value);
    if (ref)
      frame.unified.dims(value).forEach((dim, axis) => {
        if (typeof dim !== 'number') frame.sources.push({ ref, axis, dim });
      });
  }
}

function subgraph(name: string, inputNames: readonly string[], traced: Graph, frame: Frame, lower: Lower): GraphProto {
  const { body: outer, unified } = frame;
  const { scope } = outer;
  const body = outer.inner();
  body.origin = outer.origin;
  const inner: Frame = { ...frame, body, env: new Map(frame.env), sources: [...frame.sources] };
  const input = traced.inputs.map(({ value }, i) => {
    const ref = new Ref(body.unique(inputNames[i]), value.dtype);
    inner.env.set(value, ref);
    const dims = unified.dims(value);
    dims.forEach((dim, axis) => inner.sources.push({ ref, axis, dim }));
    return valueInfo(ref.name, value, dims);
  });
  lower(traced.nodes, inner);
  body.scope = scope;
  const own = new Set(body.nodes.flatMap((node) => node.output ?? []));
  const outputs = traced.outputs.map((value) => {
    const ref = inner.env.get(value);
    if (!ref) throw new OnnxExportError(`a result of '${name}' was not computed`);
    // what comes from outside, or stands for two results, goes through a node
    return own.delete(ref.name) ? ref.name : body.add('Identity', [ref])[0].name;
  });
  body.prune(outputs);
  for (const domain of body.domains) outer.domains.add(domain);
  outer.scope = scope;
  return {
    name,
    node: body.nodes,
    initializer: [],
    input,
    output: traced.outputs.map((value, k) => valueInfo(outputs[k], value, unified.dims(value))),
    valueInfo: intermediate(body, inner, outputs),
  };
}
