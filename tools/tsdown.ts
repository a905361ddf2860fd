/** How every package and app is built: one place, so that two packages can't differ by accident. */
import type { UserConfig } from 'tsdown';

/** A published package: ES modules for Node and browsers, one file per entry point, with types and source maps. */
export function library(...entries: readonly string[]): UserConfig {
  return {
    entry: entries.map((name) => `src/${name}.ts`),
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    fixedExtension: false,
    sourcemap: true,
    dts: { sourcemap: true },
    // declarations say `Symbol.dispose`, which no program's own `lib` need have
    banner: { dts: '/// <reference lib="esnext.disposable" />' },
    tsconfig: 'tsconfig.json',
    logLevel: 'warn',
  };
}

/** An app for Node: the same, but nobody imports it, so it has no types. */
export function nodeApp(...entries: readonly string[]): UserConfig {
  return { ...library(...entries), platform: 'node', dts: false };
}
