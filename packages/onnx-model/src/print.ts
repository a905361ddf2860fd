/** A model as text: what `verbose` shows. */
import { OnnxModelError } from '@tenfold/tensor-core';
import { tensorData } from './data.ts';
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './generated/onnx.ts';
import { attributeText, dtypeOf, onnxType } from './tensor.ts';

const dtypeName = (type: number | undefined): string => dtypeOf(type ?? 0) ?? '?';

export function typeText({ type }: ValueInfoProto): string {
  const { elemType, shape } = type?.tensorType ?? {};
  const dims = shape?.dim?.map(({ dimParam, dimValue }) => dimParam ?? String(dimValue ?? '?')).join(', ') ?? '…';
  return `${dtypeName(elemType)}[${dims}]`;
}

/** A float32 without the digits that only its float64 has. */
const floatText = (x: number): string => String(Number(x.toPrecision(7)));

/** The type of a tensor, with its elements if they are few. */
export function tensorText(tensor: TensorProto): string {
  const head = `${dtypeName(tensor.dataType)}[${(tensor.dims ?? []).join(', ')}]`;
  const few = (tensor.dims ?? []).reduce((n, size) => n * size, 1) <= 16 && (tensor.rawData?.length ?? 0) <= 64;
  const isHalf = tensor.dataType === onnxType.float16 || tensor.dataType === onnxType.bfloat16;
  if (!few || isHalf) return head;
  try {
    const isFloat32 = tensor.dataType === onnxType.float32;
    const texts = Array.from<unknown, string>(tensorData(tensor), (x) =>
      isFloat32 ? floatText(Number(x)) : String(x),
    );
    return `${head} {${texts.join(', ')}}`;
  } catch (error) {
    // a text is wanted of models that are not sound, too
    if (error instanceof OnnxModelError) return head;
    throw error;
  }
}

export function attributeValue(x: AttributeProto): string {
  switch (x.type) {
    case AttributeType.FLOAT:
      return floatText(x.f ?? 0);
    case AttributeType.INT:
      return String(x.i);
    case AttributeType.STRING:
      return `"${attributeText(x.s ?? new Uint8Array())}"`;
    case AttributeType.FLOATS:
      return `[${x.floats?.map(floatText).join(', ')}]`;
    case AttributeType.INTS:
      return `[${x.ints?.join(', ')}]`;
    case AttributeType.STRINGS:
      return `[${x.strings?.map((s) => `"${attributeText(s)}"`).join(', ')}]`;
    case AttributeType.TENSOR:
      return x.t ? tensorText(x.t) : '';
    case AttributeType.GRAPH:
      return 'graph';
    case AttributeType.GRAPHS:
      return `${x.graphs?.length ?? 0} graphs`;
    default:
      return '…';
  }
}

/** A node and, below it, the graphs inside of it. */
function nodeLines(
  node: NodeProto,
  types: ReadonlyMap<string, string>,
  options: PrintOptions,
  indent = '  ',
): string[] {
  const inner = (node.attribute ?? []).flatMap(({ name = '', g, graphs = [] }) =>
    [...(g ? [g] : []), ...graphs].flatMap((graph) => subgraphLines(name, graph, options, `${indent}  `)),
  );
  return [indent + nodeText(node, types, options), ...inner];
}

function subgraphLines(name: string, graph: GraphProto, options: PrintOptions, indent: string): string[] {
  const inputs = (graph.input ?? []).map((info) => `%${info.name} : ${typeText(info)}`).join(', ');
  const types = typesOf(graph);
  return [
    `${indent}${name}(${inputs}) {`,
    ...(graph.initializer ?? []).map((x) => `${indent}  %${x.name} : ${tensorText(x)} initializer,`),
    ...(graph.node ?? []).flatMap((node) => nodeLines(node, types, options, `${indent}  `)),
    `${indent}  return ${(graph.output ?? []).map((output) => `%${output.name}`).join(', ')}`,
    `${indent}}`,
  ];
}

function typesOf({ input = [], output = [], valueInfo = [] }: GraphProto): Map<string, string> {
  return new Map([...input, ...output, ...valueInfo].map((info) => [info.name ?? '', typeText(info)]));
}

/** Options of {@link printModel}. */
export interface PrintOptions {
  /** Shows the `metadata_props` of nodes behind them: where Tenfold's exporter says they come from. Default false. */
  metadata?: boolean;
}

const metadataText = (node: NodeProto): string =>
  node.metadataProps?.length
    ? `  # ${node.metadataProps.map(({ key = '', value }) => `${key.replace(/^tenfold\./, '')}: ${value}`).join(', ')}`
    : '';

function nodeText(node: NodeProto, types: ReadonlyMap<string, string>, { metadata = false }: PrintOptions): string {
  const outputs = (node.output ?? [])
    .map((name) => `%${name}${types.has(name) ? ` : ${types.get(name)}` : ''}`)
    .join(', ');
  const attributes = node.attribute?.length
    ? `[${node.attribute.map((x) => `${x.name}=${attributeValue(x)}`).join(', ')}]`
    : '';
  const inputs = (node.input ?? []).map((name) => (name ? `%${name}` : '(none)')).join(', ');
  return `${outputs} = ${node.domain || 'onnx'}::${node.opType}${attributes}(${inputs})${metadata ? metadataText(node) : ''}`;
}

/** The model as a listing: inputs, initialisers, one node a line with types and attributes, functions. */
export function printModel(model: ModelProto, options: PrintOptions = {}): string {
  const graph = model.graph ?? {};
  const types = typesOf(graph);
  const opsets = (model.opsetImport ?? []).map(({ domain, version }) => `${domain || 'onnx'} ${version}`).join(', ');
  const lines = [`model "${graph.name}" (IR ${model.irVersion}, opset ${opsets})`, 'graph('];
  for (const info of graph.input ?? []) lines.push(`  %${info.name} : ${typeText(info)},`);
  for (const x of graph.initializer ?? []) lines.push(`  %${x.name} : ${tensorText(x)} initializer,`);
  lines.push(') {', ...(graph.node ?? []).flatMap((node) => nodeLines(node, types, options)));
  lines.push(`  return ${(graph.output ?? []).map(({ name }) => `%${name}`).join(', ')}`, '}');
  for (const f of model.functions ?? []) {
    lines.push(`function ${f.domain}::${f.name}(${(f.input ?? []).map((name) => `%${name}`).join(', ')}) {`);
    lines.push(...(f.node ?? []).flatMap((node) => nodeLines(node, new Map(), options)));
    lines.push(`  return ${(f.output ?? []).map((name) => `%${name}`).join(', ')}`, '}');
  }
  return lines.join('\n');
}
