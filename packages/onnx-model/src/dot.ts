/** A model as a picture, in the DOT language of Graphviz (https://graphviz.org/doc/info/lang.html). */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from './generated/onnx.ts';
import { attributeValue, tensorText, typeText } from './print.ts';

/** Colours of kinds of ops: what has weights, what normalises, what is computed element by element, what moves data. */
const colours: readonly (readonly [colour: string, ops: RegExp])[] = [
  ['#cfe2ff', /^(Conv|Gemm|MatMul|Einsum|LSTM|GRU|RNN|Attention|DeformConv|QLinear|DynamicQuantize)/],
  ['#d1f0d9', /(Normalization|Norm|Softmax|LRN)/],
  [
    '#ffe0cc',
    /^(Relu|Sigmoid|Tanh|Gelu|Elu|Selu|Celu|Mish|Hard|LeakyRelu|PRelu|Softplus|Softsign|Swish|ThresholdedRelu|Clip)/,
  ],
  ['#fff2b3', /Pool|^Reduce|^ArgM|^TopK|^CumSum/],
  [
    '#e6e6e6',
    /^(Reshape|Transpose|Squeeze|Unsqueeze|Flatten|Concat|Split|Slice|Gather|Scatter|Expand|Tile|Pad|Shape|Cast|Identity|Resize)/,
  ],
  ['#ead7f5', /^(If|Loop|Scan)$/],
];

const escape = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they have no place in XML
  text.replace(/[\x00-\x1f\x7f]/g, ' ').replace(/[&<>"\\]/g, (c) => `&#${c.charCodeAt(0)};`);

const short = (text: string, length = 60): string => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** Where a value comes from: a node of the picture, or a constant, which is shown with what reads it. */
type Source = { readonly id: string; readonly type: string } | { readonly text: string };

/** Writes graphs, one after the other. */
class Picture {
  readonly lines: string[] = [];
  #next = 0;

  graph(graph: GraphProto, outer: ReadonlyMap<string, Source>, indent: string): void {
    const infos = [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])];
    const types = new Map(infos.map((info) => [info.name ?? '', typeText(info)]));
    const sources = new Map(outer);
    for (const x of graph.initializer ?? []) sources.set(x.name ?? '', { text: `${x.name}: ${weightText(x)}` });
    for (const info of graph.input ?? []) {
      const { name = '' } = info;
      if (graph.initializer?.some((x) => x.name === name)) continue;
      sources.set(name, { id: this.end(name, types.get(name) ?? '', indent), type: types.get(name) ?? '' });
    }
    this.nodes(graph.node ?? [], sources, types, indent);
    for (const { name = '' } of graph.output ?? []) this.output(name, types.get(name) ?? '', sources, indent);
  }

  /** A box for an input or output. */
  end(name: string, type: string, indent: string): string {
    const id = this.#id();
    this.lines.push(
      `${indent}${id} [shape=ellipse, fillcolor="#ffffff", label=<<b>${escape(short(name))}</b><br/>${escape(type)}>];`,
    );
    return id;
  }

  output(name: string, type: string, sources: ReadonlyMap<string, Source>, indent: string): void {
    const source = sources.get(name);
    const id = this.end(name, type, indent);
    if (source && 'id' in source) this.edge(source.id, id, '', indent);
  }

  nodes(
    nodes: readonly NodeProto[],
    sources: Map<string, Source>,
    types: ReadonlyMap<string, string>,
    indent: string,
  ): void {
    for (const node of nodes) {
      const { opType = '', input = [], output = [], attribute = [] } = node;
      if (opType === 'Constant' && !node.domain) {
        const text = attribute.map((x) => attributeValue(x)).join(', ');
        for (const name of output) sources.set(name, { text: short(text, 40) });
        continue;
      }
      const id = this.#id();
      const read = input.map((name) => [name, sources.get(name)] as const);
      const weights = read.flatMap(([, source]) => (source && 'text' in source ? [source.text] : []));
      const plain = attribute.filter((x) => !x.g && !x.graphs?.length);
      const settings = plain.map((x) => `${x.name} = ${x.refAttrName ? `@${x.refAttrName}` : attributeValue(x)}`);
      this.lines.push(`${indent}${id} [fillcolor="${colourOf(node)}", label=${label(node, weights, settings)}];`);
      for (const [, source] of read) if (source && 'id' in source) this.edge(source.id, id, source.type, indent);
      for (const { name = '', g, graphs = [] } of attribute) {
        for (const graph of [...(g ? [g] : []), ...graphs]) {
          this.lines.push(
            `${indent}subgraph cluster_${id}_${this.#next} {`,
            `${indent}  label="${escape(`${opType} ${name}`)}";`,
          );
          this.graph(graph, sources, `${indent}  `);
          this.lines.push(`${indent}}`);
        }
      }
      for (const name of output) if (name) sources.set(name, { id, type: types.get(name) ?? '' });
    }
  }

  edge(from: string, to: string, type: string, indent: string): void {
    this.lines.push(`${indent}${from} -> ${to}${type ? ` [label=<${escape(short(type))}>]` : ''};`);
  }

  #id(): string {
    return `n${this.#next++}`;
  }
}

const weightText = (tensor: TensorProto): string => short(tensorText(tensor), 40);

const colourOf = ({ opType = '', domain }: NodeProto): string =>
  domain ? '#ffd6e7' : (colours.find(([, ops]) => ops.test(opType))?.[0] ?? '#f4f4f4');

/** The op in bold, then its weights and settings in small letters. */
function label({ opType = '', domain }: NodeProto, weights: readonly string[], settings: readonly string[]): string {
  const details = [...weights, ...settings].map((text) => escape(short(text)));
  const shown = details.length > 8 ? [...details.slice(0, 8), `and ${details.length - 8} more`] : details;
  const small = shown.map((text) => `<br align="left"/><font point-size="9">${text}</font>`).join('');
  const head = `${domain ? `${escape(domain)}::` : ''}${escape(opType)}`;
  return `<<b>${head}</b>${small}${small ? '<br align="left"/>' : ''}>`;
}

/**
 * The model as a graph for Graphviz: nodes with their attributes and weights inside, edges with dtypes and shapes, subgraphs and functions in boxes of
 * their own.
 *
 * @example
 * writeFileSync('model.dot', toDot(decodeModel(bytes))); // dot -Tsvg model.dot -o model.svg
 */
export function toDot(model: ModelProto): string {
  const picture = new Picture();
  picture.graph(model.graph ?? {}, new Map(), '  ');
  (model.functions ?? []).forEach((f, i) => {
    picture.lines.push(
      `  subgraph cluster_function_${i} {`,
      `    label="${escape(`function ${f.domain ?? ''}::${f.name ?? ''}`)}";`,
    );
    const sources = new Map<string, Source>();
    for (const name of f.input ?? []) sources.set(name, { id: picture.end(name, '', '    '), type: '' });
    picture.nodes(f.node ?? [], sources, new Map(), '    ');
    for (const name of f.output ?? []) picture.output(name, '', sources, '    ');
    picture.lines.push('  }');
  });
  return [
    `digraph "${escape(model.graph?.name ?? '')}" {`,
    '  rankdir=TB;',
    '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=12, color="#666666"];',
    '  edge [fontname="Helvetica", fontsize=9, color="#666666", fontcolor="#444444", arrowsize=0.7];',
    '  graph [fontname="Helvetica", fontsize=10, style="rounded", color="#999999", ranksep=0.35];',
    ...picture.lines,
    '}',
    '',
  ].join('\n');
}
