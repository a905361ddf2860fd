/** Statistics of batch normalisation for averaged weights. */
import { ArgumentError, checkOptions, describe, isTensor, type Tensor, withoutGrad } from '@tenfold/tensor-core';

/** What {@link updateBN} needs of a model: every module of `@tenfold/nn` that takes one tensor is one. */
export interface NormalisedModel {
  readonly training: boolean;
  train(mode?: boolean): unknown;
  modules(): Iterable<object>;
  forward(input: Tensor): unknown;
}

/** Options of {@link updateBN}. */
export interface UpdateBNOptions {
  /** Batches are moved there. */
  device?: string;
}

/** A batch of inputs, or a list that starts with it. */
type Batch = Tensor | readonly [Tensor, ...unknown[]];

interface BatchNorm {
  momentum: number | null;
  readonly running_mean: Tensor;
  readonly running_var: Tensor;
  readonly num_batches_tracked: Tensor;
}

/** By its buffers: this package doesn't know the layers. InstanceNorm has the same ones, and is left alone as in PyTorch. */
function isBatchNorm(module: object): module is BatchNorm {
  for (let proto: unknown = Object.getPrototypeOf(module); proto; proto = Object.getPrototypeOf(proto))
    if ((proto as object).constructor.name.includes('InstanceNorm')) return false;
  const { momentum, running_mean, running_var, num_batches_tracked } = module as { [K in keyof BatchNorm]: unknown };
  return momentum !== undefined && [running_mean, running_var, num_batches_tracked].every(isTensor);
}

/**
 * Computes the running statistics of all BatchNorm layers anew, in one pass over data: for weights that were averaged, which never saw any
 * (https://pytorch.org/docs/stable/generated/torch.optim.swa_utils.update_bn.html).
 *
 * @param loader batches of inputs, or lists that start with them: an array, or the `DataLoader` of `@tenfold/data`.
 * @example
 * averages.copyTo(model);
 * await updateBN(loader, model);
 */
export async function updateBN(
  loader: Iterable<Batch> | AsyncIterable<Batch>,
  model: NormalisedModel,
  options?: UpdateBNOptions,
): Promise<void> {
  checkOptions('updateBN', options, ['device']);
  if (typeof model?.modules !== 'function' || typeof model.forward !== 'function')
    throw new ArgumentError(`updateBN: expected a module, got ${describe(model)}`);
  const layers = [...model.modules()].filter(isBatchNorm);
  if (layers.length === 0) return;
  const momenta = layers.map(({ momentum }) => momentum);
  const { training } = model;
  model.train();
  withoutGrad(() => {
    for (const layer of layers) {
      layer.running_mean.zero_();
      layer.running_var.fill_(1);
      layer.num_batches_tracked.zero_();
      // all batches weigh the same
      layer.momentum = null;
    }
  });
  try {
    for await (const batch of loader) {
      const input = isTensor(batch) ? batch : batch?.[0];
      if (!isTensor(input))
        throw new ArgumentError(
          `updateBN: batches must be tensors or lists that start with one, got ${describe(batch)}`,
        );
      withoutGrad(() => model.forward(options?.device ? input.to(options.device) : input));
    }
  } finally {
    layers.forEach((layer, i) => {
      layer.momentum = momenta[i];
    });
    model.train(training);
  }
}
