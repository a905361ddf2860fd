/** Running the model that is exported: what counts as one, its parameters' names, its mode, and its traces at several sizes. */
import {
  builtinOps,
  callerLine,
  DeviceError,
  describe,
  dispatch,
  formatShape,
  type Graph,
  type Interpreter,
  interpreters,
  isTensor,
  OnnxExportError,
  TenfoldError,
  type Tensor,
  trace,
  withLayer,
  withoutGrad,
  withScope,
} from '@tenfold/tensor-core';
import { otherSizes, type Point, samplePoints } from './dims.ts';
import { OpenAxes } from './open-sizes.ts';
import type { DynamicAxis, TrainingMode } from './options.ts';
import { restoringGenerators, snapshot, writesAsOutputs } from './state.ts';
import { type Arguments, type Path, pathText, readResult } from './structure.ts';

/** The part of a module of `@tenfold/nn` that an export uses. Only `forward` is needed. */
export interface ForwardModel {
  forward(...inputs: never[]): unknown;
}

/** What can be exported: a module, any object with `forward`, or a function. */
export type ExportableModel = ForwardModel | ((...inputs: never[]) => unknown);

type Forward = (...inputs: readonly unknown[]) => unknown;

/** Modules as `@tenfold/nn` has them, by what they offer. */
export interface ModuleLike {
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
  /** Runs forward on its arguments. */
  run(args: readonly unknown[]): unknown;
  /** Names of parameters and buffers, as in `stateDict()`. */
  readonly names: ReadonlyMap<Tensor, string>;
  /** The classes of the modules by their path; the model's own is `''`. */
  readonly modules: ReadonlyMap<string, string>;
}

/** Runs `use` with the model in its mode (evaluation, if not said otherwise), under grad off, with the scopes of its modules marked. Everything is put back afterwards. */
export function withModel<T>(model: unknown, use: (runner: Runner) => T, mode: TrainingMode = 'eval'): T {
  if (typeof model === 'function') {
    const forward = model as Forward;
    return use({
      name: forward.name || 'model',
      names: new Map(),
      modules: new Map(),
      run: (args) => withoutGrad(() => forward(...args)),
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
  const modes = [...(module.namedModules?.() ?? [])].map(([, each]) => [each, each.training] as const);
  const undo: (() => void)[] = [];
  try {
    const wanted = mode === 'training';
    const switched = mode !== 'preserve';
    for (const [each, training] of modes) if (switched && training === !wanted) setMode(each, wanted);
    const modules = markScopes(module, '', undo);
    return use({
      name: module.constructor?.name && module.constructor !== Object ? module.constructor.name : 'model',
      names,
      modules,
      run: (args) => withoutGrad(() => module.forward(...args)),
    });
  } finally {
    for (const restore of undo.reverse()) restore();
    for (const [each, training] of modes)
      if (training !== undefined && each.training !== training) setMode(each, training);
  }
}

/** The mode of one module alone: its children may have others. */
function setMode(module: ModuleLike, training: boolean): void {
  (module as { training: boolean }).training = training;
}

/** Makes the ops of all modules in `root` bear their names, `prefix` before them, until `undo` is run; gives the classes of the modules by path. */
export function markScopes(root: ModuleLike, prefix: string, undo: (() => void)[]): Map<string, string> {
  const classes = new Map<string, string>();
  const running: string[] = [];
  for (const [name, module] of root.namedModules?.() ?? []) {
    const path = [prefix, name].filter(Boolean).join('.');
    classes.set(path, module.constructor.name);
    if (path !== '') undo.push(markScope(module, path, running));
  }
  return classes;
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
    const handle = module.registerForwardWrapper((_, args, next) => scoped(() => next(...args)));
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
  /** Where the outputs stand in what forward returns. */
  readonly paths: readonly Path[];
  /** Names of further outputs: the state that forward changes. */
  readonly stateNames: readonly string[];
}

/**
 * Traces the model at the example's sizes and at others of each dynamic axis, one by one and all together. Sizes that values decide count as axes, too.
 */
export function traceAll(
  runner: Runner,
  args: Arguments,
  axes: readonly DynamicAxis[],
  /** Whether forward may change the model's state, which becomes outputs. */
  mayWrite = false,
  /** Whether the first trace notes the lines of the program. */
  lines = false,
): Traces {
  const open = new OpenAxes(axes.map(({ name }) => name));
  const example = new Map(axes.map(({ input, axis, name }) => [name, args.tensors[input].shape[axis]]));
  const restore = mayWrite ? snapshot(runner.names) : null;
  const traceAt = (point: Point, first: boolean, aside: Point | null = null): TraceOfOne => {
    open.point = point;
    const sized = (at: Point): Tensor[] => withoutGrad(() => resize(args.tensors, axes, at));
    try {
      return restoringGenerators(() => {
        if (aside) runAside(runner, args, sized(aside));
        return traceOnce(runner, args, sized(point), open, mayWrite, lines && first);
      });
    } catch (error) {
      throw failed(error, point, first, open, runner, args.tensors);
    } finally {
      restore?.();
    }
  };
  for (;;) {
    const first = traceAt(example, true);
    const known = open.sizes.size;
    const points = samplePoints(new Map([...example, ...open.sizes]), otherSizes);
    let traces = points.map((point, t) => (t === 0 ? first : traceAt(point, false)));
    // what forward keeps between calls (masks of the last size, constants made at the first call) must be met in one state by all traces
    if (traces.some(({ graph }) => !sameConstants(graph, traces[0].graph)))
      traces = points.map((point, t) => traceAt(point, t === 0, new Map([...point].map(([name, n]) => [name, n + 1]))));
    // a size that values decide and that the first trace took for fixed: once more, with it open from the start
    if (open.sizes.size === known) return together(traces, points);
  }
}

/** Why a trace failed, with the sizes that it was made at. */
function failed(
  error: unknown,
  point: Point,
  first: boolean,
  open: OpenAxes,
  runner: Runner,
  inputs: readonly Tensor[],
): unknown {
  const opened = open.sizes.size > 0;
  if (!(error instanceof TenfoldError) || (first && !opened && error instanceof OnnxExportError)) return error;
  const message = error.message.replace(/^the model fails on the example inputs: /, '');
  if (first && !opened) {
    return new OnnxExportError(
      `the model fails on the example inputs: ${message}${error instanceof DeviceError ? devicesOf(runner, inputs) : ''}`,
      { cause: error },
    );
  }
  const sizes = [...new Map([...open.sizes, ...point])].map(([name, size]) => `${name} = ${size}`).join(', ');
  const which = opened ? 'its dynamic axes, or values in its control flow,' : 'its dynamic axes';
  return new OnnxExportError(`the model runs with the example, but not at ${sizes}, which ${which} allow: ${message}`, {
    cause: error,
  });
}

/** Traces whose outputs stand at the same places. */
function together(traces: readonly TraceOfOne[], points: readonly Point[]): Traces {
  const [{ paths, stateNames }] = traces;
  const where = (each: readonly Path[]): string => each.map(pathText).join(', ');
  traces.forEach((trace, t) => {
    if (where(trace.paths) === where(paths)) return;
    throw new OnnxExportError(
      `the model computes something else at ${sizesText(points[t])}: ${trace.paths.length} outputs (at ${where(trace.paths)}) are returned instead of ${paths.length} (at ${where(paths)})`,
    );
  });
  return { graphs: traces.map(({ graph }) => graph), points, paths, stateNames };
}

/** `'batch = 3, time = 7'` */
const sizesText = (point: Point): string => [...point].map(([name, size]) => `${name} = ${size}`).join(', ');

const sameConstants = (a: Graph, b: Graph): boolean =>
  a.inputs.length === b.inputs.length &&
  a.inputs.every(
    ({ kind, tensor }, i) => kind === b.inputs[i].kind && (kind === 'argument' || tensor === b.inputs[i].tensor),
  );

/** Runs the model at sizes that the next trace does not have. Whether it can is of no interest here. */
function runAside(runner: Runner, args: Arguments, inputs: readonly Tensor[]): void {
  try {
    runner.run(args.with(inputs));
  } catch (error) {
    if (!(error instanceof TenfoldError)) throw error;
  }
}

/** Where inputs and parameters are, for an error of devices. */
function devicesOf(runner: Runner, inputs: readonly Tensor[]): string {
  const state = [...runner.names].map(([{ device }, name]) => `'${name}' on ${device}`);
  const other = state.find((text) => !text.endsWith(` on ${inputs[0]?.device}`));
  return `. The example inputs are on ${[...new Set(inputs.map(({ device }) => device))].join(' and ')}${other ? `, but ${other}` : ''}; move them to one device`;
}

interface TraceOfOne {
  readonly graph: Graph;
  readonly paths: readonly Path[];
  readonly stateNames: readonly string[];
}

function traceOnce(
  runner: Runner,
  args: Arguments,
  inputs: readonly Tensor[],
  open: OpenAxes,
  mayWrite: boolean,
  lines: boolean,
): TraceOfOne {
  let paths: readonly Path[] = [];
  const forward = (...given: Tensor[]): readonly Tensor[] => {
    const result = readResult(runner.run(args.with(given)));
    paths = result.paths;
    return result.tensors;
  };
  const { graph } = withLayer(interpreters, refuseRecorded(runner), () =>
    trace(forward, inputs, { onRead: refuseRead, lines, controlFlow: open }),
  );
  const changed = mayWrite ? undefined : graph.writes.find(({ tensor }) => !inputs.includes(tensor));
  if (changed) {
    const name = runner.names.get(changed.tensor) ?? `a tensor of shape ${formatShape(changed.tensor.shape)}`;
    throw new OnnxExportError(`forward changes ${name} in place: a file keeps no state between runs`);
  }
  return { graph, paths, stateNames: mayWrite ? writesAsOutputs(graph, runner.names) : [] };
}

/**
 * As in PyTorch, what a recorded op gave can be no constant: it would be cut from the parameters it was computed from. Nothing is recorded during the
 * export, so that what has a history comes from outside.
 */
const refuseRecorded = (runner: Runner): Interpreter => ({
  process(spec, inputs, _attrs, next) {
    for (const x of inputs) {
      if (!isTensor(x) || x.gradFn === null || spec.name === 'detach' || runner.names.has(x)) continue;
      throw new OnnxExportError(
        `op '${spec.name}' takes a tensor of shape ${formatShape(x.shape)} that was computed outside of forward while gradients were recorded (${x.gradFn.name})${callerLine()}; ` +
          'compute it in forward, pass it as an input, or detach() it to make it a constant',
      );
    }
    return next();
  },
});

export function refuseRead(tensor: Tensor): never {
  throw new OnnxExportError(
    `a value of shape ${formatShape(tensor.shape)} is read while the model is traced${callerLine()}: control flow that depends on values can't be exported, ` +
      'and the number would be the same in every run of the file. Compute with tensors instead (where, maskedFill, gather), or choose by cond, loop and scan of @tenfold/onnx-export/control',
  );
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
