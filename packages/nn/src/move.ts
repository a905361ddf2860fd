/** Moving a module's tensors to another device or float dtype, in place. */
import {
  ArgumentError,
  checkOptions,
  type DType,
  describe,
  dtypeNames,
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

/** Casts tensors of a float dtype to `dtype` and moves all to `device`. Everything is converted before anything is replaced. */
export function moveModule(root: Module, target: MoveTarget): void {
  const { dtype, device } = parsed(target);
  if (dtype !== undefined && !(dtypeNames.includes(dtype) && isFloat(dtype))) {
    throw new ArgumentError(
      `Module.to only accepts floating point dtypes, but got desired dtype=${dtypeNames.includes(dtype) ? `torch.${dtype}` : describe(dtype)}`,
    );
  }
  const there = device === undefined ? undefined : resolveDevice(device).name;
  const moved = (x: Tensor): Tensor =>
    x.to({ dtype: dtype !== undefined && isFloat(x.dtype) ? dtype : x.dtype, device: there ?? x.device });
  withoutGrad(() => {
    const replacements: (() => void)[] = [];
    for (const parameter of root.parameters()) {
      const data = moved(parameter.detach());
      if (data.storage === parameter.storage) continue;
      const { grad } = parameter;
      const movedGrad = grad && moved(grad.detach());
      replacements.push(() => {
        parameter.grad = null;
        parameter.data = data;
        parameter.grad = movedGrad;
      });
    }
    const buffers = new Map<Tensor, Tensor>();
    for (const module of root.modules()) {
      for (const [name, buffer] of module.ownBuffers()) {
        const data = buffers.get(buffer) ?? moved(buffer);
        buffers.set(buffer, data);
        if (data !== buffer) replacements.push(() => Reflect.set(module, name, data));
      }
    }
    for (const replace of replacements) replace();
  });
}
