/** Which device to train on: the backends that are installed register themselves, the others are listed with their package. */
import '@tenfold/backend-cpu/register';
import { DeviceError, devices, resolveDevice } from '@tenfold/tensor-core';
import { UsageError } from './errors.ts';

const optionalBackends = [
  { type: 'webgpu', entry: '@tenfold/backend-webgpu/register' },
  { type: 'cuda', entry: '@tenfold/backend-cuda-native/register' },
];

/** Registers what is installed and checks that `asked` can be used; without `asked`, cuda if there is one, else cpu. @throws UsageError */
export async function chooseDevice(asked: string | null, dtype: string): Promise<string> {
  const lines: string[] = [];
  for (const { type, entry } of optionalBackends) {
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
    if (!runtime.capabilities.dtypes.some((have) => have === dtype)) {
      throw new UsageError(`--dtype ${dtype}: device '${name}' has only ${runtime.capabilities.dtypes.join(', ')}`);
    }
  } catch (error) {
    if (error instanceof DeviceError)
      throw new UsageError(`--device ${name} can't be used. Devices: ${lines.join(' · ')}`);
    throw error;
  }
  return name;
}
