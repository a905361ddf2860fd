/** Running the model that is exported: what counts as one, its parameters' names, its mode, and its traces at several sizes. */
import {
  builtinOps,
  callerLine,
  describe,
  dispatch,
  formatShape,
  type Graph,
  isTensor,
  OnnxExportError,
  type Outputs,
  TenfoldError,
  type Tensor,
  trace,
  withoutGrad,
  withScope,
} from '@tenfold/tensor-core';
import { otherSizes, type Point, samplePoints } from './dims.ts';
import type { DynamicAxis } from './options.ts';

/** The part of a module of `@tenfold/nn` that an export uses. Only `forward` is needed. */
export interface ForwardModel {
  forward(...inputs: never[]): unknown;
}

/** What can be exported: a module, any object with `forward`, or a function. */
export type ExportableModel = ForwardModel | ((...inputs: never[]) => unknown);

type Forward = (...inputs: readonly Tensor[]) => unknown;

/** Modules as `@tenfold/nn` has them, by what they offer. */
interface ModuleLike {
  readonly training?: boolean;
  forward: Forward;
  namedParameters?(): Iterable<readonly [string, Tensor]>;
  namedBuffers?(): Iterable<readonly [string, Tensor]>;
  namedModules?(): Iterable<readonly [string, ModuleLike]>;
  registerForwardWrapper?(wrapper: (module: unknown, args: readonly unknown[], next: Forward) => unknown): {
    remove(): void;
  };
}

/** A model, ready to be run. */
export interface Runner {
  readonly name: string;
  run(inputs: readonly Tensor[]): unknown;
  /** Names of parameters and buffers, as in `stateDict()`. */
  readonly names: ReadonlyMap<Tensor, string>;
  /** The classes of the modules by their path; the model's own is `''`. */
  readonly modules: ReadonlyMap<string, string>;
}

/** Runs `use` with the model in evaluation mode, under grad off, with the scopes of its modules marked. Everything is put back afterwards. */
export async function withModel<T>(model: unknown, use: (runner: Runner) => Promise<T> | T): Promise<T> {
  if (typeof model === 'function') {
    const forward = model as Forward;
    return use({
      name: forward.name || 'model',
      names: new Map(),
      modules: new Map(),
      run: (inputs) => withoutGrad(() => forward(...inputs)),
    });
  }
  const module = model as ModuleLike | null;
  if (typeof module !== 'object' || typeof module?.forward !== 'function') {
    throw new OnnxExportError(`the model must be a function or an object with forward(…), got ${describe(model)}`);
  }
  const names = new Map<Tensor, string>();
  for (const [name, tensor] of [...(module.namedParameters?.() ?? []), ...(module.namedBuffers?.() ?? [])]) {
    if (!names.has(tensor)) names.set(tensor, name);
  }
  const modules = [...(module.namedModules?.() ?? [])];
  const modes = modules.map(([, each]) => [each, each.training] as const);
  const undo: (() => void)[] = [];
  try {
    for (const [each, training] of modes) if (training === true) setMode(each, false);
    const running: string[] = [];
    for (const [path, each] of modules) if (path !== '') undo.push(markScope(each, path, running));
    return await use({
      name: module.constructor?.name && module.constructor !== Object ? module.constructor.name : 'model',
      names,
      modules: new Map(modules.map(([path, each]) => [path, each.constructor.name])),
      run: (inputs) => withoutGrad(() => module.forward(...inputs)),
    });
  } finally {
    for (const restore of undo.reverse()) restore();
    for (const [each, training] of modes) if (training === true) setMode(each, true);
  }
}

/** The mode of one module alone: its children may have others. */
function setMode(module: ModuleLike, training: boolean): void {
  (module as { training: boolean }).training = training;
}

/**
 * Makes the module's ops bear its name while it is traced: what its path has beyond that of the module that calls it, as `layers.0` in a list of layers.
 * `running` are the paths of the modules whose forward is on the way.
 */
function markScope(module: ModuleLike, path: string, running: string[]): () => void {
  const scoped = (forward: () => unknown): unknown => {
    const caller = running.at(-1);
    const name = caller !== undefined && path.startsWith(`${caller}.`) ? path.slice(caller.length + 1) : path;
    running.push(path);
    try {
      return withScope(name, forward);
    } finally {
      running.pop();
    }
  };
  if (module.registerForwardWrapper) {
    const handle = module.registerForwardWrapper((_, args, next) => scoped(() => next(...(args as Tensor[]))));
    return () => handle.remove();
  }
  const own = Object.getOwnPropertyDescriptor(module, 'forward');
  const { forward } = module;
  const value: Forward = (...inputs) => scoped(() => forward.apply(module, [...inputs]));
  Object.defineProperty(module, 'forward', { value, configurable: true, writable: true, enumerable: false });
  return () => {
    if (own) Object.defineProperty(module, 'forward', own);
    else delete (module as { forward?: Forward }).forward;
  };
}

/** Traces of one model, the first with the example inputs. */
export interface Traces {
  readonly graphs: readonly Graph[];
  readonly points: readonly Point[];
}

/** Traces the model at the example's sizes and at others of each dynamic axis, one by one and all together; the first with the program's `lines`, if wanted. */
export function traceAll(
  runner: Runner,
  inputs: readonly Tensor[],
  axes: readonly DynamicAxis[],
  lines = false,
): Traces {
  const base = new Map(axes.map(({ input, axis, name }) => [name, inputs[input].shape[axis]]));
  const points = samplePoints(base, otherSizes);
  const graphs = points.map((point, t) => {
    const resized = withoutGrad(() => resize(inputs, axes, point));
    try {
      return traceOnce(runner, resized, lines && t === 0);
    } catch (error) {
      if (t === 0 || !(error instanceof TenfoldError)) throw error;
      const sizes = [...point].map(([name, size]) => `${name} = ${size}`).join(', ');
      throw new OnnxExportError(
        `the model runs with the example, but not at ${sizes}, which its dynamic axes allow: ${error.message}`,
        { cause: error },
      );
    }
  });
  return { graphs, points };
}

function traceOnce(runner: Runner, inputs: readonly Tensor[], lines: boolean): Graph {
  const { graph } = trace((...args: Tensor[]) => outputsOf(runner.run(args)), inputs, { onRead: refuseRead, lines });
  const changed = graph.writes.find(({ tensor }) => !inputs.includes(tensor));
  if (changed) {
    const name = runner.names.get(changed.tensor) ?? `a tensor of shape ${formatShape(changed.tensor.shape)}`;
    throw new OnnxExportError(`forward changes ${name} in place: a file keeps no state between runs`);
  }
  return graph;
}

export function refuseRead(tensor: Tensor): never {
  throw new OnnxExportError(
    `a value of shape ${formatShape(tensor.shape)} is read while the model is traced${callerLine()}: control flow that depends on values can't be exported, ` +
      'and the number would be the same in every run of the file. Compute with tensors instead (where, maskedFill, gather)',
  );
}

/** What forward returned, as tensors: those of nested lists in order, as in `[output, [h, c]]`, without what is null. */
export function outputsOf(result: unknown): Outputs {
  if (isTensor(result)) return result;
  if (Array.isArray(result)) {
    const outputs = result.flat(Number.POSITIVE_INFINITY).filter((x) => x !== null);
    if (outputs.length > 0 && outputs.every(isTensor)) return outputs;
  }
  if (result instanceof Promise) {
    // what it rejects with is of no more interest
    result.catch(() => {});
    throw new OnnxExportError(
      'forward is asynchronous: only what runs at once can be traced. Awaited values (item, toArray) would be baked into the file; compute with tensors instead',
    );
  }
  throw new OnnxExportError(`forward must return a tensor or an array of tensors, got ${describe(result)}`);
}

/** The example inputs at other sizes, their elements repeated; copies, since forward may write into its inputs. */
export function resize(inputs: readonly Tensor[], axes: readonly DynamicAxis[], point: Point): Tensor[] {
  return inputs.map((input, i) => {
    let x = input.detach();
    for (const { input: at, axis, name } of axes) {
      const size = point.get(name);
      if (at !== i || size === undefined || size === x.shape[axis]) continue;
      const from = x.shape[axis];
      if (from === 0) {
        const shape = x.shape.map((n, d) => (d === axis ? size : n));
        x = dispatch(builtinOps.full, [], { shape, dtype: x.dtype, device: x.device, value: 0 });
        continue;
      }
      const times = Math.ceil(size / from);
      x = dispatch(
        builtinOps.cat,
        Array.from({ length: times }, () => x),
        { dim: axis },
      );
      x = dispatch(builtinOps.slice, [x], { dim: axis, start: 0, end: size, step: 1 });
    }
    return dispatch(builtinOps.clone, [x], null);
  });
}
