// Loads anywhere, and says why there is no device.
import { cuda } from '@tenfold/backend-cuda-native';
import { devices, registerBackend, tensor } from '@tenfold/tensor-core';

export async function program(): Promise<string> {
  registerBackend(cuda());
  const [device] = await devices();
  if (!device?.available) return `${device?.name}: ${device?.reason}`;
  const x = tensor([-2, -1, 0, 1, 2], { device: 'cuda' });
  return `y = ${x.mul(x.mul(3).add(2)).sum().div(x.mul(x).sum()).itemSync()} x + 2`;
}
