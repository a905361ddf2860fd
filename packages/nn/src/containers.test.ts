import '@tenfold/backend-cpu/register';
import { ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import printed from '../fixtures/modules.json' with { type: 'json' };
import {
  Linear,
  Module,
  ModuleDict,
  ModuleList,
  Parameter,
  ParameterDict,
  ParameterList,
  ReLU,
  Sequential,
  Sigmoid,
  Softmax,
  Tanh,
} from './index.ts';

const half = ones([1], { dtype: 'float16' });
const long = ones([4], { dtype: 'float64' });

const containers: { readonly [name: string]: () => Module } = {
  // numbers as names of properties of an object would come first
  moduleDict: () =>
    new ModuleDict<Module>([
      ['second', new Linear(2, 3)],
      ['first', new ReLU()],
      ['1', new Tanh()],
      ['0', new Sigmoid()],
    ]),
  emptyModuleDict: () => new ModuleDict(),
  parameterList: () => new ParameterList([new Parameter(ones([2, 3])), long]),
  oneParameter: () => new ParameterList([ones([])]),
  emptyParameterList: () => new ParameterList(),
  parameterDict: () =>
    new ParameterDict(
      new Map([
        ['b', ones([2, 3])],
        ['a', long],
        ['1', ones([1])],
        ['0', half],
      ]),
    ),
  emptyParameterDict: () => new ParameterDict(),
  namedAppended: () => new Sequential({ a: new ReLU(), b: new Tanh() }).append(new Linear(1, 1)),
  namedSlice: () => new Sequential({ a: new ReLU(), b: new Tanh(), c: new Sigmoid() }).slice(1),
};

describe('as PyTorch', () => {
  test.each(Object.keys(containers))('%s prints', (name) => {
    expect(String(containers[name]())).toBe(Reflect.get(printed.printed, name));
  });

  test.each(['moduleDict', 'parameterList', 'parameterDict', 'namedAppended'] as const)('%s has its names', (name) => {
    const module = containers[name]();
    const expected = printed.names[name];
    for (const each of [module, module.deepcopy()]) {
      expect(each.namedParameters().map(([key]) => key)).toEqual(expected.parameters);
      expect(each.namedModules().map(([key]) => key)).toEqual(expected.modules);
      expect(each.namedChildren().map(([key]) => key)).toEqual(expected.children);
      expect(Object.keys(each.stateDict()).sort()).toEqual([...expected.state].sort());
    }
  });

  const changes: { readonly [name: string]: (m: Sequential) => unknown } = {
    'insert(0)': (m) => m.insert(0, new Softmax(1)),
    'insert(2)': (m) => m.insert(2, new Softmax(1)),
    'insert(3)': (m) => m.insert(3, new Softmax(1)),
    'insert(-1)': (m) => m.insert(-1, new Softmax(1)),
    'pop(0)': (m) => m.pop(0),
    'pop(-1)': (m) => m.pop(),
    'pop(1)': (m) => m.pop(1),
    'set(1)': (m) => m.set(1, new Softmax(1)),
    'set(-1)': (m) => m.set(-1, new Softmax(1)),
    extend: (m) => m.extend(new Sequential(new Softmax(1), new ReLU())),
    append: (m) => m.append(new Softmax(1)),
  };
  const three = (): Sequential => new Sequential(new ReLU(), new Tanh(), new Sigmoid());

  test.each(Object.entries(printed.changes))('%s', (name, text) => {
    const model = three();
    changes[name](model);
    expect(String(model)).toBe(text);
    const list = new ModuleList([...three()]);
    changes[name](list as never);
    expect([...list].map(String)).toEqual([...model].map(String));
  });

  test.each(printed.slices as [number | null, number | null, string][])('slice(%j, %j)', (start, end, text) => {
    const model = three();
    const part = model.slice(start ?? undefined, end ?? undefined);
    expect(String(part)).toBe(text);
    expect([...part].every((layer) => [...model].includes(layer))).toBe(true);
  });
});

describe('Sequential and ModuleList', () => {
  test('layers run in their order, whatever their names are', () => {
    const model = new Sequential({ a: new ReLU(), b: new Linear(1, 1) }).append(new Tanh());
    expect([...model].map((layer) => layer.constructor.name)).toEqual(['ReLU', 'Linear', 'Tanh']);
    model.at(1).loadStateDict({ weight: tensor([[3]]), bias: tensor([0]) });
    expect(model.forward(tensor([[-1], [2]])).toArraySync()).toEqual(
      [[0], [1]].map(([x]) => [x && Math.fround(Math.tanh(6))]),
    );
    expect([model.at(-1), model.length]).toEqual([model.at(2), 3]);
  });

  test('concat', () => {
    const [a, b] = [new Sequential(new ReLU()), new Sequential(new Tanh(), new Sigmoid())];
    expect([...a.concat(b, a)]).toEqual([a[0], b[0], b[1], a[0]]);
    expect([a.length, b.length]).toEqual([1, 2]);
    expect([...new ModuleList(a).concat([b[1]])]).toEqual([a[0], b[1]]);
  });

  test('pop returns the module, and numbers the others', () => {
    const list = new ModuleList([new Linear(1, 1), new Linear(2, 2), new Linear(3, 3)]);
    const [first, second] = list;
    expect(list.pop(0)).toBe(first);
    expect(list[0]).toBe(second);
    expect(list.namedParameters().map(([name]) => name)).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect([list[2], list.length]).toEqual([undefined, 2]);
  });
});

describe('ModuleDict', () => {
  test('is by name', () => {
    const dict = new ModuleDict({ digit: new Linear(2, 10), parity: new Linear(2, 2) });
    expect([dict.size, dict.has('digit'), dict.has('forward'), dict.get('parity').outFeatures]).toEqual([
      2,
      true,
      false,
      2,
    ]);
    expect(dict.keys()).toEqual(['digit', 'parity']);
    expect(dict.values()[0]).toBe(dict.get('digit'));
    expect([...dict]).toEqual(dict.entries());
    const parity = dict.get('parity');
    expect(dict.pop('parity')).toBe(parity);
    expect([dict.delete('parity'), dict.delete('digit'), dict.size]).toEqual([false, true, 0]);
    dict.update({ digit: parity }).update(new ModuleDict({ other: parity }));
    expect(dict.keys()).toEqual(['digit', 'other']);
    dict.set('digit', new Linear(1, 1));
    expect(dict.keys()).toEqual(['digit', 'other']);
    dict.clear();
    expect(String(dict)).toBe('ModuleDict()');
  });
});

describe('parameters in containers', () => {
  test('ParameterList', () => {
    const own = new Parameter(ones([2]));
    const list = new ParameterList([own]).extend([ones([1]), ones([3], { dtype: 'float64' })]);
    expect([list.length, list[0] === own, list.at(-1).dtype, list.at(1) instanceof Parameter]).toEqual([
      3,
      true,
      'float64',
      true,
    ]);
    expect([...list.slice(1)]).toEqual([list[1], list[2]]);
    list.set(-1, ones([5]));
    expect(list[2].shape).toEqual([5]);
    expect(Object.keys(list.stateDict())).toEqual(['0', '1', '2']);
    expect(list.parameters().every((each) => each.requiresGrad)).toBe(true);
  });

  test('ParameterDict', () => {
    const dict = new ParameterDict({ left: ones([2]), right: ones([3]) });
    expect([dict.get('left') instanceof Parameter, dict.size, dict.keys()]).toEqual([true, 2, ['left', 'right']]);
    const { shape } = dict.setDefault('left', ones([7]));
    expect([shape, dict.setDefault('third', ones([7])).shape]).toEqual([[2], [7]]);
    const third = dict.get('third');
    expect(dict.pop('third')).toBe(third);
    expect(Object.keys(dict.stateDict())).toEqual(['left', 'right']);
    class Net extends Module {
      scales = dict;

      forward(x: Tensor): Tensor {
        return x.mul(this.scales.get('left'));
      }
    }
    expect(new Net().namedParameters().map(([name]) => name)).toEqual(['scales.left', 'scales.right']);
  });
});

describe('refused', () => {
  const list = (): ModuleList => new ModuleList([new ReLU(), new Tanh()]);
  const dict = (): ModuleDict => new ModuleDict({ conv: new ReLU(), act: new Tanh() });
  const named = (): Sequential => new Sequential({ a: new ReLU() });
  test.each<[string, () => unknown, string]>([
    ['an index too large', () => list().at(2), 'index 2 is out of range for a container of 2 modules'],
    ['an index too small', () => list().at(-3), 'index -3 is out of range'],
    ['an index between', () => list().at(0.5), 'index 0.5 is out of range'],
    ['set beyond', () => list().set(2, new ReLU()), 'index 2 is out of range'],
    ['pop of none', () => new ModuleList().pop(), 'index -1 is out of range for a container of 0 modules'],
    ['insert beyond', () => list().insert(7, new ReLU()), 'Index out of range: 7'],
    ['insert of a number', () => list().insert(0, 3 as never), 'number 3 is not a Module subclass'],
    ['insert among names', () => named().insert(0, new ReLU()), "the modules of this container have names ('a')"],
    ['append of a number', () => list().append(3 as never), 'number 3 is not a Module subclass'],
    [
      'extend by a number',
      () => list().extend(3 as never),
      'ModuleList.extend should be called with an iterable, but got number 3',
    ],
    [
      'a sequential extended by a number',
      () => named().extend(3 as never),
      'Sequential.extend should be called with an iterable',
    ],
    [
      'a sequential and a number',
      () => named().concat(3 as never),
      'Sequential.concat should be called with an iterable',
    ],
    ['an unknown name', () => dict().get('x'), "ModuleDict has no 'x'; it has 'conv', 'act'"],
    ['pop of an unknown name', () => dict().pop('x'), "ModuleDict has no 'x'"],
    [
      'a dictionary of a number',
      () => new ModuleDict(3 as never),
      'ModuleDict.update should be called with an iterable of key/value pairs or an object, but got number 3',
    ],
    ['a number in a dictionary', () => new ModuleDict({ a: 3 as never }), 'number 3 is not a Module subclass'],
    ['what is no pair', () => new ModuleDict([1] as never), 'element #0 should be a pair, got number 1'],
    ['half a pair', () => new ModuleDict([['a']] as never), 'element #0 has length 1; 2 is required'],
    ['a name that is taken', () => dict().set('forward', new ReLU()), "attribute 'forward' already exists"],
    ['an empty name', () => dict().set('', new ReLU()), `module name can't be empty string ""`],
    ['a name with a dot', () => dict().set('a.b', new ReLU()), `module name can't contain ".", got: a.b`],
    [
      'a name that is a number',
      () => dict().set(1 as never, new ReLU()),
      'module name should be a string. Got number 1',
    ],
    ['forward of a list', () => list().forward(), 'Module [ModuleList] is missing the required "forward" function'],
    [
      'forward of a dictionary',
      () => dict().forward(),
      'Module [ModuleDict] is missing the required "forward" function',
    ],
    ['forward of parameters', () => new ParameterList().forward(), 'ParameterList should not be called.'],
    ['forward of named parameters', () => new ParameterDict().forward(), 'ParameterDict should not be called.'],
    [
      'a list of one tensor',
      () => new ParameterList(ones([2]) as never),
      'ParameterList.extend should be called with an iterable',
    ],
    ['a number as parameter', () => new ParameterList([3 as never]), 'expected a Parameter or a tensor, got number 3'],
    [
      'a number as named parameter',
      () => new ParameterDict({ a: 3 as never }),
      'expected a Parameter or a tensor, got number 3',
    ],
    ['an unknown parameter', () => new ParameterDict().get('a'), "ParameterDict has no 'a'; it has nothing"],
    [
      'a parameter beyond',
      () => new ParameterList([ones([1])]).at(1),
      'index 1 is out of range for a container of 1 parameters',
    ],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });
});
