/** When to end a training. */
import { ArgumentError, checkOptions, describe } from '@tenfold/tensor-core';

/** Options of {@link EarlyStopping}. */
export interface EarlyStoppingOptions {
  /** How many steps without a better value are borne. Default 3. */
  patience?: number | undefined;
  /** By how much a value must be better to count. Default 0. */
  minDelta?: number | undefined;
  /** Whether smaller values are better (a loss) or larger (an accuracy). Default `'min'`. */
  mode?: 'min' | 'max' | undefined;
  /** Stops at once at a value that isn't finite. Default true. */
  checkFinite?: boolean | undefined;
  /** Stops at once at a value as good as this. */
  stoppingThreshold?: number | undefined;
  /** Stops at once at a value worse than this. */
  divergenceThreshold?: number | undefined;
}

/** What {@link EarlyStopping} remembers: plain data. */
export interface EarlyStoppingState {
  /** The best value, `null` before the first. */
  readonly best: number | null;
  /** How many steps ago that was. */
  readonly waitCount: number;
  /** How many steps there were. */
  readonly steps: number;
  /** The number of the step at which it stopped, from 0; `null` if it didn't. */
  readonly stoppedStep: number | null;
}

/**
 * Says when a value no longer gets better. The names are those of PyTorch Lightning's callback
 * (https://lightning.ai/docs/pytorch/stable/api/lightning.pytorch.callbacks.EarlyStopping.html).
 *
 * @example
 * const stopping = new EarlyStopping({ patience: 5, minDelta: 1e-3 });
 * for (let epoch = 0; epoch < 100; epoch++) {
 *   const loss = await trainEpoch();
 *   if (stopping.step(loss)) break;
 * }
 */
export class EarlyStopping {
  readonly #patience: number;
  readonly #minDelta: number;
  readonly #mode: 'min' | 'max';
  readonly #checkFinite: boolean;
  readonly #good: number | null;
  readonly #bad: number | null;
  #state: EarlyStoppingState = { best: null, waitCount: 0, steps: 0, stoppedStep: null };

  /** @throws ArgumentError for options of another kind. */
  constructor(options: EarlyStoppingOptions = {}) {
    checkOptions('EarlyStopping', options, [
      'patience',
      'minDelta',
      'mode',
      'checkFinite',
      'stoppingThreshold',
      'divergenceThreshold',
    ]);
    const { patience = 3, minDelta = 0, mode = 'min', checkFinite = true } = options;
    const { stoppingThreshold = null, divergenceThreshold = null } = options;
    if (!(Number.isSafeInteger(patience) && patience >= 0))
      throw new ArgumentError(`EarlyStopping: patience must be an integer of at least 0, got ${describe(patience)}`);
    if (!(Number.isFinite(minDelta) && minDelta >= 0))
      throw new ArgumentError(`EarlyStopping: minDelta must be a number of at least 0, got ${describe(minDelta)}`);
    if (mode !== 'min' && mode !== 'max')
      throw new ArgumentError(`EarlyStopping: mode can be one of 'min', 'max', got ${describe(mode)}`);
    for (const [name, value] of Object.entries({ stoppingThreshold, divergenceThreshold }))
      if (value !== null && (typeof value !== 'number' || Number.isNaN(value)))
        throw new ArgumentError(`EarlyStopping: ${name} must be a number, got ${describe(value)}`);
    this.#patience = patience;
    this.#minDelta = minDelta;
    this.#mode = mode;
    this.#checkFinite = checkFinite;
    this.#good = stoppingThreshold;
    this.#bad = divergenceThreshold;
  }

  /** The best value so far, `null` before the first. */
  get best(): number | null {
    return this.#state.best;
  }

  /** Whether the last step was the best: the one to save a checkpoint of. */
  get improved(): boolean {
    return this.#state.steps > 0 && this.#state.waitCount === 0 && this.#state.best !== null;
  }

  get stopped(): boolean {
    return this.#state.stoppedStep !== null;
  }

  /**
   * Takes the value of an epoch, a number of the host: `await loss.item()`.
   *
   * @returns Whether to stop. Once true it stays so.
   * @throws ArgumentError for what is no number.
   */
  step(value: number): boolean {
    if (typeof value !== 'number')
      throw new ArgumentError(`EarlyStopping: step takes a number, such as await loss.item(), got ${describe(value)}`);
    const { best, waitCount, steps, stoppedStep } = this.#state;
    const better = Number.isFinite(value) && (best === null || this.#better(value, best, this.#minDelta));
    const waited = better ? 0 : waitCount + 1;
    const stops =
      (this.#checkFinite && !Number.isFinite(value)) ||
      (this.#good !== null && this.#better(value, this.#good, 0)) ||
      (this.#bad !== null && this.#better(this.#bad, value, 0)) ||
      waited >= Math.max(this.#patience, 1);
    this.#state = {
      best: better ? value : best,
      waitCount: waited,
      steps: steps + 1,
      stoppedStep: stoppedStep ?? (stops ? steps : null),
    };
    return this.stopped;
  }

  /** Whether `value` is better than `than` by more than `by`. */
  #better(value: number, than: number, by: number): boolean {
    return this.#mode === 'min' ? value < than - by : value > than + by;
  }

  /** Plain data, for a checkpoint. */
  stateDict(): EarlyStoppingState {
    return { ...this.#state };
  }

  /** @throws ArgumentError for what `stateDict` didn't give. */
  loadStateDict(state: EarlyStoppingState): void {
    const { best, waitCount, steps, stoppedStep } = state;
    const count = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    if (
      !(best === null || typeof best === 'number') ||
      !count(waitCount) ||
      !count(steps) ||
      !(stoppedStep === null || count(stoppedStep))
    )
      throw new ArgumentError(
        'EarlyStopping: expected a state of stateDict(): { best, waitCount, steps, stoppedStep }',
      );
    this.#state = { best, waitCount, steps, stoppedStep };
  }
}
