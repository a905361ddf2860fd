import '@tenfold/backend-cpu/register';
import { inspect } from 'node:util';
import { ones, randn, type Tensor, tensor, tidy, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import printed from '../fixtures/modules.json' with { type: 'json' };
import {
  CrossEntropyLoss,
  Module,
  ModuleList,
  Linear as NnLinear,
  Parameter,
  ReLU,
  Sequential,
  Sigmoid,
  type StateDict,
  Tanh,
} from './index.ts';

/** A layer of the user's own, with the name of a builtin one. */
class Linear extends Module {
  w: Parameter;
  b: Parameter;

  constructor(n: number, m: number) {
    super();
    this.w = new Parameter(randn([n, m]));
    this.b = new Parameter(randn([m]));
  }

  forward(x: Tensor): Tensor {
    const y = x.matmul(this.w);
    return y.add(this.b.expandAs(y));
  }
}

class Perception extends Module {
  layer1: Linear;
  relu = new ReLU({ inplace: true });
  layer2: Linear;
  fc: NnLinear;

  constructor(inDim: number, hidden: number, outDim: number) {
    super();
    this.layer1 = new Linear(inDim, hidden);
    this.layer2 = new Linear(hidden, outDim);
    this.fc = new NnLinear(3, 3);
  }

  forward(x: Tensor): Tensor {
    return this.layer2.forward(this.relu.forward(this.layer1.forward(x)));
  }
}

class Wrapped extends Module {
  scale = new Parameter(ones([2]));
  layer = new Sequential(new NnLinear(1000, 10), new Sigmoid(), new Sequential(new NnLinear(10, 10), new Sigmoid()));
  declare mean: Tensor;
  declare hidden: Tensor;
  nothing = null;
  declare loss: CrossEntropyLoss;

  constructor() {
    super();
    this.registerBuffer('mean', zeros([3]));
    this.registerBuffer('hidden', zeros([3]), { persistent: false });
    this.registerModule('absent', null);
    this.loss = new CrossEntropyLoss();
  }

  get trap(): Tensor {
    throw new Error('a getter was run');
  }

  forward(x: Tensor): Tensor {
    return this.layer.forward(x);
  }
}

class Shared extends Module {
  a = new NnLinear(2, 2);
  b = new TiedLinear(this.a.weight);
  again = this.a;
  own = new Parameter(ones([2]));

  forward(x: Tensor): Tensor {
    return this.b.forward(this.a.forward(x));
  }
}

class TiedLinear extends Module {
  weight: Parameter;
  bias = new Parameter(zeros([2]));

  constructor(weight: Parameter) {
    super();
    this.weight = weight;
  }

  forward(x: Tensor): Tensor {
    return x.matmul(this.weight.t()).add(this.bias);
  }
}

class TwoLines extends Module {
  override extraRepr(): string {
    return 'first=1\nsecond=2';
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

class TwoLinesAndChild extends TwoLines {
  inner = new TwoLines();
}

class OneLineAndChild extends Module {
  inner = new ReLU();

  override extraRepr(): string {
    return 'only=1';
  }

  forward(x: Tensor): Tensor {
    return this.inner.forward(x);
  }
}

const models: { [name: string]: () => Module } = {
  perception: () => new Perception(3, 3, 3),
  wrapped: () => new Wrapped(),
  twoLines: () => new TwoLines(),
  twoLinesAndChild: () => new TwoLinesAndChild(),
  oneLineAndChild: () => new OneLineAndChild(),
  emptySequential: () => new Sequential(),
  moduleList: () => new ModuleList<Module>([new NnLinear(2, 3), new ReLU()]),
};

describe('printing', () => {
  test.each(Object.keys(models))('%s prints as in PyTorch', (name) => {
    const expected = printed.printed[name as keyof typeof printed.printed];
    const model = models[name]();
    expect(String(model)).toBe(expected);
    expect(inspect(model)).toBe(expected);
  });

  test('a list prints runs of equal modules in one line, as PyTorch 2 does', () => {
    const list = new ModuleList([new NnLinear(3, 3), new NnLinear(3, 3), new ReLU()]);
    expect(String(list)).toBe(
      'ModuleList(\n  (0-1): 2 x Linear(in_features=3, out_features=3, bias=True)\n  (2): ReLU()\n)',
    );
  });

  test('parameters', () => {
    expect(String(new Parameter(ones([2, 2])))).toBe(printed.parameter);
    expect(inspect(new Parameter(ones([2]), { requiresGrad: false }))).toBe(printed.frozenParameter);
  });
});

describe('collection', () => {
  test('the walk-through: layer1.w, layer1.b, … in definition order of the properties', () => {
    class InOrder extends Module {
      layer1 = new Linear(3, 3);
      relu = new ReLU({ inplace: true });
      layer2 = new Linear(3, 3);
      fc = new NnLinear(3, 3);

      forward(x: Tensor): Tensor {
        return x;
      }
    }
    for (const model of [new InOrder(), new Perception(3, 3, 3)]) {
      const { parameters, modules, children, state } = printed.names.perception;
      expect(model.namedParameters().map(([name]) => name)).toEqual(parameters);
      expect(model.namedModules().map(([name]) => name)).toEqual(modules);
      expect(model.namedChildren().map(([name]) => name)).toEqual(children);
      expect(Object.keys(model.stateDict())).toEqual(state);
    }
  });

  test.each(['wrapped', 'shared', 'emptySequential'] as const)('%s: names as in PyTorch', (name) => {
    const model = name === 'shared' ? new Shared() : models[name]();
    const expected = printed.names[name];
    expect(model.namedParameters().map(([key]) => key)).toEqual(expected.parameters);
    expect(model.namedBuffers().map(([key]) => key)).toEqual(expected.buffers);
    expect(model.namedModules().map(([key]) => key)).toEqual(expected.modules);
    expect(model.namedChildren().map(([key]) => key)).toEqual(expected.children);
    expect(Object.keys(model.stateDict())).toEqual(expected.state);
  });

  test('plain tensors, arrays and private fields are not collected', () => {
    class Plain extends Module {
      constant = ones([2]);
      list = [new NnLinear(1, 1)];
      #hidden = new NnLinear(1, 1);

      forward(x: Tensor): Tensor {
        return this.#hidden.forward(x);
      }
    }
    expect(new Plain().parameters()).toEqual([]);
    expect(new Plain().children()).toEqual([]);
  });

  test('a replaced parameter is the one that counts', () => {
    const layer = new Linear(2, 2);
    const w = new Parameter(zeros([2, 2]));
    layer.w = w;
    expect(layer.parameters()[0]).toBe(w);
  });
});

describe('registration', () => {
  test('registerParameter with null, then with a parameter', () => {
    const layer = new NnLinear(2, 2);
    layer.registerParameter('extra', null);
    expect(layer.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias']);
    layer.registerParameter('extra', new Parameter(ones([1])));
    expect(layer.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias', 'extra']);
  });

  test('refuses bad names and values', () => {
    const layer = new NnLinear(2, 2);
    expect(() => layer.registerParameter('a.b', null)).toThrow(`parameter name can't contain ".", got: a.b`);
    expect(() => layer.registerParameter('', null)).toThrow(`parameter name can't be empty string ""`);
    expect(() => layer.registerParameter('forward', null)).toThrow("attribute 'forward' already exists");
    expect(() => layer.registerBuffer('weight', ones([1]))).toThrow("attribute 'weight' already exists");
    expect(() => layer.registerParameter('x', ones([1]) as Parameter)).toThrow('wrap it: new Parameter(tensor)');
    expect(() => layer.registerModule('x', 3 as unknown as Module)).toThrow('is not a Module subclass');
    expect(() => layer.registerBuffer('x', 3 as unknown as Tensor)).toThrow("buffer 'x' (Tensor or null required)");
  });

  test('a Parameter is a leaf that requires grad and shares memory', () => {
    const data = ones([2]);
    const parameter = new Parameter(data);
    expect([parameter.isLeaf, parameter.requiresGrad, data.requiresGrad]).toEqual([true, true, false]);
    data.mul_(3);
    expect(parameter.toArraySync()).toEqual([3, 3]);
    expect(() => new Parameter(tensor([1]).to('int64'))).toThrow('floating point');
    expect(() => new Parameter([1] as unknown as Tensor)).toThrow('expected a tensor');
  });

  test('parameters survive tidy', () => {
    const layer = tidy(() => ({ layer: new NnLinear(2, 2) })).layer;
    expect(layer.weight.isDisposed).toBe(false);
    expect(layer.forward(ones([1, 2])).shape).toEqual([1, 2]);
  });
});

describe('state', () => {
  const source = new Perception(3, 3, 3);

  test('moves weights from one model to another', () => {
    const target = new Perception(3, 3, 3);
    expect(target.loadStateDict(source.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(target.fc.weight.toArraySync()).toEqual(source.fc.weight.toArraySync());
    expect(target.fc.weight.requiresGrad).toBe(true);
    expect(target.fc.weight.isLeaf).toBe(true);
  });

  test('a state shares memory with its module', () => {
    const layer = new NnLinear(1, 1);
    const { weight } = layer.stateDict();
    expect(weight.requiresGrad).toBe(false);
    weight.fill_(7);
    expect(layer.weight.toArraySync()).toEqual([[7]]);
  });

  test('reports what does not fit as PyTorch does, and writes nothing', () => {
    const good = source.stateDict();
    const { 'fc.weight': _w, 'fc.bias': _b, ...missing } = good;
    const shapes = { ...good, 'layer1.w': ones([2, 3]), 'fc.bias': ones([1]) };
    const { 'layer2.b': _l, ...all }: StateDict = { ...shapes, more: ones([1]) };
    const target = new Perception(3, 3, 3);
    const before = target.layer2.w.toArraySync();
    const message = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message(() => target.loadStateDict(missing))).toBe(printed.reports.missing);
    expect(message(() => target.loadStateDict({ ...good, more: ones([1]) }))).toBe(printed.reports.unexpected);
    expect(message(() => target.loadStateDict(shapes))).toBe(printed.reports.shapes);
    expect(message(() => target.loadStateDict(all))).toBe(printed.reports.all);
    expect(message(() => target.loadStateDict(shapes, { strict: false }))).toBe(printed.reports.shapesNotStrict);
    expect(target.layer2.w.toArraySync()).toEqual(before);
    expect(target.loadStateDict({ ...missing, more: ones([1]) }, { strict: false })).toEqual({
      missingKeys: ['fc.weight', 'fc.bias'],
      unexpectedKeys: ['more'],
    });
    expect(message(() => target.loadStateDict(null as never))).toContain('Expected state_dict to be dict-like');
    expect(message(() => target.loadStateDict({ ...good, 'fc.bias': 3 as unknown as Tensor }))).toContain(
      'expected a tensor',
    );
  });

  test('casts on loading', () => {
    const target = new NnLinear(1, 1, { bias: false });
    target.loadStateDict({ weight: tensor([[0.5]], { dtype: 'float64' }) });
    expect([target.weight.dtype, target.weight.itemSync()]).toEqual(['float32', 0.5]);
  });
});

describe('modes', () => {
  test('train and eval reach every module', () => {
    const model = new Perception(3, 3, 3);
    expect(model.eval()).toBe(model);
    expect(model.modules().every((module) => !module.training)).toBe(true);
    model.fc.train();
    expect([model.training, model.fc.training]).toEqual([false, true]);
    expect(() => model.train(1 as unknown as boolean)).toThrow('training mode is expected to be boolean');
  });

  test('zeroGrad and requiresGrad_', () => {
    const layer = new NnLinear(2, 1);
    const step = (): void =>
      layer
        .forward(ones([3, 2]))
        .sum()
        .backward();
    step();
    expect(layer.weight.grad?.toArraySync()).toEqual([[3, 3]]);
    layer.zeroGrad({ setToNone: false });
    expect(layer.weight.grad?.toArraySync()).toEqual([[0, 0]]);
    layer.zeroGrad();
    expect(layer.weight.grad).toBe(null);
    layer.requiresGrad_(false);
    expect(layer.forward(ones([3, 2])).requiresGrad).toBe(false);
    expect(() => layer.zeroGrad({ setToNull: true } as never)).toThrow("unknown option 'setToNull'");
  });

  test('apply runs innermost first', () => {
    const seen: string[] = [];
    new Sequential(new ReLU(), new Sequential(new Tanh())).apply((module) => seen.push(module.constructor.name));
    expect(seen).toEqual(['ReLU', 'Tanh', 'Sequential', 'Sequential']);
  });

  test('double() keeps the parameters, casts their gradients, and training goes on', () => {
    const model = new Wrapped();
    const { scale } = model;
    scale.sum().backward();
    expect(model.double()).toBe(model);
    expect(model.scale).toBe(scale);
    expect([scale.dtype, scale.grad?.dtype, model.mean.dtype]).toEqual(['float64', 'float64', 'float64']);
    expect([scale.isLeaf, scale.requiresGrad]).toEqual([true, true]);
    scale.mul(2).sum().backward();
    expect(scale.grad?.toArraySync()).toEqual([3, 3]);
    expect(() => model.to('int64')).toThrow('only accepts floating point dtypes, but got desired dtype=torch.int64');
    expect(() => model.to('nowhere')).toThrow("device 'nowhere'");
  });

  test('a shared parameter stays shared when cast', () => {
    const model = new Shared().double();
    expect(model.a.weight).toBe(model.b.weight);
    expect(model.parameters().every((parameter) => parameter.dtype === 'float64')).toBe(true);
  });
});

describe('hooks', () => {
  test('run only while registered', () => {
    const relu = new ReLU();
    const seen: string[] = [];
    const plain = relu.forward;
    const pre = relu.registerForwardPreHook((module, [x]) => {
      seen.push(`before ${module.constructor.name}`);
      return [(x as Tensor).neg()];
    });
    const post = relu.registerForwardHook((_module, [x], output) => {
      seen.push(`after ${(x as Tensor).itemSync()}`);
      return (output as Tensor).mul(10);
    });
    expect(relu.forward(tensor([-2])).toArraySync()).toEqual([20]);
    expect(seen).toEqual(['before ReLU', 'after 2']);
    expect(relu.forward).not.toBe(plain);
    expect(String(relu)).toBe('ReLU()');
    pre.remove();
    post.remove();
    post.remove();
    expect(relu.forward).toBe(plain);
    expect(relu.forward(tensor([-2])).toArraySync()).toEqual([0]);
    expect(() => relu.registerForwardHook(3 as never)).toThrow('expected a function');
  });

  test('a wrapper sees beginning and end, even of a forward that throws', () => {
    const model = new Sequential(new NnLinear(2, 1));
    const seen: string[] = [];
    for (const [name, module] of model.namedModules()) {
      module.registerForwardWrapper((_module, args, next) => {
        seen.push(`> ${name}`);
        try {
          return next(...args);
        } finally {
          seen.push(`< ${name}`);
        }
      });
    }
    expect(model.forward(ones([3, 2])).shape).toEqual([3, 1]);
    expect(seen.splice(0)).toEqual(['> ', '> 0', '< 0', '< ']);
    expect(() => model.forward(ones([3, 4]))).toThrow('mat1 and mat2 shapes cannot be multiplied');
    expect(seen).toEqual(['> ', '> 0', '< 0', '< ']);
  });
});
