/** Moving a module's tensors to another device or float dtype, in place. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  dtypeNames,
  empty,
  isFloat,
  isTensor,
  resolveDevice,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';
import type { Module } from './module.ts';

/** What `module.to(…)` takes: a float dtype, a device, both, or a tensor that has them. */
export type MoveTarget = DType | (string & {}) | Tensor | { dtype?: DType; device?: string };

function parsed(target: MoveTarget): { dtype?: DType; device?: string } {
  if (typeof target === 'string')
    return (dtypeNames as readonly string[]).includes(target) ? { dtype: target as DType } : { device: target };
  if (isTensor(target)) return { dtype: target.dtype, device: target.device };
  checkOptions('Module.to', target, ['dtype', 'device']);
  if (target === undefined) throw new ArgumentError(`Module.to: expected a dtype or a device, got ${describe(target)}`);
  return target;
}

/** What a move takes: each tensor of a module, what it is to become, and how it takes its place. */
interface Move {
  readonly tensors: readonly Tensor[];
  options(x: Tensor): { readonly dtype: DType; readonly device: string };
  replace(moved: ReadonlyMap<Tensor, Tensor>): void;
}

/** Casts tensors of a float dtype to `dtype` and moves all to `device`. */
function moveOf(root: Module, target: MoveTarget): Move {
  const { dtype, device } = parsed(target);
  if (dtype !== undefined && !(dtypeNames.includes(dtype) && isFloat(dtype))) {
    throw new ArgumentError(
      `Module.to only accepts floating point dtypes, but got desired dtype=${dtypeNames.includes(dtype) ? `torch.${dtype}` : describe(dtype)}`,
    );
  }
  const there = device === undefined ? undefined : resolveDevice(device).name;
  const parameters = [...root.parameters()];
  const gradients = parameters.flatMap(({ grad }) => grad ?? []);
  const buffers = [...root.modules()].flatMap((module) =>
    [...module.ownBuffers()].map(([name, buffer]) => ({ module, name, buffer })),
  );
  return {
    tensors: [...new Set([...parameters, ...gradients, ...buffers.map(({ buffer }) => buffer)])],
    options: (x) => ({ dtype: dtype !== undefined && isFloat(x.dtype) ? dtype : x.dtype, device: there ?? x.device }),
    replace: (moved) =>
      withoutGrad(() => {
        for (const parameter of parameters) {
          const data = moved.get(parameter) as Tensor;
          if (data.storage === parameter.storage) continue;
          const { grad } = parameter;
          parameter.grad = null;
          parameter.data = data;
          parameter.grad = grad && (moved.get(grad) as Tensor);
        }
        for (const { module, name, buffer } of buffers) {
          const data = moved.get(buffer) as Tensor;
          if (data.storage !== buffer.storage) Reflect.set(module, name, data);
        }
      }),
  };
}

/** Everything is converted before anything is replaced. */
export function moveModule(root: Module, target: MoveTarget): void {
  const { tensors, options, replace } = moveOf(root, target);
  replace(withoutGrad(() => new Map(tensors.map((x) => [x, x.detach().to(options(x))]))));
}

/** The same where tensors come from a device that answers later. */
export async function moveModuleAsync(root: Module, target: MoveTarget): Promise<void> {
  const { tensors, options, replace } = moveOf(root, target);
  replace(new Map(await Promise.all(tensors.map(async (x) => [x, await x.detach().toAsync(options(x))] as const))));
}

/** New memory on a device in the place of all tensors. */
export function emptyModule(root: Module, options: { device: string }): void {
  checkOptions('Module.toEmpty', options, ['device']);
  if (typeof options?.device !== 'string')
    throw new ArgumentError(`Module.toEmpty: expected a device, got ${describe(options?.device)}`);
  const { tensors, replace } = moveOf(root, options);
  const { device } = options;
  replace(withoutGrad(() => new Map(tensors.map((x) => [x, empty(x.shape, { dtype: x.dtype, device })]))));
}
