/** What holds of autocast now. Apart from the rest, so that the engine can suspend it, and a program without autocast ships no more. */
import { type DType, type Tensor, type Transform, transforms } from '@tenfold/tensor-core';

/** A dtype that ops are cast to. */
export type AutocastDType = Extract<DType, 'float16' | 'bfloat16'>;

/** What holds on the devices of one type. */
export interface AutocastSetting {
  readonly deviceType: string;
  readonly dtype: AutocastDType;
  readonly cacheEnabled: boolean;
}

/** By device type, where autocast is on. */
export type AutocastSettings = ReadonlyMap<string, AutocastSetting>;

/** A cast leaf, and the version of what it was made of. */
export interface CachedCast {
  readonly cast: Tensor;
  readonly version: number;
}

/** Outside of every scope. */
export const noAutocast: AutocastSettings = new Map();
/** Inside of an op, which runs as it is, and in backward. */
const suspended: AutocastSettings = new Map();

export const autocastState = {
  settings: noAutocast,
  /** Stop ⓪, once a scope has been opened. */
  layer: null as Transform | null,
  /** Weights that were cast in the scopes that are open. */
  cache: new Map<Tensor, CachedCast>(),
};

/** Puts the layer on the road while there are scopes, and so leaves a program without them as it is. */
export function changeAutocast(settings: AutocastSettings): void {
  const { layer, cache } = autocastState;
  autocastState.settings = settings;
  if (layer === null) return;
  const at = transforms.indexOf(layer);
  if (settings !== noAutocast) {
    if (at < 0) transforms.push(layer);
    return;
  }
  if (at >= 0) transforms.splice(at, 1);
  cache.clear();
}

/** Runs `fn` with the settings of another time, as a function that runs again in backward needs it. */
export function withAutocast<T>(settings: AutocastSettings, fn: () => T): T {
  const before = autocastState.settings;
  if (before === settings) return fn();
  changeAutocast(settings);
  try {
    return fn();
  } finally {
    changeAutocast(before);
  }
}

/** Runs `fn` without autocast, inside of whatever scopes there are. */
export function withoutAutocast<T>(fn: () => T): T {
  const before = autocastState.settings;
  // nothing to suspend: the outermost state must stay known as such
  if (before === noAutocast) return fn();
  autocastState.settings = suspended;
  try {
    return fn();
  } finally {
    autocastState.settings = before;
  }
}
