/** The one switch that stop ① of the dispatcher reads. `@tenfold/autograd` gives it its scopes (`noGrad`, `enableGrad`). */

/** Whether ops on tensors that require grad are recorded. */
export const gradMode = { enabled: true };

/** Whether new memory is for inference only. Autograd's `inferenceMode` switches it, and recording off with it. */
export const inferenceState = { enabled: false };

/** Runs `fn` with recording off. For synchronous code inside core; users have `noGrad`. */
export function withoutGrad<T>(fn: () => T): T {
  const before = gradMode.enabled;
  gradMode.enabled = false;
  try {
    return fn();
  } finally {
    gradMode.enabled = before;
  }
}
