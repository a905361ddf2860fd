/** What a file says of its values: names, types and sizes. */
import { onnxType, type TensorShapeProto_Dimension, type ValueInfoProto } from '@tenfold/onnx-model';
import type { Value } from '@tenfold/tensor-core';
import type { Body } from './builder.ts';
import type { Frame } from './context.ts';
import type { Dim } from './dims.ts';

/** Types and shapes of values between the ops, where they are known from the trace. */
export function intermediate(body: Body, { env, unified }: Frame, outputNames: readonly string[]): ValueInfoProto[] {
  const produced = new Set(body.nodes.flatMap((node) => (node.opType === 'Constant' ? [] : (node.output ?? []))));
  for (const name of outputNames) produced.delete(name);
  const infos: ValueInfoProto[] = [];
  for (const [value, ref] of env) {
    if (!produced.delete(ref.name)) continue;
    infos.push(valueInfo(ref.name, value, unified.dims(value)));
  }
  return infos;
}

/** Name, type and sizes of a value. */
export function valueInfo(name: string, { dtype }: Pick<Value, 'dtype'>, dims: readonly Dim[]): ValueInfoProto {
  const dim = dims.map((size, d): TensorShapeProto_Dimension => {
    if (typeof size === 'number') return { dimValue: size };
    return { dimParam: size.kind === 'unknown' ? `${name}_dim_${d}` : String(size) };
  });
  return { name, type: { tensorType: { elemType: onnxType[dtype], shape: { dim } } } };
}
