/** `npm run api`: writes what users see of each package into `packages/X/api`, from the built types. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiEntries, reportText } from './api/check.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
for (const entry of apiEntries(root)) {
  const path = join(root, entry.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, reportText(entry));
  console.log(`wrote ${entry.path}`);
}
