/** Links between pages, READMEs and files of the repository lead somewhere. */
import { describe, expect, it } from 'vitest';
import { linksOf, problemOf } from '../scripts/links.mjs';
import { readmes, sitePages } from '../scripts/pages.mjs';

describe('links', () => {
  it.each([...sitePages(), ...readmes()])('of %s', (page) => {
    expect(linksOf(page).flatMap((href) => problemOf(page, href) ?? [])).toEqual([]);
  });

  it('are found, and those that lead nowhere are told', () => {
    expect(linksOf('docs/index.md')).toContain('/guide/start');
    expect(linksOf('README.md')).toContain('CONTRIBUTING.md');
    expect(problemOf('docs/guide/start.md', './tensors.md#memory')).toBeUndefined();
    expect(problemOf('docs/guide/start.md', './tensors.md#memories')).toMatch('has no heading "memories"');
    expect(problemOf('docs/guide/start.md', './tensor.md')).toMatch('there is no docs/guide/tensor.md');
    expect(problemOf('README.md', 'packages/nn')).toBeUndefined();
    expect(problemOf('README.md', '../elsewhere')).toMatch('leads out of the repository');
  });
});
