/** Custom Functions without a class. */
import {
  applyFunction,
  type FunctionArgs,
  type FunctionClass,
  type FunctionContext,
  type FunctionGradients,
  type FunctionOutputs,
  type FunctionResult,
} from './function.ts';

/** What {@link defineFunction} takes. */
export interface FunctionDefinition {
  /** What the node is called: `'Cube'` gives `CubeBackward`. Default `'Function'`. */
  readonly name?: string;
  forward(ctx: FunctionContext, ...args: never[]): FunctionOutputs;
  backward(ctx: FunctionContext, ...grads: never[]): FunctionGradients;
  symbolic?(...args: never[]): unknown;
}

/**
 * A custom Function from its parts; arguments are inferred from `forward`.
 *
 * @example
 * const cube = defineFunction({
 *   name: 'Cube',
 *   forward(ctx, x: Tensor) {
 *     ctx.saveForBackward(x);
 *     return x.pow(3);
 *   },
 *   backward(ctx, grad: Tensor) {
 *     return ctx.savedTensors[0].square().mul(3).mul(grad);
 *   },
 * });
 */
export function defineFunction<D extends FunctionDefinition>(
  definition: D,
): (...args: FunctionArgs<D>) => FunctionResult<D> {
  const functionClass = { ...definition, name: definition.name ?? 'Function' } as FunctionClass;
  // the class's types are those of the definition
  return (...args) => applyFunction(functionClass, args as never) as FunctionResult<D>;
}
