/** The devices of the page: the CPU everywhere, WebGPU where the browser has it. */
import '@tenfold/backend-cpu/register';
import '@tenfold/backend-webgpu/register';
import { type DeviceInfo, devices, memory } from '@tenfold/tensor-core';

export const listDevices = (): Promise<readonly DeviceInfo[]> => devices();

/** What tensors hold on a device, for people. */
export function memoryText(device: string): string {
  const bytes = memory()[device]?.bytes ?? 0;
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
