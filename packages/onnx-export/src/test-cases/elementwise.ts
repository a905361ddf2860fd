/** Where the symbols of the special pointwise ops are run in onnxruntime. */
import { tensor } from '@tenfold/tensor-core';
import { type Case, f, i, mask, type Name, special } from './inputs.ts';

const one = (op: Name, x: Case['inputs'][number], attrs: object | null = null): Case => ({
  op,
  inputs: [x],
  attrs,
  dynamic: true,
});
const two = (op: Name, ...inputs: Case['inputs']): Case => ({ op, inputs, attrs: null, dynamic: true });

export const elementwise = (): Case[] => [
  one('logit', f([3, 4]).sigmoid(), { eps: null }),
  one('logit', f([3, 4]).sigmoid(), { eps: 0.3 }),
  one('sinc', f([3, 4])),
  one('sinc', tensor([0, 1, 0.5], { dtype: 'float64' })),
  one('deg2rad', f([3, 4])),
  one('rad2deg', f([3, 4])),
  one('roundDecimals', f([3, 4]).mul(10), { decimals: 2 }),
  one('roundDecimals', f([3, 4]).mul(1000), { decimals: -2 }),
  one('nanToNum', special(), { nan: 0, posinf: null, neginf: null }),
  one('nanToNum', special(), { nan: 3, posinf: 7, neginf: -9 }),
  one('nanToNum', i(-5, 6, [3, 4]), { nan: 3, posinf: 7, neginf: -9 }),
  one('signbit', special()),
  one('signbit', i(-5, 6, [3, 4])),
  one('signbit', i(-5, 6, [3, 4], 'int8')),
  one('signbit', mask([3, 4])),
  one('isposinf', special()),
  one('isneginf', special()),
  one('isneginf', i(-5, 6, [3, 4])),
  two('logaddexp2', f([3, 4]), f([3, 1])),
  two('heaviside', tensor([0, -1, 2, Number.NaN], { dtype: 'float64' }), f([4])),
  two('heaviside', i(-2, 3, [3, 4]), i(-9, 9, [3, 4])),
  two('heaviside', mask([3, 4]), mask([3, 4])),
  ...(['bitwiseLeftShift', 'bitwiseRightShift'] as const).flatMap((op) =>
    (['int64', 'int32', 'int8', 'uint8'] as const).map(
      (dtype): Case => two(op, i(dtype === 'uint8' ? 0 : -9, 100, [3, 4], dtype), i(0, 5, [3, 4], dtype)),
    ),
  ),
];
