/** An imported model as a module. */
import { type Copier, Module, Parameter } from '@tenfold/nn';
import {
  DeviceError,
  type DType,
  getDefaultDevice,
  interpreters,
  isFloat,
  isTensor,
  keep,
  OnnxModelError,
  type Tensor,
} from '@tenfold/tensor-core';
import { settings as settingsInputs } from './ops/settings.ts';
import type { ImportSettings } from './options.ts';
import type { Plan, Weight } from './plan.ts';
import { type Run, runModel } from './run.ts';
import { infoText, readArguments, type ValueInfo } from './signature.ts';
import { HostTensor, invalid, type Value } from './values.ts';

/** What the parts of an imported model's name hold: `fc1` of `fc1.weight`. It computes nothing. */
export class Scope extends Module {
  /** @throws OnnxModelError */
  forward(): never {
    throw new OnnxModelError('this is a part of an imported model that holds parameters; run the model itself');
  }

  override extraRepr(): string {
    const members: [string, Tensor][] = [
      ...this.ownParameters(),
      ...this.ownBuffers().map(([name, x]) => [name, x] as [string, Tensor]),
    ];
    return members.map(([name, { dtype, shape }]) => `${name}: ${dtype}[${shape.join(', ')}]`).join(', ');
  }
}

/** A file, compiled. */
export interface Program {
  readonly name: string;
  readonly plan: Plan;
  readonly weights: readonly Weight[];
  readonly inputs: readonly ValueInfo[];
  /** Initialisers that are listed among the inputs. */
  readonly defaults: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly settings: ImportSettings;
  /** Whether the file has nodes that train. */
  readonly trains: boolean;
}

/** A buffer whose values JavaScript knows, and its state when they were those of `host`. */
interface Known {
  readonly host: HostTensor;
  readonly tensor: Tensor;
  readonly version: number;
}

/** What an imported module has besides its members. */
interface State {
  readonly program: Program;
  /** Where each weight is in the tree of modules. */
  readonly places: ReadonlyMap<Weight, Place>;
  readonly known: Map<Weight, Known>;
  /** The weights whose values are in the hands of JavaScript. */
  readonly buffers: Map<HostTensor, Weight>;
  /** Constants on a device, in a dtype. */
  readonly uploaded: WeakMap<HostTensor, Map<string, Tensor>>;
}

interface Place {
  readonly path: string;
  readonly owner: Module;
  readonly name: string;
}

/** By module rather than in properties, where initialisers of the same name would be in the way. */
const states = new WeakMap<OnnxModule<unknown>, State>();

function stateOf(module: OnnxModule<unknown>): State {
  const state = states.get(module);
  if (!state) throw new OnnxModelError('an OnnxModule is made by loadOnnx');
  return state;
}

/**
 * An ONNX file as a module: its initialisers are parameters and buffers, under their names in the file (a dot begins a module below), and `forward`
 * runs its graph with Tenfold's ops, so that gradients, devices and tracing work as in any other module. {@link loadOnnx} makes it.
 *
 * It begins in the mode that the file was written in, mostly evaluation. `train()` makes the Dropout and BatchNormalization nodes of a file for inference
 * train; running statistics are buffers, which change then.
 *
 * @typeParam Output what `forward` gives: a tensor, or for several outputs an array, or a record if it was loaded so.
 */
export class OnnxModule<Output = Tensor> extends Module {
  /** @internal */
  constructor(program: Program, values: ReadonlyMap<Weight, HostTensor>) {
    super();
    // as the file was written: results are those of other runtimes
    this.training = program.trains;
    const { settings } = program;
    const device = settings.device ?? getDefaultDevice();
    const places = new Map<Weight, Place>();
    const known = new Map<Weight, Known>();
    for (const [weight, value] of values) {
      const { name } = weight;
      const dtype = settings.dtype !== null && isFloat(value.dtype) ? settings.dtype : value.dtype;
      const tensor = keep(value.upload(dtype, device));
      const place = placeOf(this, name);
      places.set(weight, place);
      if (isFloat(dtype) && isTrained(weight) && settings.trainable(name)) {
        place.owner.registerParameter(place.name, new Parameter(tensor));
        continue;
      }
      place.owner.registerBuffer(place.name, tensor);
      if (value.numbers) known.set(weight, { host: value, tensor, version: tensor.versionCounter.value });
    }
    const buffers = new Map([...known].map(([weight, { host }]) => [host, weight]));
    states.set(this, { program, places, known, buffers, uploaded: new WeakMap() });
    this.registerLoadStateDictPostHook((module) => readAgain(stateOf(module)));
  }

  /** Names of the inputs, in the order of `forward`'s arguments. */
  get inputNames(): string[] {
    return stateOf(this).program.inputs.map(({ name }) => name);
  }

  /** Names of the outputs, in order. */
  get outputNames(): string[] {
    return stateOf(this).program.outputs.map(({ name }) => name);
  }

  /** The inputs and outputs with dtypes and sizes as the file states them. */
  get signature(): { readonly inputs: readonly ValueInfo[]; readonly outputs: readonly ValueInfo[] } {
    const { inputs, outputs } = stateOf(this).program;
    return { inputs, outputs };
  }

  /**
   * Runs the graph on tensors in the file's order, or on one record of tensors by name. Gives the output, an array if there are several, or a record by
   * name if the model was loaded with `outputs: 'record'`. A record may also replace, for this call, initialisers that the file lists among its inputs.
   *
   * @throws OnnxModelError for inputs of other number, name, dtype or shape than the file states, and for a node that fails; it names the node.
   */
  forward(...inputs: readonly (Tensor | Readonly<Record<string, Tensor>>)[]): Output {
    const state = stateOf(this);
    const { plan, settings, inputs: infos, defaults, outputs } = state.program;
    const run = runOf(state, inputs, this.training);
    const given = readArguments(inputs, infos, defaults, run.computed);
    const valueOf = (weight: Weight): Value => given.replaced.get(weight.name) ?? run.valueOf(weight);
    const values = runModel(plan, given.inputs, given.replaced.size > 0 ? { ...run, valueOf } : run);
    const tensors = values.map((value, k) => {
      if (isTensor(value)) return value;
      throw invalid(`output '${outputs[k].name}' is no tensor`);
    });
    const named = settings.record ? Object.fromEntries(tensors.map((tensor, k) => [outputs[k].name, tensor])) : null;
    // whoever loads a model says what it gives
    return (named ?? (tensors.length === 1 ? tensors[0] : tensors)) as Output;
  }

  override deepcopy(copier?: Copier): this {
    const made = super.deepcopy(copier);
    const { program, places, known, buffers } = stateOf(this);
    const copies = new Map(
      [...places].map(([weight, place]) => [weight, { ...place, owner: made.getSubmodule(place.path) }]),
    );
    const state: State = {
      program,
      places: copies,
      known: new Map(),
      buffers: new Map(buffers),
      uploaded: new WeakMap(),
    };
    for (const [weight, { host }] of known) {
      if (!isCurrent(stateOf(this), weight)) continue;
      const tensor = currentOf(state, weight);
      state.known.set(weight, { host, tensor, version: tensor.versionCounter.value });
    }
    states.set(made, state);
    return made;
  }

  /** `linear(x: float32[batch, 3]) -> (y: float32[batch, 1]), 2 nodes`. */
  override extraRepr(): string {
    const { name, plan, inputs, outputs } = stateOf(this).program;
    const list = (infos: readonly ValueInfo[]): string => infos.map(infoText).join(', ');
    return `${name}(${list(inputs)}) -> (${list(outputs)}), ${plan.steps.length} nodes`;
  }
}

const currentOf = ({ places }: State, weight: Weight): Tensor => {
  const { owner, name } = places.get(weight) as Place;
  return Reflect.get(owner, name) as Tensor;
};

/** Whether a buffer has the values that JavaScript knows. Another tensor in its place has them, too: `to` moved it. */
function isCurrent(state: State, weight: Weight): boolean {
  const known = state.known.get(weight);
  if (!known) return false;
  const tensor = currentOf(state, weight);
  return known.tensor !== tensor || known.version === tensor.versionCounter.value;
}

/** After a state was loaded: reads the values of the buffers that JavaScript computes with, if the device can be read at once. */
function readAgain(state: State): void {
  for (const [weight, known] of [...state.known]) {
    state.known.delete(weight);
    state.buffers.delete(known.host);
    const tensor = currentOf(state, weight);
    let host: HostTensor;
    try {
      host = new HostTensor(tensor.dtype, tensor.shape, tensor.detach().toTypedArraySync());
    } catch (error) {
      if (error instanceof DeviceError) continue;
      throw error;
    }
    state.known.set(weight, { host, tensor, version: tensor.versionCounter.value });
    state.buffers.set(host, weight);
  }
}

/** What one call of forward runs with. */
function runOf(state: State, inputs: readonly unknown[], training: boolean): Run {
  const { settings, weights } = state.program;
  const first = inputs.flatMap((x) => (isTensor(x) ? [x] : Object.values((x ?? {}) as object).filter(isTensor)))[0];
  const device =
    first?.device ??
    (weights.length > 0 ? currentOf(state, weights[0]).device : (settings.device ?? getDefaultDevice()));
  // a module that was moved to another float dtype computes in it
  const dtypes = new Map<DType, DType>();
  for (const weight of weights) {
    const { dtype } = currentOf(state, weight);
    if (isFloat(weight.dtype) && dtype !== weight.dtype) dtypes.set(weight.dtype, dtype);
  }
  const computed = (dtype: DType): DType => dtypes.get(dtype) ?? (isFloat(dtype) ? (settings.dtype ?? dtype) : dtype);
  return {
    training,
    trainingFile: state.program.trains,
    device,
    computed,
    limits: settings,
    tensorOf: (value) => {
      const weight = state.buffers.get(value);
      return weight ? currentOf(state, weight) : uploaded(state, value, computed(value.dtype), device);
    },
    valueOf: (weight) =>
      isCurrent(state, weight) ? (state.known.get(weight) as Known).host : currentOf(state, weight),
  };
}

/** A constant on a device. While a program is traced it is made anew, or the graph would take it for a tensor from outside. */
function uploaded(state: State, value: HostTensor, dtype: DType, device: string): Tensor {
  if (!value.isConstant || interpreters.length > 0) return value.upload(dtype, device);
  let tensors = state.uploaded.get(value);
  if (!tensors) {
    tensors = new Map();
    state.uploaded.set(value, tensors);
  }
  const key = `${device} ${dtype}`;
  let tensor = tensors.get(key);
  if (!tensor) {
    tensor = keep(value.upload(dtype, device));
    tensors.set(key, tensor);
  }
  return tensor;
}

/** Whether a gradient has a place to come from: a weight that is read as a setting alone has none. */
const isTrained = ({ uses }: Weight): boolean =>
  uses.some(({ key, input }) => !(settingsInputs[key] ?? []).includes(input));

const isScope = (owner: Module, name: string): boolean =>
  Object.hasOwn(owner, name) && Reflect.get(owner, name) instanceof Scope;

const isTaken = (owner: Module, name: string): boolean => name === '' || name in owner;

/** The place of a dotted name; a part that is empty, or the name of something else, gets an underscore. */
function placeOf(root: Module, dotted: string): Place {
  const parts = dotted.split('.');
  const last = parts.pop() ?? '';
  const path: string[] = [];
  let owner: Module = root;
  for (const part of parts) {
    let name = part;
    while (!isScope(owner, name) && isTaken(owner, name)) name += '_';
    if (!isScope(owner, name)) owner.registerModule(name, new Scope());
    owner = owner.getSubmodule(name);
    path.push(name);
  }
  let name = last;
  while (isTaken(owner, name)) name += '_';
  return { path: path.join('.'), owner, name };
}
