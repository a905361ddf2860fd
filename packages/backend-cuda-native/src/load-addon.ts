import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Addon } from './native.ts';

/** The addon, or in words why there is none. */
export type LoadedAddon = { readonly addon: Addon } | { readonly reason: string };

/**
 * Loads the addon: one that was built here (`native/build`, by scripts/build-native.mjs or by node-gyp), else the prebuilt package of this platform.
 * Never throws.
 */
export function loadAddon(): LoadedAddon {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const place of ['../native/build/cuda.node', '../native/build/Release/cuda.node']) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (!existsSync(path)) continue;
    const loaded = attempt(require, path);
    if (typeof loaded !== 'string') return loaded;
    failures.push(loaded);
  }
  const prebuilt = `@tenfold/backend-cuda-native-${process.platform}-${process.arch}`;
  const loaded = attempt(require, `${prebuilt}/cuda.node`);
  if (typeof loaded !== 'string') return loaded;
  failures.push(loaded);
  return {
    reason: `The native addon of @tenfold/backend-cuda-native is not there: ${failures.join('; ')}. Install ${prebuilt}, which npm does by itself where optional dependencies are not left out, or build the addon: \`npm install --no-save node-addon-api\` and \`npx node-gyp rebuild -C native\` in the package's folder.`,
  };
}

function attempt(require: NodeJS.Require, what: string): { addon: Addon } | string {
  try {
    const addon: unknown = require(what);
    return isAddon(addon) ? { addon } : `${what} is not the addon`;
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    return `${what} does not load (${line})`;
  }
}

function isAddon(value: unknown): value is Addon {
  return (
    typeof value === 'object' &&
    value !== null &&
    'probe' in value &&
    typeof value.probe === 'function' &&
    'open' in value &&
    typeof value.open === 'function'
  );
}
