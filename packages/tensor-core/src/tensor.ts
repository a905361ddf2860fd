/** The `Tensor` class: the fields of `tensor-base.ts` and the methods of `methods/<family>.ts`, stacked by inheritance. */
import { RandomMethods } from './methods/random.ts';
import { setTensorClass } from './tensor-class.ts';

export type { NestedArray, ViewInfo } from './tensor-base.ts';

/** A multi-dimensional array with PyTorch's semantics (https://pytorch.org/docs/stable/tensors.html). Made by `tensor`, `zeros`, `randn`, … */
export class Tensor extends RandomMethods {
  // a bundler may rename the class
  static override readonly name: string = 'Tensor';
}

setTensorClass(Tensor);
