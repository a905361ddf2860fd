/** Every kind of bad input: one clear error that names the argument, option, op or line, and says what would work. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext, vmap } from '@tenfold/autograd';
import { cpu } from '@tenfold/backend-cpu';
import { Linear } from '@tenfold/nn';
import {
  builtinOps,
  dropout,
  OnnxExportError,
  randn,
  registerBackend,
  type Tensor,
  tensor,
  zeros,
} from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { exportOnnx, type SymbolicGraph, type SymbolicValue, toOnnx } from './index.ts';

registerBackend({ ...cpu(), deviceType: 'other' });

const x = randn([2, 3]);
const neg = (x: Tensor): Tensor => x.neg();
const w = randn([3, 3], { requiresGrad: true });
const computed = w.mul(2);

/** A call with anything at all as inputs or options. */
const give = (model: unknown, inputs: unknown, options?: unknown): Promise<unknown> =>
  toOnnx(model as never, inputs as never, options as never);
const loop: unknown[] = [x];
loop.push(loop);
const disposed = zeros([2, 3]);
disposed.dispose();

class Spoilt extends Function {
  static forward(_: FunctionContext, x: Tensor, _write: unknown): Tensor {
    return x.neg();
  }

  static backward(): null {
    return null;
  }

  static symbolic(
    g: SymbolicGraph,
    x: SymbolicValue,
    write: (g: SymbolicGraph, x: SymbolicValue) => unknown,
  ): SymbolicValue {
    return write(g, x) as SymbolicValue;
  }
}
const spoilt = (write: (g: SymbolicGraph, x: SymbolicValue) => unknown): Promise<unknown> =>
  give((x: Tensor) => Spoilt.apply(x, write), x);

const table: { readonly [kind: string]: readonly (readonly [string, () => Promise<unknown>, RegExp])[] } = {
  inputs: [
    [
      'a number',
      () => give(neg, 3),
      /example inputs must be a tensor, or an array of the arguments of forward, got number 3/,
    ],
    ['nothing', () => give(neg, undefined), /example inputs must be .*, got undefined/],
    ['a record', () => give(neg, { x }), /example inputs must be .*, got an object/],
    [
      'an array of numbers in an argument',
      () => give(neg, [new Float32Array(3)]),
      /example input 0 is an object \(Float32Array\)/,
    ],
    [
      'a Map',
      () => give(neg, [x, { past: new Map() }]),
      /example input 1\.past is an object \(Map\).*export a function, \(x\) => model\.forward\(x, …\)/,
    ],
    ['a function', () => give(neg, [x, () => x]), /example input 1 is a function/],
    ['what contains itself', () => give(neg, loop), /example input 1.* contains itself/],
    ['a disposed tensor', () => give(neg, disposed), /example input 0 was disposed/],
    [
      'a tensor that is being recorded',
      () => give(neg, [{ h: computed }]),
      /example input 0\.h is the result of a recorded op \(MulBackward0\).*detach\(\)/,
    ],
    [
      'a recorded tensor inside of forward',
      () => give((x: Tensor) => x.matmul(computed), x),
      /op 'mm' takes a tensor of shape \[3, 3\] that was computed outside of forward .*\(MulBackward0\) at .*bad-input\.test\.ts:\d+.*detach\(\)/,
    ],
    [
      'inside of vmap',
      async () => {
        const pending: Promise<unknown>[] = [];
        vmap((row: Tensor) => {
          pending.push(give(neg, x));
          return row;
        })(x);
        await pending[0];
      },
      /by itself, not inside of a function that is being traced \(by vmap/,
    ],
    [
      'on two devices',
      () => give((a: Tensor, b: Tensor) => a.add(b), [x, zeros([2, 3], { device: 'other' })]),
      /fails on the example inputs: .*example inputs are on cpu and other.*move them to one device/,
    ],
    [
      'on another device than the model',
      () => give(new Linear(3, 1), zeros([2, 3], { device: 'other' })),
      /example inputs are on other, but 'weight' on cpu; move them to one device/,
    ],
    [
      'of a shape that the model refuses',
      () => give(new Linear(4, 1), x),
      /fails on the example inputs: .*2x3 and 4x1/,
    ],
  ],
  models: [
    ['none', () => give(null, x), /must be a function or an object with forward\(…\), got null/],
    ['a tensor', () => give(x, x), /must be a function or an object with forward\(…\)/],
    ['asynchronous', () => give(async (x: Tensor) => x, x), /forward is asynchronous/],
    [
      'that reads a value',
      () => give((x: Tensor) => x.mul(x.max().itemSync()), x),
      /read while the model is traced at .*bad-input\.test\.ts:\d+/,
    ],
    ['that reads through an index', () => give((x: Tensor) => x.index([x.gt(0)]), x), /read while the model is traced/],
    [
      'that changes a parameter',
      () => give((x: Tensor) => x.add(kept.add_(1)), x),
      /forward changes a tensor of shape \[3\] in place/,
    ],
    [
      'that uses a disposed tensor',
      () => give((x: Tensor) => x.add(disposed), x),
      /fails on the example inputs: .*was disposed/,
    ],
    [
      'with an op that has no form',
      () => give((x: Tensor) => x.asStrided([2], [1]), x),
      /op 'asStrided'.*can't be exported: /,
    ],
    [
      'with an op that needs a later opset',
      () => give((x: Tensor) => dropout(x, 0.5), x, { opsetVersion: 11, randomOps: 'runtime' }),
      /op 'dropout'.* needs opset 12 or later, asked for 11/,
    ],
  ],
  outputs: [
    [
      'a number',
      () => give((x: Tensor) => x.shape[0], x),
      /forward must return a tensor, or a list or record of tensors, got number 2/,
    ],
    ['nothing', () => give(() => undefined, x), /forward must return .*, got undefined/],
    ['an empty list', () => give(() => [], x), /forward must return .*got an array of 0 without tensors/],
    ['a number inside', () => give((x: Tensor) => ({ y: x.neg(), past: [x, 3] }), x), /output 'past\.1' is number 3/],
    ['a Map', () => give((x: Tensor) => new Map([['y', x]]), x), /forward must return .*, got an object \(Map\)/],
    ['a promise inside', () => give((x: Tensor) => [x, x.sum().item()], x), /forward is asynchronous|read while/],
  ],
  names: [
    ['too many', () => give(neg, x, { inputNames: ['a', 'b'] }), /inputNames has 2 names, but the model has 1 inputs/],
    [
      'too few',
      () => give((x: Tensor) => [x.neg(), x.exp()], x, { outputNames: ['a'] }),
      /outputNames has 1 names, but the model has 2 outputs/,
    ],
    ['twice', () => give(neg, [x, x], { inputNames: ['a', 'a'] }), /inputNames: 'a' occurs twice/],
    [
      'of an input and an output',
      () => give(neg, x, { inputNames: ['a'], outputNames: ['a'] }),
      /'a' names both an input and an output/,
    ],
    ['empty', () => give(neg, x, { inputNames: [''] }), /inputNames: string '' is no name/],
    ['no string', () => give(neg, x, { outputNames: [3] }), /outputNames: number 3 is no name/],
    [
      'not in a list',
      () => give(neg, x, { inputNames: 'x' }),
      /inputNames must be an array of names, or a record of names by path, got string 'x'/,
    ],
    [
      'by a path that is none',
      () => give(neg, [x, { mask: x }], { inputNames: { 'mask.0': 'm' } }),
      /inputNames: there is no tensor at 'mask\.0'; paths: '0', '1\.mask'/,
    ],
    ['by path, twice', () => give(neg, [x, x], { inputNames: { 0: 'x_1' } }), /inputNames: 'x_1' occurs twice/],
    [
      'of outputs by a path that is none',
      () => give(neg, x, { outputNames: { y: 'z' } }),
      /outputNames: there is no tensor at 'y'/,
    ],
  ],
  'dynamic axes': [
    ['no record', () => give(neg, x, { dynamicAxes: ['x'] }), /dynamicAxes must be a record such as/],
    [
      'of no value',
      () => give(neg, x, { dynamicAxes: { z: [0] } }),
      /dynamicAxes: 'z' is no input or output; inputs: x; outputs: y/,
    ],
    [
      'of one number',
      () => give(neg, x, { dynamicAxes: { x: 0 } }),
      /write \{ x: \{ 0: 'batch' \} \} or \{ x: \[0\] \}, got number 0/,
    ],
    ['out of range', () => give(neg, x, { dynamicAxes: { x: [2] } }), /'x' has 2 dims, there is no axis 2/],
    ['out of range from the end', () => give(neg, x, { dynamicAxes: { x: { '-3': 'n' } } }), /there is no axis -3/],
    ['twice', () => give(neg, x, { dynamicAxes: { x: { 0: 'n', '-2': 'm' } } }), /axis 0 of 'x' occurs twice/],
    ['no axis', () => give(neg, x, { dynamicAxes: { x: { batch: 0 } } }), /there is no axis/],
    ['no name', () => give(neg, x, { dynamicAxes: { x: { 0: 'a b' } } }), /string 'a b' is no name of an axis/],
    [
      'of two sizes',
      () => give(neg, x, { dynamicAxes: { x: { 0: 'n', 1: 'n' } } }),
      /'n' is 2 in axis 0 of 'x' but 3 in axis 1 of 'x'/,
    ],
    [
      'of an output that is fixed',
      () => give(neg, x, { dynamicAxes: { y: { 0: 'n' } } }),
      /axis 0 of output 'y' is always 2, because no axis of an input is dynamic/,
    ],
    [
      'of an output, by another name',
      () =>
        give((a: Tensor, b: Tensor) => [a.neg(), b.neg()], [x, x], {
          dynamicAxes: { x_0: { 0: 'n' }, x_1: { 0: 'm' }, y_0: { 0: 'm' } },
        }),
      /output 'y_0' has the size of 'n', not of 'm'/,
    ],
  ],
  options: [
    ['unknown', () => give(neg, x, { opset: 13 }), /toOnnx: unknown option 'opset'; known options: inputNames/],
    ['no record', () => give(neg, x, 13), /toOnnx: options must be an object/],
    [
      'opsetVersion',
      () => give(neg, x, { opsetVersion: '18' }),
      /opsetVersion must be an integer from 11 to 23, got string '18'/,
    ],
    ['opsetVersion below', () => give(neg, x, { opsetVersion: 10 }), /got number 10/],
    [
      'customOps',
      () => give(neg, x, { customOps: 'none' }),
      /customOps must be 'function', 'opaque' or 'inline', got string 'none'/,
    ],
    [
      'training',
      () => give(neg, x, { training: true }),
      /training must be 'eval', 'training' or 'preserve', got boolean true/,
    ],
    ['randomOps', () => give(neg, x, { randomOps: 1 }), /randomOps must be 'refuse' or 'runtime', got number 1/],
    [
      'verbose',
      () => give(neg, x, { verbose: 'yes' }),
      /verbose must be true, false or a function of the text, got string 'yes'/,
    ],
    ['producerName', () => give(neg, x, { producerName: 3 }), /producerName must be a string, got number 3/],
    ['docString', () => give(neg, x, { docString: null }), /docString must be a string, got null/],
    ['customOpsets', () => give(neg, x, { customOpsets: 2 }), /customOpsets must be a record such as/],
    [
      'customOpsets of ONNX',
      () => give(neg, x, { customOpsets: { 'ai.onnx': 2 } }),
      /'ai\.onnx' is ONNX's own operator set/,
    ],
    [
      'customOpsets without a version',
      () => give(neg, x, { customOpsets: { mine: 1.5 } }),
      /version of 'mine' must be a positive integer, got number 1\.5/,
    ],
    [
      'customOpsets of nothing',
      () => give(neg, x, { customOpsets: { mine: 2 } }),
      /the model has no op of domain 'mine'/,
    ],
    ['symbols', () => give(neg, x, { symbols: 'gelu' }), /symbols: write \[symbolRow\(builtinOps\.gelu/],
    ['symbols of no op', () => give(neg, x, { symbols: [['gelu', () => null]] }), /symbols: .*string 'gelu' is no op/],
    [
      'symbols that are none',
      () => give(neg, x, { symbols: [[builtinOps.gelu, 3]] }),
      /symbol of op 'gelu' must be a function of g/,
    ],
    [
      'symbols twice',
      () => give(neg, x, { symbols: [builtinOps.neg, builtinOps.neg].map((op) => [op, () => null]) }),
      /symbols: op 'neg' occurs twice/,
    ],
    ['no path', () => exportOnnx(neg, x, 3 as never), /exportOnnx: the path must be a string, got number 3/],
    ['verify', () => exportOnnx(neg, x, 'never.onnx', { verify: 3 as never }), /verify must be true, false or/],
    [
      'sizes of verify',
      () => exportOnnx(neg, x, 'never.onnx', { verify: { sizes: [-1] } }),
      /verify: sizes must be an array of sizes/,
    ],
  ],
  symbolic: [
    ['an op without a name', () => spoilt((g, x) => g.op('', x)), /Spoilt\.symbolic: '' is no name of an op/],
    [
      'a number for a value',
      () => spoilt((g, x) => g.op('A', x, 3 as never)),
      /argument 1 of op 'A' must be a value .*, got number 3; numbers go into attributes/,
    ],
    [
      'a tensor for a value',
      () => spoilt((g, x) => g.op('A', x, tensor([1]) as never)),
      /argument 1 of op 'A' .*tensors into \{ table_t: x \}/,
    ],
    [
      'an attribute without a type',
      () => spoilt((g, x) => g.op('A', x, { alpha: 1 })),
      /attribute 'alpha': end the name in _f \(float\)/,
    ],
    [
      'a fraction for an integer',
      () => spoilt((g, x) => g.op('A', x, { n_i: 1.5 })),
      /attribute 'n_i': .*got number 1\.5/,
    ],
    [
      'a string for a float',
      () => spoilt((g, x) => g.op('A', x, { n_f: 'one' })),
      /attribute 'n_f': .*got string 'one'/,
    ],
    [
      'a list of mixed types',
      () => spoilt((g, x) => g.op('A', x, { n_s: ['one', 2] as never })),
      /attribute 'n_s': .*got an array of 2/,
    ],
    [
      'a number beyond float32',
      () => spoilt((g, x) => g.op('A', x, { n_f: 1e300 })),
      /attribute 'n_f': 1e\+300 is beyond float32/,
    ],
    [
      'no output',
      () => spoilt((g, x) => g.op('A', x, { outputs: 0 as never })),
      /outputs must be a positive integer, got 0/,
    ],
    [
      'nothing returned',
      () => spoilt(() => undefined),
      /Spoilt\.symbolic must return the value that forward returns, made by g\.op/,
    ],
    ['another number of results', () => spoilt((g, x) => g.op('A', x, { outputs: 2 })), /must return the value/],
    [
      'several nodes around the custom one',
      () => spoilt((g, x) => g.op('Neg', g.op('A', x))),
      /writes several nodes around its custom op/,
    ],
  ],
};
const kept = zeros([3]);

for (const [kind, rows] of Object.entries(table)) {
  describe(kind, () => {
    test.each(rows)('%s', async (_, run, message) => {
      const error: unknown = await run().then(
        () => 'no error',
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(OnnxExportError);
      expect((error as Error).message).toMatch(message);
    });
  });
}

describe('what is fine', () => {
  test('leaves that require gradients, as inputs and as constants, while gradients are recorded', async () => {
    await toOnnx((x: Tensor) => x.matmul(w), randn([2, 3], { requiresGrad: true }));
    await toOnnx((x: Tensor) => x.matmul(computed.detach()), x);
    expect(w.grad).toBe(null);
  });
});
