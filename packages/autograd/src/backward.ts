/** Starting a backward run: `backward` accumulates into leaves, `grad` gives the gradients asked for. */
import {
  ArgumentError,
  AutogradError,
  type BackwardOptions,
  builtinOps,
  checkOptions,
  describe,
  dispatch,
  formatShape,
  isFloat,
  isTensor,
  numel,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { runBackward } from './engine.ts';
import { type Edge, gradMetaOf } from './node.ts';
import { zeroGrad } from './rule-node.ts';
import { gradientEdge, isLeaf, requiresGrad } from './views.ts';

/** One tensor or several. */
export type Tensors = Tensor | readonly Tensor[];

const listOf = <T extends Tensor | null>(x: T | readonly T[]): readonly T[] =>
  Array.isArray(x) ? (x as readonly T[]) : [x as T];

/** One or several tensors as a list; throws if anything else is among them. */
function tensorsOf(where: string, what: string, x: Tensors): readonly Tensor[] {
  const list = listOf(x);
  for (const item of list) {
    if (!isTensor(item))
      throw new ArgumentError(`${where}: ${what} must be a tensor or tensors, got ${describe(item)}`);
  }
  return list;
}

/** The gradients to start from: ones for scalars where none is given. */
function startingGrads(outputs: readonly Tensor[], given: readonly (Tensor | null)[] | undefined): Tensor[] {
  if (given && given.length !== outputs.length) {
    throw new AutogradError(`got ${outputs.length} tensors and ${given.length} gradients`);
  }
  return outputs.map((output, i) => {
    const grad = given?.[i] ?? null;
    if (grad) {
      if (!isTensor(grad))
        throw new ArgumentError(`backward: gradients must be Tensors or null, got ${describe(grad)}`);
      if (sameShape(grad.shape, output.shape)) return grad;
      throw new AutogradError(
        `Mismatch in shape: grad_output[${i}] has a shape of ${formatShape(grad.shape)} and output[${i}] has a shape of ${formatShape(output.shape)}.`,
      );
    }
    if (requiresGrad(output)) {
      if (numel(output.shape) !== 1) {
        throw new AutogradError(
          `grad can be implicitly created only for scalar outputs; this tensor has shape ${formatShape(output.shape)}: ` +
            'pass the gradient, or reduce to a scalar first, as x.sum() does',
        );
      }
      if (!isFloat(output.dtype))
        throw new AutogradError(`grad can be computed only for floating point outputs, but got ${output.dtype}`);
    }
    const { shape, dtype, device } = output;
    return dispatch(builtinOps.full, [], { shape, dtype, device, value: 1 });
  });
}

function rootsOf(outputs: readonly Tensor[]): Edge[] {
  return outputs.map((output, i) => {
    const edge = gradientEdge(output);
    if (edge[0]) return edge;
    throw new AutogradError(`element ${i} of tensors does not require grad and does not have a grad_fn`);
  });
}

/**
 * Computes the gradients of the leaves with respect to `tensors` and adds them to their `grad`
 * (https://pytorch.org/docs/stable/generated/torch.autograd.backward.html).
 *
 * @param gradTensors the gradient of what comes after, one per tensor; may be left out for scalars.
 * @throws AutogradError if a tensor has no history, a gradient is missing or of another shape, or the graph has been freed.
 */
export function backward(
  tensors: Tensors,
  gradTensors?: readonly (Tensor | null)[] | Tensor,
  options: BackwardOptions = {},
): void {
  checkOptions('backward', options, ['retainGraph', 'createGraph', 'inputs']);
  const { createGraph = false, retainGraph = createGraph, inputs } = options;
  const outputs = tensorsOf('backward', 'what is differentiated', tensors);
  const grads = startingGrads(outputs, gradTensors && listOf(gradTensors));
  const roots = rootsOf(outputs);
  if (inputs && inputs.length === 0) throw new AutogradError("'inputs' argument to backward() cannot be empty.");
  const targets = inputs?.map((input, i) => {
    if (!requiresGrad(input)) throw new AutogradError(`input ${i} of backward() does not require grad`);
    if (!isLeaf(input)) input.retainGrad();
    return gradientEdge(input);
  });
  runBackward(roots, grads, { retainGraph, createGraph, targets: targets ?? null, accumulate: true });
}

/** Options of {@link grad}. */
export interface GradOptions {
  /** The gradients of what comes after the outputs; `null` for a scalar output means 1. */
  gradOutputs?: Tensor | readonly (Tensor | null)[];
  /** Keep saved tensors for another run. Default: `createGraph`. */
  retainGraph?: boolean;
  /** Record the run, for higher derivatives. Default false. */
  createGraph?: boolean;
  /** Give `null` for an input that the outputs don't depend on, instead of an error. Default false. */
  allowUnused?: boolean;
  /** Give zeros for such an input. Default false. */
  materializeGrads?: boolean;
}

/**
 * The gradients of `outputs` with respect to `inputs`, one per input; no `grad` is touched
 * (https://pytorch.org/docs/stable/generated/torch.autograd.grad.html).
 *
 * @throws AutogradError if an input requires no grad, or is unused and `allowUnused` is not set.
 * @example
 * const [g] = grad(x.pow(3).sum(), [x], { createGraph: true });
 */
export function grad(
  outputs: Tensors,
  inputs: Tensors,
  options: GradOptions & { allowUnused: true; materializeGrads?: false },
): (Tensor | null)[];
export function grad(outputs: Tensors, inputs: Tensors, options?: GradOptions): Tensor[];
export function grad(outputs: Tensors, inputs: Tensors, options: GradOptions = {}): (Tensor | null)[] {
  checkOptions('grad', options, ['gradOutputs', 'retainGraph', 'createGraph', 'allowUnused', 'materializeGrads']);
  const {
    createGraph = false,
    retainGraph = createGraph,
    materializeGrads = false,
    allowUnused = materializeGrads,
  } = options;
  const list = tensorsOf('grad', 'what is differentiated', outputs);
  const wanted = tensorsOf('grad', 'the inputs', inputs);
  const given = options.gradOutputs === undefined ? undefined : listOf<Tensor | null>(options.gradOutputs);
  const grads = startingGrads(list, given);
  const roots = rootsOf(list);
  const targets = wanted.map((input) => {
    const edge = gradientEdge(input);
    if (!edge[0]) throw new AutogradError('One of the differentiated Tensors does not require grad');
    return edge;
  });
  const results = runBackward(roots, grads, { retainGraph, createGraph, targets, accumulate: false });
  return results.map((result, i) => {
    if (result) return result;
    if (materializeGrads) return zeroGrad(gradMetaOf(wanted[i]));
    if (allowUnused) return null;
    throw new AutogradError(
      'One of the differentiated Tensors appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.',
    );
  });
}
