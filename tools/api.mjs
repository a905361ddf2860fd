/** `npm run api`: writes what users see of each package into `packages/X/api`, from the built types. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiEntries, reportText } from './api/check.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const reports = apiEntries(root).map((entry) => ({ ...entry, text: reportText(entry) }));
// those of entry points that are gone go, too
for (const { path } of reports) rmSync(join(root, dirname(path)), { recursive: true, force: true });
for (const entry of reports) {
  const path = join(root, entry.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, entry.text);
  console.log(`wrote ${entry.path}`);
}
