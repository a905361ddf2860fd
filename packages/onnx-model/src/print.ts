/** A model as text: what `verbose` shows. */
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from './generated/onnx.ts';
import { attributeText, dtypeOf } from './tensor.ts';

const dtypeName = (type: number | undefined): string => dtypeOf(type ?? 0) ?? '?';

function typeText({ type }: ValueInfoProto): string {
  const { elemType, shape } = type?.tensorType ?? {};
  const dims = shape?.dim?.map(({ dimParam, dimValue }) => dimParam ?? String(dimValue)).join(', ') ?? '…';
  return `${dtypeName(elemType)}[${dims}]`;
}

function tensorText({ dataType, dims, rawData }: TensorProto): string {
  const dtype = dtypeName(dataType);
  const head = `${dtype}[${(dims ?? []).join(', ')}]`;
  const size = rawData?.length ?? 0;
  if (!rawData || size > 64) return head;
  const view = new DataView(rawData.buffer, rawData.byteOffset, size);
  const values: (number | bigint)[] = [];
  if (dtype === 'int64') for (let i = 0; i < size; i += 8) values.push(view.getBigInt64(i, true));
  else if (dtype === 'float64') for (let i = 0; i < size; i += 8) values.push(view.getFloat64(i, true));
  else if (dtype === 'float32') for (let i = 0; i < size; i += 4) values.push(view.getFloat32(i, true));
  else if (dtype === 'int32') for (let i = 0; i < size; i += 4) values.push(view.getInt32(i, true));
  else if (dtype === 'bool' || dtype === 'uint8') values.push(...rawData);
  else return head;
  return `${head} {${values.join(', ')}}`;
}

function attributeValue(x: AttributeProto): string {
  switch (x.type) {
    case AttributeType.FLOAT:
      return String(x.f);
    case AttributeType.INT:
      return String(x.i);
    case AttributeType.STRING:
      return `"${attributeText(x.s ?? new Uint8Array())}"`;
    case AttributeType.FLOATS:
      return `[${x.floats?.join(', ')}]`;
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
