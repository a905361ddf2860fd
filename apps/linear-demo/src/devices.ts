/** Which device to train on: the backends that are installed register themselves, the others are listed with their package. */
import '@tenfold/backend-cpu/register';
import { DeviceError, devices, resolveDevice } from '@tenfold/tensor-core';
import { UsageError } from 'app-common/command-line';

const optionalBackends = [
  { type: 'webgpu', entry: '@tenfold/backend-webgpu/register' },
  { type: 'cuda', entry: '@tenfold/backend-cuda-native/register' },
];

/** Where to train, and in which precision. */
export interface Place {
  readonly device: string;
  readonly dtype: 'float64' | 'float32';
}

/** Registers what is installed and checks that what is asked can be used; unasked, cuda if there is one, else cpu, and float64 if the device has it. @throws UsageError */
export async function chooseDevice(asked: string | null, dtype: Place['dtype'] | null): Promise<Place> {
  const lines: string[] = [];
  // opening a GPU takes time, and its driver may have something to say: only where it could be used or is listed
  const tried = optionalBackends.filter(({ type }) => (asked === null ? type === 'cuda' : asked !== 'cpu'));
  for (const { type, entry } of tried) {
    try {
      await import(entry);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'ERR_MODULE_NOT_FOUND' ? `${entry.replace('/register', '')} is not installed` : message;
      lines.push(`${type}: not available, ${reason}`);
    }
  }
  const known = await devices();
  lines.unshift(
    ...known.map(({ name, available, description, reason }) =>
      available ? `${name}: available${description ? `, ${description}` : ''}` : `${name}: not available, ${reason}`,
    ),
  );
  const name = asked ?? known.find((device) => device.available && device.name.startsWith('cuda'))?.name ?? 'cpu';
  try {
    const { runtime } = resolveDevice(name);
    const { dtypes } = runtime.capabilities;
    const chosen = dtype ?? (dtypes.includes('float64') ? 'float64' : 'float32');
    if (!dtypes.includes(chosen))
      throw new UsageError(`--dtype ${chosen}: device '${name}' has only ${dtypes.join(', ')}`);
    return { device: name, dtype: chosen };
  } catch (error) {
    if (error instanceof DeviceError)
      throw new UsageError(`--device ${name} can't be used. Devices: ${lines.join(' · ')}`);
    throw error;
  }
}
