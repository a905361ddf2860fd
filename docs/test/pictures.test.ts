/** The pictures of the guide are those that the library's graphs give now. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { folder, pictures } from '../scripts/pictures.mjs';

it('docs/public/pictures is up to date; if not, run: npm run docs -- pictures', async () => {
  const drawn = await pictures();
  expect(readdirSync(folder).sort()).toEqual(Object.keys(drawn).sort());
  for (const [name, text] of Object.entries(drawn)) expect(readFileSync(join(folder, name), 'utf8'), name).toBe(text);
});
