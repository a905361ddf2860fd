/** Overrides beside what they stand for: which calls meet one, and what core derives in its place. */
import {
  builtinOps,
  type Device,
  empty,
  type Interpreter,
  interpreters,
  isTensor,
  keep,
  type Operand,
  type OpSpec,
  type Outputs,
  runBody,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';

/** A call of an op that a device has its own kernel for. */
export interface Call {
  readonly spec: OpSpec;
  readonly inputs: readonly Operand[];
  readonly attrs: object | null;
  /** `true` if the kernel takes these operands; else its reason. */
  readonly supports: true | string;
}

/** A builtin op, by a name that a backend has written. */
export const builtinOp = (name: string): OpSpec | undefined =>
  (builtinOps as { readonly [op: string]: OpSpec | undefined })[name];

/** The overrides of a device that core could do without, by op name. */
export const derivableOverrides = (device: Device): string[] =>
  [...device.overrides.keys()].filter((name) => {
    const spec = builtinOp(name);
    return spec?.kernel || spec?.body;
  });

const listOf = <T>(x: T | readonly T[]): readonly T[] => (Array.isArray(x) ? x : [x as T]);

/** Runs `fn` with nobody watching. */
function unwatched<T>(fn: () => T): T {
  const layers = interpreters.splice(0);
  try {
    return withoutGrad(fn);
  } finally {
    interpreters.push(...layers);
  }
}

/** What an op gives on a device that has no kernel for it but the families. It may share memory with the inputs. */
export function derived(device: Device, { spec, inputs, attrs }: Call): readonly Tensor[] {
  return unwatched(() => {
    if (!spec.kernel || !spec.infer) return listOf(runBody(spec, inputs, attrs));
    const metas = spec.infer(inputs, attrs);
    const outs = listOf(metas).map(({ shape, dtype }) => empty(shape, { dtype, device: device.name }));
    spec.kernel(device.runtime, outs, inputs, attrs, metas);
    return outs;
  });
}

/** What the backend's own kernel gives. */
export function overridden(device: Device, { spec, inputs, attrs }: Call): readonly Tensor[] {
  const override = device.overrides.get(spec.name);
  if (!override || !spec.infer) throw new TypeError(`'${spec.name}' has no override on '${device.name}'`);
  const outs = listOf(spec.infer(inputs, attrs)).map(({ shape, dtype }) =>
    empty(shape, { dtype, device: device.name }),
  );
  override.run(outs, inputs, attrs);
  return outs;
}

/** A tensor of its own: nobody writes it later, and no `tidy` disposes it. */
export const copyOf = (x: Tensor): Tensor => keep(unwatched(() => x.clone()));

/** Runs `body` and shows `seen` each op that is called on a device, in place or not; `seen` gives the results, for which `next` is the usual way. */
export async function watchOps(
  device: Device,
  seen: (call: Omit<Call, 'supports'>, next: () => Outputs) => Outputs,
  body: () => unknown,
): Promise<void> {
  const watcher: Interpreter = {
    process(given, inputs, attrs, next) {
      const isHere = inputs.some((x) => isTensor(x) && x.storage.device === device);
      return isHere ? seen({ spec: given.inplaceOf ?? given, inputs, attrs }, next) : next();
    },
  };
  interpreters.push(watcher);
  try {
    await body();
  } finally {
    interpreters.splice(interpreters.indexOf(watcher), 1);
  }
}

/** The same for calls of ops that the device has an override for. */
export const watchOverrides = (
  device: Device,
  seen: (call: Call, next: () => Outputs) => Outputs,
  body: () => unknown,
): Promise<void> =>
  watchOps(
    device,
    (call, next) => {
      const override = device.overrides.get(call.spec.name);
      if (!override) return next();
      try {
        call.spec.infer?.(call.inputs, call.attrs);
      } catch {
        // bad operands: core says so
        return next();
      }
      return seen({ ...call, supports: override.supports?.(call.inputs, call.attrs) ?? true }, next);
    },
    body,
  );

/** The operands of a call in words: `float32[2, 3], 0.5`. */
export const operandsText = ({ inputs }: Call): string =>
  inputs
    .flatMap((x) => (isTensor(x) ? [`${x.dtype}[${x.shape.join(', ')}]`] : x === null ? [] : [String(x)]))
    .join(' · ');
