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
import { otherSizes, type Point } from './dims.ts';
import { OpenAxes } from './open-sizes.ts';
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
}

/** Runs `use` with the model in evaluation mode, under grad off, with the scopes of its modules marked. Everything is put back afterwards. */
export async function withModel<T>(model: unknown, use: (runner: Runner) => Promise<T> | T): Promise<T> {
  if (typeof model === 'function') {
    const forward = model as Forward;
    return use({
      name: forward.name || 'model',
      names: new Map(),
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
    for (const [path, each] of modules) if (path !== '') undo.push(markScope(each, path.split('.').at(-1) as string));
    return await use({
      name: module.constructor?.name && module.constructor !== Object ? module.constructor.name : 'model',
      names,
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

/** Makes the module's ops bear its name while it is traced. */
function markScope(module: ModuleLike, name: string): () => void {
  if (module.registerForwardWrapper) {
    const handle = module.registerForwardWrapper((_, args, next) => withScope(name, () => next(...(args as Tensor[]))));
    return () => handle.remove();
  }
  const own = Object.getOwnPropertyDescriptor(module, 'forward');
  const { forward } = module;
  const value: Forward = (...inputs) => withScope(name, () => forward.apply(module, [...inputs]));
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

/**
 * Traces the model at the example's sizes and at others of each dynamic axis, one by one and all together. Sizes that values decide count as axes: where a
 * trace meets one that the first did not, all are made again.
 */
export function traceAll(runner: Runner, inputs: readonly Tensor[], axes: readonly DynamicAxis[]): Traces {
  const open = new OpenAxes(axes.map(({ name }) => name));
  for (;;) {
    const traceAt = (point: Point): Graph => {
      open.point = point;
      const resized = withoutGrad(() => resize(inputs, axes, point));
      return traceOnce(runner, resized, open);
    };
    const example = new Map(axes.map(({ input, axis, name }) => [name, inputs[input].shape[axis]]));
    const first = open.sizes.size === 0 ? traceAt(example) : tracedAt(example, open, traceAt);
    const known = open.sizes.size;
    const points = pointsAround(new Map([...example, ...open.sizes]));
    const graphs = points.map((point, t) => (t === 0 ? first : tracedAt(point, open, traceAt)));
    if (open.sizes.size === known) return { graphs, points };
  }
}

function pointsAround(base: Point): Point[] {
  const points: Point[] = [base];
  for (const [name, size] of base) for (const other of otherSizes(size)) points.push(new Map(base).set(name, other));
  if (base.size > 1) {
    for (let i = 0; i < 2; i++)
      points.push(new Map([...base].map(([name, size], k) => [name, otherSizes(size)[(i + k) % 2]])));
  }
  return points;
}

/** A trace at other sizes than the example's; if it fails, the message names them. */
function tracedAt(point: Point, open: OpenAxes, traceAt: (point: Point) => Graph): Graph {
  try {
    return traceAt(point);
  } catch (error) {
    if (!(error instanceof TenfoldError)) throw error;
    const sizes = [...open.sizes, ...point].map(([name]) => name);
    const text = [...new Set(sizes)].map((name) => `${name} = ${point.get(name) ?? open.sizes.get(name)}`).join(', ');
    const who = open.sizes.size === 0 ? 'its dynamic axes' : 'its dynamic axes, and values in control flow,';
    throw new OnnxExportError(
      `the model runs with the example, but not at ${text}, which ${who} allow: ${error.message}`,
      { cause: error },
    );
  }
}

function traceOnce(runner: Runner, inputs: readonly Tensor[], open: OpenAxes): Graph {
  const { graph } = trace((...args: Tensor[]) => outputsOf(runner.run(args)), inputs, {
    onRead: refuseRead,
    controlFlow: open,
  });
  const changed = graph.writes.find(({ tensor }) => !inputs.includes(tensor));
  if (changed) {
    const name = runner.names.get(changed.tensor) ?? `a tensor of shape ${formatShape(changed.tensor.shape)}`;
    throw new OnnxExportError(`forward changes ${name} in place: a file keeps no state between runs`);
  }
  return graph;
}

function refuseRead(tensor: Tensor): never {
  throw new OnnxExportError(
    `a value of shape ${formatShape(tensor.shape)} is read while the model is traced${callerLine()}: control flow that depends on values can't be exported, ` +
      'and the number would be the same in every run of the file. Compute with tensors instead (where, maskedFill, gather), or choose by cond, loop and scan of @tenfold/onnx-export/control',
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
