/** Which device to train on: the backends that are installed register themselves. */
import '@tenfold/backend-cpu/register';
import { DeviceError, devices, resolveDevice } from '@tenfold/tensor-core';
import { UsageError } from './command-line.ts';

/** Checks that the device asked for can be used; unasked, cuda if there is one, else cpu. @throws UsageError that lists the devices. */
export async function chooseDevice(asked: string | null): Promise<string> {
  // opening a GPU takes time: only where it could be used
  if (asked !== 'cpu') await import('@tenfold/backend-cuda-native/register');
  if (asked !== 'cpu' && asked !== null) await import('@tenfold/backend-webgpu/register');
  const known = await devices();
  const name = asked ?? known.find((device) => device.available && device.name.startsWith('cuda'))?.name ?? 'cpu';
  try {
    return resolveDevice(name).name;
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const list = known.map(
      (device) => `${device.name}: ${device.available ? 'available' : `not available, ${device.reason}`}`,
    );
    throw new UsageError(`--device ${name} can't be used. Devices: ${list.join(' · ')}`);
  }
}
