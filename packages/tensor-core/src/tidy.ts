/** `tidy`: disposes what a function made and did not return, for loops that never wait for the garbage collector. */
import { ArgumentError } from './errors.ts';
import type { Tensor } from './tensor.ts';
import { isTensor } from './tensor-class.ts';

/** What was made since a `tidy` began. A tensor belongs to it as long as its `tidyScope` says so. */
export interface TidyScope {
  readonly outer: TidyScope | null;
  readonly tensors: Tensor[];
}

let innermost: TidyScope | null = null;

/** Gives a tensor to the running `tidy`, if there is one: every new tensor, and a gradient that is replaced. */
export function track(tensor: Tensor): void {
  if (innermost !== null) moveTo(innermost, tensor);
}

function moveTo(scope: TidyScope | null, tensor: Tensor): void {
  tensor.tidyScope = scope;
  if (scope !== null) scope.tensors.push(tensor);
}

/** Takes a tensor that outlives the running `tidy` out of it: a gradient, an optimiser's state. */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.tidyScope = null;
  return tensor;
}

/** Begins what {@link tidy} does, for code that a closure would cost too much. Each must be ended, in the reverse order. */
export function beginTidy(): TidyScope {
  innermost = { outer: innermost, tensors: [] };
  return innermost;
}

/** Disposes what was made since `scope` began, but for `kept`. */
export function endTidy(scope: TidyScope, kept: readonly (Tensor | null)[]): void {
  innermost = scope.outer;
  for (const tensor of kept) if (tensor !== null && tensor.tidyScope === scope) moveTo(scope.outer, tensor);
  for (const tensor of scope.tensors) {
    if (tensor.tidyScope !== scope) continue;
    // or whoever holds the tensor would hold the others
    tensor.tidyScope = null;
    tensor.dispose();
  }
}

/**
 * Runs `fn` and disposes every tensor made inside, but for those in its result (a tensor, or arrays and plain objects of tensors), those taken out by
 * {@link keep}, gradients, and the memory that recorded graphs still need. A gradient of backward's that is replaced or set to `null` inside goes too.
 *
 * @throws ArgumentError if `fn` is asynchronous: tensors of other tasks would be disposed with its own.
 * @example
 * const loss = tidy(() => x.mm(w).sub(y).pow(2).sum());
 */
export function tidy<T>(fn: () => T): T {
  const scope = beginTidy();
  const kept: Tensor[] = [];
  try {
    const result = fn();
    if (result instanceof Promise)
      throw new ArgumentError('tidy: the function must not be async; read values after it');
    collect(result, kept);
    return result;
  } finally {
    endTidy(scope, kept);
  }
}

/** Adds the tensors in `value` to `found`. */
function collect(value: unknown, found: Tensor[]): void {
  if (isTensor(value)) found.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collect(item, found);
  }
}
