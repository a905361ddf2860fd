/** Mixed precision: the dtypes of results against PyTorch's, gradients, and how autocast lives with the rest. */
import '@tenfold/backend-cpu/register';
import { readFileSync } from 'node:fs';
import { cpu } from '@tenfold/backend-cpu';
import * as core from '@tenfold/tensor-core';
import {
  type DType,
  dispatch,
  ones,
  rand,
  randn,
  registerBackend,
  type Tensor,
  transforms,
} from '@tenfold/tensor-core';
import { afterEach, describe, expect, test } from 'vitest';
import {
  autocast,
  checkpoint,
  clearAutocastCache,
  customBwd,
  customFwd,
  defineFunction,
  Function,
  type FunctionContext,
  getAutocastDtype,
  grad,
  gradOf,
  isAutocastEnabled,
  noGrad,
  vmap,
} from './index.ts';

// the kernels of the cpu under the name of an accelerator, which has the other lists
registerBackend({ ...cpu(), deviceType: 'other' });

const halves = { cpu: 'bfloat16', other: 'float16' } as const;
const dtypeOf = (x: Tensor | readonly Tensor[]): DType => (core.isTensor(x) ? x : x[0]).dtype;
const weight = (...shape: number[]): Tensor => randn(shape, { requiresGrad: true });

afterEach(() => {
  expect(transforms).toEqual([]);
});

type Make = (...shape: number[]) => Tensor;
type Row = (a: Make, wide: Make) => Tensor | readonly Tensor[];
const classes = (x: Tensor): Tensor => core.arange(0, 2, 1, { dtype: 'int64', device: x.device });

/** Calls by name: `a` makes tensors of the dtype under test, `wide` float32 ones. */
const rows: { readonly [name: string]: Row } = {
  mm: (a) => a(2, 2).mm(a(2, 2)),
  'mm, unlike dtypes': (a, wide) => a(2, 2).mm(wide(2, 2)),
  bmm: (a) => a(1, 2, 2).bmm(a(1, 2, 2)),
  mv: (a) => a(2, 2).mv(a(2)),
  dot: (a) => a(2).dot(a(2)),
  'matmul of vectors': (a) => a(2).matmul(a(2)),
  'matmul of a matrix and a vector': (a) => a(2, 2).matmul(a(2)),
  matmul: (a) => a(3, 2, 2).matmul(a(2, 2)),
  addmm: (a, wide) => a(2, 2).addmm(wide(2, 2), a(2, 2)),
  addmv: (a) => a(2).addmv(a(2, 2), a(2)),
  addr: (a) => a(2, 2).addr(a(2), a(2)),
  addbmm: (a) => a(2, 2).addbmm(a(1, 2, 2), a(1, 2, 2)),
  baddbmm: (a) => a(1, 2, 2).baddbmm(a(1, 2, 2), a(1, 2, 2)),
  inner: (a) => a(2, 2).inner(a(2, 2)),
  tensordot: (a) => core.tensordot(a(2, 2), a(2, 2)),
  einsum: (a) => core.einsum('ij,jk->ik', [a(2, 2), a(2, 2)]),
  'einsum of one': (a) => core.einsum('ij->ji', [a(2, 2)]),
  multiDot: (a) => core.linalg.multiDot([a(2, 2), a(2, 2), a(2, 2)]),
  kron: (a) => a(2, 2).kron(a(2, 2)),
  conv2d: (a, wide) => core.conv2d(a(1, 1, 4, 4), wide(1, 1, 2, 2), wide(1)),
  exp: (a) => a(2).exp(),
  log: (a) => a(2).log(),
  'pow of a number': (a) => a(2).pow(2),
  square: (a) => a(2).square(),
  sqrt: (a) => a(2).sqrt(),
  tanh: (a) => a(2).tanh(),
  add: (a, wide) => a(2).add(wide(2)),
  'add of halves': (a) => a(2).add(a(2)),
  softmax: (a) => a(2).softmax(0),
  logSoftmax: (a) => a(2).logSoftmax(0),
  sum: (a) => a(2).sum(),
  'sum with a dtype': (a) => a(2).sum(null, { dtype: a(2).dtype }),
  mean: (a) => a(2).mean(),
  prod: (a) => a(2).prod(),
  cumsum: (a) => a(2).cumsum(0),
  norm: (a) => a(2).norm(),
  var: (a) => a(2).var(),
  logsumexp: (a) => a(2).logsumexp(0),
  layerNorm: (a) => core.layerNorm(a(2, 2), [2]),
  groupNorm: (a) => core.groupNorm(a(2, 2, 4), 1),
  batchNorm: (a, wide) => core.batchNorm(a(2, 2, 4), null, null, { weight: wide(2), bias: wide(2), training: true }),
  mseLoss: (a, wide) => core.mseLoss(a(2), wide(2)),
  crossEntropy: (a) => core.crossEntropy(a(2, 2), classes(a(1))),
  nllLoss: (a) => core.nllLoss(a(2, 2), classes(a(1))),
  binaryCrossEntropy: (a) => core.binaryCrossEntropy(a(2), a(2)),
  binaryCrossEntropyWithLogits: (a) => core.binaryCrossEntropyWithLogits(a(2), a(2)),
  trace: (a) => a(2, 2).trace(),
  quantile: (a) => a(4).quantile(0.5),
  maxPool2d: (a) => core.maxPool2d(a(1, 1, 4, 4), 2),
  maxPool3d: (a) => core.maxPool3d(a(1, 1, 4, 4, 4), 2),
  avgPool2d: (a) => core.avgPool2d(a(1, 1, 4, 4), 2),
  avgPool3d: (a) => core.avgPool3d(a(1, 1, 4, 4, 4), 2),
  adaptiveAvgPool2d: (a) => core.adaptiveAvgPool2d(a(1, 1, 4, 4), 2),
  'pad with zeros': (a) => core.pad(a(1, 4), [1, 1]),
  'pad by reflection': (a) => core.pad(a(1, 1, 4), [1, 1], { mode: 'reflect' }),
  gridSample: (a) => core.gridSample(a(1, 1, 4, 4), a(1, 2, 2, 2)),
  interpolate: (a) => core.interpolate(a(1, 1, 4), { scaleFactor: 2 }),
  inverse: (a) =>
    a(2, 2)
      .add(core.diag(a(2)))
      .inverse(),
  svd: (a) => core.linalg.svd(a(2, 2)).S,
  cdist: (a) => core.cdist(a(2, 2), a(2, 2)),
  cat: (a, wide) => core.cat([a(2), wide(2)]),
  stack: (a, wide) => core.stack([a(2), wide(2)]),
  addcmul: (a, wide) => a(2).addcmul(a(2), wide(2)),
};

/** Of an input in float32 and in float16: PyTorch's list for CUDA (https://pytorch.org/docs/stable/amp.html#cuda-op-specific-behavior). */
const accelerated: { readonly [result in 'lower' | 'float32' | 'widest']: readonly string[] } = {
  lower: [
    ...[
      'mm',
      'mm, unlike dtypes',
      'bmm',
      'mv',
      'matmul of vectors',
      'matmul of a matrix and a vector',
      'matmul',
      'addmm',
    ],
    ...['addmv', 'addr', 'addbmm', 'baddbmm', 'einsum', 'multiDot', 'conv2d'],
  ],
  float32: [
    ...[
      'exp',
      'log',
      'pow of a number',
      'square',
      'softmax',
      'logSoftmax',
      'sum',
      'prod',
      'cumsum',
      'norm',
      'logsumexp',
    ],
    ...['layerNorm', 'groupNorm', 'mseLoss', 'crossEntropy', 'nllLoss', 'binaryCrossEntropyWithLogits', 'cdist'],
    ...['cat', 'stack', 'addcmul', 'add'],
  ],
  // lists of their own, or of those that take what they get
  widest: [
    ...[
      'dot',
      'tensordot',
      'inner',
      'einsum of one',
      'kron',
      'sqrt',
      'tanh',
      'add of halves',
      'sum with a dtype',
      'mean',
    ],
    ...['var', 'batchNorm', 'trace', 'maxPool2d', 'maxPool3d', 'avgPool2d', 'avgPool3d', 'adaptiveAvgPool2d'],
    ...['pad with zeros', 'pad by reflection', 'gridSample', 'interpolate'],
  ],
};

function under(device: 'cpu' | 'other', dtype: DType, row: Row): DType | 'refused' {
  const make =
    (d: DType): Make =>
    (...shape) =>
      rand(shape, { device }).mul(0.5).add(0.25).to(d);
  try {
    return dtypeOf(autocast(device, () => row(make(dtype), make('float32'))));
  } catch (error) {
    if (error instanceof core.TenfoldError) return 'refused';
    throw error;
  }
}

describe('the dtype of a result', () => {
  const fixture: { calls: { call: string; results: string[] }[] } = JSON.parse(
    readFileSync(new URL('../fixtures/autocast.json', import.meta.url), 'utf8'),
  );

  test.each(fixture.calls)("$call on the cpu is PyTorch's", ({ call, results }) => {
    const row = rows[call];
    expect((['float32', 'bfloat16', 'float64'] as const).map((dtype) => under('cpu', dtype, row))).toEqual(results);
  });

  test('every call has been compared', () => {
    expect(fixture.calls.map(({ call }) => call).sort()).toEqual(Object.keys(rows).sort());
  });

  test('elsewhere is that of the list for CUDA', () => {
    for (const [result, names] of Object.entries(accelerated)) {
      for (const name of names) {
        const row = rows[name] ?? (() => expect.fail(name));
        const expected = result === 'lower' ? 'float16' : result;
        expect(under('other', 'float16', row), name).toBe(expected === 'widest' ? 'float16' : expected);
        expect(under('other', 'float32', row), name).toBe(expected === 'widest' ? 'float32' : expected);
      }
    }
  });

  test('ops that PyTorch has listed since 1.13', () => {
    for (const device of ['cpu', 'other'] as const) {
      const x = rand([1, 1, 4], { device });
      const [a, b, c, d] = autocast(device, () => [
        core.convTranspose1d(x, rand([1, 1, 2], { device })),
        core.scaledDotProductAttention(x, x, x),
        core.linalg.vecdot(x, x),
        core.gridSample(rand([1, 1, 4, 4], { device }), rand([1, 2, 2, 2], { device, dtype: halves[device] })),
      ]);
      expect([a, b, c].map(dtypeOf)).toEqual([halves[device], halves[device], halves[device]]);
      expect(d.dtype).toBe('float32');
    }
  });

  test('of an op of someone else is what its ops make of it', () => {
    const own = core.defineOp<core.Sig<[Tensor, Tensor], null>>({
      name: 'my.product',
      body: ([a, b]) => a.mm(b).add(1),
    });
    const x = rand([2, 2]);
    expect(autocast('cpu', () => dispatch(own, [x, x], null)).dtype).toBe('bfloat16');
  });

  test('written in place stays', () => {
    const x = rand([2, 2], { dtype: 'bfloat16' });
    autocast('cpu', () => {
      const y = rand([2, 2]);
      expect(y.addmm_(y, y).dtype).toBe('float32');
      expect(() => y.addmm_(x, y)).toThrow(core.DTypeError);
      expect(x.add_(y).dtype).toBe('bfloat16');
    });
  });
});

describe('scopes', () => {
  const x = rand([2, 2]);
  const now = (): DType => x.mm(x).dtype;

  test('nest, switch off inside, and end', async () => {
    expect(isAutocastEnabled()).toBe(false);
    autocast('cpu', () => {
      expect([now(), isAutocastEnabled(), isAutocastEnabled('cpu'), isAutocastEnabled('other')]).toEqual([
        'bfloat16',
        true,
        true,
        false,
      ]);
      autocast({ deviceType: 'cpu', dtype: 'float16' }, () =>
        expect([now(), getAutocastDtype('cpu')]).toEqual(['float16', 'float16']),
      );
      autocast({ deviceType: 'cpu', enabled: false }, () => {
        expect([now(), isAutocastEnabled('cpu')]).toEqual(['float32', false]);
        autocast('cpu', () => expect(now()).toBe('bfloat16'));
      });
      expect(now()).toBe('bfloat16');
    });
    {
      using _ = autocast({ deviceType: 'cpu', dtype: 'float16' });
      expect(now()).toBe('float16');
    }
    expect(now()).toBe('float32');
    const later = autocast('cpu', async () => {
      await Promise.resolve();
      return now();
    });
    expect(now()).toBe('bfloat16');
    expect(await later).toBe('bfloat16');
    expect(now()).toBe('float32');
    expect(() =>
      autocast('cpu', () => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(now()).toBe('float32');
  });

  test('must end in order', () => {
    const outer = autocast('cpu');
    const inner = autocast({ deviceType: 'cpu', dtype: 'float16' });
    expect(() => outer[Symbol.dispose]()).toThrow('autocast: scopes must end in the reverse order');
    inner[Symbol.dispose]();
    outer[Symbol.dispose]();
  });

  test('are of the devices of one type', () => {
    const there = rand([2, 2], { device: 'other' });
    autocast('other', () => {
      expect([now(), there.mm(there).dtype]).toEqual(['float32', 'float16']);
      autocast('cpu', () => expect([now(), there.mm(there).dtype]).toEqual(['bfloat16', 'float16']));
    });
    expect([getAutocastDtype('cpu'), getAutocastDtype('cuda')]).toEqual(['bfloat16', 'float16']);
  });

  test('refuse bad options', () => {
    expect(() => autocast('cpu:0')).toThrow("User specified an unsupported autocast device_type 'cpu:0'");
    expect(() => autocast(1 as never)).toThrow('autocast: expected a device type');
    expect(() => autocast({} as never)).toThrow('autocast: deviceType must be a device type');
    expect(() => autocast({ deviceType: 'cpu', dtype: 'float32' as never })).toThrow(
      "dtype must be 'float16' or 'bfloat16'",
    );
    expect(() => autocast({ deviceType: 'cpu', enabled: 1 as never })).toThrow('enabled must be a boolean');
    expect(() => autocast({ deviceType: 'cpu', cache: true } as never)).toThrow('cache');
    expect(() => autocast('cpu', 1 as never)).toThrow('expected a function');
    expect(isAutocastEnabled()).toBe(false);
  });

  test('refuse binaryCrossEntropy where its gradient could overflow', () => {
    const p = rand([2], { device: 'other' });
    expect(() => autocast('other', () => core.binaryCrossEntropy(p, p))).toThrow('are unsafe to autocast');
    expect(autocast({ deviceType: 'other', enabled: false }, () => core.binaryCrossEntropy(p, p)).dtype).toBe(
      'float32',
    );
  });
});

describe('gradients', () => {
  const x = rand([3, 2]);

  test('have the dtype of what they are for, and the value that casts written by hand give', () => {
    const [w, v] = [weight(2, 4), weight(4)];
    const loss = autocast('cpu', () => core.mseLoss(v.addmm(x, w).tanh(), core.zeros([3, 4])));
    loss.backward();
    const [w2, v2] = [w.detach().requiresGrad_(), v.detach().requiresGrad_()];
    const half = v2.to('bfloat16').addmm(x.to('bfloat16'), w2.to('bfloat16')).tanh();
    core.mseLoss(half.to('float32'), core.zeros([3, 4])).backward();
    expect([w.grad?.dtype, v.grad?.dtype, loss.dtype]).toEqual(['float32', 'float32', 'float32']);
    expect(w.grad?.toArraySync()).toEqual(w2.grad?.toArraySync());
    expect(v.grad?.toArraySync()).toEqual(v2.grad?.toArraySync());
  });

  test('of backward inside of a scope are the same', () => {
    const w = weight(2, 4);
    const run = (): Tensor => core.mseLoss(x.mm(w).mm(w.t()), x);
    const outside = grad(autocast('cpu', run), [w])[0];
    const inside = autocast('cpu', () => grad(run(), [w])[0]);
    expect(inside.toArraySync()).toEqual(outside.toArraySync());
  });

  test('of checkpoints are the same', () => {
    const w = weight(2, 4);
    const block = (h: Tensor): Tensor => h.mm(w).tanh().mm(w.t());
    const plain = grad(
      autocast('cpu', () => block(x).sum()),
      [w],
    )[0];
    for (const inside of [false, true]) {
      const run = (): Tensor => autocast('cpu', () => checkpoint(block, [x]).sum());
      const got = inside ? autocast('cpu', () => grad(run(), [w])[0]) : grad(run(), [w])[0];
      expect(got.toArraySync()).toEqual(plain.toArraySync());
    }
    // a region that ran without autocast does so again
    const exact = grad(block(x).sum(), [w])[0];
    const y = checkpoint(block, [x]).sum();
    expect(autocast('cpu', () => grad(y, [w])[0]).toArraySync()).toEqual(exact.toArraySync());
  });

  test('of samples', () => {
    const w = weight(2, 4);
    const one = (v: Tensor, sample: Tensor): Tensor => sample.matmul(v).tanh().sum();
    const each = autocast('cpu', () => vmap(gradOf(one), { inDims: [null, 0] })(w.detach(), x));
    expect([each.shape, each.dtype]).toEqual([[3, 2, 4], 'float32']);
    const loop = Array.from({ length: 3 }, (_, i) => autocast('cpu', () => gradOf(one)(w.detach(), x.select(0, i))));
    expect(each.toArraySync()).toEqual(core.stack(loop).toArraySync());
    const mapped = autocast('cpu', () => vmap((sample: Tensor) => sample.matmul(w))(x));
    expect(mapped.dtype).toBe('bfloat16');
  });
});

describe('weights', () => {
  const x = rand([3, 2]);
  /** How many casts of a tensor that requires grad a function makes. */
  function castsIn(fn: () => void): number {
    let count = 0;
    const layer: core.Interpreter = {
      process(spec, inputs, _, next) {
        if (spec.name === 'toCopy' && core.isTensor(inputs[0]) && inputs[0].isLeaf && inputs[0] !== x) count++;
        return next();
      },
    };
    core.withLayer(core.interpreters, layer, fn);
    return count;
  }

  test('are cast once, views of them too', () => {
    const w = weight(2, 4);
    const seen = new Set<unknown>();
    autocast('cpu', () => {
      for (let i = 0; i < 3; i++) {
        const y = x.mm(w).mm(w.t());
        seen.add(y.gradFn?.nextFunctions[1][0]?.nextFunctions[0][0]);
        y.sum().backward();
      }
    });
    expect(seen.size).toBe(1);
    expect(w.grad?.dtype).toBe('float32');
    // a tracer sees each of them
    expect(castsIn(() => autocast('cpu', () => [x.mm(w), x.mm(w)]))).toBe(2);
  });

  test('are cast again when they were written, asked for in another dtype, or cast without recording', () => {
    const w = ones([2, 2], { requiresGrad: true });
    const eye = core.eye(2);
    autocast('cpu', () => {
      expect(noGrad(() => eye.mm(w)).requiresGrad).toBe(false);
      expect(eye.mm(w).requiresGrad).toBe(true);
      noGrad(() => w.mul_(2));
      expect(eye.mm(w).toArraySync()).toEqual([
        [2, 2],
        [2, 2],
      ]);
      expect(eye.mm(w.t()).toArraySync()).toEqual([
        [2, 2],
        [2, 2],
      ]);
      expect(autocast({ deviceType: 'cpu', dtype: 'float16' }, () => eye.mm(w)).dtype).toBe('float16');
      w.data = core.full([2, 2], 3);
      clearAutocastCache();
      expect(eye.mm(w).toArraySync()).toEqual([
        [3, 3],
        [3, 3],
      ]);
      // what tidy has taken is made anew
      core.tidy(() => void eye.mm(w));
      expect(eye.mm(w).toArraySync()).toEqual([
        [3, 3],
        [3, 3],
      ]);
    });
  });

  test('are cast each time without the cache', () => {
    const w = weight(2, 4);
    const nodes = autocast({ deviceType: 'cpu', cacheEnabled: false }, () =>
      [0, 1].map(() => x.mm(w).gradFn?.nextFunctions[1][0]),
    );
    expect(nodes[0]).not.toBe(nodes[1]);
  });
});

describe('Functions', () => {
  class Product extends Function {
    static forward = customFwd((ctx: FunctionContext, a: Tensor, b: Tensor): Tensor => {
      ctx.saveForBackward(a, b);
      return a.mm(b);
    });
    static backward = customBwd((ctx: FunctionContext, g: Tensor) => {
      const [a, b] = ctx.savedTensors;
      return [g.mm(b.t()), a.t().mm(g)];
    });
  }
  const inFloat32 = defineFunction({
    forward: customFwd(
      (ctx: FunctionContext, a: Tensor, scale: number): Tensor => {
        ctx.saveForBackward(a);
        expect([a.dtype, a.mm(a).dtype, isAutocastEnabled()]).toEqual(['float32', 'float32', false]);
        return a.mm(a).mul(scale);
      },
      { castInputs: 'float32' },
    ),
    backward: customBwd((ctx: FunctionContext, g: Tensor) => {
      expect(g.dtype).toBe('float32');
      const [a] = ctx.savedTensors;
      return g.mm(a.t()).add(a.t().mm(g)).mul(2);
    }),
  });

  test('run under autocast, and their backward as their forward', () => {
    const [a, b] = [weight(2, 2), weight(2, 2)];
    const y = autocast('cpu', () => Product.apply(a, b));
    expect(y.dtype).toBe('bfloat16');
    const got = grad(y.sum(), [a, b]);
    expect(got.map(dtypeOf)).toEqual(['float32', 'float32']);
    const expected = grad(autocast('cpu', () => a.mm(b)).sum(), [a, b]);
    expect(got.map((g) => g.toArraySync())).toEqual(expected.map((g) => g.toArraySync()));
    expect(Product.apply(a, b).dtype).toBe('float32');
  });

  test('get their inputs in the dtype that they ask for', () => {
    const a = rand([2, 2], { dtype: 'bfloat16', requiresGrad: true });
    const y = autocast('cpu', () => inFloat32(a, 2));
    expect(y.dtype).toBe('float32');
    expect(grad(y.sum(), [a])[0].dtype).toBe('bfloat16');
    const wide = rand([2, 2], { requiresGrad: true });
    expect(grad(inFloat32(wide, 2).sum(), [wide])[0].dtype).toBe('float32');
    expect(() => customFwd(() => a, { castInput: 'float32' } as never)).toThrow('castInput');
  });
});
