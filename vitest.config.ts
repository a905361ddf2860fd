import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Tests run on the TypeScript sources: nothing needs to be built first. */
const conditions = ['tenfold-source', 'module', 'node', 'development|production'];

/** `npm test` checks types in `*.test-d.ts` too; a plain `vitest` doesn't pay for it. */
const typeTests = process.env.TENFOLD_TYPE_TESTS === '1';

const folders = ['packages', 'apps'].flatMap((group) =>
  readdirSync(group, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, root: `${group}/${name}` })),
);

/** Whether a project has type tests: vitest starts a compiler for each one that says so. */
function hasTypeTests(root: string): boolean {
  return ['src', 'test']
    .filter((folder) => existsSync(`${root}/${folder}`))
    .flatMap((folder) => readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' }))
    .some((path) => path.endsWith('.test-d.ts'));
}

export default defineConfig({
  test: {
    projects: [...folders, { name: 'tools', root: 'tools' }].map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name,
        include: ['**/*.test.ts'],
        exclude: ['**/node_modules/**', 'dist/**'],
        testTimeout: 60_000,
        typecheck: {
          enabled: typeTests && hasTypeTests(root),
          include: ['**/*.test-d.ts'],
          tsconfig: 'tsconfig.json',
          // lint checks the sources; here only the assertions about types count
          ignoreSourceErrors: true,
        },
      },
    })),
  },
});
