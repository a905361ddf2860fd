/** onnxruntime's JavaScript has no bfloat16 tensors: to compare a model, they go in and come out as float32, which holds all of them. */
import { ModelProto, onnxType, type ValueInfoProto } from '@tenfold/onnx-model';

/** The model with its bfloat16 inputs and outputs in float32, cast inside; the same bytes if it has none. */
export function withFloat32Edges(bytes: Uint8Array): Uint8Array {
  const model = ModelProto.decode(bytes);
  const cast = float32Edges(model);
  return cast === model ? bytes : ModelProto.encode(cast).finish();
}

/** {@link withFloat32Edges} of a model that is not encoded; the same model if there is nothing to cast. */
export function float32Edges(model: ModelProto): ModelProto {
  const { graph } = model;
  const isHalf = ({ type }: ValueInfoProto): boolean => type?.tensorType?.elemType === onnxType.bfloat16;
  const inputs = graph?.input?.filter(isHalf) ?? [];
  const outputs = graph?.output?.filter(isHalf) ?? [];
  if (!graph || inputs.length + outputs.length === 0) return model;
  const inside = new Map([...inputs, ...outputs].map(({ name = '' }) => [name, `${name}/bfloat16`]));
  const renamed = (names: readonly string[] = []): string[] => names.map((name) => inside.get(name) ?? name);
  const nodes = (graph.node ?? []).map((node) => ({
    ...node,
    input: renamed(node.input),
    output: renamed(node.output),
  }));
  const cast = (from: string, to: string, dtype: number): (typeof nodes)[number] => ({
    input: [from],
    output: [to],
    name: `/edges/${to}`,
    opType: 'Cast',
    attribute: [{ name: 'to', type: 2, i: dtype }],
  });
  const name = (info: ValueInfoProto): string => info.name ?? '';
  const float32 = (info: ValueInfoProto): ValueInfoProto =>
    isHalf(info) ? { ...info, type: { tensorType: { ...info.type?.tensorType, elemType: onnxType.float32 } } } : info;
  const edged = {
    ...graph,
    node: [
      ...inputs.map((info) => cast(name(info), `${name(info)}/bfloat16`, onnxType.bfloat16)),
      ...nodes,
      ...outputs.map((info) => cast(`${name(info)}/bfloat16`, name(info), onnxType.float32)),
    ],
    input: graph.input?.map(float32),
    output: graph.output?.map(float32),
  };
  return { ...model, graph: edged };
}
