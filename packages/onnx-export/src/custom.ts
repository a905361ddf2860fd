/** Custom Functions in the file: as what their `symbolic` says, with the traced forward as the body of a function. */
import { FunctionCall, type FunctionClass, TensorArgument } from '@tenfold/autograd';
import type { NodeProto } from '@tenfold/onnx-model';
import { describe, type GraphNode, isTensor, OnnxExportError } from '@tenfold/tensor-core';
import { type Attributes, type Body, Ref } from './builder.ts';
import { standardOps } from './standard-ops.ts';

/** A value inside `symbolic`: what `g.op` takes and gives. */
export type SymbolicValue = Ref;

/** Attributes of `g.op`, with `outputs: 2` for an op of several outputs. See {@link Attributes} for the suffixes. */
export type SymbolicAttributes = Attributes & { readonly outputs?: number };

/** What a Function's `symbolic(g, ...args)` writes with. */
export interface SymbolicGraph {
  /** The opset of the file. */
  readonly opset: number;
  /**
   * Writes one node: `g.op('my.domain::MYLINEAR', input, weight, bias, { alpha_f: 1 })`. A name without a domain that ONNX does not define goes to
   * the domain `custom`. Values that are `null` or left out are absent optional inputs.
   */
  op(name: string, ...args: (SymbolicValue | null | undefined)[]): SymbolicValue;
  op(
    name: string,
    ...args: [...(SymbolicValue | null | undefined)[], SymbolicAttributes & { readonly outputs?: 1 | undefined }]
  ): SymbolicValue;
  op(name: string, ...args: [...(SymbolicValue | null | undefined)[], SymbolicAttributes]): SymbolicValue[];
}

/** What a call of `symbolic` has written. */
export interface SymbolicCall {
  /** The custom nodes, in order. */
  readonly custom: readonly NodeProto[];
  /** For each custom node, the inputs it was given. */
  readonly inputs: ReadonlyMap<NodeProto, readonly (Ref | null)[]>;
  readonly results: readonly Ref[];
}

/** Runs `symbolic` of the Function that `node` is a call of. */
export function runSymbolic(
  node: GraphNode,
  functionClass: FunctionClass,
  body: Body,
  refOf: (input: number) => Ref,
): SymbolicCall {
  const call = node.attrs;
  if (!(call instanceof FunctionCall) || !functionClass.symbolic)
    throw new OnnxExportError(`${functionClass.name} has no symbolic`);
  const custom: NodeProto[] = [];
  const inputs = new Map<NodeProto, readonly (Ref | null)[]>();
  const where = `${functionClass.name}.symbolic`;

  const op = (name: string, ...args: unknown[]): Ref | Ref[] => {
    const { domain, type } = splitName(name, where, body.opset);
    const last = args.at(-1);
    const hasAttributes = typeof last === 'object' && last !== null && !(last instanceof Ref) && !isTensor(last);
    const { outputs = 1, ...attributes } = (hasAttributes ? last : {}) as SymbolicAttributes;
    if (!Number.isInteger(outputs) || outputs < 1)
      throw new OnnxExportError(`${where}: outputs must be a positive integer, got ${outputs}`);
    const refs = (hasAttributes ? args.slice(0, -1) : args).map((x, i) => {
      if (x === null || x === undefined) return null;
      if (x instanceof Ref) return x;
      throw new OnnxExportError(
        `${where}: argument ${i} of op '${name}' must be a value that symbolic was given or that g.op gave, got ${describe(x)}; numbers go into attributes such as { alpha_f: 1 }, tensors into { table_t: x }`,
      );
    });
    const results = body.add(type, refs, attributes as Attributes, { outputs, domain });
    const written = results[0].producer;
    if (domain && written) {
      custom.push(written);
      inputs.set(written, refs);
    }
    return outputs === 1 ? results[0] : results;
  };

  const args = call.args.map((arg) => (arg instanceof TensorArgument ? refOf(arg.input) : arg));
  const graph = { opset: body.opset, op } as SymbolicGraph;
  const symbolic = functionClass.symbolic as (...args: readonly unknown[]) => unknown;
  const returned = symbolic.call(functionClass, graph, ...args);
  const results: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (results.length !== node.outputs.length || !results.every((x) => x instanceof Ref)) {
    throw new OnnxExportError(
      `${where} must return ${node.outputs.length === 1 ? 'the value' : `the ${node.outputs.length} values`} that forward returns, made by g.op`,
    );
  }
  return { custom, inputs, results: results as Ref[] };
}

/** `'my.domain::NAME'` → its parts. */
function splitName(name: unknown, where: string, opset: number): { domain: string; type: string } {
  const match = typeof name === 'string' ? /^(?:([A-Za-z_][\w.-]*)::)?([A-Za-z_]\w*)$/.exec(name) : null;
  if (!match)
    throw new OnnxExportError(
      `${where}: '${String(name)}' is no name of an op; write 'MYLINEAR' or 'my.domain::MYLINEAR'`,
    );
  const [, domain, type] = match;
  if (domain === 'onnx' || domain === 'ai.onnx') return { domain: '', type };
  return { domain: domain ?? ((standardOps.get(type) ?? Number.POSITIVE_INFINITY) <= opset ? '' : 'custom'), type };
}
