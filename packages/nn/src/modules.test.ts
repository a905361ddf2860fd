import '@tenfold/backend-cpu/register';
import { Function as AutogradFunction, asFunction, type FunctionContext, gradcheck } from '@tenfold/autograd';
import { type DType, manualSeed, ones, rand, randn, type Tensor, tensor, withoutGrad } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import * as functional from './functional.ts';
import {
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  F,
  Flatten,
  Identity,
  L1Loss,
  Linear,
  LogSoftmax,
  Module,
  ModuleList,
  MSELoss,
  NLLLoss,
  Parameter,
  ReLU,
  Sequential,
  Sigmoid,
  Softmax,
  Tanh,
} from './index.ts';

const float64 = { dtype: 'float64' } as const;
const int64 = { dtype: 'int64' } as const;
const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

function expectClose(actual: Tensor, expected: readonly number[], tolerance = 1e-12): void {
  const values = numbers(actual);
  expect(values.length).toBe(expected.length);
  values.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
  });
}

describe('Linear', () => {
  test('is x Wᵀ + b for any leading dims', () => {
    const layer = new Linear(2, 3, float64);
    layer.loadStateDict({
      weight: tensor(
        [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
        float64,
      ),
      bias: tensor([0.5, -0.5, 1], float64),
    });
    expect(layer.forward(tensor([1, 10], float64)).toArraySync()).toEqual([21.5, 42.5, 66]);
    expect(layer.forward(tensor([[1, 10]], float64)).toArraySync()).toEqual([[21.5, 42.5, 66]]);
    expect(layer.forward(tensor([[[1, 10]], [[0, 0]]], float64)).toArraySync()).toEqual([
      [[21.5, 42.5, 66]],
      [[0.5, -0.5, 1]],
    ]);
  });

  test.each([[[2]], [[4, 2]], [[3, 4, 2]], [[0, 2]]])('gradients of an input of shape %j', (shape) => {
    const inputs = [randn(shape, float64), randn([3, 2], float64), randn([3], float64)].map((x) => x.requiresGrad_());
    expect(gradcheck((x: Tensor, w: Tensor, b: Tensor) => F.linear(x, w, b), inputs as [Tensor, Tensor, Tensor])).toBe(
      true,
    );
    expect(gradcheck((x: Tensor, w: Tensor) => F.linear(x, w), inputs.slice(0, 2) as [Tensor, Tensor])).toBe(true);
  });

  test('starts uniform in ±1/√inFeatures, from the seed', () => {
    const make = (): Linear => {
      manualSeed(3);
      return new Linear(400, 300);
    };
    const layer = make();
    const bound = 1 / Math.sqrt(400);
    const weights = numbers(layer.weight);
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...numbers(layer.bias as Tensor).map(Math.abs))).toBeLessThanOrEqual(bound);
    const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
    const variance = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
    // five standard errors of 120,000 draws
    expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * weights.length));
    expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(5 * Math.sqrt(0.8 / weights.length));
    expect(numbers(make().weight)).toEqual(weights);
    expect([layer.weight.isLeaf, layer.weight.requiresGrad, layer.weight.version >= 0]).toEqual([true, true, true]);
  });

  test('options and errors', () => {
    expect(new Linear(2, 1, { bias: false }).bias).toBe(null);
    expect(new Linear(2, 1, { bias: false }).namedParameters().map(([name]) => name)).toEqual(['weight']);
    expect(new Linear(2, 1, float64).weight.dtype).toBe('float64');
    expect(new Linear(0, 2).forward(ones([3, 0])).toArraySync()).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(() => new Linear(2.5, 1)).toThrow('Linear: inFeatures must be an integer of at least 0, got number 2.5');
    expect(() => new Linear(2, -1)).toThrow('Linear: outFeatures');
    expect(() => new Linear(2, 1, { biass: true } as never)).toThrow("unknown option 'biass'");
    expect(() => new Linear(2, 1, { dtype: 'float65' as DType })).toThrow('float65');
    expect(() => new Linear(3, 1).forward(ones([4, 2]))).toThrow(
      'mat1 and mat2 shapes cannot be multiplied (4x2 and 3x1)',
    );
    expect(() => new Linear(2, 1).forward(ones([4, 2], float64))).toThrow('dtype');
    expect(() => F.linear([1] as unknown as Tensor, ones([1, 1]))).toThrow('linear: input must be a tensor');
  });
});

describe('activations', () => {
  const x = tensor([[-1, 0, 2]], float64);

  test('values', () => {
    expect(new ReLU().forward(x).toArraySync()).toEqual([[0, 0, 2]]);
    expectClose(
      new Sigmoid().forward(x),
      [-1, 0, 2].map((v) => 1 / (1 + Math.exp(-v))),
    );
    expectClose(new Tanh().forward(x), [-1, 0, 2].map(Math.tanh));
    const total = Math.exp(-1) + 1 + Math.exp(2);
    expectClose(
      new Softmax(1).forward(x),
      [-1, 0, 2].map((v) => Math.exp(v) / total),
    );
    expectClose(
      new LogSoftmax(-1).forward(x),
      [-1, 0, 2].map((v) => v - Math.log(total)),
    );
    expect(new Identity().forward(x)).toBe(x);
    expect(new Flatten().forward(ones([2, 3, 4])).shape).toEqual([2, 12]);
    expect(() => new Softmax('1' as unknown as number)).toThrow('dim must be an integer');
    expect(() => new ReLU({ inPlace: true } as never)).toThrow("unknown option 'inPlace'");
  });

  test('ReLU in place writes its input, and gradients are right', () => {
    const y = tensor([-1, 3]);
    expect(new ReLU({ inplace: true }).forward(y)).toBe(y);
    expect(y.toArraySync()).toEqual([0, 3]);
    const leaf = tensor([-1, 3], { requiresGrad: true });
    new ReLU({ inplace: true }).forward(leaf.mul(2)).sum().backward();
    expect(leaf.grad?.toArraySync()).toEqual([0, 2]);
  });
});

describe('containers', () => {
  test('Sequential by position and by name', () => {
    const numbered = new Sequential(new Linear(2, 3), new ReLU());
    expect([numbered.length, numbered[1] instanceof ReLU, numbered.at(-1) === numbered[1]]).toEqual([2, true, true]);
    expect(() => numbered.at(2)).toThrow('index 2 is out of range');
    const named = new Sequential({ hidden: new Linear(2, 3), act: new ReLU() });
    expect(named.namedParameters().map(([name]) => name)).toEqual(['hidden.weight', 'hidden.bias']);
    named.loadStateDict({
      'hidden.weight': numbered.stateDict()['0.weight'],
      'hidden.bias': numbered.stateDict()['0.bias'],
    });
    const x = randn([5, 2]);
    expect(named.forward(x).toArraySync()).toEqual(numbered.forward(x).toArraySync());
    expect(numbered.append(new Tanh()).length).toBe(3);
    expect(() => new Sequential(3 as never)).toThrow("layer '0' must be a module");
  });

  test('ModuleList has parameters but no forward', () => {
    const list = new ModuleList([new Linear(1, 2)]).extend([new Linear(2, 3)]);
    expect(list.namedParameters().map(([name]) => name)).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect([...list].length).toBe(2);
    expect(() => list.forward()).toThrow('missing the required "forward" function');
  });

  test('1000 → 10000 → 10 prints and trains one step', () => {
    class Wide extends Module {
      layer = new Sequential(new Linear(1000, 10000), new Sigmoid(), new Linear(10000, 10), new Sigmoid());

      forward(x: Tensor): Tensor {
        return this.layer.forward(x);
      }
    }
    const model = new Wide();
    expect(String(model)).toBe(
      [
        'Wide(',
        '  (layer): Sequential(',
        '    (0): Linear(in_features=1000, out_features=10000, bias=True)',
        '    (1): Sigmoid()',
        '    (2): Linear(in_features=10000, out_features=10, bias=True)',
        '    (3): Sigmoid()',
        '  )',
        ')',
      ].join('\n'),
    );
    const [x, y] = [rand([2, 1000]), rand([2, 10])];
    const criterion = new MSELoss();
    const before = criterion.forward(model.forward(x), y);
    before.backward();
    withoutGrad(() => {
      for (const parameter of model.parameters()) parameter.sub_((parameter.grad as Tensor).mul(0.1));
    });
    const after = criterion.forward(model.forward(x), y);
    expect(after.itemSync()).toBeLessThan(before.itemSync());
  });
});

describe('losses', () => {
  test('softmax rows sum to 1, and CrossEntropyLoss equals F.crossEntropy', () => {
    const out = randn([4, 3], float64);
    const label = tensor([0, 1, 2, 0], int64);
    expectClose(functional.softmax(out, 1).sum(1), [1, 1, 1, 1]);
    const loss = new CrossEntropyLoss().forward(out, label);
    expect(loss.itemSync()).toBe(F.crossEntropy(out, label).itemSync());
    const rows = out.toArraySync() as number[][];
    const expected = rows.map(
      (row, i) => Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - row[[0, 1, 2, 0][i]],
    );
    expect(Math.abs(loss.itemSync() - expected.reduce((a, b) => a + b) / 4)).toBeLessThan(1e-12);
    expect(new NLLLoss().forward(out.logSoftmax(1), label).itemSync()).toBe(loss.itemSync());
  });

  test('options reach the functions', () => {
    const [x, y] = [tensor([1, 2, 4], float64), tensor([0, 0, 0], float64)];
    expect(new MSELoss().forward(x, y).itemSync()).toBe(7);
    expect(new MSELoss({ reduction: 'sum' }).forward(x, y).itemSync()).toBe(21);
    expect(new L1Loss({ reduction: 'none' }).forward(x, y).toArraySync()).toEqual([1, 2, 4]);
    const weight = tensor([1, 0, 0], float64);
    const weighted = new CrossEntropyLoss({ weight, labelSmoothing: 0 });
    expect(weighted.namedBuffers().map(([name]) => name)).toEqual(['weight']);
    expect(Math.abs(weighted.forward(randn([2, 3], float64), tensor([1, 2], int64)).itemSync())).toBeNaN();
    expect(Object.keys(new BCEWithLogitsLoss({ posWeight: ones([1]) }).stateDict())).toEqual(['pos_weight']);
    expect(() => new MSELoss({ reduce: 'mean' } as never)).toThrow("MSELoss: unknown option 'reduce'");
    expect(() => new MSELoss({ reduction: 'mena' } as never).forward(x, y)).toThrow(
      'is not a valid value for reduction',
    );
  });

  test('wrong classes', () => {
    expect(() => F.crossEntropy(ones([2, 3]), tensor([0, 3], int64))).toThrow();
    expect(() => F.crossEntropy(ones([2, 3]), tensor([0, 1, 2], int64))).toThrow(
      'Expected input batch_size (2) to match target batch_size (3)',
    );
  });
});

describe('a Linear module over a custom Function', () => {
  class LinearFunction extends AutogradFunction {
    static forward(ctx: FunctionContext, input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
      ctx.saveForBackward(input, weight, bias);
      const out = input.mm(weight.t());
      return bias === null ? out : out.add(bias.unsqueeze(0).expandAs(out));
    }

    static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
      const [input, weight, bias] = ctx.savedTensors;
      const [needsInput, needsWeight, needsBias] = ctx.needsInputGrad;
      return [
        needsInput ? grad.mm(weight as Tensor) : null,
        needsWeight ? grad.t().mm(input as Tensor) : null,
        bias && needsBias ? grad.sum(0) : null,
      ];
    }
  }
  const linear = asFunction(LinearFunction);

  class OwnLinear extends Module {
    weight: Parameter;
    declare bias: Parameter | null;
    readonly inputFeatures: number;
    readonly outputFeatures: number;

    constructor(inputFeatures: number, outputFeatures: number, bias = true) {
      super();
      this.inputFeatures = inputFeatures;
      this.outputFeatures = outputFeatures;
      this.weight = new Parameter(ones([outputFeatures, inputFeatures], float64));
      if (bias) this.bias = new Parameter(ones([outputFeatures], float64));
      else this.registerParameter('bias', null);
      this.weight.data.uniform_(-0.1, 0.1);
      this.bias?.data.uniform_(-0.1, 0.1);
    }

    forward(input: Tensor): Tensor {
      return linear(input, this.weight, this.bias);
    }

    override extraRepr(): string {
      return `in_features=${this.inputFeatures}, out_features=${this.outputFeatures}, bias=${this.bias === null ? 'False' : 'True'}`;
    }
  }

  test('prints, registers and agrees with the builtin layer', () => {
    const layer = new OwnLinear(4, 3);
    expect(String(layer)).toBe('OwnLinear(in_features=4, out_features=3, bias=True)');
    expect(String(new OwnLinear(4, 3, false))).toBe('OwnLinear(in_features=4, out_features=3, bias=False)');
    expect(new OwnLinear(4, 3, false).namedParameters().map(([name]) => name)).toEqual(['weight']);
    expect(Math.max(...numbers(layer.weight).map(Math.abs))).toBeLessThanOrEqual(0.1);
    expect(new Set(numbers(layer.weight)).size).toBeGreaterThan(1);

    const builtin = new Linear(4, 3, float64);
    builtin.loadStateDict(layer.stateDict());
    const x = randn([5, 4], float64);
    for (const each of [layer, builtin]) each.forward(x).square().sum().backward();
    expectClose(layer.weight.grad as Tensor, numbers(builtin.weight.grad as Tensor));
    expectClose(layer.bias?.grad as Tensor, numbers(builtin.bias?.grad as Tensor));
  });
});
