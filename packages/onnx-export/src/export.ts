/** From a model to the bytes of an ONNX file. */

import {
  allNodes,
  checkModel,
  encode,
  type FunctionProto,
  type GraphProto,
  ModelProto,
  printModel,
  type TensorProto,
  tensorProto,
} from '@tenfold/onnx-model';
import {
  describe,
  dispatch,
  type GraphNode,
  isTensor,
  OnnxExportError,
  type Tensor,
  type TypedArray,
  type Value,
} from '@tenfold/tensor-core';
import { Body, Ref } from './builder.ts';
import type { Frame, SizeSource } from './context.ts';
import type { Dim } from './dims.ts';
import { type Lowering, lowerNodes } from './lower.ts';
import { type ExportableModel, type Runner, traceAll, withModel } from './model.ts';
import {
  axesOf,
  checkKeys,
  checkNames,
  defaultNames,
  readOptions,
  type Settings,
  type ToOnnxOptions,
  toOnnxOptionNames,
} from './options.ts';
import { type UnifiedGraph, unify } from './unify.ts';
import { intermediate, valueInfo } from './value-info.ts';

/** protobuf messages end at 2 GiB. */
const LARGEST = 2 ** 31 - 1;

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
  inputs: Tensor | readonly Tensor[],
  options: ToOnnxOptions = {},
): Promise<Uint8Array> {
  checkKeys('toOnnx', options, toOnnxOptionNames);
  return encodeModel(await buildModel(model, inputs, options));
}

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  return ModelProto.encode(model).finish();
}

/** The example inputs as an array. */
export function inputList(inputs: Tensor | readonly Tensor[]): readonly Tensor[] {
  const list: readonly unknown[] = isTensor(inputs) ? [inputs] : inputs;
  if (!Array.isArray(list) || !list.every(isTensor)) {
    throw new OnnxExportError(`the example inputs must be a tensor or an array of tensors, got ${describe(inputs)}`);
  }
  return list;
}

/** The model of the file, checked. */
export async function buildModel(
  model: ExportableModel,
  inputs: Tensor | readonly Tensor[],
  options: ToOnnxOptions,
): Promise<ModelProto> {
  const examples = inputList(inputs);
  const settings = readOptions(examples, options);
  const proto = await withModel(model, async (runner) => {
    const { graphs, points } = traceAll(runner, examples, settings.axes);
    return assemble(unify(graphs, points), runner, settings);
  });
  checkModel(proto);
  const { verbose } = options;
  if (typeof verbose === 'function') verbose(printModel(proto));
  else if (verbose) console.log(printModel(proto));
  return proto;
}

/** Writes the graph, its functions and its constants. */
async function assemble(unified: UnifiedGraph, runner: Runner, settings: Settings): Promise<ModelProto> {
  const { graph } = unified;
  const outputNames = settings.outputNames ?? defaultNames('y', graph.outputs.length);
  checkNames('outputNames', outputNames, graph.outputs.length, 'outputs');
  const body = new Body(settings.opset);
  for (const name of [...settings.inputNames, ...outputNames]) body.unique(name);

  const env = new Map<Value, Ref>();
  const sources: SizeSource[] = [];
  const constants = new Map<Value, TypedArray>();
  const parameters = new Map<string, { readonly value: Value; readonly tensor: Tensor }>();
  let next = 0;
  for (const { value, tensor, kind } of graph.inputs) {
    if (kind === 'argument') {
      const ref = new Ref(settings.inputNames[next++], value.dtype);
      env.set(value, ref);
      unified.dims(value).forEach((dim, axis) => sources.push({ ref, axis, dim }));
      continue;
    }
    const name = body.unique(nameOf(tensor, runner.names) ?? 'constant');
    parameters.set(name, { value, tensor });
    env.set(value, new Ref(name, value.dtype));
    constants.set(value, await tensor.detach().toTypedArray());
  }

  const folded = await foldFactories(graph.nodes, unified);
  const frame: Frame = { body, unified, env, sources, folded };
  const lowering: Lowering = { opset: settings.opset, customOps: settings.customOps, functions: new Map(), constants };
  lowerNodes(graph.nodes, frame, lowering);
  nameOutputs(graph.outputs, outputNames, frame);
  const needed = body.prune(outputNames);

  const initializer: TensorProto[] = [];
  for (const [name, { value }] of parameters) {
    const data = constants.get(value);
    if (needed.has(name) && data)
      initializer.push(tensorProto(name, value.dtype, value.shape, encode(data, value.dtype)));
  }
  const size = initializer.reduce((n, { rawData }) => n + (rawData?.length ?? 0), 0);
  if (size > LARGEST)
    throw new OnnxExportError(`the parameters take ${size} bytes, and an ONNX file in one piece ends at 2 GiB`);

  const proto: GraphProto = {
    name: runner.name,
    node: body.nodes,
    initializer,
    input: graph.inputs
      .filter(({ kind }) => kind === 'argument')
      .map(({ value }, i) => valueInfo(settings.inputNames[i], value, unified.dims(value))),
    output: graph.outputs.map((value, k) =>
      valueInfo(outputNames[k], value, outputDims(value, outputNames[k], unified, settings)),
    ),
    valueInfo: intermediate(body, frame, outputNames),
  };
  const used = new Set(allNodes(body.nodes).map((node) => `${node.domain ?? ''}::${node.opType}`));
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
      allNodes(f.node ?? []).some((node) => `${node.domain ?? ''}::${node.opType}` === key) &&
      reachable(caller, used, functions),
  );
}

function modelProto(graph: GraphProto, body: Body, functions: FunctionProto[], settings: Settings): ModelProto {
  const domains = new Set(allNodes(graph.node ?? []).flatMap((node) => (node.domain ? [node.domain] : [])));
  for (const f of functions) for (const { domain } of f.opsetImport ?? []) if (domain) domains.add(domain);
  return {
    irVersion: irVersion(body.opset, functions.length > 0),
    opsetImport: [
      { domain: '', version: body.opset },
      ...[...domains].sort().map((domain) => ({ domain, version: 1 })),
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

/** The `stateDict` name of a captured tensor: of itself, or of the parameter whose memory it shows. */
function nameOf(tensor: Tensor, names: ReadonlyMap<Tensor, string>): string | undefined {
  const known = names.get(tensor);
  if (known !== undefined) return known;
  for (const [other, name] of names) {
    const same = other.storage === tensor.storage && other.offset === tensor.offset;
    if (same && String(other.shape) === String(tensor.shape) && String(other.strides) === String(tensor.strides))
      return name;
  }
  return undefined;
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
