/** Flags of an app and their mistakes: one clear line each. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** An error of the person at the keyboard: one clear line, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The flags of a command line as they stand there. @throws UsageError for one that there isn't, or that lacks its value. */
export function parsed<const F extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], flags: F) {
  try {
    return parseArgs({ args: [...argv], options: flags, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const [firstSentence] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${firstSentence}; --help lists the flags`);
  }
}

/** One of some words. @throws UsageError */
export function choice<C extends string>(flag: string, value: string, choices: readonly C[]): C {
  const found = choices.find((known) => known === value);
  if (found === undefined) throw new UsageError(`${flag} ${value}: choose one of ${choices.join(', ')}`);
  return found;
}

/** A whole number from `least` to `most`. @throws UsageError */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} ${text}: must be a whole number from ${least} to ${most}`);
}

/** A number above 0, or also 0 itself. @throws UsageError */
export function positiveNumber(flag: string, text: string, orZero = false): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && (value > 0 || (orZero && value === 0))) return value;
  throw new UsageError(`${flag} ${text}: must be a number ${orZero ? 'from' : 'above'} 0`);
}

/** Those of some settings that were given. */
export const given = <S extends object>(settings: { readonly [K in keyof S]: S[K] | undefined }): Partial<S> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Partial<S>;

/** Settings of a saved run, which no flag may contradict. @throws UsageError */
export function agreeing<S extends object>(saved: S, flags: Partial<S>): S {
  for (const [name, value] of Object.entries(flags)) {
    const before = saved[name as keyof S];
    if (before === value) continue;
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new UsageError(`--${flag} ${value}: the run to go on with has ${before}; leave the flag out, or --resume`);
  }
  return saved;
}

/** Makes sure that files can be written to `folder`, creating it if need be. @throws UsageError if not. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${folder}: the folder can't be written (${(error as NodeJS.ErrnoException).code})`);
  }
}
