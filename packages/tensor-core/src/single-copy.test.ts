import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { version } from '../package.json';

const built = fileURLToPath(new URL('../dist', import.meta.url));

it('a second copy of the built package is one clear error; the same copy again is not', () => {
  if (!existsSync(built))
    throw new Error('tensor-core is not built: run `npm run build`, or the tests through `npm test`');
  const folder = mkdtempSync(join(tmpdir(), 'copies-'));
  try {
    cpSync(built, folder, { recursive: true });
    const [one, two] = [built, folder].map((path) => pathToFileURL(join(path, 'index.js')).href);
    const program = `
      await import('${one}');
      await import('${one}?again');
      await import('${two}').catch((error) => console.log(error.code, error.message));
    `;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(printed).toContain(`DUPLICATE_CORE two copies of @tenfold/tensor-core are loaded: ${version} (file://`);
    expect(printed).toContain('npm ls @tenfold/tensor-core');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
