/** Files of the output folder: written beside their final name and renamed when complete, so that an interruption leaves the earlier file. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const unfinished = new Set<string>();

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
