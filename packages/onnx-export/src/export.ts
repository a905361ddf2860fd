/** From a model to the bytes of an ONNX file. */
import { functionOf } from '@tenfold/autograd';
import {
  checkModel,
  encode,
  everyNode,
  type FunctionProto,
  type GraphProto,
  ModelProto,
  printModel,
  type TensorProto,
  tensorProto,
} from '@tenfold/onnx-model';
import {
  type DType,
  dispatch,
  type GraphNode,
  isTensor,
  isTracing,
  OnnxExportError,
  type Tensor,
  type TypedArray,
  type Value,
} from '@tenfold/tensor-core';
import { Body, Ref } from './builder.ts';
import type { Frame, SizeSource, Weights } from './context.ts';
import type { Dim } from './dims.ts';
import { deferring, largestMessage, type Storage } from './external.ts';
import { type Lowering, lowerNodes } from './lower.ts';
import { type ExportableModel, type Runner, traceAll, withModel } from './model.ts';
import {
  axesOf,
  checkKeys,
  outputNamesOf,
  readOptions,
  type Settings,
  type ToOnnxOptions,
  toOnnxOptionNames,
} from './options.ts';
import { runPasses } from './passes.ts';
import { nameOfState } from './state.ts';
import { type Arguments, type ExampleInputs, type Path, pathText, readArguments } from './structure.ts';
import { symbolsFor } from './symbols/rows.ts';
import { type UnifiedGraph, unify } from './unify.ts';
import { intermediate, valueInfo } from './value-info.ts';

/**
 * Exports a model as the bytes of an ONNX file (https://pytorch.org/docs/stable/onnx_torchscript.html). The model is run in evaluation mode on the
 * example inputs and, for every dynamic axis, on inputs of other sizes; both must run the same ops.
 *
 * @param inputs the example inputs, of the shapes and dtypes that the file will take.
 * @returns the same bytes for the same model and options.
 * @throws OnnxExportError if the model can't be written faithfully; the message names the op.
 * @example
 * const bytes = await toOnnx((x: Tensor) => x.relu(), [zeros([1, 2])], { dynamicAxes: { x: { 0: 'batch' } } });
 */
export async function toOnnx(
  model: ExportableModel,
  inputs: ExampleInputs,
  options: ToOnnxOptions = {},
): Promise<Uint8Array> {
  checkKeys('toOnnx', options, toOnnxOptionNames);
  return encodeModel(await buildModel(model, inputs, options));
}

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  const bytes = ModelProto.encode(model).finish();
  // nothing reads longer messages, though they can be written
  if (bytes.length > largestMessage)
    throw new OnnxExportError(`the model takes ${bytes.length} bytes, and an ONNX file ends at 2 GiB`);
  return bytes;
}

/** The example inputs, taken apart and checked. */
export function readInputs(inputs: unknown): Arguments {
  const args = readArguments(inputs);
  args.tensors.forEach((tensor, i) => {
    const name = `example input ${pathText(args.paths[i])}`;
    if (tensor.isDisposed)
      throw new OnnxExportError(`${name} was disposed; keep it out of tidy(), or dispose it after the export`);
    // as in PyTorch: an example is a value, and what hangs on it would be lost silently
    if (tensor.gradFn !== null)
      throw new OnnxExportError(
        `${name} is the result of a recorded op (${tensor.gradFn.name}): a file starts at its inputs. Pass detach() of it, or make the example under noGrad`,
      );
  });
  if (isTracing())
    throw new OnnxExportError(
      'a model is exported by itself, not inside of a function that is being traced (by vmap, compile or another export); export it outside',
    );
  return args;
}

/** The model of the file, checked. */
export async function buildModel(
  model: ExportableModel,
  inputs: ExampleInputs,
  options: ToOnnxOptions,
  storage: Storage | null = null,
): Promise<ModelProto> {
  const examples = readInputs(inputs);
  const settings = readOptions(examples, options);
  // the model is as it was before anything is awaited: another export of it may begin by then
  const traced = withModel(
    model,
    (runner) => ({
      runner,
      ...traceAll(runner, examples, settings.axes, settings.training !== 'eval', settings.metadata),
    }),
    settings.training,
  );
  const assembled = await assemble(unify(traced.graphs, traced.points), traced.runner, settings, {
    ...traced,
    storage,
  });
  const proto = runPasses(assembled, settings, options);
  checkModel(proto);
  const { verbose } = options;
  if (typeof verbose === 'function') verbose(printModel(proto));
  else if (verbose) console.log(printModel(proto));
  return proto;
}

/** A number of the program that is an input of the file, of shape `[]`. */
export interface ScalarInput {
  readonly name: string;
  readonly dtype: DType;
  /** The name of an output that is 1 more. */
  readonly next?: string;
}

/** What a training step has beside a model. */
export interface Stepping {
  /** Names of captured tensors that are inputs of the file. */
  readonly state: ReadonlySet<string>;
  readonly scalars: readonly ScalarInput[];
}

/** What the outputs of a graph are: what forward returns, and then state that it changes. */
export interface OutputLayout {
  readonly paths: readonly Path[];
  readonly stateNames: readonly string[];
  /** How parameters are stored. Default: in the model. */
  readonly storage?: Storage | null;
}

/** Writes the graph, its functions and its constants. */
export async function assemble(
  unified: UnifiedGraph,
  runner: Runner,
  settings: Settings,
  { paths, stateNames, storage = null }: OutputLayout,
  { state, scalars }: Stepping = { state: new Set(), scalars: [] },
): Promise<ModelProto> {
  const { graph } = unified;
  const outputNames = [...outputNamesOf(settings, paths), ...stateNames];
  const body = new Body(settings.opset);
  const numbers = scalars.flatMap(({ name, next }) => (next === undefined ? [name] : [name, next]));
  for (const name of [...settings.inputNames, ...outputNames, ...numbers]) body.unique(name);
  if (settings.metadata) body.origin = { modules: runner.modules, scope: [], ops: [], line: undefined };

  const env = new Map<Value, Ref>();
  const sources: SizeSource[] = [];
  const constants = new Map<Value, TypedArray>();
  const parameters = new Map<string, { readonly value: Value; readonly tensor: Tensor }>();
  const captured = graph.inputs.filter(({ kind }) => kind === 'captured').map(({ tensor }) => tensor);
  const [isDeferred, inFunctions] = [deferring(captured, storage), valuesOfFunctions(graph.nodes)];
  let next = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    if (kind === 'argument') {
      const ref = new Ref(settings.inputNames[next++], value.dtype);
      env.set(value, ref);
      unified.dims(value).forEach((dim, axis) => sources.push({ ref, axis, dim }));
      continue;
    }
    const name = body.unique(nameOfState(tensor, runner.names) ?? 'constant');
    parameters.set(name, { value, tensor });
    env.set(value, new Ref(name, value.dtype));
    if (!isDeferred(tensor) || inFunctions.has(value)) constants.set(value, await tensor.detach().toTypedArray());
  }

  const folded = await foldFactories(graph.nodes, unified);
  const derived: TensorProto[] = [];
  const weights: Weights = {
    data: (value) => (state.has(env.get(value)?.name ?? '') ? undefined : constants.get(value)),
    add(wanted, data, dtype, shape) {
      const name = body.unique(wanted);
      derived.push(tensorProto(name, dtype, shape, encode(data, dtype)));
      return new Ref(name, dtype);
    },
  };
  const scalarRefs = new Map(scalars.map(({ name, dtype }) => [name, new Ref(name, dtype)]));
  const frame: Frame = { body, unified, env, sources, folded, weights, scalars: scalarRefs };
  const lowering: Lowering = {
    opset: settings.opset,
    customOps: settings.customOps,
    functions: new Map(),
    constants,
    customOpsets: settings.customOpsets,
    symbolOf: symbolsFor(settings),
  };
  lowerNodes(graph.nodes, frame, lowering);
  nameOutputs(graph.outputs, outputNames, frame);
  const read = body.prune(outputNames);
  const inUse = scalars.filter(({ name }) => read.has(name));
  const counters = inUse.filter(({ next }) => next !== undefined);
  for (const { name, dtype, next } of counters) {
    const [sum] = body.add('Add', [scalarRefs.get(name) ?? null, body.constant([1], dtype, [])]);
    body.rename(sum.name, next as string);
  }
  const allOutputs = [...outputNames, ...counters.map(({ next }) => next as string)];
  const needed = body.prune(allOutputs);
  storage?.traced?.(graph, env);

  const initializer: TensorProto[] = [];
  for (const [name, { value, tensor }] of parameters) {
    if (!needed.has(name)) continue;
    const data = constants.get(value);
    if (state.has(name)) continue;
    if (data) initializer.push(tensorProto(name, value.dtype, value.shape, encode(data, value.dtype)));
    else if (storage) initializer.push(storage.deferred.proto(name, tensor));
  }
  initializer.push(...derived.filter(({ name = '' }) => needed.has(name)));

  const proto: GraphProto = {
    name: runner.name,
    node: body.nodes,
    initializer,
    input: [
      ...graph.inputs
        .filter(({ kind }) => kind === 'argument')
        .map(({ value }, i) => valueInfo(settings.inputNames[i], value, unified.dims(value))),
      ...inUse.map(({ name, dtype }) => valueInfo(name, { dtype }, [])),
      ...[...parameters]
        .filter(([name]) => state.has(name) && needed.has(name))
        .map(([name, { value }]) => valueInfo(name, value, value.shape)),
    ],
    output: [
      ...graph.outputs.map((value, k) =>
        valueInfo(outputNames[k], value, outputDims(value, outputNames[k], unified, settings)),
      ),
      ...counters.map(({ next, dtype }) => valueInfo(next as string, { dtype }, [])),
    ],
    valueInfo: intermediate(body, frame, allOutputs),
  };
  const used = new Set([...everyNode(body.nodes)].map((node) => `${node.domain ?? ''}::${node.opType}`));
  return modelProto(
    proto,
    body,
    [...lowering.functions].filter(([key]) => reachable(key, used, lowering.functions)).map(([, f]) => f),
    settings,
  );
}

/** Whether a function is called by the graph, or by a function that is. */
function reachable(key: string, used: ReadonlySet<string>, functions: ReadonlyMap<string, FunctionProto>): boolean {
  if (used.has(key)) return true;
  return [...functions].some(
    ([caller, f]) =>
      caller !== key &&
      [...everyNode(f.node)].some((node) => `${node.domain ?? ''}::${node.opType}` === key) &&
      reachable(caller, used, functions),
  );
}

export function modelProto(
  graph: GraphProto,
  body: Pick<Body, 'opset'>,
  functions: FunctionProto[],
  settings: Settings,
): ModelProto {
  const domains = new Set([...everyNode(graph.node)].flatMap(({ domain }) => (domain ? [domain] : [])));
  for (const f of functions) for (const { domain } of f.opsetImport ?? []) if (domain) domains.add(domain);
  // a misspelt domain would get version 1 silently
  const unused = Object.keys(settings.customOpsets).find((domain) => !domains.has(domain));
  if (unused !== undefined && settings.customOps !== 'inline')
    throw new OnnxExportError(
      `customOpsets: the model has no op of domain '${unused}'${domains.size ? `; its domains: ${[...domains].join(', ')}` : ''}`,
    );
  return {
    irVersion: irVersion(body.opset, functions.length > 0),
    opsetImport: [
      { domain: '', version: body.opset },
      ...[...domains].sort().map((domain) => ({ domain, version: settings.customOpsets[domain] ?? 1 })),
    ],
    producerName: settings.producerName,
    ...(settings.producerVersion ? { producerVersion: settings.producerVersion } : {}),
    ...(settings.docString ? { docString: settings.docString } : {}),
    graph,
    functions,
  };
}

/** The IR version that ONNX released with the opset, so that old runtimes take old opsets; functions came with 8. */
function irVersion(opset: number, functions: boolean): number {
  const released = opset <= 11 ? 6 : opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : opset <= 22 ? 10 : 11;
  return functions ? Math.max(released, 8) : released;
}

/** Captured values whose data stand in bodies of functions. */
function valuesOfFunctions(nodes: readonly GraphNode[], found = new Set<Value>()): Set<Value> {
  for (const { spec, body } of nodes) {
    if (!body) continue;
    if (functionOf(spec)?.symbolic) for (const value of body.captured) found.add(value);
    valuesOfFunctions(body.nodes, found);
  }
  return found;
}

/** Runs the factories whose sizes are fixed: their results are constants of the file. */
async function foldFactories(nodes: readonly GraphNode[], unified: UnifiedGraph): Promise<Map<GraphNode, TypedArray>> {
  const folded = new Map<GraphNode, TypedArray>();
  for (const node of nodes) {
    for (const { nodes: inside } of [...(node.body ? [node.body] : []), ...Object.values(node.bodies ?? {})])
      for (const [inner, data] of await foldFactories(inside, unified)) folded.set(inner, data);
    const factory = ['fromData', 'eye', 'arange', 'linspace', 'logspace'].includes(node.spec.name);
    if (!factory || node.inputs.length > 0 || unified.varying(node).size > 0) continue;
    const result = dispatch(node.spec, [], node.attrs);
    folded.set(node, await (isTensor(result) ? result : result[0]).toTypedArray());
  }
  return folded;
}

/** Gives the outputs their names. An output that is an input, a parameter or another output goes through an Identity. */
function nameOutputs(outputs: readonly Value[], names: readonly string[], { body, env }: Frame): void {
  body.scope = [];
  body.origin = null;
  const taken = new Set<Ref>();
  outputs.forEach((value, k) => {
    const ref = env.get(value);
    if (!ref) throw new OnnxExportError(`output '${names[k]}' was not computed`);
    if (ref.producer === null || taken.has(ref) || names.includes(ref.name) || ref.producer.opType === 'Constant') {
      const [copy] = body.add('Identity', [ref]);
      body.rename(copy.name, names[k]);
      return;
    }
    taken.add(ref);
    const before = ref.name;
    body.rename(before, names[k]);
    for (const other of env.values()) if (other.name === before) other.name = names[k];
  });
}

/** The sizes of an output; axes that the user has named must be dynamic, and keep the name if the size has none. */
function outputDims(value: Value, name: string, unified: UnifiedGraph, settings: Settings): readonly Dim[] {
  const dims = unified.dims(value);
  const list = settings.outputAxes[name];
  if (!list) return dims;
  for (const [axis, axisName] of axesOf(name, list, dims.length)) {
    const dim = dims[axis];
    if (typeof dim === 'number') {
      throw new OnnxExportError(
        `dynamicAxes: axis ${axis} of output '${name}' is always ${dim}${settings.axes.length === 0 ? ', because no axis of an input is dynamic' : ''}`,
      );
    }
    const known = settings.axes.some((x) => x.name === axisName);
    if (known && dim.symbol !== null && dim.symbol !== axisName) {
      throw new OnnxExportError(
        `dynamicAxes: axis ${axis} of output '${name}' has the size of '${dim.symbol}', not of '${axisName}'`,
      );
    }
  }
  return dims;
}
