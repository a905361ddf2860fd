/** Making V8 collect, though the process was started without `--expose-gc`. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: (() => void) | undefined;

/** Collects all garbage before it returns. */
export function collectGarbage(): void {
  if (!collector) {
    if (!globalThis.gc) setFlagsFromString('--expose-gc');
    collector = globalThis.gc ?? (runInNewContext('gc') as () => void);
  }
  collector();
}
