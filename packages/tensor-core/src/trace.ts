/**
 * The tracer: an interpreter that writes down the ops a function runs, as a {@link Graph}.
 *
 * Values are keyed by storage: each storage has a current value, an in-place write gives it a new one, and a view is read by replaying its ops from
 * there. So a program with in-place writes through any alias comes out functional.
 */
import { aside, type ControlRecorder, type ControlResult, type OpenSizes, resized } from './control.ts';
import { dispatch, runBelow } from './dispatch.ts';
import { AutogradError, TenfoldError } from './errors.ts';
import { gradMode, withoutGrad } from './grad-mode.ts';
import { Graph, type GraphAssignment, type GraphInput, type GraphNode, type Value } from './graph.ts';
import { type Interpreter, interpreters, type Next, withLayer } from './hooks.ts';
import { create } from './ops/create.ts';
import { movement } from './ops/movement.ts';
import { formatShape, sameShape } from './shape.ts';
import type { Operand, OpSpec, Outputs, TensorMeta } from './spec.ts';
import type { Storage } from './storage.ts';
import type { Tensor } from './tensor.ts';
import { isTensor, makeTensor } from './tensor-class.ts';
import { keep } from './tidy.ts';

/** Options of {@link trace}. */
export interface TraceOptions {
  /** Called before a value is read by JavaScript; throw to refuse. Default: an error, because the value would be baked into the graph. */
  onRead?: (tensor: Tensor) => void;
  /**
   * Tells tensors from outside apart that share memory: `w` and `w.detach()` for a transform that follows gradients. Those of another identity than the
   * one that was met first are inputs of their own; and inputs are held, whatever becomes of the tensors. Default: memory alone counts.
   */
  identity?: (tensor: Tensor) => unknown;
  /**
   * Writes control flow down as nodes with bodies ({@link recordControl}); says with which sizes to go on where values decide them. Default: control flow
   * runs like any JavaScript, which reads values.
   */
  controlFlow?: OpenSizes;
  /** Notes for each op the line of the traced program that calls it. A stack is taken for each op; it costs nothing unless asked for. Default false. */
  lines?: boolean;
}

/** What {@link trace} gives: the graph, and what the function returned while it was traced. */
export interface Traced<T> {
  readonly graph: Graph;
  readonly result: T;
}

/**
 * Runs `fn(...args)` and writes down its ops. `args` become the graph's arguments; every other tensor met on the way becomes a captured input.
 * The graph holds for the shapes of this call; `replay` refuses others.
 */
export function trace<T extends Outputs>(
  fn: (...args: Tensor[]) => T,
  args: readonly Tensor[],
  options: TraceOptions = {},
): Traced<T> {
  const tracer = new Tracer(args, options);
  const result = withLayer<Interpreter, T>(interpreters, tracer, () => fn(...args));
  return { graph: tracer.finish(isTensor(result) ? [result] : result), result };
}

/** Runs `fn` with `name` added to the scope of the ops that are being traced; without a tracer it just runs `fn`. */
export function withScope<T>(name: string, fn: () => T): T {
  const tracer = innermost();
  return tracer ? tracer.scoped(name, fn) : fn();
}

const innermost = (): Tracer | undefined => interpreters.findLast((layer): layer is Tracer => layer instanceof Tracer);

/**
 * If the program is traced with {@link TraceOptions.controlFlow}, writes down one node with bodies instead of running anything by its values, and gives the
 * results; else gives `null`. `spec.body` must run the op, with functions by the names of the bodies in its attribute `bodies`.
 */
export function recordControl(
  spec: OpSpec,
  inputs: readonly Operand[],
  attrs: object | null,
  record: (recorder: ControlRecorder) => readonly ControlResult[],
): Tensor[] | null {
  const tracer = innermost();
  if (!tracer?.recordsControl) return null;
  if (interpreters.some((layer) => layer instanceof Tracer && layer !== tracer))
    throw new TenfoldError(`${spec.name}: control flow can't be written down by two traces at once`, 'TRACE');
  return tracer.control(spec, inputs, attrs, record);
}

/** Whether a program is being traced at this moment. */
export const isTracing = (): boolean => interpreters.some((layer) => layer instanceof Tracer);

function refuseRead(tensor: Tensor): never {
  throw new TenfoldError(
    `a value of shape ${formatShape(tensor.shape)} was read while tracing${callerLine()}: it would be baked into the graph. ` +
      'Compute with tensors instead, or read it outside of the traced function',
    'TRACE',
  );
}

/**
 * Frames of Tenfold's packages: installed as `@tenfold/<name>`, or in the folder beside this package. A test file counts as a user's.
 * Stacks write files as URLs or as paths.
 */
const ownFrame = /* @__PURE__ */ ((): RegExp => {
  const installed = String.raw`[\\/]@tenfold[\\/]`;
  const beside = /^(.*\/)tensor-core\/(?:src|dist)\//.exec(decodeURI(new URL(import.meta.url).pathname))?.[1];
  const folder = beside
    ?.replace(/^\/(?=[A-Za-z]:)/, '')
    .replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('/', String.raw`[\\/]`);
  const own = folder ? `(?:${installed}|${folder})` : installed;
  return new RegExp(String.raw`${own}[\w-]+[\\/](?:src|dist)[\\/](?!.*\.test\.)`);
})();

/** The frames of the stack, of which an op may take more than the ten that are kept by default. */
function stackOf(frames = 100): string[] {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = frames;
  try {
    return new Error().stack?.split('\n').slice(1) ?? [];
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** ` at file.ts:12:3`: the innermost stack frame outside of Tenfold's packages, or nothing. */
export function callerLine(): string {
  const place = placeIn(stackOf());
  return place ? ` at ${place}` : '';
}

/** The innermost of some stack frames that is outside of Tenfold's packages, as `file.ts:12:3`. */
function placeIn(frames: readonly string[]): string | undefined {
  // frames of built-in functions (Array.map) have no place
  for (const line of frames) {
    const place = /((?:[a-z]+:\/\/|\/|[A-Za-z]:\\).*:\d+:\d+)\)?$/.exec(line.trim());
    if (place && !ownFrame.test(line) && !line.includes('node:')) return place[1];
  }
  return undefined;
}

/** Frames that are looked at for the lines of ops. */
const DEEPEST = 1000;

/** What is known of a storage: the tensor whose value stands for it, that value now, and how often it was written. */
interface StorageState {
  readonly root: Tensor;
  value: Value;
  version: number;
  /** The body of control flow in which it was made. */
  readonly region: Frame | null;
  /** Whether it existed before the trace. */
  readonly existed: boolean;
}

/** The value of a tensor; one that was computed in a body of control flow counts in there only. */
interface Known {
  readonly value: Value;
  readonly version: number;
  readonly region: Frame | null;
}

/** The ops of the program, or of one body inside it. */
interface Frame {
  readonly nodes: GraphNode[];
  readonly created: Set<Storage>;
  /** Storages from outside of the frame that were written in it. */
  readonly written: Set<Storage>;
}

const newFrame = (): Frame => ({ nodes: [], created: new Set(), written: new Set() });

class Tracer implements Interpreter {
  readonly #graph = new Graph();
  readonly #frames: Frame[] = [newFrame()];
  readonly #states = new Map<Storage, StorageState>();
  /** The value of a tensor, as long as its storage is still at that version. */
  readonly #memo = new Map<Tensor, Known>();
  /** The tensors that ops of the trace have given. */
  readonly #made = new WeakSet<Tensor>();
  readonly #scope: string[] = [];
  readonly #assignments = new Map<Tensor, Tensor | null>();
  readonly #onRead: (tensor: Tensor) => void;
  readonly #identity: ((tensor: Tensor) => unknown) | null;
  readonly #openSizes: OpenSizes | null;
  readonly #arguments: ReadonlySet<Tensor>;
  /** The bodies of control flow that are being traced, from the outside in. */
  readonly #regions: Frame[] = [];
  /** Memory that may not be written, and why: what a write would change depends on values. */
  readonly #fixed = new Map<Storage, string>();
  /** Where in the program control flow stands: the same in each trace of it. */
  #place = { prefix: '', next: 0 };
  /** The stack frames around the traced function; `null` if lines are not wanted. */
  readonly #around: number | null;
  #count = 0;
  /** The grad mode of the outermost op whose body is running. */
  #outerMode: boolean | null = null;

  constructor(args: readonly Tensor[], { onRead, identity, controlFlow, lines }: TraceOptions) {
    this.#around = lines ? stackOf(DEEPEST).length : null;
    this.#onRead = onRead ?? refuseRead;
    this.#identity = identity ?? null;
    this.#openSizes = controlFlow ?? null;
    this.#arguments = new Set(args);
    for (const tensor of args) this.#addInput(tensor, 'argument');
  }

  read(tensor: Tensor): void {
    this.#onRead(tensor);
  }

  assign(tensor: Tensor, _slot: 'grad', value: Tensor | null): void {
    if (this.#regions.length > 0)
      throw new TenfoldError(`trace: .grad is assigned${callerLine()} in a body of control flow; return it`, 'TRACE');
    this.#assignments.set(tensor, value);
  }

  scoped<T>(name: string, fn: () => T): T {
    this.#scope.push(name);
    try {
      return fn();
    } finally {
      this.#scope.pop();
    }
  }

  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs {
    const functional = spec.inplaceOf;
    if (functional?.body) return this.#inMode(() => copyResult(functional, inputs, attrs));
    if (functional && spec.inplace?.how === 'view') return this.#reshaped(functional, inputs[0] as Tensor, attrs, next);
    const values = inputs.map((x) => (isTensor(x) ? this.#valueOf(x) : x));
    if (!spec.body) {
      // what the functional op gives, before it is rounded to the tensor it is written into
      const metas = spec.inplaceOf?.infer?.(inputs, attrs);
      const result = next();
      this.#settle(spec, values, attrs, result, null, metas && ('length' in metas ? metas : [metas]));
      return result;
    }
    const frame = newFrame();
    this.#frames.push(frame);
    let result: Outputs;
    try {
      // by the body even where the device has a kernel of its own: the graph must not depend on the device
      result = this.#inMode(() => runBelow(spec, inputs, attrs));
    } finally {
      this.#frames.pop();
    }
    this.#settle(spec, values, attrs, result, frame);
    return result;
  }

  /** An in-place change of shape writes nothing: the tensor has another value from now on, a view of the one it had. */
  #reshaped(spec: OpSpec, tensor: Tensor, attrs: object | null, next: Next): Outputs {
    const ofCaller = this.#frames.length > 1 && !this.#frame.created.has(tensor.storage);
    if (!this.#made.has(tensor) || ofCaller) {
      throw new TenfoldError(
        `trace: ${spec.name}_ would change the shape of a tensor that was made outside of the traced function, which a graph can't repeat; use x.${spec.name}(…)`,
        'TRACE',
      );
    }
    const before = this.#valueOf(tensor);
    const result = next();
    const value = this.#newValue(tensor);
    this.#record({
      spec,
      inputs: [before],
      attrs,
      outputs: [value],
    });
    const state = this.#states.get(tensor.storage);
    if (state?.root === tensor) state.value = value;
    this.#remember(tensor, value);
    return result;
  }

  get recordsControl(): boolean {
    return this.#openSizes !== null;
  }

  control(
    spec: OpSpec,
    inputs: readonly Operand[],
    attrs: object | null,
    record: (recorder: ControlRecorder) => readonly ControlResult[],
  ): Tensor[] {
    const values = inputs.map((x) => (isTensor(x) ? this.#valueOf(x) : x));
    const bodies: Record<string, Graph> = {};
    const place = this.#place.prefix + this.#place.next++;
    const results = record({
      body: (name, parameters, fn) => {
        const { graph, outputs } = this.#controlBody(spec, `${place}.${name}.`, parameters, fn);
        bodies[name] = graph;
        return outputs;
      },
      size: (at, kind, differs) => this.#openSizes?.at(`${place}.${at}`, kind, differs) ?? null,
      example: (make, shape) =>
        aside(() => {
          const x = make();
          return resized(x, shape ?? x.shape);
        }),
    });
    const outputs = results.map(({ tensor }) => this.#newValue(tensor));
    this.#record({ spec, inputs: values, attrs, outputs, bodies });
    results.forEach(({ tensor }, k) => {
      this.#define(tensor, outputs[k], null);
    });
    this.#noteShared(spec, results);
    return results.map(({ tensor }) => tensor);
  }

  /** A result may be memory from outside of its body, or that of another result: neither may be written from now on. */
  #noteShared(spec: OpSpec, results: readonly ControlResult[]): void {
    const holders = new Map<Storage, Set<Tensor>>();
    for (const { tensor, from } of results)
      for (const { storage } of from) holders.set(storage, (holders.get(storage) ?? new Set()).add(tensor));
    for (const [storage, tensors] of holders) {
      const state = this.#states.get(storage);
      const outside = state !== undefined && this.#isOpen(state.region);
      if (!outside && tensors.size === 1) continue;
      const why = `a result of '${spec.name}' may share its memory`;
      if (outside) this.#fixed.set(storage, why);
      for (const tensor of tensors) this.#fixed.set(tensor.storage, why);
    }
  }

  #controlBody(
    spec: OpSpec,
    prefix: string,
    parameters: readonly Tensor[],
    fn: () => readonly Tensor[],
  ): { graph: Graph; outputs: readonly Tensor[] } {
    const frame = newFrame();
    const place = this.#place;
    this.#place = { prefix, next: 0 };
    this.#frames.push(frame);
    this.#regions.push(frame);
    try {
      const given = parameters.map((tensor): GraphInput => {
        const value = this.#newValue(tensor);
        this.#states.set(tensor.storage, { root: tensor, value, version: 0, region: frame, existed: false });
        this.#remember(tensor, value);
        this.#fixed.set(tensor.storage, `'${spec.name}' gives it to its body`);
        return { value, tensor, kind: 'argument' };
      });
      const outputs = fn();
      const values = outputs.map((tensor) => this.#valueOf(tensor));
      if (outputs.some((tensor) => tensor.requiresGrad)) {
        throw new AutogradError(
          `${spec.name}: gradients can't be recorded through control flow while it is traced; trace with gradients off (noGrad)`,
        );
      }
      const inner = this.#bodyGraph(
        frame,
        given.map(({ value }) => value),
        values,
      );
      inner.inputs.push(...given);
      return { graph: inner, outputs };
    } finally {
      this.#regions.pop();
      this.#frames.pop();
      this.#place = place;
    }
  }

  finish(results: readonly Tensor[]): Graph {
    const graph = this.#graph;
    graph.outputs.push(...results.map((tensor) => this.#valueOf(tensor)));
    for (const [tensor, value] of this.#assignments) {
      const assignment: GraphAssignment = { tensor, slot: 'grad', value: value && this.#valueOf(value) };
      graph.assignments.push(assignment);
    }
    for (const { root, value, version, existed } of this.#states.values()) {
      if (existed && version > 0) graph.writes.push({ tensor: root, value });
    }
    graph.nodes.push(...this.#frame.nodes);
    return graph;
  }

  /** What was computed in a body of control flow counts as long as that body is being traced. */
  #isOpen(region: Frame | null): boolean {
    return region === null || this.#regions.includes(region);
  }

  get #region(): Frame | null {
    return this.#regions.at(-1) ?? null;
  }

  get #frame(): Frame {
    return this.#frames[this.#frames.length - 1];
  }

  /** Appends a node to the program, or to the body that is running. */
  #record(node: Pick<GraphNode, 'spec' | 'inputs' | 'attrs' | 'outputs'> & Partial<GraphNode>): void {
    const line = this.#around === null ? undefined : placeIn(this.#stack(this.#around));
    const full = { body: null, scope: [...this.#scope], gradMode: this.#gradMode, ...node };
    this.#frame.nodes.push(line === undefined ? full : { ...full, line });
  }

  /** The stack frames inside the traced function, the innermost first. */
  #stack(around: number): string[] {
    const frames = stackOf(DEEPEST);
    return frames.slice(0, Math.max(0, frames.length - around));
  }

  get #gradMode(): boolean {
    return this.#outerMode ?? gradMode.enabled;
  }

  /** Runs the ops that an op is made of: they switch recording off for themselves, but count as recorded if the op is. */
  #inMode<T>(fn: () => T): T {
    const before = this.#outerMode;
    this.#outerMode = this.#gradMode;
    try {
      return fn();
    } finally {
      this.#outerMode = before;
    }
  }

  /** Notes an op that has run, and which values its results now have. */
  #settle(
    spec: OpSpec,
    inputs: readonly (Value | number | null)[],
    attrs: object | null,
    result: Outputs,
    body: Frame | null,
    metas?: readonly TensorMeta[],
  ): void {
    const results = isTensor(result) ? [result] : result;
    const returned = new Set(results.map((tensor) => tensor.storage));
    if (body && [...body.written].some((storage) => !body.created.has(storage) && !returned.has(storage))) {
      this.#splice(body);
      return;
    }
    const bodyOutputs = body && results.map((tensor) => this.#valueOf(tensor));
    const outputs = results.map((tensor, i) => this.#newValue(metas?.[i] ?? tensor));
    const functional = spec.inplaceOf ?? spec;
    this.#record({
      spec: functional,
      inputs,
      attrs,
      outputs,
      body: body && bodyOutputs && this.#bodyGraph(body, inputs, bodyOutputs),
    });
    results.forEach((tensor, i) => {
      if (spec.inplaceOf || body?.written.has(tensor.storage)) this.#write(tensor, outputs[i]);
      else this.#define(tensor, outputs[i], body);
    });
  }

  /** The ops of a body become ops of the frame around it: for bodies with side effects that their outputs do not carry. */
  #splice(body: Frame): void {
    const frame = this.#frame;
    frame.nodes.push(...body.nodes);
    for (const storage of body.created) frame.created.add(storage);
    for (const storage of body.written) if (!frame.created.has(storage)) frame.written.add(storage);
  }

  #bodyGraph(frame: Frame, inputs: readonly (Value | number | null)[], outputs: readonly Value[]): Graph {
    const graph = new Graph();
    graph.nodes.push(...frame.nodes);
    graph.outputs.push(...outputs);
    const known = new Set<Value | number | null>(inputs);
    const need = (value: Value | number | null): void => {
      if (typeof value !== 'object' || value === null || known.has(value)) return;
      known.add(value);
      graph.captured.push(value);
    };
    for (const node of frame.nodes) {
      for (const value of node.inputs) need(value);
      for (const value of node.body?.captured ?? []) need(value);
      for (const { captured } of Object.values(node.bodies ?? {})) captured.forEach(need);
      for (const value of node.outputs) known.add(value);
    }
    for (const value of outputs) need(value);
    return graph;
  }

  #newValue({ shape, dtype }: TensorMeta): Value {
    return { id: this.#count++, shape, dtype };
  }

  /** `tensor` is the result of an op that wrote nothing: memory of its own, or a view. */
  #define(tensor: Tensor, value: Value, body: Frame | null): void {
    this.#made.add(tensor);
    const state = this.#states.get(tensor.storage);
    if (state && !body?.created.has(tensor.storage)) {
      this.#remember(tensor, value);
      return;
    }
    this.#states.set(tensor.storage, { root: tensor, value, version: 0, region: this.#region, existed: false });
    this.#remember(tensor, value);
    this.#frame.created.add(tensor.storage);
  }

  #valueOf(tensor: Tensor): Value {
    const state = this.#states.get(tensor.storage);
    if (state && !this.#isOpen(state.region)) throw leftBody(tensor);
    const memo = this.#known(tensor) ?? this.#known(aliases.get(tensor) ?? tensor);
    if (memo && memo.version === state?.version) return memo.value;
    if (!state) {
      this.#addInput(rootOf(tensor), 'captured');
      return this.#valueOf(tensor);
    }
    if (this.#identity && !memo && this.#isCaptured(state) && this.#identity(tensor) !== this.#identity(state.root))
      return this.#addInput(tensor, 'captured');
    if (sameMemory(tensor, state.root)) return this.#remember(tensor, state.value);
    const { viewInfo } = tensor;
    if (!viewInfo) {
      // reached memory from another side than the state's root, as when an argument is itself a view
      if (state.version > 0) throw sharedMemory(tensor);
      return this.#addInput(tensor, 'captured');
    }
    const source = this.#valueOf(viewInfo.source);
    const value = this.#newValue(tensor);
    const { spec, attrs } = viewInfo;
    this.#record({
      spec,
      inputs: [source],
      attrs,
      outputs: [value],
      gradMode: viewInfo.made === 'grad',
    });
    return this.#remember(tensor, value);
  }

  #known(tensor: Tensor): Known | undefined {
    const known = this.#memo.get(tensor);
    return known && this.#isOpen(known.region) ? known : undefined;
  }

  /** Whether memory is as it came from outside, and not that of an argument. */
  #isCaptured({ root, existed, version }: StorageState): boolean {
    return existed && version === 0 && !this.#arguments.has(root);
  }

  #remember(tensor: Tensor, value: Value, region: Frame | null = this.#region): Value {
    this.#memo.set(tensor, { value, version: this.#states.get(tensor.storage)?.version ?? 0, region });
    return value;
  }

  #addInput(tensor: Tensor, kind: 'argument' | 'captured'): Value {
    const known = this.#known(tensor);
    if (known && kind === 'captured') return known.value;
    const value = this.#newValue(tensor);
    const held = this.#identity && kind === 'captured' ? heldAlias(tensor) : tensor;
    this.#graph.inputs.push({ value, tensor: held, kind });
    if (!this.#states.has(tensor.storage)) {
      this.#states.set(tensor.storage, { root: tensor, value, version: 0, region: null, existed: true });
    }
    return this.#remember(tensor, value, null);
  }

  /** `tensor` was written in place and now has `value`: so has its storage, through every view between them. */
  #write(tensor: Tensor, written: Value): void {
    const state = this.#states.get(tensor.storage);
    if (!state) throw new TenfoldError('trace: a tensor was written before it was read');
    const why =
      state.region === this.#region
        ? this.#fixed.get(tensor.storage)
        : 'it was made outside of this body of control flow';
    if (why) throw fixedMemory(tensor, why);
    let value = this.#cast(written, tensor);
    const final = value;
    let target = tensor;
    while (!sameMemory(target, state.root)) {
      const { viewInfo } = target;
      if (!viewInfo) throw sharedMemory(tensor);
      const { source, spec, attrs } = viewInfo;
      const base = this.#valueOf(source);
      const next = this.#newValue(source);
      this.#record({
        spec: movement.viewScatter,
        inputs: [base, value],
        attrs: { view: spec, attrs },
        outputs: [next],
      });
      value = next;
      target = source;
    }
    state.value = value;
    state.version++;
    if (!this.#frame.created.has(tensor.storage)) this.#frame.written.add(tensor.storage);
    this.#remember(state.root, value);
    this.#remember(tensor, final);
  }

  /** An in-place result is rounded to the dtype of the tensor it is written into. */
  #cast(value: Value, { shape, dtype, device }: Tensor): Value {
    if (value.dtype === dtype) return value;
    const result: Value = { id: this.#count++, shape, dtype };
    this.#record({
      spec: create.toCopy,
      inputs: [value],
      attrs: { dtype, device },
      outputs: [result],
    });
    return result;
  }
}

const aliases = new WeakMap<Tensor, Tensor>();

/** Says that `alias` shows what `tensor` shows and has its history, for a tracer that knows `tensor`: autograd saves aliases. */
export function noteAlias(alias: Tensor, tensor: Tensor): void {
  if (interpreters.length > 0) aliases.set(alias, tensor);
}

/** The same tensor, history included, as an object of its own: disposing of the other does not touch it. */
function heldAlias(tensor: Tensor): Tensor {
  const { storage, dtype, shape, strides, offset, versionCounter, viewInfo, autogradMeta } = tensor;
  const alias = keep(makeTensor(storage, dtype, shape, strides, offset, versionCounter, viewInfo));
  alias.autogradMeta = autogradMeta;
  return alias;
}

/** An in-place op with a body, as the functional op and a copy: both come back through the tracer. */
function copyResult(functional: OpSpec, inputs: readonly Operand[], attrs: object | null): Outputs {
  return withoutGrad(() => {
    const result: Outputs = dispatch(functional, inputs, attrs);
    const results = isTensor(result) ? [result] : result;
    const targets: Tensor[] = functional
      .writes(inputs)
      .map((i, k) => dispatch(movement.copy.inplaceTwin, [inputs[i] as Tensor, results[k]], null));
    return targets.length === 1 ? targets[0] : targets;
  });
}

/** Whether both show the same elements of one storage: a tensor and its `detach()` or `data`. */
function sameMemory(a: Tensor, b: Tensor): boolean {
  return (
    a === b ||
    (a.storage === b.storage && a.offset === b.offset && sameShape(a.shape, b.shape) && sameShape(a.strides, b.strides))
  );
}

function rootOf(tensor: Tensor): Tensor {
  let root = tensor;
  while (root.viewInfo) root = root.viewInfo.source;
  return root;
}

function leftBody(tensor: Tensor): TenfoldError {
  return new TenfoldError(
    `a tensor of shape ${formatShape(tensor.shape)} is used${callerLine()} outside of the body of control flow that made it, which may not run; return it from there`,
    'TRACE',
  );
}

function fixedMemory(tensor: Tensor, why: string): TenfoldError {
  return new TenfoldError(
    `a tensor of shape ${formatShape(tensor.shape)} is changed in place${callerLine()}, but ${why}: what else changes would depend on values. Change a clone() of it`,
    'TRACE',
  );
}

function sharedMemory(tensor: Tensor): TenfoldError {
  return new TenfoldError(
    `trace: a tensor of shape ${formatShape(tensor.shape)} shares memory with another argument in a way that cannot be followed; pass a clone()`,
    'TRACE',
  );
}
