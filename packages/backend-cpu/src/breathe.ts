/**
 * Lets other tasks run. A promise that is already fulfilled resumes before timers, signals and finalizers ever get a turn; so a training loop that only
 * awaits `loss.item()` would shut them out, and with them Ctrl-C, a page's painting, and the return of collected memory.
 */
const interval = 10;
let last = performance.now();

const nextTask: (done: () => void) => void =
  typeof setImmediate === 'function' ? (done) => setImmediate(done) : (done) => setTimeout(done, 0);

/** Waits for the next task, but at most once in {@link interval} milliseconds: a wait costs a few microseconds, or milliseconds in a browser. */
export async function breathe(): Promise<void> {
  if (performance.now() - last < interval) return;
  await new Promise<void>(nextTask);
  last = performance.now();
}
