/** What is published: the files that `npm test` has built. */
import { expect, it } from 'vitest';
import * as source from '../src/errors.ts';

const dist = new URL('../dist/index.js', import.meta.url).href;

it('gives errors their names, however the bundler calls the classes', async () => {
  const built = (await import(dist)) as typeof source;
  for (const name of Object.keys(source).filter((key) => key.endsWith('Error')) as ('ShapeError' | 'TenfoldError')[]) {
    expect(new built[name]('x').name).toBe(name);
    expect(new source[name]('x').name).toBe(name);
  }
  class OwnError extends built.TenfoldError {}
  expect(new OwnError('x').name).toBe('OwnError');
});
