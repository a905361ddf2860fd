import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as autograd from '../../packages/autograd/src/index.ts';
import * as testkit from '../../packages/backend-testkit/src/index.ts';
import { parityFacts, rowStart } from './text.mjs';

const file = readFileSync(new URL('../../docs/parity.md', import.meta.url), 'utf8');
const regenerate = 'docs/parity.md is out of date; run: npm run parity';

it('docs/parity.md has every op of the fixtures with its samples, and no other', async () => {
  const { ops } = await parityFacts({ testkit, autograd });
  const rows = file.split('\n').flatMap((line) => /^\| `\w+` \| \d+ \|/.exec(line)?.[0] ?? []);
  expect(rows.join('\n'), regenerate).toBe(ops.map(rowStart).join('\n'));
});

it('docs/parity.md has every exclusion, every op without samples or derivative, and the counts of programs', async () => {
  const facts = await parityFacts({ testkit, autograd });
  const expected = [
    ...facts.ops.flatMap(({ op, excluded }) => excluded.map(({ sample }) => `| \`${op}\` | ${sample} |`)),
    ...facts.unsampled.map(({ op, reason }) => `| \`${op}\` | ${reason} |`),
    ...facts.undifferentiated.map(({ op, reason }) => `| \`${op}\` | ${reason} |`),
    ...facts.overrides.map(({ op, reason, allowed }) => `of \`${op}\`: ${reason} | ${allowed} |`),
    `${facts.programs} random programs, and ${facts.refused} programs`,
    `PyTorch ${facts.torch};`,
  ];
  expect(
    expected.filter((text) => !file.includes(text)),
    regenerate,
  ).toEqual([]);
});
