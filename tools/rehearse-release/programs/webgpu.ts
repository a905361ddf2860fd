// The slope of a line through points on y = 3x + 2, on the GPU; where there is none, the reason.
import { webgpu } from '@tenfold/backend-webgpu';
import { devices, registerBackend, tensor } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  registerBackend(await webgpu());
  const [device] = await devices();
  if (!device?.available) return `${device?.reason}`;
  const x = tensor([-2, -1, 0, 1, 2], { device: 'webgpu' });
  const y = x.mul(3).add(2);
  const slope = x.mul(y).sum().div(x.mul(x).sum());
  return `y = ${await slope.item()} x + ${await y.mean().item()}`;
}
