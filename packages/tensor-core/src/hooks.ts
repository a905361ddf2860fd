/**
 * The slots through which other layers take part in dispatch without core knowing them: autograd (stop ①), function transforms (stop ⓪) and
 * interpreters (stop ②).
 */
import { AutogradError, TenfoldError } from './errors.ts';
import { formatOrigin, goesWithCore, type Origin, thisCore } from './release.ts';
import type { AnySig, Operand, OpSpec, Outputs } from './spec.ts';
import type { Tensor } from './tensor.ts';

/** A recorded op in the graph that `backward` walks; `x.gradFn` in PyTorch's terms. */
export interface GradNode {
  /** PyTorch's name of the node: `'AddBackward0'`. */
  readonly name: string;
  /** The nodes that the gradients of the inputs go to, each with the number of its output. */
  readonly nextFunctions: readonly (readonly [GradNode | null, number])[];
}

/** A registered hook; `remove()` takes it away. */
export interface HookHandle {
  remove(): void;
  [Symbol.dispose](): void;
}

/** Options of `backward`. */
export interface BackwardOptions {
  /** Keep saved tensors for another backward through the same graph. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Record the backward itself, for higher derivatives. Default false. */
  createGraph?: boolean;
  /** Accumulate into these leaves only. */
  inputs?: readonly Tensor[];
}

/** What `@tenfold/autograd` installs. Core keeps nothing but a slot per tensor (`autogradMeta`), whose content is autograd's own. */
export interface AutogradHooks {
  /** Which autograd it is. */
  readonly origin: Origin;
  /** Stop ①: records the op and continues below, or enters its body. Called only with grad mode on and an input that requires grad, or a view to be written. */
  record<S extends AnySig>(spec: OpSpec<S>, inputs: S['inputs'], attrs: S['attrs']): S['outputs'];
  requiresGrad(tensor: Tensor): boolean;
  setRequiresGrad(tensor: Tensor, value: boolean): void;
  isLeaf(tensor: Tensor): boolean;
  gradFn(tensor: Tensor): GradNode | null;
  /** Gives the node that made `tensor` the name of the call that made it together with others (`split`). */
  nameNode(tensor: Tensor, name: string): void;
  grad(tensor: Tensor): Tensor | null;
  setGrad(tensor: Tensor, value: Tensor | null): void;
  retainGrad(tensor: Tensor): void;
  detachInPlace(tensor: Tensor): void;
  backward(tensor: Tensor, gradient: Tensor | undefined, options: BackwardOptions): void;
  registerHook(tensor: Tensor, hook: (grad: Tensor) => Tensor | null | undefined | void): HookHandle;
  registerPostAccumulateGradHook(tensor: Tensor, hook: (tensor: Tensor) => void): HookHandle;
}

let autogradHooks: AutogradHooks | null = null;

/**
 * Installs autograd. Called by `@tenfold/autograd` when it is imported.
 *
 * @throws TenfoldError if it is of another release than core, or if another copy of it is installed already.
 */
export function installAutograd(hooks: AutogradHooks): void {
  const { version, url } = hooks.origin;
  if (!goesWithCore(version)) {
    throw new TenfoldError(
      `@tenfold/autograd ${formatOrigin(hooks.origin)} was not made for @tenfold/tensor-core ${formatOrigin(thisCore)}. ` +
        'Install one version of all @tenfold packages: `npm install @tenfold/tensor-core@latest @tenfold/autograd@latest`; `npx @tenfold/tensor-core doctor` lists them',
      'VERSION_MISMATCH',
    );
  }
  const first = autogradHooks?.origin;
  if (first && (first.url !== url || first.version !== version)) {
    throw new TenfoldError(
      `two copies of @tenfold/autograd are loaded: ${formatOrigin(first)} and ${formatOrigin(hooks.origin)}. Gradients that one records are unknown to the other. ` +
        'Install one version: `npx @tenfold/tensor-core doctor` and `npm ls @tenfold/autograd` show who brings the second; or deduplicate it in your bundler',
      'DUPLICATE_AUTOGRAD',
    );
  }
  autogradHooks = hooks;
}

/** The installed autograd, or `null`. */
export const installedAutograd = (): AutogradHooks | null => autogradHooks;

/** The installed autograd; without it an error that names the package to install. */
export function requireAutograd(what: string): AutogradHooks {
  if (autogradHooks) return autogradHooks;
  throw new AutogradError(
    `${what} needs automatic differentiation: install @tenfold/autograd and import '@tenfold/autograd' once`,
  );
}

/** Runs an op further down the road. */
export type Next = () => Outputs;

/** Stop ②: sees every op that reaches a kernel, below autograd. */
export interface Interpreter {
  /** Runs the op by `next()`, or gives the outputs otherwise. */
  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs;
  /** Around an op with a body whose ops run one by one. */
  enter?(spec: OpSpec, inputs: readonly Operand[], attrs: object | null): void;
  exit?(spec: OpSpec, outputs: Outputs | null): void;
  /** A value is about to be read by JavaScript; throw to refuse. */
  read?(tensor: Tensor): void;
  /** A slot outside of any storage was assigned: `tensor.grad = value`. */
  assign?(tensor: Tensor, slot: 'grad', value: Tensor | null): void;
}

/** Stop ⓪: rewrites calls before gradients are recorded (`autocast`). */
export interface Transform {
  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs;
  /** Around a function that {@link asOne} names: runs `next` with its inputs, or with others in their places. */
  enter?<T>(name: string, inputs: readonly Operand[], next: (inputs: readonly Operand[]) => T): T;
}

export const interpreters: Interpreter[] = [];
export const transforms: Transform[] = [];

/**
 * Runs a function that is one op in PyTorch and several here, so that transforms can take it for one: `asOne('linear', [x, w], (x, w) => x.matmul(w.t()))`.
 * Only they see it; its ops travel the road one by one.
 */
export function asOne<const I extends readonly Operand[], T>(name: string, inputs: I, fn: (...inputs: I) => T): T {
  if (transforms.length === 0) return fn(...inputs);
  const from = (level: number, given: readonly Operand[]): T => {
    // a transform gives an operand for each that it was given
    if (level < 0) return fn(...(given as I));
    const { [level]: layer } = transforms;
    const next = (more: readonly Operand[]): T => from(level - 1, more);
    return layer.enter ? layer.enter(name, given, next) : next(given);
  };
  return from(transforms.length - 1, inputs);
}

/** Runs `fn` with one more interpreter (on top) or transform on its stack. */
export function withLayer<L, T>(stack: L[], layer: L, fn: () => T): T {
  stack.push(layer);
  try {
    return fn();
  } finally {
    // by identity, so that a layer left by an exception inside cannot unbalance the stack
    stack.length = stack.lastIndexOf(layer);
  }
}
