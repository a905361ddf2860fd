import { expect, it } from 'vitest';
import { nextStep, publishOrder, tagOf } from './plan.mjs';

const packed = (name: string, ...dependencies: string[]) => ({
  name,
  version: '0.1.0',
  file: `${name}.tgz`,
  dependencies,
});

it('publishes what others need first', () => {
  const order = publishOrder([
    packed('autograd', 'core'),
    packed('cuda', 'cuda-linux', 'core'),
    packed('core'),
    packed('cuda-linux'),
    packed('nn', 'autograd', 'left-pad'),
  ]);
  expect(order.map(({ name }) => name)).toEqual(['core', 'autograd', 'cuda-linux', 'cuda', 'nn']);
  expect(() => publishOrder([packed('a', 'b'), packed('b', 'a')])).toThrow(
    'a needs b needs a: nobody can be published first',
  );
});

it.each([
  ['1.2.3', 'latest'],
  ['1.2.3+build', 'latest'],
  ['0.0.0-canary-20260102030405', 'canary'],
  ['2.0.0-rc.1', 'rc'],
  ['2.0.0-1', 'next'],
])('gives %s the tag %s', (version, tag) => expect(tagOf(version)).toBe(tag));

it('versions while there are changesets, then publishes once', () => {
  expect(nextStep(true, true)).toBe('version');
  expect(nextStep(false, false)).toBe('publish');
  expect(nextStep(false, true)).toBe('none');
});
