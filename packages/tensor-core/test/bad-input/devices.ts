/** Tensors of two devices in one op. */
import { cat, stack, where } from '../../src/index.ts';
import type { BadCase, Given } from './case.ts';

const mixed = ['cpu', 'null'];

/** The same tensor on the second device. */
const away = ({ m }: Given) => m.to('null');

const pairs = ['add', 'sub', 'mul', 'div', 'maximum', 'eq', 'logicalAnd', 'atan2', 'matmul', 'add_', 'mul_'] as const;

export const devices: readonly BadCase[] = [
  ...pairs.map(
    (name): BadCase => [
      `${name} of two devices`,
      (g) => g.m[name](away(g)),
      'DEVICE',
      [name === 'matmul' ? 'mm' : name.replace('_', ''), ...mixed],
    ],
  ),
  ['cat of two devices', (g) => cat([g.m, away(g)]), 'DEVICE', ['cat', ...mixed]],
  ['stack of two devices', (g) => stack([g.m, away(g)]), 'DEVICE', ['stack', ...mixed]],
  ['where of two devices', (g) => where(g.mask, g.m, away(g)), 'DEVICE', ['where', ...mixed]],
  ['gather of two devices', (g) => away(g).gather(0, g.i.view([1, 2])), 'DEVICE', ['gather', ...mixed]],
  ['maskedFill of two devices', (g) => away(g).maskedFill(g.mask, 0), 'DEVICE', ['maskedFill', ...mixed]],
  ['reading a device that can only be awaited', (g) => away(g).toArraySync(), 'DEVICE', ['toArray', 'null']],
];
