/** Custom ops beyond the plain one: attributes of all kinds and by reference, several outputs, domains and versions, nested functions, other symbols. */
import '@tenfold/backend-cpu/register';
import { Function, type FunctionContext } from '@tenfold/autograd';
import {
  AttributeProto_AttributeType as AttributeType,
  checkModel,
  ModelProto,
  type NodeProto,
} from '@tenfold/onnx-model';
import { builtinOps, gelu, manualSeed, randn, relu, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import {
  defineSymbol,
  type SymbolicGraph,
  type SymbolicValue,
  symbolRow,
  type ToOnnxOptions,
  toOnnx,
  unsupported,
  viaBody,
} from './index.ts';
import { type Comparison, compareAll } from './testing.ts';

manualSeed(0);
const f = (...shape: number[]): Tensor => randn(shape, { dtype: 'float64' });
const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;
const decoded = async (fn: (x: Tensor) => unknown, x: Tensor, options?: ToOnnxOptions): Promise<ModelProto> => {
  const model = ModelProto.decode(await toOnnx(fn, x, options));
  checkModel(model);
  return model;
};
const custom = (model: ModelProto): NodeProto[] => model.graph?.node?.filter(({ domain }) => domain) ?? [];
const functions = (model: ModelProto): string[] =>
  model.functions?.map(({ domain, name }) => `${domain}::${name}`) ?? [];
/** A call in the table of programs that onnxruntime runs. */
const programs: Comparison[] = [];
const runs = (dtype: 'float32' | 'float64' = 'float64'): Tensor[][] =>
  [1, 3, 17].map((n) => [randn([n, 4], { dtype })]);
function inOnnxRuntime(
  name: string,
  fn: (x: Tensor) => unknown,
  options: ToOnnxOptions = batch,
  dtype: 'float32' | 'float64' = 'float64',
): void {
  programs.push({ name, fn: fn as Comparison['fn'], example: [randn([2, 4], { dtype })], runs: runs(dtype), options });
}

class Affine extends Function {
  static forward(_: FunctionContext, x: Tensor, alpha: number, beta: number): Tensor {
    return x.mul(alpha).add(2 * beta + 1);
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, alpha: number, beta: number): SymbolicValue {
    return g.op('my.domain::Affine', x, { alpha_f: alpha, beta_f: beta });
  }
}

describe('attributes by reference', () => {
  const twice = (x: Tensor): Tensor => Affine.apply(Affine.apply(x, 0.5, 3), 4, -0.25);

  test('calls with other numbers share one function, whose constants refer to its attributes', async () => {
    const model = await decoded(twice, f(2, 4), batch);
    expect(functions(model)).toEqual(['my.domain::Affine']);
    expect(custom(model).map(({ attribute }) => attribute?.map((x) => x.f))).toEqual([
      [0.5, 3],
      [4, -0.25],
    ]);
    const [{ node, attribute }] = model.functions ?? [];
    expect(attribute).toEqual(['alpha', 'beta']);
    const references = node?.flatMap((each) => each.attribute ?? []).filter(({ refAttrName }) => refAttrName);
    expect(references?.map(({ name, type, refAttrName }) => [name, type, refAttrName])).toEqual([
      ['value_float', AttributeType.FLOAT, 'alpha'],
      ['value_float', AttributeType.FLOAT, 'beta'],
    ]);
  });

  test('at opset 11, which can’t refer, each has its own', async () => {
    expect(functions(await decoded(twice, f(2, 4), { ...batch, opsetVersion: 11 }))).toEqual([
      'my.domain::Affine',
      'my.domain::Affine_1',
    ]);
  });

  test('numbers that float32 does not hold have their own in float64, and are attributes in float32', async () => {
    const fn = (x: Tensor): Tensor => Scaled.apply(Scaled.apply(x, 0.1), 0.3);
    expect(functions(await decoded(fn, f(2, 4)))).toEqual(['custom::Scaled', 'custom::Scaled_1']);
    expect(functions(await decoded(fn, zeros([2, 4])))).toEqual(['custom::Scaled']);
  });

  test('constants that are no formula of the number have their own', async () => {
    const fn = (x: Tensor): Tensor => Squared.apply(Squared.apply(x, 2), 3);
    expect(functions(await decoded(fn, f(2, 4)))).toEqual(['custom::Squared', 'custom::Squared_1']);
    const same = (x: Tensor): Tensor => Squared.apply(Squared.apply(x, 2), 2);
    expect(functions(await decoded(same, f(2, 4)))).toEqual(['custom::Squared']);
  });

  test('numbers that choose the ops have their own', async () => {
    const fn = (x: Tensor): Tensor => Powers.apply(Powers.apply(x, 2), 3);
    expect(functions(await decoded(fn, f(2, 4)))).toEqual(['custom::Powers', 'custom::Powers_1']);
  });

  inOnnxRuntime('by reference', twice);
  for (const opsetVersion of [11, 12, 13, 21, 23])
    inOnnxRuntime(`by reference at ${opsetVersion}`, twice, { ...batch, opsetVersion });
  inOnnxRuntime('by reference in float32', (x) => Scaled.apply(Scaled.apply(x, 0.1), 0.3), batch, 'float32');
  inOnnxRuntime('own functions', (x) => Scaled.apply(Squared.apply(x, 3), 0.3));
  inOnnxRuntime('product and quotient', (x) => Ratio.apply(Ratio.apply(x, 2, 8), 0.5, 4));
  inOnnxRuntime('an integer', (x) => Repeated.apply(Repeated.apply(x, 2), 3));
  inOnnxRuntime('sizes and attributes', (x) => PerSize.apply(PerSize.apply(x, 2), 4));
});

class Scaled extends Function {
  static forward(_: FunctionContext, x: Tensor, by: number): Tensor {
    return x.mul(by);
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, by: number): SymbolicValue {
    return g.op('Scaled', x, { by_f: by });
  }
}

class Squared extends Scaled {
  static override forward(_: FunctionContext, x: Tensor, by: number): Tensor {
    return x.mul(by * by);
  }

  static override symbolic(g: SymbolicGraph, x: SymbolicValue, by: number): SymbolicValue {
    return g.op('Squared', x, { by_f: by });
  }
}

class Powers extends Scaled {
  static override forward(_: FunctionContext, x: Tensor, by: number): Tensor {
    let y = x;
    for (let i = 1; i < by; i++) y = y.mul(x);
    return y;
  }

  static override symbolic(g: SymbolicGraph, x: SymbolicValue, by: number): SymbolicValue {
    return g.op('Powers', x, { n_i: by });
  }
}

class Ratio extends Function {
  static forward(_: FunctionContext, x: Tensor, a: number, b: number): Tensor {
    return x.mul(a * b).add(1 / b);
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, a: number, b: number): SymbolicValue {
    return g.op('Ratio', x, { a_f: a, b_f: b });
  }
}

class Repeated extends Scaled {
  static override forward(_: FunctionContext, x: Tensor, times: number): Tensor {
    return x.unsqueeze(1).expand([x.shape[0], times, x.shape[1]]).sum(1);
  }

  static override symbolic(g: SymbolicGraph, x: SymbolicValue, times: number): SymbolicValue {
    return g.op('Repeated', x, { times_i: times });
  }
}

class PerSize extends Scaled {
  static override forward(_: FunctionContext, x: Tensor, by: number): Tensor {
    return x.mul(by).add(x.shape[0]);
  }

  static override symbolic(g: SymbolicGraph, x: SymbolicValue, by: number): SymbolicValue {
    return g.op('PerSize', x, { by_f: by });
  }
}

class Kinds extends Function {
  static forward(_: FunctionContext, x: Tensor): Tensor {
    return x.neg();
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue {
    return g.op('kinds::Kinds', x, {
      a_f: 1.5,
      b_f: [1, 2.5],
      c_i: 3,
      d_i: [4, -5],
      e_s: 'word',
      f_s: ['two', 'words'],
      g_t: tensor([1, 2], { dtype: 'int64' }),
      h_t: [tensor(0.5), tensor([[true]])],
      i_f: undefined,
    });
  }
}

test('attributes of all kinds', async () => {
  const [{ attribute }] = custom(await decoded((x) => Kinds.apply(x), f(2, 4), { customOpsets: { kinds: 3 } }));
  expect(attribute?.map(({ name, type }) => [name, type])).toEqual([
    ['a', AttributeType.FLOAT],
    ['b', AttributeType.FLOATS],
    ['c', AttributeType.INT],
    ['d', AttributeType.INTS],
    ['e', AttributeType.STRING],
    ['f', AttributeType.STRINGS],
    ['g', AttributeType.TENSOR],
    ['h', AttributeType.TENSORS],
  ]);
  const [, floats, , ints, , , g, h] = attribute ?? [];
  expect([floats.floats, ints.ints]).toEqual([
    [1, 2.5],
    [4, -5],
  ]);
  expect([g.t?.dims, g.t?.dataType, [...(g.t?.rawData ?? [])]]).toEqual([
    [2],
    7,
    [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
  ]);
  expect(h.tensors?.map(({ dims, dataType }) => [dims, dataType])).toEqual([
    [[], 1],
    [[1, 1], 9],
  ]);
});
inOnnxRuntime('attributes of all kinds', (x) => Kinds.apply(x));

class Split extends Function {
  static forward(_: FunctionContext, x: Tensor): [Tensor, Tensor] {
    return [x.slice(1, 0, 2).exp(), x.sum(0)];
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue): SymbolicValue[] {
    return g.op('com.example.ops::Split', x, { outputs: 2 });
  }
}

test('several outputs, in domains of their own versions', async () => {
  const options = { ...batch, customOpsets: { 'com.example.ops': 4 } };
  const model = await decoded((x) => Split.apply(x), f(2, 4), options);
  expect(custom(model).map(({ output }) => output)).toEqual([['y_0', 'y_1']]);
  expect(model.opsetImport).toContainEqual({ domain: 'com.example.ops', version: 4 });
  const message = /customOpsets: the model has no op of domain 'com\.example'; its domains: com\.example\.ops/;
  await expect(
    toOnnx((x: Tensor) => Split.apply(x)[0], f(2, 4), { customOpsets: { 'com.example': 4 } }),
  ).rejects.toThrow(message);
  await toOnnx((x: Tensor) => Split.apply(x)[0], f(2, 4), {
    customOpsets: { 'com.example.ops': 4 },
    customOps: 'inline',
  });
});
inOnnxRuntime('several outputs', (x) => Split.apply(x), { ...batch, customOpsets: { 'com.example.ops': 4 } });
inOnnxRuntime('several outputs, inline', (x) => Split.apply(x), { ...batch, customOps: 'inline' });

class Outer extends Function {
  static forward(_: FunctionContext, x: Tensor, alpha: number): Tensor {
    return Scaled.apply(Affine.apply(x, alpha, 1), 0.5).add(Scaled.apply(x, 2));
  }

  static backward(): null {
    return null;
  }

  static symbolic(g: SymbolicGraph, x: SymbolicValue, alpha: number): SymbolicValue {
    return g.op('my.domain::Outer', x, { alpha_f: alpha });
  }
}

describe('functions within functions', () => {
  const fn = (x: Tensor): Tensor => Outer.apply(Outer.apply(x, 0.5), 3).add(Scaled.apply(x, 8));

  test('stand once in the file, and pass attributes on', async () => {
    const model = await decoded(fn, f(2, 4), { ...batch, customOpsets: { 'my.domain': 2 } });
    expect(functions(model).sort()).toEqual(['custom::Scaled', 'my.domain::Affine', 'my.domain::Outer']);
    const outer = model.functions?.find(({ name }) => name === 'Outer');
    expect(outer?.opsetImport).toEqual([
      { domain: '', version: 18 },
      { domain: 'custom', version: 1 },
      { domain: 'my.domain', version: 2 },
    ]);
    const affine = outer?.node?.find(({ opType }) => opType === 'Affine');
    expect(affine?.attribute?.map(({ name, refAttrName, f: value }) => [name, refAttrName || value])).toEqual([
      ['alpha', 'alpha'],
      ['beta', 1],
    ]);
  });

  test('of which nothing calls any more is none written', async () => {
    const model = await decoded((x) => Outer.apply(x, 0.1), f(2, 4));
    expect(functions(model).sort()).toEqual(['custom::Scaled', 'my.domain::Affine', 'my.domain::Outer']);
  });

  inOnnxRuntime('nested', fn);
  inOnnxRuntime('nested, at opset 11', fn, { ...batch, opsetVersion: 11 });
  inOnnxRuntime('nested, with what float32 does not hold', (x) => Outer.apply(Outer.apply(x, 0.1), 0.3));
  inOnnxRuntime('nested, inline', fn, { ...batch, customOps: 'inline' });
});

test('opaque nodes have no function', async () => {
  const model = await decoded((x) => Outer.apply(x, 0.5), f(2, 4), { customOps: 'opaque' });
  expect(custom(model).map(({ opType }) => opType)).toEqual(['Outer']);
  expect(functions(model)).toEqual([]);
});

describe('other symbols of builtin ops', () => {
  const ops = (model: ModelProto): string[] =>
    model.graph?.node?.map(({ domain, opType }) => `${domain || 'onnx'}::${opType}`) ?? [];
  const fast = symbolRow(builtinOps.gelu, (g) => g.op('my.domain::FastGelu', [g.x()], { approximate_i: 1 }));

  test('for one export', async () => {
    expect(
      ops(await decoded((x) => gelu(x), zeros([2, 4]), { symbols: [fast], customOpsets: { 'my.domain': 7 } })),
    ).toEqual(['my.domain::FastGelu']);
    expect(ops(await decoded((x) => gelu(x), zeros([2, 4]), { symbols: new Map([fast]) }))).toEqual([
      'my.domain::FastGelu',
    ]);
    expect(ops(await decoded((x) => gelu(x), zeros([2, 4]), { opsetVersion: 20 }))).toEqual(['onnx::Gelu']);
    const softmax = await decoded((x) => x.softmax(0), zeros([2, 4]), {
      symbols: [symbolRow(builtinOps.softmax, viaBody)],
    });
    expect(ops(softmax)).toContain('onnx::Exp');
    const never = symbolRow(builtinOps.gelu, unsupported('the target has none'));
    await expect(toOnnx((x: Tensor) => gelu(x), zeros([2, 4]), { symbols: [never] })).rejects.toThrow(
      /'gelu'.*the target has none/,
    );
  });

  test('for every export, until it is removed', async () => {
    const first = defineSymbol(builtinOps.relu, (g) => g.op('a::Relu', [g.x()]));
    const second = defineSymbol(builtinOps.relu, (g) => g.op('b::Relu', [g.x()]));
    const now = async (): Promise<string[]> => ops(await decoded((x) => relu(x), f(2, 4)));
    expect(await now()).toEqual(['b::Relu']);
    first.remove();
    expect(await now()).toEqual(['b::Relu']);
    second.remove();
    second.remove();
    expect(await now()).toEqual(['onnx::Relu']);
  });

  const sigmoid = symbolRow(builtinOps.gelu, (g) =>
    g.op('Mul', [g.x(), g.op('Sigmoid', [g.op('Mul', [g.x(), g.scalar(1.702, 'float32')])])]),
  );
  inOnnxRuntime('another form of an op', (x) => gelu(x), { ...batch, symbols: [sigmoid] }, 'float32');
});

test('all run in onnxruntime, and agree', async () => {
  const results = await compareAll(programs);
  const wrong = results.flatMap((result, i) => {
    const limit =
      programs[i].name === 'another form of an op' ? 3e-2 : programs[i].name.endsWith('float32') ? 1e-6 : 1e-12;
    const text = 'error' in result ? result.error : result.difference > limit ? String(result.difference) : null;
    return text === null ? [] : [`${programs[i].name}: ${text}`];
  });
  expect(wrong).toEqual([]);
});
