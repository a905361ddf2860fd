/** Parameters as one vector, and back. */
import { ArgumentError, cat, describe, isTensor, ShapeError, type Tensor, withoutGrad } from '@tenfold/tensor-core';

function listed(where: string, parameters: Iterable<Tensor>): Tensor[] {
  const given: unknown = parameters;
  if (typeof given !== 'object' || given === null || isTensor(given) || !(Symbol.iterator in given))
    throw new ArgumentError(`${where}: expected parameters such as model.parameters(), got ${describe(parameters)}`);
  const list = [...parameters];
  for (const x of list) if (!isTensor(x)) throw new ArgumentError(`expected torch.Tensor, but got: ${describe(x)}`);
  const [first] = list;
  for (const { device } of list) {
    if (device !== first.device) {
      throw new ArgumentError(
        `Found two parameters on different devices, ${first.device} and ${device}, this is currently not supported.`,
      );
    }
  }
  return list;
}

/**
 * All elements of some parameters in one vector `[n]`, through which gradients flow
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html).
 *
 * @throws ArgumentError for no parameters, or parameters on two devices.
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  const list = listed('parametersToVector', parameters);
  if (list.length === 0) throw new ArgumentError('parametersToVector: there are no parameters');
  return cat(list.map((x) => x.reshape([-1])));
}

/**
 * Copies a vector `[n]` into parameters that have n elements together
 * (https://pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html). They keep their own memory, unlike those of PyTorch, so that
 * an optimiser goes on with them and a later change of the vector is none of theirs.
 *
 * @throws ShapeError, before anything is written, unless the sizes agree.
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  if (!isTensor(vector)) throw new ArgumentError(`expected torch.Tensor, but got: ${describe(vector)}`);
  const list = listed('vectorToParameters', parameters);
  const total = list.reduce((sum, x) => sum + x.numel(), 0);
  if (vector.ndim !== 1 || vector.numel() !== total) {
    throw new ShapeError(
      `vectorToParameters: expected a vector [${total}] for ${list.length} parameters, got shape [${vector.shape.join(', ')}]`,
    );
  }
  withoutGrad(() => {
    let start = 0;
    for (const x of list) {
      const end = start + x.numel();
      x.copy_(vector.slice(0, start, end).view([...x.shape]));
      start = end;
    }
  });
}
