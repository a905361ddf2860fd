/** Files of the output folder: written beside their final name and renamed when complete, so that an interruption leaves the earlier file. */
import { accessSync, constants, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './errors.ts';

const unfinished = new Set<string>();

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

/** Writes a whole file or nothing. */
export function writeFileAtomically(folder: string, name: string, data: string | Uint8Array): string {
  const path = join(folder, name);
  const temporary = join(folder, `.${name}.${process.pid}.tmp`);
  unfinished.add(temporary);
  try {
    writeFileSync(temporary, data);
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
    unfinished.delete(temporary);
  }
  return path;
}

/** Removes what an interruption would leave behind. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
}
