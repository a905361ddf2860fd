/** The `map` family: a program over every element. */
import type { Program } from '@tenfold/tensor-core';
import { compile } from '../compile.ts';
import { codecOf, type View } from '../elements.ts';
import { count, forEachRun, isDense } from '../iterate.ts';

export function map(outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void {
  const { shape } = outs[0];
  const total = count(shape);
  if (total === 0) return;
  const compiled = compile(program);
  const target = outs.length === 1 && isDense(shape, outs[0].strides) ? compiled.target(program) : null;
  if (target) {
    target.data = outs[0].storage.buffer;
    const { offset } = outs[0];
    try {
      compiled.runInto(target, offset, shape, ins, params, total);
    } finally {
      target.data = target.own;
      target.at = 0;
    }
    return;
  }
  // results of a block are stored after all of them are computed: an output may be an input of another
  compiled.run(shape, ins, params, total, (start, n) => {
    outs.forEach((out, k) => {
      const { data, at: from } = compiled.outputs[k];
      const { write } = codecOf(out.dtype);
      const { buffer } = out.storage;
      forEachRun(shape, out, start, n, (at, stride, first, length) => {
        for (let i = 0; i < length; i++) write(buffer, at + i * stride, data[from + first + i]);
      });
    });
  });
}
