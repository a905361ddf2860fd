/** Ops whose result has a shape that depends on values need a device that can be read at once. */
import { DeviceError } from './errors.ts';
import type { Tensor } from './tensor.ts';

/** Throws, naming the `…Async` twin, where a device can't be read at once. */
export function requireSyncRead(name: string, x: Tensor): void {
  if (x.storage.device.runtime.downloadSync) return;
  throw new DeviceError(
    `${name}: the shape of the result depends on values, and device '${x.device}' can't be read synchronously; use: await x.${name}Async(…)`,
  );
}
