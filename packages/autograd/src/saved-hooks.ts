/** What happens to tensors while they are saved for backward: packed when saved, unpacked when backward reads them. */
import {
  ArgumentError,
  AutogradError,
  builtinOps,
  type DType,
  describe,
  dispatch,
  keep,
  makeTensor,
  noteAlias,
  numel,
  type Shape,
  type Tensor,
  type TypedArray,
} from '@tenfold/tensor-core';
import { type Scope, Scopes } from './scopes.ts';

/** Packing and unpacking, as the engine calls them. */
export interface SavedHooks {
  pack(tensor: Tensor): unknown;
  unpack(packed: unknown): Tensor;
  /** Backward is done with a packed value. */
  release?(packed: unknown): void;
  /** Whether what `unpack` gives belongs to the engine, which disposes it after use. */
  readonly owned?: boolean;
}

interface HookState {
  readonly hooks: SavedHooks | null;
  /** Why hooks may not be set. */
  readonly disabled: string | null;
}

let state: HookState = { hooks: null, disabled: null };
const scopes = new Scopes<HookState>(
  () => state,
  (value) => {
    state = value;
  },
);

/** The innermost hooks. */
export const savedHooks = (): SavedHooks | null => state.hooks;

/** The state with other hooks. */
function withHooks(hooks: SavedHooks): HookState {
  if (state.disabled !== null) throw new AutogradError(state.disabled);
  return { hooks, disabled: null };
}

/** Runs `fn` with hooks of the engine's own. */
export const underHooks = <T>(hooks: SavedHooks, fn: () => T): T => scopes.within(withHooks(hooks), fn);

const checkHook = (what: string, hook: unknown): void => {
  if (typeof hook !== 'function')
    throw new ArgumentError(`savedTensorsHooks: ${what} must be a function, got ${describe(hook)}`);
};

/**
 * Packs every tensor that is saved for backward, and unpacks it when backward asks
 * (https://pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks). With a function, for the graph that it records; without
 * one, until the scope is disposed. The innermost hooks alone are called, each once for every tensor that a node saves; `pack` gets it cut from its
 * graph, and runs unrecorded. It must not write it. What `unpack` gives must have the shape, dtype and device of what was packed.
 *
 * Errors of either pass to the caller of the op, or of `backward`. Changes of the tensor after it was packed are found out only if `unpack` gives
 * memory of the tensor itself.
 *
 * @throws AutogradError inside of {@link disableSavedTensorsHooks}.
 * @example
 * const y = savedTensorsHooks((x) => x.to('float16'), (x: Tensor) => x.to('float32'), () => model(x));
 */
export function savedTensorsHooks<P, T>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor, fn: () => T): T;
export function savedTensorsHooks<P>(pack: (tensor: Tensor) => P, unpack: (packed: P) => Tensor): Scope;
export function savedTensorsHooks<P, T>(
  pack: (tensor: Tensor) => P,
  unpack: (packed: P) => Tensor,
  fn?: () => T,
): T | Scope {
  checkHook('pack', pack);
  checkHook('unpack', unpack);
  const next = withHooks({ pack, unpack: unpack as (packed: unknown) => Tensor });
  return fn ? scopes.within(next, fn) : scopes.open('savedTensorsHooks', next);
}

/**
 * Forbids {@link savedTensorsHooks}, {@link saveOnCpu} and `checkpoint`: they throw an AutogradError with `message`. Takes the same forms as
 * `noGrad`, after the message.
 *
 * @throws AutogradError with the message, if hooks are set already.
 */
export function disableSavedTensorsHooks<T>(message: string, fn: () => T): T;
export function disableSavedTensorsHooks(message: string): Scope;
export function disableSavedTensorsHooks<T>(message: string, fn?: () => T): T | Scope {
  if (typeof message !== 'string')
    throw new ArgumentError(`disableSavedTensorsHooks: the message must be a string, got ${describe(message)}`);
  if (state.hooks) throw new AutogradError(message);
  const next = { hooks: null, disabled: message };
  return fn ? scopes.within(next, fn) : scopes.open('disableSavedTensorsHooks', next);
}

/** A tensor whose values are, or will be, in the computer's memory. */
interface Moved {
  readonly device: string;
  readonly shape: Shape;
  readonly dtype: DType;
  data: TypedArray | null;
  /** Held until the values have arrived. */
  original: Tensor | null;
}

const inMemory: SavedHooks = {
  owned: true,
  pack(tensor): Moved {
    const { shape, dtype, device, storage } = tensor;
    const moved: Moved = { device, shape, dtype, data: null, original: tensor };
    if (device === 'cpu') return moved;
    if (!storage.device.runtime.downloadSync) {
      // if the copy fails the original stays, and backward is right all the same
      arrive(moved, tensor).catch(() => {});
      return moved;
    }
    const whole = tensor.contiguous();
    moved.data = storage.device.runtime.downloadSync(whole.storage.buffer, whole.offset, numel(shape));
    moved.original = null;
    whole.dispose();
    tensor.dispose();
    return moved;
  },
  unpack(packed) {
    const { device, shape, dtype, data, original } = packed as Moved;
    return data ? dispatch(builtinOps.fromData, [], { shape, dtype, device, data }) : aliasOf(original as Tensor);
  },
  release(packed) {
    const moved = packed as Moved;
    moved.original?.dispose();
    moved.original = null;
    moved.data = null;
  },
};

/** A tensor of its own over the memory of another, without history. */
export function aliasOf(tensor: Tensor): Tensor {
  const { storage, dtype, shape, strides, offset, versionCounter, viewInfo } = tensor;
  const alias = keep(makeTensor(storage, dtype, shape, strides, offset, versionCounter, viewInfo));
  noteAlias(alias, tensor);
  return alias;
}

/** Puts the values in place of the original as soon as they have come. */
async function arrive(moved: Moved, tensor: Tensor): Promise<void> {
  const whole = tensor.isContiguous() ? tensor : keep(tensor.contiguous());
  const { storage, offset } = whole;
  try {
    const data = await storage.device.runtime.download(storage.buffer, offset, numel(moved.shape));
    // unless backward has been here before
    if (moved.original) moved.data = data;
    moved.original = null;
    tensor.dispose();
  } finally {
    if (whole !== tensor) whole.dispose();
  }
}

/**
 * Keeps what is saved for backward in the computer's memory instead of the device's, at the price of two copies
 * (https://pytorch.org/docs/stable/autograd.html#torch.autograd.graph.save_on_cpu). Tensors on the cpu stay as they are. On a device that cannot be read
 * synchronously (WebGPU) the copy is under way while the program goes on: the device's memory is freed once it has arrived, and a backward before
 * that reads the original. Takes the same forms as `noGrad`.
 *
 * @example
 * const loss = saveOnCpu(() => model(x).sum());
 * loss.backward();
 */
export function saveOnCpu<T>(fn: () => T): T;
export function saveOnCpu(): Scope;
export function saveOnCpu<T>(fn?: () => T): T | Scope {
  return fn ? scopes.within(withHooks(inMemory), fn) : scopes.open('saveOnCpu', withHooks(inMemory));
}
