/** What the types of control flow say: `npm run lint` checks them, with the types of all tests; nothing of it runs. */
import type { Tensor } from '@tenfold/tensor-core';
import { expect, expectTypeOf, test } from 'vitest';
import * as onnx from './control.ts';

declare const x: Tensor;
declare const p: Tensor;

function results(): void {
  expectTypeOf(
    onnx.cond(
      p,
      () => x,
      () => x,
    ),
  ).toEqualTypeOf<Tensor>();
  const both = onnx.cond(
    p,
    (a, b) => ({ a, b: [b] }),
    (a, b) => ({ a: b, b: [a] }),
    [x, x],
  );
  expectTypeOf(both).toEqualTypeOf<{ a: Tensor; b: Tensor[] }>();
  expectTypeOf(
    onnx.whileLoop(
      (a) => a.lt(1),
      (a, b) => [a, b],
      [x, x],
    ),
  ).toEqualTypeOf<[Tensor, Tensor]>();
  const looped = onnx.loop(3, null, [x, x], (i, cond, a, b) => ({ cond, carried: [a, b], scanned: [i] }));
  expectTypeOf(looped.carried).toEqualTypeOf<[Tensor, Tensor]>();
  expectTypeOf(looped.scanned).toEqualTypeOf<[Tensor]>();
  const [carry, ys] = onnx.scan(({ h }, s) => [{ h: h.add(s) }, [s, s]], { h: x }, x);
  expectTypeOf(carry.h).toEqualTypeOf<Tensor>();
  expectTypeOf(ys).toEqualTypeOf<[Tensor, Tensor]>();
}

function errors(): void {
  const same = (): Tensor => x;
  const list = (): Tensor[] => [x, x];
  const two = (a: Tensor, b: Tensor): Tensor => a.add(b);
  const one = (a: Tensor): [Tensor] => [a];
  const small = (a: Tensor): Tensor => a.lt(1);
  const first = (_i: Tensor, _c: Tensor, a: Tensor): { carried: [Tensor] } => ({ carried: [a] });
  const step = (h: Tensor): [Tensor, []] => [h, []];
  // @ts-expect-error branches of two structures
  onnx.cond(p, list, same);
  // @ts-expect-error a boolean is an if
  onnx.cond(true, same, same);
  // @ts-expect-error more parameters than operands
  onnx.cond(p, two, same, [x]);
  // @ts-expect-error one of two
  onnx.whileLoop(small, one, [x, x]);
  // @ts-expect-error one of two
  onnx.loop(3, null, [x, x], first);
  // @ts-expect-error no such option
  onnx.scan(step, x, x, { axis: 1 });
}

test('types are checked where the sources are', () => {
  expect([results, errors].map((fn) => typeof fn)).toEqual(['function', 'function']);
});
