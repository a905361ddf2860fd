/** The `map` family: a program over every element. */
import type { Program } from '@tenfold/tensor-core';
import { compile, type Register } from '../compile.ts';
import { codecOf, type View } from '../elements.ts';
import { count, forEachRun, isDense } from '../iterate.ts';

export function map(outs: readonly View[], ins: readonly View[], program: Program, params: readonly number[]): void {
  const { shape } = outs[0];
  const total = count(shape);
  if (total === 0) return;
  const compiled = compile(program);
  const { target } = compiled;
  if (target !== null && isDense(shape, outs[0].strides)) {
    const { offset, storage } = outs[0];
    target.data = storage.buffer;
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
    for (let k = 0; k < outs.length; k++) store(outs[k], compiled.outputs[k], start, n);
  });
}

function store(out: View, { data, at: from, stride: step }: Register, start: number, n: number): void {
  const { dtype, shape, strides, offset, storage } = out;
  const { buffer } = storage;
  if (isDense(shape, strides)) {
    // each branch sees one type of array, which is several times as fast as any
    const to = offset + start;
    if (buffer instanceof Float32Array && data instanceof Float32Array) {
      for (let i = 0; i < n; i++) buffer[to + i] = data[from + i * step];
      return;
    }
    if (buffer instanceof Float64Array && data instanceof Float64Array) {
      for (let i = 0; i < n; i++) buffer[to + i] = data[from + i * step];
      return;
    }
  }
  const { write } = codecOf(dtype);
  forEachRun(shape, out, start, n, (at, stride, first, length) => {
    for (let i = 0; i < length; i++) write(buffer, at + i * stride, data[from + (first + i) * step]);
  });
}
