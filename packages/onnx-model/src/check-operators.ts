/** What a model's nodes are, against what ONNX says of its operators. The list is large, so this stands apart from `checkModel`. */
import type { GraphProto, ModelProto, NodeProto } from './generated/onnx.ts';
import { schemas } from './generated/schemas.ts';

/** One version of an operator. */
interface Schema {
  readonly since: number;
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: readonly [least: number, most: number];
  readonly attributes: ReadonlySet<string>;
  readonly required: readonly string[];
  readonly removed: boolean;
}

const number = (text: string): number => (text === '*' ? Number.POSITIVE_INFINITY : Number(text));

function parse(row: string): Schema {
  const [since, ...rest] = row.split(',');
  const [a = '0', b = '0', c = '0', d = '0', list = ''] = rest;
  const attributes = list ? list.split(' ') : [];
  return {
    since: Number(since),
    inputs: [number(a), number(b)],
    outputs: [number(c), number(d)],
    attributes: new Set(attributes.map((name) => name.replace('!', ''))),
    required: attributes.filter((name) => name.endsWith('!')).map((name) => name.slice(0, -1)),
    removed: a === '-',
  };
}

/** The schemas of ONNX's own operators, by name, oldest first. */
function readSchemas(): Map<string, readonly Schema[]> {
  return new Map(
    schemas
      .trim()
      .split('\n')
      .map((line) => {
        const [name, rows] = line.split(':');
        return [name, rows.split(';').map(parse)] as const;
      }),
  );
}

/** The version of an operator that counts in an opset. */
const versionIn = (versions: readonly Schema[], opset: number): Schema | undefined =>
  versions.filter(({ since }) => since <= opset).at(-1);

/**
 * Compares the nodes of ONNX's own domain with its operators (https://onnx.ai/onnx/operators): whether the opset has them, the numbers of inputs and
 * outputs, and the names of attributes.
 *
 * @returns a sentence for each problem, with the name of the node; none if all is well.
 */
export function checkOperators(model: ModelProto): string[] {
  const known = readSchemas();
  const local = new Set((model.functions ?? []).map(({ domain, name }) => `${domain ?? ''}::${name}`));
  const problems: string[] = [];
  const nodes = (list: readonly NodeProto[], opset: number, where: string): void => {
    for (const node of list) {
      const { domain = '', opType = '' } = node;
      if ((domain === '' || domain === 'ai.onnx') && !local.has(`${domain}::${opType}`))
        problems.push(...nodeProblems(node, known.get(opType), opset).map((text) => where + text));
      for (const { g, graphs = [] } of node.attribute ?? [])
        for (const graph of [...(g ? [g] : []), ...graphs]) nodes(graph.node ?? [], opset, where);
    }
  };
  const opsetOf = (imports: ModelProto['opsetImport']): number =>
    imports?.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 1;
  nodes(model.graph?.node ?? [], opsetOf(model.opsetImport), '');
  for (const f of model.functions ?? [])
    nodes(f.node ?? [], opsetOf(f.opsetImport), `in function '${f.domain}::${f.name}': `);
  return problems;
}

function nodeProblems(node: NodeProto, versions: readonly Schema[] | undefined, opset: number): string[] {
  const { name = '', opType = '', input = [], output = [], attribute = [] } = node;
  const where = `node '${name}' (${opType})`;
  if (!versions) return [`${where}: ONNX has no operator of this name`];
  const schema = versionIn(versions, opset);
  if (!schema)
    return [`${where}: the operator is part of ONNX from opset ${versions[0].since} on, the model says ${opset}`];
  if (schema.removed)
    return [`${where}: the operator was taken out of ONNX in opset ${schema.since}, the model says ${opset}`];
  const problems: string[] = [];
  const count = (what: string, values: readonly string[], [least, most]: readonly [number, number]): void => {
    if (values.length > most)
      problems.push(`${where} has ${values.length} ${what}, the operator takes at most ${most}`);
    if (values.length < least) problems.push(`${where} has ${values.length} ${what}, the operator needs ${least}`);
  };
  count('inputs', input, schema.inputs);
  count('outputs', output, schema.outputs);
  const given = new Set(attribute.map((x) => x.name ?? ''));
  for (const x of given) {
    if (schema.attributes.has(x)) continue;
    const other = versions.find((version) => version.attributes.has(x));
    const hint = other ? `; opset ${other.since} has it` : '';
    problems.push(`${where}: version ${schema.since} of the operator has no attribute '${x}'${hint}`);
  }
  for (const x of schema.required) if (!given.has(x)) problems.push(`${where} lacks the attribute '${x}'`);
  return problems;
}

/** Values that a model has for nothing: those that no node and no output reads. */
export interface Unused {
  readonly inputs: readonly string[];
  readonly initializers: readonly string[];
  /** Nodes none of whose results are read. */
  readonly nodes: readonly string[];
}

/** What could be left out of a model without changing its outputs. */
export function unusedValues({ graph = {} }: ModelProto): Unused {
  const read = new Set<string>();
  const walk = (inner: GraphProto): void => {
    for (const { name } of inner.output ?? []) if (name) read.add(name);
    for (const node of inner.node ?? []) {
      for (const name of node.input ?? []) if (name) read.add(name);
      for (const { g, graphs = [] } of node.attribute ?? [])
        for (const each of [...(g ? [g] : []), ...graphs]) walk(each);
    }
  };
  walk(graph);
  const unread = (list: readonly { name?: string | undefined }[] | undefined): string[] =>
    (list ?? []).map(({ name = '' }) => name).filter((name) => !read.has(name));
  const initializers = new Set(graph.initializer?.map(({ name }) => name));
  return {
    inputs: unread(graph.input).filter((name) => !initializers.has(name)),
    initializers: unread(graph.initializer),
    nodes: (graph.node ?? [])
      .filter(({ output = [] }) => !output.some((name) => read.has(name)))
      .map(({ name = '' }) => name),
  };
}
