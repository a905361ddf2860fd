/** Custom Functions under autocast: what PyTorch has as the decorators `custom_fwd` and `custom_bwd`. */
import { checkOptions, type DType, isFloat, isTensor, type Tensor } from '@tenfold/tensor-core';
import { type AutocastSettings, autocastState, withAutocast, withoutAutocast } from './autocast-state.ts';
import type { FunctionContext, FunctionGradients, FunctionOutputs } from './function.ts';

/** Options of {@link customFwd}. */
export interface CustomFwdOptions {
  /** The dtype that float inputs are cast to where autocast is on; forward then runs without it. Default: nothing is cast, and autocast goes on. */
  castInputs?: DType;
}

/** What backward has to know of a forward. */
interface Forward {
  readonly settings: AutocastSettings;
  /** The dtype of each argument's gradient, `null` for what is no tensor. */
  readonly dtypes: readonly (DType | null)[];
}

const forwards = new WeakMap<FunctionContext, Forward>();

/**
 * The `forward` of a custom Function for use under autocast (https://pytorch.org/docs/stable/amp.html#torch.amp.custom_fwd). Its backward must be wrapped by
 * {@link customBwd}. With `castInputs` it always sees that dtype there, and its ops run in it; float64 stays.
 *
 * @example
 * const product = defineFunction({
 *   forward: customFwd((ctx: FunctionContext, x: Tensor, w: Tensor) => (ctx.saveForBackward(x, w), x.mm(w))),
 *   backward: customBwd((ctx: FunctionContext, grad: Tensor) => {
 *     const [x, w] = ctx.savedTensors;
 *     return [grad.mm(w.t()), x.t().mm(grad)];
 *   }),
 * });
 */
export function customFwd<C extends FunctionContext, A extends readonly unknown[], R extends FunctionOutputs>(
  forward: (ctx: C, ...args: A) => R,
  options?: CustomFwdOptions,
): (ctx: C, ...args: A) => R {
  checkOptions('customFwd', options, ['castInputs']);
  const dtype = options?.castInputs;
  return (ctx, ...args) => {
    const { settings } = autocastState;
    const dtypes = args.map((x) => (isTensor(x) ? x.dtype : null));
    const isCast = (x: unknown): x is Tensor =>
      isTensor(x) && isFloat(x.dtype) && x.dtype !== 'float64' && settings.has(x.storage.device.type);
    if (dtype === undefined || !args.some(isCast)) {
      forwards.set(ctx, { settings, dtypes });
      return forward(ctx, ...args);
    }
    return withoutAutocast(() => {
      forwards.set(ctx, { settings: autocastState.settings, dtypes });
      // tensors in the places of tensors
      return forward(ctx, ...(args.map((x) => (isCast(x) ? x.to(dtype) : x)) as unknown as A));
    });
  };
}

/**
 * The `backward` of a custom Function whose forward is wrapped by {@link customFwd}: runs with or without autocast as that did
 * (https://pytorch.org/docs/stable/amp.html#torch.amp.custom_bwd), and gives each gradient in the dtype of its argument.
 */
export function customBwd<C extends FunctionContext, A extends readonly unknown[]>(
  backward: (ctx: C, ...grads: A) => FunctionGradients,
): (ctx: C, ...grads: A) => FunctionGradients {
  return (ctx, ...grads) => {
    const known = forwards.get(ctx);
    if (known === undefined) return backward(ctx, ...grads);
    const given = withAutocast(known.settings, () => backward(ctx, ...grads));
    const results: readonly (Tensor | null | undefined)[] = isTensor(given) || given === null ? [given] : given;
    return results.map((grad, i) => {
      const dtype = known.dtypes[i] ?? null;
      return grad && dtype !== null && isFloat(dtype) && grad.dtype !== dtype ? grad.to(dtype) : grad;
    });
  };
}
