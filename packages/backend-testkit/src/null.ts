/**
 * `@tenfold/backend-testkit/null`: a backend that computes nothing. Its tensors have shapes, dtypes and strides, and no elements: programs run at any size, on
 * any machine, at once.
 *
 * @packageDocumentation
 */
import {
  type Backend,
  BackendError,
  backendSpecVersion,
  builtinOps,
  DeviceError,
  dtypeNames,
  type OpSpec,
  type Runtime,
} from '@tenfold/tensor-core';

/** A buffer: so many elements, of which none exists. */
export interface NullBuffer {
  readonly length: number;
}

const nothing = (): void => {};

const unread = (): never => {
  throw new DeviceError(
    "the device 'null' computes no values: its tensors have shapes, dtypes and strides only; read values on another device, such as 'cpu'",
  );
};

/** Ops that no other ops make up: they too get their shapes from core. */
function overrides(): Runtime<NullBuffer>['overrides'] {
  const specs: readonly OpSpec[] = Object.values(builtinOps);
  const alone = specs.filter(({ view, kernel, body, infer }) => infer && !view && !kernel && !body);
  return Object.fromEntries(alone.map(({ name }) => [name, { run: nothing }]));
}

function allocate(_: unknown, length: number): NullBuffer {
  if (!Number.isSafeInteger(length) || length < 0)
    throw new BackendError(`null: a buffer can't have ${length} elements`);
  return { length };
}

/**
 * The backend of device `'null'`, for tests of shapes without hardware. All ops run but those whose result has a shape that depends on values; reading values is
 * a `DeviceError`. `memory().null` says how many bytes a program would hold, and at most.
 *
 * @example
 * import { nullBackend } from '@tenfold/backend-testkit/null';
 * import { registerBackend, zeros } from '@tenfold/tensor-core';
 * registerBackend(nullBackend());
 * const scores = zeros([64, 32, 8192, 8192], { device: 'null' }).softmax(-1);
 */
export function nullBackend(): Backend<NullBuffer> {
  const runtime: Runtime<NullBuffer> = {
    capabilities: { dtypes: dtypeNames, syncRead: false, collectedBelow: 0 },
    allocate,
    free: nothing,
    upload: nothing,
    download: async () => unread(),
    copy: nothing,
    map: nothing,
    reduce: nothing,
    argReduce: nothing,
    scan: nothing,
    matmul: nothing,
    gather: nothing,
    scatter: nothing,
    sort: nothing,
    random: nothing,
    randomIntegers: nothing,
    overrides: overrides(),
  };
  return {
    specVersion: backendSpecVersion,
    deviceType: 'null',
    probe: async () => [{ name: 'null', available: true, description: 'shapes and dtypes, no values' }],
    open: () => runtime,
  };
}
