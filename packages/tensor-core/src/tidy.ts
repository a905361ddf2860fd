/** `tidy`: disposes what a function made and did not return, for loops that never wait for the garbage collector. */
import { ArgumentError } from './errors.ts';
import type { Tensor } from './tensor.ts';
import { isTensor } from './tensor-class.ts';

const scopes: Set<Tensor>[] = [];

/** Gives a tensor to the running `tidy`, if there is one: every new tensor, and a gradient that is replaced. */
export function track(tensor: Tensor): void {
  if (scopes.length > 0) scopes[scopes.length - 1].add(tensor);
}

/** Takes a tensor that outlives the running `tidy` out of it: a gradient, an optimiser's state. */
export function keep<T extends Tensor>(tensor: T): T {
  for (const scope of scopes) scope.delete(tensor);
  return tensor;
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
  const scope = new Set<Tensor>();
  scopes.push(scope);
  let kept: Iterable<Tensor> = [];
  try {
    const result = fn();
    if (result instanceof Promise)
      throw new ArgumentError('tidy: the function must not be async; read values after it');
    kept = tensorsIn(result);
    return result;
  } finally {
    scopes.pop();
    const outer = scopes.at(-1);
    for (const tensor of kept) if (scope.delete(tensor)) outer?.add(tensor);
    for (const tensor of scope) tensor.dispose();
  }
}

function* tensorsIn(value: unknown): Iterable<Tensor> {
  if (isTensor(value)) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* tensorsIn(item);
  else if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) yield* tensorsIn(item);
  }
}
