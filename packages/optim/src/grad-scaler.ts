/** Loss scaling for training in float16: gradients that are too small for it are scaled up, and steps whose gradients overflowed are left out. */
import {
  ArgumentError,
  AutogradError,
  checkOptions,
  DTypeError,
  defineStep,
  describe,
  expr,
  full,
  isTensor,
  keep,
  numel,
  type Step,
  stack,
  type Tensor,
  withoutGrad,
  zeros,
} from '@tenfold/tensor-core';
import { Optimizer } from './optimizer.ts';
import { type AnyOptimizer, Skips, setSkips, skipsOf } from './skips.ts';

/** Options of {@link GradScaler}. */
export interface GradScalerOptions {
  /** The first scale. Default 65536. */
  initScale?: number;
  /** What the scale is multiplied by after `growthInterval` steps without overflow, above 1. Default 2. */
  growthFactor?: number;
  /** What the scale is multiplied by after an overflow, below 1. Default 0.5. */
  backoffFactor?: number;
  /** How many steps in a row must not overflow before the scale grows. Default 2000. */
  growthInterval?: number;
  /** `false`: losses are not scaled, and `step` is the optimiser's. Default true. */
  enabled?: boolean;
}

/** What a {@link GradScaler} saves; empty if it is not enabled. Before the first loss the scale and the count are numbers. */
export interface GradScalerState {
  scale: Tensor | number;
  growthFactor: number;
  backoffFactor: number;
  growthInterval: number;
  /** Steps without overflow since the scale changed. */
  growthTracker: Tensor | number;
}

/** Tensors, and arrays of them, to be scaled. */
export type Scalable = Tensor | readonly Scalable[];

/** What has happened to an optimiser since the last update. */
interface Progress {
  stage: 'unscaled' | 'stepped';
  /** Whether a gradient was not finite, by device: float32, 1 if so. */
  readonly found: Map<string, Tensor>;
}

const names = ['initScale', 'growthFactor', 'backoffFactor', 'growthInterval', 'enabled'];
const hint = 'This may indicate your script did not use scaler.scale(loss or outputs) earlier in the iteration.';

/** The scale and the count of good steps after one more: one formula, on the device. */
const updateStep = (): Step<object> =>
  defineStep<object>('gradScalerUpdate', {
    tensors: 3,
    optional: 0,
    numbers: 3,
    formula([scale, found, tracker], [growth, backoff, interval]) {
      const { add, eq, mul, ne, select, sub } = expr;
      const [overflow, successful] = [ne(found, 0), add(tracker, 1)];
      const grows = eq(successful, interval);
      const bigger = mul(scale, growth);
      // what is not finite less itself is not 0
      const fits = select(eq(sub(bigger, bigger), 0), bigger, scale);
      const none = mul(found, 0);
      return [
        select(overflow, mul(scale, backoff), select(grows, fits, scale)),
        select(overflow, none, select(grows, none, successful)),
      ];
    },
    params: (numbers) => [...numbers],
    variant: () => 0,
  });

/**
 * Scales losses so that small gradients survive float16 (https://pytorch.org/docs/stable/amp.html#torch.cuda.amp.GradScaler). A step whose gradients are not
 * all finite changes nothing, neither parameters nor what the optimiser remembers, and the scale becomes smaller; after `growthInterval` good steps
 * it grows. All of it is decided on the device: nothing is read. Gradients in bfloat16 have the range of float32 and need no scaler.
 *
 * @throws ArgumentError for bad options.
 * @example
 * const scaler = new GradScaler();
 * optimizer.zeroGrad();
 * const loss = autocast('webgpu', () => criterion.forward(model.forward(x), y));
 * scaler.scale(loss).backward();
 * scaler.unscale_(optimizer); // only to see gradients as they are, for instance to clip them
 * scaler.step(optimizer);
 * scaler.update();
 */
export class GradScaler {
  readonly #enabled: boolean;
  #initScale: number;
  #initTracker = 0;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  #scale: Tensor | null = null;
  #tracker: Tensor | null = null;
  #update: Step<object> | null = null;
  readonly #progress = new Map<AnyOptimizer, Progress>();

  constructor(options: GradScalerOptions = {}) {
    checkOptions('GradScaler', options, names);
    const { initScale = 65536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000, enabled = true } = options;
    if (typeof enabled !== 'boolean')
      throw new ArgumentError(`GradScaler: enabled must be a boolean, got ${describe(enabled)}`);
    this.#enabled = enabled;
    this.#initScale = checkedScale('initScale', initScale);
    this.#growthFactor = checkedGrowth(growthFactor);
    this.#backoffFactor = checkedBackoff(backoffFactor);
    this.#growthInterval = checkedInterval(growthInterval);
  }

  /** Whether it does anything. */
  isEnabled(): boolean {
    return this.#enabled;
  }

  /** The loss times the scale, or each of some outputs; call `backward` on what it gives. The first one says on which device the scale lives. */
  scale(outputs: Tensor): Tensor;
  scale<T extends Scalable>(outputs: T): T;
  scale(outputs: Scalable): Scalable {
    if (Array.isArray(outputs)) {
      const list: readonly Scalable[] = outputs;
      return list.map((output) => this.scale(output));
    }
    if (!isTensor(outputs))
      throw new ArgumentError(`outputs must be a Tensor or an iterable of Tensors, got ${describe(outputs)}`);
    if (!this.#enabled) return outputs;
    const { device } = outputs;
    this.#scale ??= scalar(this.#initScale, device);
    this.#tracker ??= scalar(this.#initTracker, device);
    return outputs.mul(on(device, this.#scale));
  }

  /**
   * Divides the gradients of an optimiser's parameters by the scale, in place, and finds out whether all are finite. `step` does it by itself; call it before
   * only to see or change gradients, for instance by `clipGradNorm_`.
   *
   * @throws AutogradError if it was called for this optimiser since the last `update`, or after `step`, or if no loss was scaled; DTypeError for
   * float16 gradients, whose parameters should be float32.
   */
  unscale_(optimizer: AnyOptimizer): void {
    if (!this.#enabled) return;
    const { scale } = this.#begun('unscale_');
    checkOptimizer('unscale_', optimizer);
    const stage = this.#progress.get(optimizer)?.stage;
    if (stage === 'unscaled')
      throw new AutogradError('unscale_() has already been called on this optimizer since the last update().');
    if (stage === 'stepped') throw new AutogradError('unscale_() is being called after step().');
    const byDevice = new Map<string, Map<string, Tensor[]>>();
    for (const { params } of optimizer.paramGroups) {
      for (const { grad } of params) {
        if (grad === null) continue;
        if (grad.dtype === 'float16') throw new DTypeError('Attempting to unscale FP16 gradients.');
        const byDType = byDevice.get(grad.device) ?? new Map<string, Tensor[]>();
        byDevice.set(grad.device, byDType);
        byDType.set(grad.dtype, [...(byDType.get(grad.dtype) ?? []), grad]);
      }
    }
    const found = new Map<string, Tensor>();
    withoutGrad(() => {
      for (const [device, byDType] of byDevice) {
        const inverse = on(device, scale).reciprocal();
        const flags = [...byDType.values()].map(anyOverflow);
        found.set(device, keep(flags.length === 1 ? flags[0] : stack(flags).amax()));
        for (const grads of byDType.values()) for (const grad of grads) grad.mul_(inverse);
      }
    });
    this.#progress.set(optimizer, { stage: 'unscaled', found });
  }

  /**
   * The step of an optimiser, which changes nothing if a gradient is not finite. Gradients are unscaled first, unless `unscale_` has done so.
   *
   * @throws AutogradError if it was called for this optimiser since the last `update`, if no parameter has a gradient, or if no loss was scaled;
   * ArgumentError for a closure, and for an optimiser with numbers that the device can't take back.
   */
  step(optimizer: AnyOptimizer, closure?: undefined): void {
    checkOptimizer('step', optimizer);
    if (!this.#enabled) {
      optimizer.step();
      return;
    }
    if (closure !== undefined || optimizer.needsClosure) {
      const why = optimizer.needsClosure
        ? ` ${optimizer.constructor.name} needs one: train without a scaler, in float32 or bfloat16`
        : '';
      throw new ArgumentError(`Closure use is not currently supported if GradScaler is enabled.${why}`);
    }
    this.#begun('step');
    if (this.#progress.get(optimizer)?.stage === 'stepped')
      throw new AutogradError('step() has already been called since the last update().');
    if (!this.#progress.has(optimizer)) this.unscale_(optimizer);
    const progress = this.#progress.get(optimizer);
    if (progress === undefined || progress.found.size === 0)
      throw new AutogradError('No inf checks were recorded for this optimizer.');
    const skips = skipsOf(optimizer) ?? new Skips();
    setSkips(optimizer, skips);
    skips.around(optimizer, () => optimizer.step(), progress.found);
    progress.stage = 'stepped';
  }

  /**
   * The next scale: smaller if gradients of any optimiser overflowed since the last update, larger after enough updates without. Or the given one.
   *
   * @throws AutogradError if there was no `step` or `unscale_`, ArgumentError for a scale that is no number above 0 and no float32 tensor of one element.
   */
  update(newScale?: Tensor | number): void {
    if (!this.#enabled) return;
    const { scale, tracker } = this.#begun('update');
    if (newScale !== undefined) this.#setScale(newScale);
    else {
      const { device } = scale;
      const found = [...this.#progress.values()].flatMap((each) => [...each.found.values()]);
      if (found.length === 0) throw new AutogradError('No inf checks were recorded prior to update.');
      withoutGrad(() => {
        const flags = found.map((flag) => on(device, flag));
        this.#update ??= updateStep();
        this.#update(
          [[scale], [flags.length === 1 ? flags[0] : stack(flags).amax()], [tracker]],
          [this.#growthFactor, this.#backoffFactor, this.#growthInterval],
          {},
        );
      });
    }
    for (const { found } of this.#progress.values()) for (const flag of found.values()) flag.dispose();
    this.#progress.clear();
  }

  #setScale(value: unknown): void {
    const { scale } = this.#begun('update');
    if (typeof value === 'number') {
      checkedScale('newScale', value);
      withoutGrad(() => scale.fill_(value));
      return;
    }
    if (!isTensor(value) || value.dtype !== 'float32' || numel(value.shape) !== 1 || value.requiresGrad) {
      throw new ArgumentError(
        `new_scale should be a float or a 1-element float32 tensor with requires_grad=False, got ${describe(value)}`,
      );
    }
    withoutGrad(() => scale.copy_(on(scale.device, value).reshape([])));
  }

  /** The scale now; 1 if it is not enabled. It is read from the device. */
  async getScale(): Promise<number> {
    if (!this.#enabled) return 1;
    return this.#scale ? Number(await this.#scale.item()) : this.#initScale;
  }

  getGrowthFactor(): number {
    return this.#growthFactor;
  }

  /** @throws ArgumentError unless above 1. */
  setGrowthFactor(value: number): void {
    this.#growthFactor = checkedGrowth(value);
  }

  getBackoffFactor(): number {
    return this.#backoffFactor;
  }

  /** @throws ArgumentError unless above 0 and below 1. */
  setBackoffFactor(value: number): void {
    this.#backoffFactor = checkedBackoff(value);
  }

  getGrowthInterval(): number {
    return this.#growthInterval;
  }

  /** @throws ArgumentError unless an integer above 0. */
  setGrowthInterval(value: number): void {
    this.#growthInterval = checkedInterval(value);
  }

  /** What is to be saved, as copies; empty if it is not enabled. Save it after `update`. */
  stateDict(): GradScalerState | Record<string, never> {
    if (!this.#enabled) return {};
    return {
      scale: this.#scale?.clone() ?? this.#initScale,
      growthFactor: this.#growthFactor,
      backoffFactor: this.#backoffFactor,
      growthInterval: this.#growthInterval,
      growthTracker: this.#tracker?.clone() ?? this.#initTracker,
    };
  }

  /**
   * Goes on from `stateDict()`, whose tensors may be on any device that can be copied from, or numbers. Does nothing if it is not enabled.
   *
   * @throws ArgumentError if it is empty, or an entry is missing or wrong; then nothing changes.
   */
  loadStateDict(saved: GradScalerState | Record<string, never>): void {
    if (!this.#enabled) return;
    if (typeof saved !== 'object' || saved === null)
      throw new ArgumentError(`GradScaler: expected what stateDict() gives, got ${describe(saved)}`);
    if (Object.keys(saved).length === 0) {
      throw new ArgumentError(
        'The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.',
      );
    }
    checkOptions('loadStateDict', saved, ['scale', 'growthFactor', 'backoffFactor', 'growthInterval', 'growthTracker']);
    const { scale, growthFactor, backoffFactor, growthInterval, growthTracker } = saved as GradScalerState;
    for (const [name, value] of Object.entries({ scale, growthTracker })) {
      if (
        typeof value === 'number' ? value >= 0 && Number.isFinite(value) : isTensor(value) && numel(value.shape) === 1
      )
        continue;
      throw new ArgumentError(
        `loadStateDict: ${name} must be a number or a tensor of one element, got ${describe(value)}`,
      );
    }
    const checked = [checkedGrowth(growthFactor), checkedBackoff(backoffFactor), checkedInterval(growthInterval)];
    [this.#growthFactor, this.#backoffFactor, this.#growthInterval] = checked;
    const device = this.#scale?.device ?? (isTensor(scale) ? scale.device : null);
    if (device === null && typeof scale === 'number' && typeof growthTracker === 'number') {
      [this.#initScale, this.#initTracker] = [scale, growthTracker];
      return;
    }
    const place = device ?? (isTensor(growthTracker) ? growthTracker.device : 'cpu');
    this.#scale = loaded(scale, place);
    this.#tracker = loaded(growthTracker, place);
  }

  #begun(where: string): { scale: Tensor; tracker: Tensor } {
    if (this.#scale && this.#tracker) return { scale: this.#scale, tracker: this.#tracker };
    throw new AutogradError(`Attempted ${where} but _scale is None.  ${hint}`);
  }
}

const scalar = (value: number, device: string): Tensor => keep(full([], value, { dtype: 'float32', device }));

const on = (device: string, x: Tensor): Tensor => (x.device === device ? x : x.to(device));

const loaded = (value: Tensor | number, device: string): Tensor =>
  isTensor(value)
    ? keep(value.detach().reshape([]).to({ dtype: 'float32', device, copy: true }))
    : scalar(value, device);

/** 1 if an element of tensors of one dtype and device is not finite, else 0: each is read once. */
function anyOverflow(grads: readonly Tensor[]): Tensor {
  const { device } = grads[0];
  const largest = grads
    .filter(({ shape }) => numel(shape) > 0)
    .map((grad) => grad.norm({ p: Number.POSITIVE_INFINITY }));
  if (largest.length === 0) return zeros([], { dtype: 'float32', device });
  return stack(largest).isfinite().all().logicalNot().to('float32');
}

function checkOptimizer(where: string, optimizer: unknown): void {
  if (optimizer instanceof Optimizer) return;
  throw new ArgumentError(`GradScaler.${where}: expected an optimizer, got ${describe(optimizer)}`);
}

function checkedScale(name: string, value: unknown): number {
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  throw new ArgumentError(`GradScaler: ${name} must be a number above 0, got ${describe(value)}`);
}

function checkedGrowth(value: unknown): number {
  if (typeof value === 'number' && value > 1 && Number.isFinite(value)) return value;
  throw new ArgumentError(`The growth factor must be > 1.0. (got ${describe(value)})`);
}

function checkedBackoff(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value < 1) return value;
  throw new ArgumentError(`The backoff factor must be < 1.0. (got ${describe(value)}; it must be above 0)`);
}

function checkedInterval(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  throw new ArgumentError(`GradScaler: growthInterval must be an integer above 0, got ${describe(value)}`);
}
