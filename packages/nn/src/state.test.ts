import '@tenfold/backend-cpu/register';
import { ArgumentError, DeviceError, ones, type Tensor, tensor, zeros } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import fixture from '../fixtures/modules.json' with { type: 'json' };
import {
  BatchNorm1d,
  deepcopy,
  InstanceNorm1d,
  Linear,
  type LoadResult,
  Module,
  Parameter,
  Sequential,
  type StateDict,
  Tanh,
  utils,
} from './index.ts';

const { savedState } = fixture;

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

class Counting extends Module {
  inner = new Linear(1, 1);
  weight = new Parameter(ones([1]));
  declare mean: Tensor;
  seen: unknown = 0;

  constructor() {
    super();
    this.registerBuffer('mean', zeros([1]));
  }

  override getExtraState(): unknown {
    return { seen: this.seen };
  }

  override setExtraState(state: unknown): void {
    this.seen = (state as { seen: unknown }).seen;
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

describe('extra state', () => {
  test('is saved under its name, as in PyTorch, and loaded', () => {
    const [source, target] = [new Sequential(new Counting()), new Sequential(new Counting())];
    const [from, to] = [source, target].map((each) => each.getSubmodule('0') as Counting);
    from.seen = [5, 'times'];
    const state = source.stateDict();
    expect(Object.keys(state)).toEqual(savedState.keys);
    expect(state['0._extra_state']).toEqual({ seen: [5, 'times'] });
    expect(target.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(to.seen).toEqual([5, 'times']);
  });

  test('is missed and unexpected, as in PyTorch', () => {
    const { _extra_state: extra, ...plain } = new Counting().stateDict();
    expect(message(() => new Counting().loadStateDict(plain))).toBe(savedState.missingExtra);
    const linear = new Linear(1, 1);
    expect(message(() => linear.loadStateDict({ ...linear.stateDict(), _extra_state: extra }))).toBe(
      savedState.unexpectedExtra,
    );
    expect(new Counting().loadStateDict(plain, { strict: false }).missingKeys).toEqual(['_extra_state']);
  });

  test('needs both methods', () => {
    class Half extends Linear {
      override getExtraState(): number {
        return 1;
      }
    }
    expect(Object.keys(new Half(1, 1).stateDict())).toEqual(['weight', 'bias']);
  });

  test.each([
    ['a function', (): number => 1],
    ['undefined', undefined],
    ['a Map', new Map()],
    ['a Map within', [{ a: new Map() }]],
  ])('that is not plain data is refused: %s', (_, seen) => {
    const model = new Counting();
    model.seen = seen;
    expect(message(() => model.stateDict())).toContain('Counting.getExtraState: expected plain data');
  });
});

describe('hooks of saving', () => {
  test('run around stateDict, in order, and change it in place', () => {
    const model = new Sequential(new Linear(1, 1));
    const calls: unknown[] = [];
    const [layer] = model.children();
    layer.registerStateDictPreHook((module, prefix) => calls.push(['before', module === layer, prefix]));
    const handle = layer.registerStateDictPostHook((module, state, prefix) => {
      calls.push(['after', module === layer, Object.keys(state)]);
      delete state[`${prefix}bias`];
    });
    expect(Object.keys(model.stateDict())).toEqual(['0.weight']);
    expect(calls).toEqual([
      ['before', true, '0.'],
      ['after', true, ['0.weight', '0.bias']],
    ]);
    handle.remove();
    expect(Object.keys(model.stateDict())).toEqual(['0.weight', '0.bias']);
  });
});

describe('hooks of loading', () => {
  test("before it and after it each run in PyTorch's order", () => {
    const model = new Sequential(new Counting(), new Tanh());
    const order: unknown[] = [];
    for (const [name, module] of model.namedModules()) {
      module.registerLoadStateDictPreHook((_, __, prefix) => void order.push(['pre', name, prefix]));
      module.registerLoadStateDictPostHook(() => void order.push(['post', name]));
    }
    model.loadStateDict(model.stateDict());
    const only = (kind: string, list: unknown[]) => list.filter((each) => (each as string[])[0] === kind);
    expect(only('pre', order)).toEqual(only('pre', savedState.order));
    expect(only('post', order)).toEqual(only('post', savedState.order));
  });

  test('before it rename what was saved, without changing the given state', () => {
    const model = new Sequential(new Linear(1, 1, { bias: false }));
    model.children()[0].registerLoadStateDictPreHook((_, state, prefix) => {
      state[`${prefix}weight`] = state[`${prefix}gamma`];
      delete state[`${prefix}gamma`];
    });
    const state = { '0.gamma': tensor([[3]]) };
    model.loadStateDict(state);
    expect(numbers(model.parameters()[0])).toEqual([3]);
    expect(Object.keys(state)).toEqual(['0.gamma']);
  });

  test('before it report errors of their own', () => {
    const model = new Linear(1, 1);
    const seen: unknown[] = [];
    model.registerLoadStateDictPreHook((_, __, ___, strict, missing, unexpected, errors) => {
      seen.push(strict, [...missing], [...unexpected]);
      errors.push('too old');
    });
    expect(message(() => model.loadStateDict(model.stateDict(), { strict: false }))).toBe(
      'Error(s) in loading state_dict for Linear:\n\ttoo old',
    );
    expect(seen).toEqual([false, [], []]);
  });

  test('after it see the values and may clear the lists; what stays is reported, and nothing is left written', () => {
    const model = new Linear(2, 1);
    const before = numbers(model.weight);
    let seen: number[] = [];
    model.registerLoadStateDictPostHook(({ weight }, { missingKeys }: LoadResult) => {
      seen = numbers(weight);
      missingKeys.length = 0;
    });
    const state = { weight: ones([1, 2]) };
    for (const assign of [false, true]) {
      expect(message(() => model.loadStateDict({ ...state, more: ones([1]) }, { assign }))).toBe(savedState.cleared);
      expect(seen).toEqual([1, 1]);
      expect(numbers(model.weight)).toEqual(before);
    }
    expect(model.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(numbers(model.weight)).toEqual([1, 1]);
  });

  test('give nothing back, as in PyTorch', () => {
    const model = new Linear(1, 1);
    model.registerLoadStateDictPostHook((() => 1) as never);
    // two spaces are missing in PyTorch's own
    expect(savedState.returning).toContain('expected to return new values');
    expect(message(() => model.loadStateDict(model.stateDict()))).toContain('are not expected to return new values');
  });

  test('go with a copy and are removed alone', () => {
    const model = new Linear(1, 1);
    let count = 0;
    const handle = model.registerLoadStateDictPreHook(() => void count++);
    const copy = deepcopy(model);
    handle.remove();
    model.loadStateDict(model.stateDict());
    expect(count).toBe(0);
    copy.loadStateDict(copy.stateDict());
    expect(count).toBe(1);
  });

  test.each([
    'registerStateDictPreHook',
    'registerStateDictPostHook',
    'registerLoadStateDictPreHook',
    'registerLoadStateDictPostHook',
  ] as const)('%s takes a function', (name) => {
    expect(message(() => new Linear(1, 1)[name](3 as never))).toMatch(new RegExp(`^${name}: expected a function`));
  });
});

test("names that are nobody's are found on each level, in PyTorch's order", () => {
  const state = Object.fromEntries(['x', '0.x', '0.inner.x.y', '1.x', '2.y'].map((name) => [name, ones([1])]));
  expect(message(() => new Sequential(new Counting(), new Linear(1, 1)).loadStateDict(state))).toBe(savedState.levels);
});

describe('assign', () => {
  test('puts the tensors of the state in place', () => {
    const model = new Sequential(new Linear(1, 1), new BatchNorm1d(1));
    const [layer, norm] = model.children() as [Linear, BatchNorm1d];
    layer.weight.requiresGrad_(false);
    const state: StateDict = new Sequential(new Linear(1, 1), new BatchNorm1d(1)).double().stateDict();
    const bias = new Parameter(tensor([7], { dtype: 'float64' }));
    model.loadStateDict({ ...state, '0.bias': bias }, { assign: true });
    expect(layer.bias).toBe(bias);
    expect(layer.weight).toBeInstanceOf(Parameter);
    expect([layer.weight.dtype, layer.weight.requiresGrad]).toEqual(['float64', false]);
    expect(norm.running_mean).toBe(state['1.running_mean']);
    expect(model.parameters()).toHaveLength(4);
  });

  test.each([
    ['assign', { assign: 1 }],
    ['strict', { strict: 'no' }],
    ['other', { other: 1 }],
  ])('bad options are refused: %s', (name, options) => {
    const model = new Linear(1, 1);
    expect(message(() => model.loadStateDict(model.stateDict(), options as never))).toContain(name);
  });
});

describe('toEmpty', () => {
  test('keeps what tensors are like, and parameters the same objects', () => {
    const model = new Sequential(new Linear(2, 3), new BatchNorm1d(3)).double();
    const [before, shapes] = [model.parameters(), model.parameters().map(({ shape }) => shape)];
    const { storage } = before[0];
    expect(model.toEmpty({ device: 'cpu' })).toBe(model);
    expect(model.parameters()).toEqual(before);
    expect(before[0].storage).not.toBe(storage);
    expect(before.map(({ shape }) => shape)).toEqual(shapes);
    expect(model.buffers().map(({ dtype }) => dtype)).toEqual(['float64', 'float64', 'int64']);
  });

  test.each([
    ['nothing', undefined, ArgumentError],
    ['no device', {}, ArgumentError],
    ['a number', { device: 3 }, ArgumentError],
    ['another option', { device: 'cpu', dtype: 'float64' }, ArgumentError],
    ['an unknown device', { device: 'nowhere' }, DeviceError],
  ])('refuses %s', (_, options, type) => {
    expect(() => new Linear(1, 1).toEmpty(options as never)).toThrow(type);
  });
});

describe('files of older versions', () => {
  test('of batch norm have no count', () => {
    const model = new Sequential(new BatchNorm1d(2), new InstanceNorm1d(2, { trackRunningStats: true }));
    expect(message(() => model.loadStateDict({}))).toBe(savedState.batchNorm);
    const norm = new BatchNorm1d(2);
    const { num_batches_tracked: _, ...state } = norm.stateDict();
    state.running_mean = tensor([4, 5]);
    expect(norm.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(numbers(norm.running_mean as Tensor)).toEqual([4, 5]);
  });

  test('of weight_norm have weight_g and weight_v', () => {
    const { state, input, output } = savedState.weightNorm;
    const saved: StateDict = {};
    for (const [name, values] of Object.entries(state)) saved[`0.${name}`] = tensor(values as number[]);
    const layer = utils.weightNorm(new Linear(3, 2));
    const model = new Sequential(deepcopy(layer));
    model.loadStateDict(saved);
    expect(numbers(model.forward(tensor(input)))).toEqual(output.flat().map((x) => expect.closeTo(x, 5)));
    const plain = utils.removeParametrizations(layer, 'weight');
    expect(message(() => plain.loadStateDict({ weight_g: ones([1]), weight_v: ones([1]) }))).toContain(
      'Unexpected key(s) in state_dict: "weight_g", "weight_v"',
    );
  });
});
