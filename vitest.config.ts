import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const conditions = ['tenfold-source', 'module', 'node', 'development|production'];
const folders = ['packages', 'apps'].flatMap((group) => readdirSync(group).map((name) => ({ name, root: `${group}/${name}` })));

export default defineConfig({
  test: {
    projects: folders.map(({ name, root }) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: { name, include: ['src/**/*.test.ts', 'test/**/*.test.ts'], testTimeout: 60_000 },
    })),
  },
});
