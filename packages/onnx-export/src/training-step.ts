/** A training step as one model: forward, backward and the update of the optimiser, with all that is remembered as inputs and outputs. */

import { checkModel, encode, type GraphProto, ModelProto, printModel, tensorProto } from '@tenfold/onnx-model';
import {
  builtinOps,
  checkOptions,
  describe,
  dispatch,
  type Graph,
  type GraphNode,
  isTensor,
  keep,
  OnnxExportError,
  type Tensor,
  type TypedArray,
  trace,
  type Value,
  withoutGrad,
} from '@tenfold/tensor-core';
import { otherSizes, samplePoints } from './dims.ts';
import { assemble, encodeModel, modelProto, readInputs, type ScalarInput } from './export.ts';
import { writeFileAtomically } from './files.ts';
import { type ModuleLike, markScopes, type Runner, refuseRead, resize } from './model.ts';
import { noOpenSizes } from './open-sizes.ts';
import { outputNamesOf, readOptions, type Settings, type ToOnnxOptions, toOnnxOptionNames } from './options.ts';
import { runPasses } from './passes.ts';
import { runInOnnxRuntime, type WireTensor } from './runtime.ts';
import { restoringGenerators } from './state.ts';
import { type Arguments, type ExampleInputs, type Path, readResult, type Structure } from './structure.ts';
import { unify } from './unify.ts';
import { fromWire, largestDifference, tolerances, toWire } from './verify.ts';

/** What a training step changes, by the names that `stateDict()` gives: a module of `@tenfold/nn`, or anything that offers these. */
export interface TrainedModel {
  namedParameters(): Iterable<readonly [string, Tensor]>;
  namedBuffers?(): Iterable<readonly [string, Tensor]>;
}

/** An optimiser of `@tenfold/optim`, by what an export uses of it. */
export interface SteppedOptimizer {
  readonly paramGroups: readonly { readonly params: readonly Tensor[]; lr?: unknown }[];
  readonly state: Map<Tensor, { [name: string]: unknown }>;
}

/** Options of {@link toOnnxTrainingStep}. */
export interface TrainingStepOptions extends Omit<ToOnnxOptions, 'training'> {
  /** The module that is trained, or several by name: `{ generator, discriminator }` puts the name before those of its parameters. */
  model: TrainedModel | Readonly<Record<string, TrainedModel>>;
  /** The optimisers that the step uses. */
  optimizer?: SteppedOptimizer | readonly SteppedOptimizer[];
}

/** Options of {@link exportTrainingStep}. */
export interface ExportTrainingStepOptions extends TrainingStepOptions {
  /** Iterates the file in onnxruntime-node (to be installed beside) and the step here, and compares all they give. Default false; `true` takes 3 steps. */
  verify?: boolean | { steps?: number; tolerance?: number };
}

/** One training step on a batch: forward, `backward()`, `optimizer.step()`. */
export type TrainingStep = (...batch: never[]) => unknown;

const optionNames = [...toOnnxOptionNames.filter((name) => name !== 'training'), 'model', 'optimizer'];

/**
 * Exports a training step as an ONNX model that any runtime can iterate. Parameters, buffers and what the optimiser remembers are inputs and come back as
 * outputs named `<name>_out`; the learning rate is an input `lr` (`lr_0`, … for several groups), and the count of steps taken an input `step` where the
 * optimiser needs one. Feed each `_out` as the input of the next run. A second model without inputs gives what the first run starts from.
 *
 * The step is run several times on the batch for this; everything it changes is put back.
 *
 * @param batch the example inputs of the step; their values count for nothing.
 * @throws OnnxExportError for a step that can't be repeated by a file: one that reads values (`loss.item()`, LBFGS), or keeps numbers in JavaScript that
 * change from step to step.
 * @example
 * const step = (x: Tensor, y: Tensor) => {
 *   optimizer.zeroGrad();
 *   const loss = F.mseLoss(model.forward(x), y);
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * };
 * const { stepBytes, startBytes } = await toOnnxTrainingStep(step, [x, y], { model, optimizer, outputNames: ['loss'] });
 */
export async function toOnnxTrainingStep(
  step: TrainingStep,
  batch: ExampleInputs,
  options: TrainingStepOptions,
): Promise<TrainingStepFiles> {
  checkOptions('toOnnxTrainingStep', options, optionNames);
  const { proto, start } = await buildStep(step, batch, options, null);
  return { stepBytes: encodeModel(proto), startBytes: encodeModel(start) };
}

/** The two models of a training step. */
export interface TrainingStepFiles {
  /** One step: batch, learning rate and state in; outputs and new state out. */
  readonly stepBytes: Uint8Array;
  /** No inputs; outputs are the start of everything that the step takes besides the batch, by the names of its inputs. */
  readonly startBytes: Uint8Array;
}

/**
 * Exports a training step to ONNX files, in Node; see {@link toOnnxTrainingStep}. `step.onnx` is the step, `step.start.onnx` beside it gives what the first
 * run starts from. The files get their names when they are complete.
 *
 * @example
 * await exportTrainingStep(step, [x, y], 'step.onnx', { model, optimizer, verify: true });
 */
export async function exportTrainingStep(
  step: TrainingStep,
  batch: ExampleInputs,
  path: string,
  options: ExportTrainingStepOptions,
): Promise<void> {
  checkOptions('exportTrainingStep', options, [...optionNames, 'verify']);
  if (typeof path !== 'string' || path === '')
    throw new OnnxExportError(`exportTrainingStep: the path must be a string, got ${describe(path)}`);
  const { verify = false, ...rest } = options;
  const checks = verify === true ? {} : verify;
  if (checks) checkOptions('verify', checks, ['steps', 'tolerance']);
  const steps = checks ? (checks.steps ?? 3) : 0;
  if (!Number.isInteger(steps) || steps < 0)
    throw new OnnxExportError(`verify: steps must be a number of steps, got ${describe(steps)}`);
  const built = await buildStep(step, batch, rest, checks ? steps : null);
  const [bytes, startBytes] = [encodeModel(built.proto), encodeModel(built.start)];
  if (checks) await compareRuns(bytes, startBytes, built.runs, readInputs(batch).tensors, checks.tolerance);
  await writeFileAtomically(path.replace(/(\.onnx)?$/, '.start.onnx'), startBytes);
  await writeFileAtomically(path, bytes);
}

interface Scalar extends ScalarInput {
  readonly value: number;
}

/** One tensor that lives from step to step. */
interface Cell {
  readonly name: string;
  tensor: Tensor;
  /** A copy of what it holds before the first step. */
  readonly start: Tensor;
  /** Puts the tensor where the step looks for it. */
  readonly place?: () => void;
}

/** What a step gave, outputs and state by name. */
type Run = ReadonlyMap<string, { readonly values: TypedArray; readonly dtype: string }>;

interface Built {
  readonly proto: ModelProto;
  readonly start: ModelProto;
  /** Steps taken here, as many as were asked for. */
  readonly runs: readonly Run[];
}

async function buildStep(
  step: TrainingStep,
  batch: ExampleInputs,
  options: TrainingStepOptions,
  runs: number | null,
): Promise<Built> {
  if (typeof step !== 'function') throw new OnnxExportError(`the step must be a function, got ${describe(step)}`);
  const examples = readInputs(batch);
  const { model, optimizer, verbose, ...rest } = options;
  const settings = readOptions(examples, rest);
  const parts = partsOf(model);
  const optimizers = optimizersOf(optimizer);
  const session = new Session(step, examples, namesOf(parts), optimizers);
  const unmark: (() => void)[] = [];
  try {
    const classes = parts.flatMap(([name, part]) => [...markScopes(part as unknown as ModuleLike, name, unmark)]);
    session.begin();
    const { graphs, points, outputs, scalars } = session.traceAll(settings.axes, settings.metadata);
    const lone = settings.outputNames === null && outputs.length === 1 && outputs[0].length === 0;
    const outputNames = outputNamesOf({ ...settings, outputNames: lone ? ['loss'] : settings.outputNames }, outputs);
    await session.checkRepeated();
    const kept = session.keptStates(graphs, outputs.length);
    for (const graph of graphs) {
      const state = graph.outputs.splice(outputs.length);
      graph.outputs.push(...kept.map((k) => state[k]));
    }
    const stateNames = kept.map((k) => session.cells[k].name);
    const allNames = [
      ...settings.inputNames,
      ...outputNames,
      ...scalars.flatMap(({ name, next }) => [name, next ?? name]),
    ];
    const taken = [...new Set([...session.cells.map(({ name }) => name), ...stateNames.map((name) => `${name}_out`)])];
    const shared = taken.find((name) => allNames.includes(name));
    if (shared !== undefined)
      throw new OnnxExportError(`'${shared}' names a parameter or state; give the input or output another name`);
    const runner: Runner = {
      name: step.name || 'step',
      run: () => null,
      modules: new Map(classes),
      names: new Map(session.cells.map(({ name, tensor }) => [tensor, name])),
    };
    session.reset(0);
    const assembled = await assemble(
      unify(graphs, points),
      runner,
      { ...settings, outputNames },
      { paths: outputs, stateNames: stateNames.map((name) => `${name}_out`) },
      { state: new Set(stateNames), scalars },
    );
    const proto = runPasses(assembled, settings, options);
    checkModel(proto);
    if (typeof verbose === 'function') verbose(printModel(proto));
    else if (verbose) console.log(printModel(proto));
    session.reset(0);
    const start = await session.startModel(proto, settings, scalars);
    return { proto, start, runs: runs === null ? [] : await session.iterate(runs, outputNames) };
  } finally {
    for (const undo of unmark.reverse()) undo();
    session.end();
  }
}

/** The modules that are trained, by name; one alone has none. */
function partsOf(model: unknown): [name: string, module: TrainedModel][] {
  const isModel = (x: unknown): x is TrainedModel =>
    typeof x === 'object' && x !== null && typeof (x as TrainedModel).namedParameters === 'function';
  const parts: [string, TrainedModel][] = [];
  if (isModel(model)) parts.push(['', model]);
  else {
    for (const [name, part] of Object.entries((model ?? {}) as object)) {
      if (!isModel(part)) throw new OnnxExportError(`model: '${name}' must be a module, got ${describe(part)}`);
      parts.push([name, part]);
    }
  }
  if (parts.length === 0)
    throw new OnnxExportError(`model must be the module that is trained, or several by name, got ${describe(model)}`);
  return parts;
}

function namesOf(parts: readonly (readonly [string, TrainedModel])[]): Map<Tensor, string> {
  const names = new Map<Tensor, string>();
  for (const [part, module] of parts) {
    for (const [name, tensor] of [...module.namedParameters(), ...(module.namedBuffers?.() ?? [])])
      if (!names.has(tensor)) names.set(tensor, [part, name].filter(Boolean).join('.'));
  }
  return names;
}

function optimizersOf(optimizer: unknown): readonly SteppedOptimizer[] {
  const list: readonly unknown[] = optimizer === undefined ? [] : Array.isArray(optimizer) ? optimizer : [optimizer];
  for (const each of list) {
    const { paramGroups, state } = (each ?? {}) as Partial<SteppedOptimizer>;
    if (!Array.isArray(paramGroups) || !(state instanceof Map))
      throw new OnnxExportError(`optimizer must be an optimiser of @tenfold/optim, or several, got ${describe(each)}`);
  }
  return list as readonly SteppedOptimizer[];
}

type ParamState = { [name: string]: unknown };

/** What an optimiser remembered of a parameter before the export. */
interface Remembered {
  readonly owner: SteppedOptimizer;
  readonly param: Tensor;
  /** `null` if it had not taken a step. */
  readonly before: ParamState | null;
}

const copy = (x: Tensor): Tensor => keep(withoutGrad(() => x.detach().clone()));

/** Runs a step as often as an export needs it, each time from the same state. */
class Session {
  readonly cells: Cell[] = [];
  readonly #step: (...batch: readonly unknown[]) => unknown;
  readonly #batch: Arguments;
  readonly #names: ReadonlyMap<Tensor, string>;
  readonly #optimizers: readonly SteppedOptimizer[];
  /** Numbers that the optimisers keep, as they are before the first step. */
  readonly #numbers: {
    readonly state: ParamState;
    readonly name: string;
    readonly start: number;
    readonly of: string;
  }[] = [];
  readonly #rates: { readonly group: { lr?: unknown }; readonly name: string; readonly start: number }[] = [];
  #parameters: readonly Tensor[] = [];
  /** Names of parameters that are not the model's. */
  readonly #others = new Map<Tensor, string>();
  /** Undoes what the export has changed. */
  readonly #undo: (() => void)[] = [];
  /** What the first step gave, in order of the cells. */
  #first: Tensor[] = [];
  /** What it gave when it was repeated. */
  #repeated: Tensor[] = [];

  constructor(
    step: TrainingStep,
    batch: Arguments,
    names: ReadonlyMap<Tensor, string>,
    optimizers: readonly SteppedOptimizer[],
  ) {
    this.#step = step as (...batch: readonly unknown[]) => unknown;
    this.#batch = batch;
    this.#names = names;
    this.#optimizers = optimizers;
  }

  /** Takes a step, on copies since it may write into its inputs; each draws the same random numbers. */
  #run(tensors: readonly Tensor[] = this.#batch.tensors.map((x) => x.detach().clone())): Structure {
    return restoringGenerators(() => readResult(this.#step(...this.#batch.with(tensors))));
  }

  #nameOf(tensor: Tensor): string {
    let name = this.#names.get(tensor) ?? this.#others.get(tensor);
    if (name === undefined) this.#others.set(tensor, (name = `param_${this.#others.size}`));
    return name;
  }

  /** Takes one step, so that all state is there, and learns what it was before. */
  begin(): void {
    const parameters = new Set([
      ...this.#names.keys(),
      ...this.#optimizers.flatMap((o) => o.paramGroups.flatMap((g) => g.params)),
    ]);
    const nameOf = (tensor: Tensor): string => this.#nameOf(tensor);
    this.#parameters = [...parameters];
    for (const tensor of parameters) {
      const start = copy(tensor);
      this.cells.push({ name: nameOf(tensor), tensor, start });
      this.#undo.push(() => put(tensor, start));
    }
    const grads = new Map([...parameters].map((x) => [x, x.grad] as const));
    const gradCopies = new Map([...grads].flatMap(([x, grad]) => (grad ? [[x, copy(grad)] as const] : [])));
    this.#undo.push(() => {
      for (const [tensor, grad] of grads) {
        const held = gradCopies.get(tensor);
        if (grad && held) put(grad, held);
        tensor.grad = grad;
      }
    });
    const groups = this.#optimizers.flatMap(({ paramGroups }) => paramGroups);
    groups.forEach((group, i) => {
      const { lr } = group;
      if (typeof lr !== 'number') return;
      this.#rates.push({ group, name: groups.length === 1 ? 'lr' : `lr_${i}`, start: lr });
      this.#undo.push(() => {
        group.lr = lr;
      });
    });
    const { remembered, atBirth } = this.#watch(() => void this.#run());
    for (const { owner, param, before } of remembered) {
      const state = owner.state.get(param);
      if (!state) continue;
      const born = atBirth.get(state);
      for (const [name, value] of Object.entries(state)) {
        const full = `${nameOf(param)}.${name}`;
        const was = (before ?? born)?.[name];
        if (isTensor(value)) {
          // what an optimiser makes later than its state starts from zeros
          const start = isTensor(was)
            ? was
            : keep(
                withoutGrad(() =>
                  dispatch(builtinOps.fullLike, [value], { value: 0, dtype: value.dtype, device: value.device }),
                ),
              );
          this.cells.push({
            name: full,
            tensor: value,
            start,
            place: () => {
              state[name] = value;
            },
          });
        } else if (typeof value === 'number') {
          this.#numbers.push({ state, name, start: typeof was === 'number' ? was : 0, of: full });
        } else if (value !== null && typeof value === 'object') {
          throw new OnnxExportError(
            `the optimiser remembers '${full}' as ${describe(value)}, which a file can't follow`,
          );
        }
      }
    }
    for (const tensor of parameters) {
      const { grad } = tensor;
      if (!grad) continue;
      const held = copy(grad);
      const start = gradCopies.get(tensor) ?? keep(withoutGrad(() => held.mul(0)));
      this.cells.push({
        name: `${nameOf(tensor)}.grad`,
        tensor: held,
        start,
        place: () => {
          tensor.grad = held;
        },
      });
    }
    this.#first = this.cells.map(({ tensor }) => copy(tensor));
  }

  /** Runs `fn` and notes what the optimisers remember before it, and of new state what it held when it was made. */
  #watch(fn: () => void): { remembered: Remembered[]; atBirth: Map<ParamState, ParamState> } {
    const remembered: Remembered[] = [];
    const atBirth = new Map<ParamState, ParamState>();
    const copied = (state: ParamState): ParamState =>
      Object.fromEntries(Object.entries(state).map(([name, x]) => [name, isTensor(x) ? copy(x) : x]));
    const restore: (() => void)[] = [];
    for (const owner of this.#optimizers) {
      for (const param of owner.paramGroups.flatMap(({ params }) => params)) {
        const state = owner.state.get(param);
        const before = state ? copied(state) : null;
        remembered.push({ owner, param, before });
        this.#undo.push(() => {
          if (!state || !before) {
            owner.state.delete(param);
            return;
          }
          for (const [name, x] of Object.entries(before)) {
            const now = state[name];
            if (isTensor(x) && isTensor(now)) put(now, x);
            else state[name] = x;
          }
        });
      }
      const { state } = owner;
      const set = state.set.bind(state);
      state.set = (param, value) => {
        atBirth.set(value, copied(value));
        return set(param, value);
      };
      restore.push(() => {
        delete (state as { set?: unknown }).set;
      });
    }
    try {
      fn();
    } finally {
      for (const undo of restore) undo();
    }
    return { remembered, atBirth };
  }

  /** The count of steps that the optimisers start from. */
  get #steps(): number {
    return Math.max(0, ...this.#numbers.filter(({ name }) => name === 'step').map(({ start }) => start));
  }

  /** Everything as before the first step, `steps` later by the count. */
  reset(steps: number, rates: ReadonlyMap<string, number> = new Map()): void {
    for (const cell of this.cells) {
      put(cell.tensor, cell.start);
      cell.place?.();
    }
    for (const { state, name, start } of this.#numbers) state[name] = name === 'step' ? start + steps : start;
    for (const { group, name, start } of this.#rates) group.lr = rates.get(name) ?? start;
  }

  /** Traces the step at several sizes, learning rates and counts of steps. */
  traceAll(axes: Parameters<typeof resize>[1], lines: boolean) {
    const examples = this.#batch.tensors;
    const first = this.#steps;
    const counts = this.#numbers.some(({ name }) => name === 'step');
    const base = new Map<string, number>(axes.map(({ input, axis, name }) => [name, examples[input].shape[axis]]));
    for (const { name, start } of this.#rates) base.set(name, start);
    if (counts) base.set('step', first);
    const clash = axes.find(({ name }) => name === 'step' || this.#rates.some((rate) => rate.name === name));
    if (clash)
      throw new OnnxExportError(
        `dynamicAxes: '${clash.name}' is a number of the training step; name the axis otherwise`,
      );
    const rates = new Set(this.#rates.map(({ name }) => name));
    const points = samplePoints(base, (value, name) =>
      rates.has(name) ? [value * 1.5 + 0.01, value * 3 + 0.02, value / 4 + 0.05] : otherSizes(value),
    );
    // once more as in the first: a step that counts by itself shows here
    points.push(base);
    let outputs: readonly Path[] = [];
    const graphs = points.map((point, t) => {
      this.reset((point.get('step') ?? first) - first, point);
      const inputs = withoutGrad(() => resize(examples, axes, point));
      const { graph } = trace(
        (...args: Tensor[]) => {
          const { tensors, paths } = this.#run(args);
          outputs = paths;
          return [...tensors, ...this.#after()];
        },
        inputs,
        { onRead: refuseRead, lines: lines && t === 0, controlFlow: noOpenSizes },
      );
      this.#checkStill(point, first);
      this.#checkWrites(graph, inputs);
      if (t === 0) this.#repeated = this.#after().map(copy);
      return graph;
    });
    const wide = this.cells.some(({ tensor }) => tensor.dtype === 'float64');
    const scalars: Scalar[] = this.#rates.map(({ name, start }) => ({
      name,
      dtype: wide ? 'float64' : 'float32',
      value: start,
    }));
    if (counts) scalars.push({ name: 'step', dtype: 'int64', value: first, next: 'step_out' });
    return { graphs, points, outputs, scalars };
  }

  /** The tensors of the state where the step has left them: it may have put others in their place. */
  #after(): Tensor[] {
    const now = new Map<string, Tensor>();
    for (const owner of this.#optimizers) {
      for (const [param, state] of owner.state) {
        for (const [name, x] of Object.entries(state)) if (isTensor(x)) now.set(`${this.#nameOf(param)}.${name}`, x);
      }
    }
    for (const tensor of this.#parameters) if (tensor.grad) now.set(`${this.#nameOf(tensor)}.grad`, tensor.grad);
    return this.cells.map(({ name, tensor }) => now.get(name) ?? tensor);
  }

  /** Numbers in JavaScript must be as they were, but for the count of steps. */
  #checkStill(point: ReadonlyMap<string, number>, first: number): void {
    const steps = (point.get('step') ?? first) - first;
    for (const { state, name, start, of } of this.#numbers) {
      const expected = name === 'step' ? [start + steps, start + steps + 1] : [start];
      if (!expected.includes(state[name] as number))
        throw new OnnxExportError(
          `the optimiser keeps '${of}' as a number in JavaScript, which changes from ${start} to ${String(state[name])} in a step: a file can't follow that`,
        );
    }
    for (const { group, name, start } of this.#rates) {
      const expected = point.get(name) ?? start;
      if (group.lr !== expected)
        throw new OnnxExportError(
          `the step changes the learning rate from ${expected} to ${String(group.lr)}: leave the scheduler out of it, and feed '${name}' to each run`,
        );
    }
  }

  /** What is written must be known. */
  #checkWrites(graph: Graph, inputs: readonly Tensor[]): void {
    const known = new Set(this.cells.map(({ tensor }) => tensor.storage));
    for (const { tensor } of graph.writes) {
      if (inputs.includes(tensor))
        throw new OnnxExportError('the step changes one of its inputs in place; clone() it first');
      if (!known.has(tensor.storage))
        throw new OnnxExportError(
          `the step changes a tensor of shape [${tensor.shape}] that is neither the model's nor its optimiser's; make it a buffer of the model`,
        );
    }
  }

  /** Which cells of the state come out changed, as positions; gradients only if the step reads them. */
  keptStates(graphs: readonly Graph[], outputs: number): number[] {
    const [graph] = graphs;
    const inputs = new Map(graph.inputs.map(({ tensor, value }) => [tensor, value]));
    const read = new Set<Value>();
    const note = (nodes: readonly GraphNode[]): void => {
      for (const node of nodes) {
        for (const x of node.inputs) if (typeof x === 'object' && x !== null) read.add(x);
        if (node.body) note(node.body.nodes);
      }
    };
    note(graph.nodes);
    return this.cells.flatMap(({ name, tensor }, k) => {
      const before = inputs.get(tensor);
      const after = graph.outputs[outputs + k];
      if (before === after) return [];
      if (name.endsWith('.grad') && !(before && read.has(before))) return [];
      return [k];
    });
  }

  /** A model without inputs that gives the start of what `step` takes besides its batch. */
  async startModel(step: ModelProto, settings: Settings, scalars: readonly Scalar[]): Promise<ModelProto> {
    const graph: Required<Pick<GraphProto, 'node' | 'initializer' | 'output'>> = {
      node: [],
      initializer: [],
      output: [],
    };
    for (const info of step.graph?.input?.slice(settings.inputNames.length) ?? []) {
      const { name = '' } = info;
      const scalar = scalars.find((x) => x.name === name);
      const tensor = this.cells.find((x) => x.name === name)?.tensor;
      const values = scalar ? [scalar.value] : await (tensor as Tensor).detach().toTypedArray();
      const { dtype } = scalar ?? (tensor as Tensor);
      graph.initializer.push(tensorProto(`${name}_start`, dtype, tensor?.shape ?? [], encode(values, dtype)));
      graph.node.push({
        opType: 'Identity',
        name: `/${name}`,
        input: [`${name}_start`],
        output: [name],
        attribute: [],
      });
      graph.output.push(info);
    }
    return modelProto({ name: 'start', input: [], valueInfo: [], ...graph }, settings, [], settings);
  }

  /** Runs the step from the start `count` times; gives all outputs and state by name. */
  async iterate(count: number, outputNames: readonly string[]): Promise<Run[]> {
    this.reset(0);
    const runs: Run[] = [];
    for (let i = 0; i < count; i++) {
      const named: [string, Tensor][] = this.#run().tensors.map((x, k) => [outputNames[k], x]);
      this.#after().forEach((x, k) => named.push([`${this.cells[k].name}_out`, x]));
      const entries = named.map(
        async ([name, x]) => [name, { values: await x.detach().toTypedArray(), dtype: x.dtype }] as const,
      );
      runs.push(new Map(await Promise.all(entries)));
    }
    return runs;
  }

  /** The step must do the same when it is repeated from the start: there is no state that was not put back. */
  async checkRepeated(): Promise<void> {
    for (const [k, { name }] of this.cells.entries()) {
      const [first, again] = [this.#first[k], this.#repeated[k]];
      const difference = largestDifference(await again.toTypedArray(), await first.toTypedArray());
      if (difference > 1e-5)
        throw new OnnxExportError(
          `the very first step differs from what follows ('${name}', by ${difference.toExponential(1)}): it makes state that the file can't start from. Take one step before the export`,
        );
    }
  }

  /** Puts everything back as it was before the export. */
  end(): void {
    withoutGrad(() => {
      for (const undo of this.#undo.reverse()) undo();
    });
  }
}

/** Writes values into a tensor, without gradients. */
function put(tensor: Tensor, values: Tensor): void {
  withoutGrad(() => dispatch(builtinOps.copy.inplaceTwin, [tensor.detach(), values], null));
}

/** Feeds the file its own results, and compares each run with the step here. */
async function compareRuns(
  bytes: Uint8Array,
  startBytes: Uint8Array,
  runs: readonly Run[],
  examples: readonly Tensor[],
  tolerance: number | undefined,
): Promise<void> {
  const { input = [], output = [] } = ModelProto.decode(bytes).graph ?? {};
  const inputs = input.map(({ name = '' }) => name);
  const batch: Record<string, WireTensor> = {};
  for (const [i, x] of examples.entries()) batch[inputs[i]] = await toWire(x);
  const [model, startModel] = [bytes, startBytes].map((x) => Buffer.from(x).toString('base64'));
  const [started] = await runInOnnxRuntime([{ model: startModel, runs: [{}] }]);
  if ('error' in started)
    throw new OnnxExportError(`verify: onnxruntime refuses the start of the step: ${started.error}`);
  const [first] = started.outputs;
  const carry = Object.fromEntries(
    output.flatMap(({ name = '' }) => (name.slice(0, -4) in first ? [[name, name.slice(0, -4)]] : [])),
  );
  const [result] = await runInOnnxRuntime([{ model, runs: runs.map(() => ({ ...batch, ...first })), carry }]);
  if ('error' in result) throw new OnnxExportError(`verify: onnxruntime refuses the exported step: ${result.error}`);
  for (const [t, expected] of runs.entries()) {
    for (const [name, wire] of Object.entries(result.outputs[t])) {
      const known = expected.get(name);
      if (!known) continue;
      const difference = largestDifference(fromWire(wire), known.values);
      const limit = tolerance ?? tolerances[known.dtype] ?? 0;
      if (difference > limit)
        throw new OnnxExportError(
          `verify: '${name}' differs by ${difference.toExponential(1)} from the step here in run ${t + 1}, more than ${limit}`,
        );
    }
  }
}
