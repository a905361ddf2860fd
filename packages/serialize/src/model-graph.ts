/** A model as the graph that TensorBoard draws. */
import {
  ArgumentError,
  describe,
  type Graph,
  type Shape,
  type Tensor,
  trace,
  type Value,
  withoutGrad,
  withScope,
} from '@tenfold/tensor-core';
import { GraphDef, type NodeDef } from './generated/tensorboard.ts';

type Forward = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** A model: a function of tensors, or any object with `forward`. With what a `Module` of `@tenfold/nn` has besides, layers get their names. */
export type TracedModel = Forward | ModuleLike;

interface ModuleLike {
  forward(...inputs: never[]): Tensor | readonly Tensor[];
  namedModules?(): Iterable<readonly [name: string, module: ChildLike]>;
  namedParameters?(): Iterable<readonly [name: string, tensor: Tensor]>;
  namedBuffers?(): Iterable<readonly [name: string, tensor: Tensor]>;
}

interface ChildLike {
  training?: boolean;
  registerForwardWrapper?(
    wrapper: (module: unknown, args: readonly unknown[], next: (...args: readonly unknown[]) => unknown) => unknown,
  ): { remove(): void };
}

/** Traces the model in evaluation mode, and gives a `GraphDef`. */
export function graphBytes(model: TracedModel, inputs: readonly Tensor[]): Uint8Array {
  if (typeof model === 'function')
    return GraphDef.encode(
      graphDef(trace((...x) => model(...x), inputs).graph, model.name || 'model', new Map()),
    ).finish();
  if (typeof model !== 'object' || typeof model?.forward !== 'function')
    throw new ArgumentError(
      `addGraph: the model must be a function or an object with forward(…), got ${describe(model)}`,
    );
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of [...(model.namedParameters?.() ?? []), ...(model.namedBuffers?.() ?? [])])
    if (!names.has(tensor)) names.set(tensor, name);
  const modules = [...(model.namedModules?.() ?? [])];
  const training = modules.filter(([, module]) => module.training === true);
  const hooks = modules.map(([path, module]) =>
    path === ''
      ? undefined
      : module.registerForwardWrapper?.((_, args, next) =>
          withScope(path.split('.').at(-1) as string, () => next(...args)),
        ),
  );
  try {
    for (const [, module] of training) module.training = false;
    const { graph } = withoutGrad(() => trace((...x) => (model.forward as Forward)(...x), inputs));
    const kind = model.constructor === Object ? 'model' : model.constructor.name;
    return GraphDef.encode(graphDef(graph, kind, names)).finish();
  } finally {
    for (const hook of hooks) hook?.remove();
    for (const [, module] of training) module.training = true;
  }
}

/** The ops of the graph, below the modules that ran them. */
function graphDef(graph: Graph, model: string, names: ReadonlyMap<Tensor, string>): GraphDef {
  const nodes: NodeDef[] = [];
  const taken = new Map<string, number>();
  /** `a/b`, then `a/b_1`. */
  const unique = (name: string): string => {
    const n = taken.get(name) ?? 0;
    taken.set(name, n + 1);
    return n === 0 ? name : unique(`${name}_${n}`);
  };
  /** What stands in a node's list of inputs for each value. */
  const places = new Map<Value, string>();
  const add = (
    name: string,
    op: string,
    input: readonly string[],
    outputs: readonly { readonly shape: Shape; readonly dtype: string }[],
    about: string,
  ): string => {
    const unused = unique(name);
    const shape = outputs.map((output) => ({ dim: output.shape.map((size) => ({ size })) }));
    nodes.push({
      name: unused,
      op,
      input: [...input],
      attr: {
        _output_shapes: { list: { shape } },
        attr: { s: new TextEncoder().encode(about) },
        dtype: { s: new TextEncoder().encode(outputs.map(({ dtype }) => dtype).join(', ')) },
      },
    });
    return unused;
  };
  let arguments_ = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    const parameter = names.get(tensor);
    const name =
      kind === 'argument'
        ? `input/${arguments_++}`
        : `${model}/${parameter === undefined ? 'constant' : parameter.replaceAll('.', '/')}`;
    const op = kind === 'argument' ? 'IO Node' : parameter === undefined ? 'Constant' : 'Parameter';
    places.set(value, add(name, op, [], [value], ''));
  }
  for (const { spec, inputs, attrs, outputs, scope } of graph.nodes) {
    const from = inputs.flatMap((input) => (typeof input === 'object' && input !== null ? [places.get(input)] : []));
    const name = add(
      [model, ...scope, spec.name].join('/'),
      spec.name,
      from.filter((place) => place !== undefined),
      outputs,
      attributesText(attrs, inputs),
    );
    outputs.forEach((output, i) => places.set(output, i === 0 ? name : `${name}:${i}`));
  }
  graph.outputs.forEach((value, i) => {
    const place = places.get(value);
    add(`output/${i}`, 'IO Node', place === undefined ? [] : [place], [value], '');
  });
  // the version is what torch.utils.tensorboard says
  return { node: nodes, versions: { producer: 22 } };
}

/** Attributes, and numbers among the inputs, as text. */
function attributesText(attrs: object | null, inputs: readonly unknown[]): string {
  const numbers = inputs.flatMap((input, i) => (typeof input === 'number' ? [[`input ${i}`, input] as const] : []));
  return [...Object.entries(attrs ?? {}), ...numbers]
    .filter(([, value]) =>
      value !== undefined && value !== null && typeof value !== 'object' ? true : Array.isArray(value),
    )
    .map(([name, value]) => `${name}=${Array.isArray(value) ? `[${value}]` : value}`)
    .join(', ');
}
