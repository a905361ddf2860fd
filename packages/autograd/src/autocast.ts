/** Mixed precision: ops run in the dtype that suits them (https://pytorch.org/docs/stable/amp.html). Stop ⓪ of the road, above the recording of gradients. */
import {
  ArgumentError,
  builtinOps,
  checkOptions,
  type DType,
  DTypeError,
  describe,
  dispatch,
  gradMode,
  interpreters,
  isFloat,
  isTensor,
  type Next,
  numel,
  type Operand,
  type OpSpec,
  type Outputs,
  type Tensor,
  type Transform,
} from '@tenfold/tensor-core';
import { listedName, type Policy, policiesOf } from './autocast-lists.ts';
import {
  type AutocastDType,
  type AutocastSetting,
  type AutocastSettings,
  autocastState,
  changeAutocast,
  withoutAutocast,
} from './autocast-state.ts';
import { type Scope, Scopes } from './scopes.ts';

/** Options of {@link autocast}. */
export interface AutocastOptions {
  /** Tensors on devices of this type are cast: `'cpu'`, `'webgpu'`, `'cuda'`. Others are left alone. */
  deviceType: string;
  /** The lower dtype. Default `'bfloat16'` on `'cpu'`, elsewhere `'float16'`. */
  dtype?: AutocastDType;
  /** `false` switches autocast off inside of another. Default true. */
  enabled?: boolean;
  /** Keep casts of leaves that require grad until the outermost scope ends, so that a weight is cast once. Default true. */
  cacheEnabled?: boolean;
}

const scopes = new Scopes<AutocastSettings>(() => autocastState.settings, changeAutocast);

function settingsOf(first: unknown): AutocastSettings {
  const options = typeof first === 'string' ? { deviceType: first } : first;
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError(`autocast: expected a device type such as 'cpu', or options, got ${describe(first)}`);
  checkOptions('autocast', options, ['deviceType', 'dtype', 'enabled', 'cacheEnabled']);
  const { deviceType, dtype, enabled = true, cacheEnabled = true }: { [key: string]: unknown } = { ...options };
  const type = checkedType('autocast', deviceType);
  for (const [name, flag] of Object.entries({ enabled, cacheEnabled })) {
    if (typeof flag !== 'boolean')
      throw new ArgumentError(`autocast: ${name} must be a boolean, got ${describe(flag)}`);
  }
  const lower = dtype ?? defaultDType(type);
  if (lower !== 'float16' && lower !== 'bfloat16') {
    throw new DTypeError(
      `autocast: dtype must be 'float16' or 'bfloat16', got ${describe(lower)}; in the others nothing would be gained`,
    );
  }
  const settings = new Map(autocastState.settings);
  if (enabled === true) settings.set(type, { deviceType: type, dtype: lower, cacheEnabled: cacheEnabled === true });
  else settings.delete(type);
  return settings;
}

function checkedType(where: string, deviceType: unknown): string {
  if (typeof deviceType !== 'string')
    throw new ArgumentError(`${where}: deviceType must be a device type such as 'cpu', got ${describe(deviceType)}`);
  if (/^[a-z][a-z0-9_-]*$/.test(deviceType)) return deviceType;
  throw new ArgumentError(
    `User specified an unsupported autocast device_type '${deviceType}': it takes the type of devices, such as 'cuda', not one of them`,
  );
}

const defaultDType = (deviceType: string): AutocastDType => (deviceType === 'cpu' ? 'bfloat16' : 'float16');

/**
 * Mixed precision (https://pytorch.org/docs/stable/amp.html#torch.autocast): on devices of a type, products run in a lower dtype, ops that need range
 * or accuracy in float32, as PyTorch's lists have it (its list for the CPU on `'cpu'`, that for CUDA elsewhere). Inputs are cast where they need it, and casts
 * are recorded, so that weights keep their dtype and get gradients of it. Float64 and integers stay, and so does what is written in place.
 *
 * With a function, runs it and gives its result; if that is a promise, autocast stays on until it settles, for other tasks too. Without one it
 * is on until the scope is disposed. Scopes nest, and `enabled: false` switches it off inside. Run the forward and the loss in it, `backward()` outside:
 * backward never casts by itself. With float16 small gradients need a `GradScaler` (`@tenfold/optim`).
 *
 * @throws ArgumentError for bad options, AutogradError on disposing a scope before an inner one. Inside, DTypeError from ops whose device doesn't
 * have the dtype, and from `binaryCrossEntropy` on other devices than `'cpu'`.
 * @example
 * const loss = autocast('webgpu', () => criterion.forward(model.forward(x), y));
 * { using _ = autocast({ deviceType: 'cpu', dtype: 'bfloat16' }); model.forward(x); }
 */
export function autocast<T>(deviceType: string | AutocastOptions, fn: () => T): T;
export function autocast(deviceType: string | AutocastOptions): Scope;
export function autocast<T>(deviceType: string | AutocastOptions, fn?: () => T): T | Scope {
  const settings = settingsOf(deviceType);
  autocastState.layer = layer;
  if (fn === undefined) return scopes.open('autocast', settings);
  if (typeof fn !== 'function') throw new ArgumentError(`autocast: expected a function, got ${describe(fn)}`);
  return scopes.within(settings, fn);
}

/** Whether ops on devices of a type are cast now; without one, on any. */
export function isAutocastEnabled(deviceType?: string): boolean {
  const { settings } = autocastState;
  return deviceType === undefined ? settings.size > 0 : settings.has(checkedType('isAutocastEnabled', deviceType));
}

/** The dtype that ops on devices of a type are cast to now; what would be taken by default, where autocast is off. */
export function getAutocastDtype(deviceType: string): AutocastDType {
  const type = checkedType('getAutocastDtype', deviceType);
  return autocastState.settings.get(type)?.dtype ?? defaultDType(type);
}

/** Forgets the weights that were cast in the scopes that are open, for instance after they were replaced. */
export const clearAutocastCache = (): void => autocastState.cache.clear();

// --- the layer ---

/** The setting for an op on these inputs, or `null`. */
function settingFor(inputs: readonly Operand[]): AutocastSetting | null {
  const { settings } = autocastState;
  if (settings.size === 0) return null;
  const first = inputs.find(isTensor);
  return (first && settings.get(first.storage.device.type)) ?? null;
}

/** Whether autocast may cast a tensor: float64 it leaves alone. */
const isEligible = (x: Operand, { deviceType }: AutocastSetting): x is Tensor =>
  isTensor(x) && !x.isDisposed && isFloat(x.dtype) && x.dtype !== 'float64' && x.storage.device.type === deviceType;

/** The dtype that the inputs of an op are cast to, or `null`. */
function targetOf(
  policy: Policy,
  inputs: readonly Operand[],
  attrs: object | null,
  setting: AutocastSetting,
): DType | null {
  if (policy === 'lower') return setting.dtype;
  if (policy === 'promote')
    return inputs.some((x) => isEligible(x, setting) && x.dtype === 'float32') ? 'float32' : null;
  // a dtype that is asked for holds
  return attrs !== null && 'dtype' in attrs && attrs.dtype !== undefined ? null : 'float32';
}

/** A tensor in another dtype. Leaves that require grad are cast once, and views of them are views of that. */
function castTo(x: Tensor, dtype: DType, cached: boolean): Tensor {
  if (x.dtype === dtype) return x;
  // a tracer must see every cast
  if (!cached || x.dtype !== 'float32' || dtype === 'float32' || !x.requiresGrad || interpreters.length > 0)
    return x.to(dtype);
  const { viewInfo } = x;
  if (viewInfo !== null) {
    const { source, spec, attrs, made } = viewInfo;
    const isWhole = source.isLeaf && source.requiresGrad && numel(source.shape) === numel(x.shape);
    if (!isWhole || made !== 'grad') return x.to(dtype);
    return dispatch(spec, [castTo(source, dtype, true)], attrs) as Tensor;
  }
  if (!x.isLeaf) return x.to(dtype);
  const { cache } = autocastState;
  const known = cache.get(x);
  const { version } = x;
  if (
    known !== undefined &&
    known.version === version &&
    known.cast.dtype === dtype &&
    !known.cast.isDisposed &&
    // one that was made without recording has no way back to the weight
    (known.cast.requiresGrad || !gradMode.enabled)
  )
    return known.cast;
  const cast = x.to(dtype);
  cache.set(x, { cast, version });
  return cast;
}

/** The inputs as a call wants them: the very same list where nothing changes. */
function castInputs(inputs: readonly Operand[], target: DType | null, setting: AutocastSetting): readonly Operand[] {
  if (target === null) return inputs;
  let changed = false;
  const result = inputs.map((x) => {
    if (!isEligible(x, setting) || x.dtype === target) return x;
    changed = true;
    return castTo(x, target, setting.cacheEnabled);
  });
  return changed ? result : inputs;
}

function refuse(name: string): never {
  throw new DTypeError(
    `torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to autocast.\nMany models use a sigmoid layer right before the binary cross entropy layer.\n` +
      'In this case, combine the two layers using torch.nn.functional.binary_cross_entropy_with_logits\nor torch.nn.BCEWithLogitsLoss. ' +
      'binary_cross_entropy_with_logits and BCEWithLogits are\nsafe to autocast. ' +
      `(${name}: here they are binaryCrossEntropyWithLogits and BCEWithLogitsLoss)`,
  );
}

const layer: Transform = {
  process(spec: OpSpec, inputs: readonly Operand[], attrs: object | null, next: Next): Outputs {
    const setting = settingFor(inputs);
    if (setting === null) return next();
    if (spec.inplaceOf !== null) return withoutAutocast(next);
    const policy = policiesOf(setting.deviceType).get(listedName(spec, attrs));
    // a sum over one operand is no product
    if (policy === undefined || (spec === builtinOps.einsum && inputs.length === 1)) {
      // what is made of other ops: a builtin one is one op in PyTorch, another is a function of its author
      const isOne = spec.body !== null && Reflect.get(builtinOps, spec.name) === spec;
      return isOne ? withoutAutocast(next) : next();
    }
    if (policy === 'refused') refuse(spec.name);
    return withoutAutocast(() => {
      const cast = castInputs(inputs, targetOf(policy, inputs, attrs, setting), setting);
      return cast === inputs ? next() : dispatch(spec, cast, attrs);
    });
  },
  enter(name, inputs, next) {
    const setting = settingFor(inputs);
    if (setting === null) return next(inputs);
    const policy = policiesOf(setting.deviceType).get(name);
    return withoutAutocast(() =>
      next(policy === undefined ? inputs : castInputs(inputs, targetOf(policy, inputs, null, setting), setting)),
    );
  },
};
