/** The CPU device: buffers are typed arrays, kernels are plain loops. */
import { type Backend, backendSpecVersion, DeviceError, dtypeNames, type Runtime } from '@tenfold/tensor-core';
import { breathe } from './breathe.ts';
import { allocate, type Buffer } from './elements.ts';
import { decomposition } from './kernels/decomposition.ts';
import { gather, scatter } from './kernels/index.ts';
import { argReduce, scan, sort } from './kernels/lines.ts';
import { map } from './kernels/map.ts';
import { matmul } from './kernels/matmul.ts';
import { random } from './kernels/random.ts';
import { reduce } from './kernels/reduce.ts';

const runtime: Runtime<Buffer> = {
  capabilities: { dtypes: dtypeNames, syncRead: true, collected: true },
  allocate,
  // the garbage collector owns typed arrays
  free: () => {},
  upload: (buffer, data, offset) => {
    // both are arrays of one dtype, which the two unions do not tell the compiler
    (buffer as Float64Array).set(data as Float64Array, offset);
  },
  download: async (buffer, offset, length) => {
    const data = buffer.slice(offset, offset + length);
    await breathe();
    return data;
  },
  downloadSync: (buffer, offset, length) => buffer.slice(offset, offset + length),
  copy: (from, fromOffset, to, toOffset, length) => {
    (to as Float64Array).set((from as Float64Array).subarray(fromOffset, fromOffset + length), toOffset);
  },
  map,
  reduce,
  argReduce,
  scan,
  matmul,
  gather,
  scatter,
  sort,
  random,
  overrides: decomposition,
};

/**
 * The CPU backend, for `registerBackend(cpu())`: device `'cpu'`, all dtypes, Node and browsers.
 *
 * @example
 * import { registerBackend, tensor } from '@tenfold/tensor-core';
 * import { cpu } from '@tenfold/backend-cpu';
 * registerBackend(cpu());
 * console.log(tensor([1, 2]).add(1)); // tensor([2., 3.])
 */
export function cpu(): Backend<Buffer> {
  return {
    specVersion: backendSpecVersion,
    deviceType: 'cpu',
    probe: async () => [{ name: 'cpu', available: true, description: 'JavaScript, one thread' }],
    open: (index) => {
      if (index !== 0) throw new DeviceError(`there is one cpu device: use 'cpu', not 'cpu:${index}'`);
      return runtime;
    },
  };
}
