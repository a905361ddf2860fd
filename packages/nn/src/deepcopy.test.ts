import '@tenfold/backend-cpu/register';
import { ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import { type Copier, deepcopy, Linear, Module, ModuleList, Parameter, ReLU, Sequential } from './index.ts';

const numbers = (x: Tensor): number[] => Array.from(x.toTypedArraySync(), Number);

class Net extends Module {
  readonly width: number;
  embed: Linear;
  head: Linear;
  list = [new Linear(1, 1)];
  table = new Map([['a', { deep: ones([1]) }]]);
  seen = new Set([1]);
  made = new Date(5);
  raw = new Float32Array([1, 2]);
  activation = (x: Tensor): Tensor => x.relu();
  declare mean: Tensor;
  declare absent: null;
  parent: Module | null = null;

  constructor(width: number) {
    super();
    this.width = width;
    this.embed = new Linear(width, width);
    this.head = new Linear(width, width);
    Reflect.set(this.head, 'weight', this.embed.weight);
    this.registerBuffer('mean', ones([2]), { persistent: false });
    this.registerModule('absent', null);
  }

  get doubled(): number {
    return 2 * this.width;
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.activation(this.embed.forward(x)));
  }
}

describe('deepcopy', () => {
  test('has the class, values and names, and no memory of the original', () => {
    const net = new Net(3).eval();
    net.head.requiresGrad_(false);
    net.forward(ones([1, 3]));
    const copy = deepcopy(net);
    expect(copy).toBeInstanceOf(Net);
    expect([copy.width, copy.doubled, copy.training]).toEqual([3, 6, false]);
    expect(String(copy)).toBe(String(net));
    expect(Object.keys(copy.stateDict())).toEqual(Object.keys(net.stateDict()));
    expect(copy.namedBuffers().map(([name]) => name)).toEqual(['mean']);
    expect(copy.forward(ones([1, 3])).toArraySync()).toEqual(net.forward(ones([1, 3])).toArraySync());
    expect(copy.parameters().map((each) => [each instanceof Parameter, each.requiresGrad, each.isLeaf])).toEqual(
      net.parameters().map((each) => [true, each.requiresGrad, true]),
    );
    const before = net.parameters().map(numbers);
    for (const each of [...copy.parameters(), ...copy.buffers()]) each.detach().fill_(7);
    expect(net.parameters().map(numbers)).toEqual(before);
    expect(numbers(net.mean)).toEqual([1, 1]);
  });

  test('keeps what is shared, and circles', () => {
    const net = new Net(2);
    net.parent = net;
    const copy = deepcopy(net);
    expect(copy.head.weight).toBe(copy.embed.weight);
    expect(copy.head.weight).not.toBe(net.head.weight);
    expect(copy.parent).toBe(copy);
    const layer = new Linear(1, 1);
    const [a, b, other] = deepcopy([layer, layer, new Linear(1, 1)]);
    expect([a === b, a === other, a === layer]).toEqual([true, false, false]);
  });

  test('copies collections, and shares functions', () => {
    const net = new Net(1);
    const copy = deepcopy(net);
    expect(copy.list[0]).not.toBe(net.list[0]);
    expect(copy.list[0]).toBeInstanceOf(Linear);
    expect(copy.table.get('a')?.deep).not.toBe(net.table.get('a')?.deep);
    expect(numbers(copy.table.get('a')?.deep as Tensor)).toEqual([1]);
    expect([copy.seen, copy.made, copy.raw]).toEqual([net.seen, net.made, net.raw]);
    expect([copy.seen === net.seen, copy.made === net.made, copy.raw === net.raw]).toEqual([false, false, false]);
    expect(copy.activation).toBe(net.activation);
  });

  test('gradients stay behind, those of plain tensors come', () => {
    const layer = new Linear(1, 1);
    layer
      .forward(ones([1, 1]))
      .sum()
      .backward();
    expect(deepcopy(layer).weight.grad).toBe(null);
    const leaf = tensor([2], { requiresGrad: true });
    leaf.mul(3).sum().backward();
    const copy = deepcopy(leaf);
    expect([copy.requiresGrad, copy.grad?.toArraySync(), copy.grad === leaf.grad]).toEqual([true, [3], false]);
  });

  test('hooks go with it, each to its own module', () => {
    const relu = new ReLU();
    const seen: Module[] = [];
    relu.registerForwardPreHook((module) => void seen.push(module));
    const handle = relu.registerForwardHook((_module, _args, output) => (output as Tensor).mul(10));
    const copy = deepcopy(relu);
    expect(copy.forward(tensor([2])).toArraySync()).toEqual([20]);
    expect(seen).toEqual([copy]);
    handle.remove();
    expect([relu, copy].map((each) => each.forward(tensor([2])).toArraySync())).toEqual([[2], [20]]);
  });

  test('containers', () => {
    const list = new ModuleList<Module>([new Linear(1, 2), new Sequential(new ReLU())]);
    const copy = list.deepcopy();
    expect([copy.length, copy[1] instanceof Sequential, copy[1] === list[1]]).toEqual([2, true, false]);
    expect(copy.append(new ReLU()).length).toBe(3);
    expect(list.length).toBe(2);
  });

  test('a class with #private members is refused, unless it has its own way', () => {
    class Secret extends Module {
      #scale = 2;

      forward(x: Tensor): Tensor {
        return x.mul(this.#scale);
      }
    }
    class Hidden extends Sequential {
      #twice(x: Tensor): Tensor {
        return x.mul(2);
      }

      override forward(x: Tensor): Tensor {
        return this.#twice(x);
      }
    }
    class Own extends Module {
      #scale: number;
      weight = new Parameter(ones([1]));

      constructor(scale: number) {
        super();
        this.#scale = scale;
      }

      override deepcopy(copier?: Copier): this {
        const made = new Own(this.#scale);
        made.loadStateDict(this.stateDict());
        copier?.remember(this, made);
        return made as this;
      }

      forward(x: Tensor): Tensor {
        return x.mul(this.weight).mul(this.#scale);
      }
    }
    const why = 'has #private fields or methods, which only its constructor can make';
    expect(() => deepcopy(new Sequential(new Secret()))).toThrow(`deepcopy: class Secret ${why}`);
    expect(() => deepcopy(new Hidden())).toThrow(`deepcopy: class Hidden ${why}`);
    const own = new Own(3);
    own.weight.detach().fill_(5);
    const [copy] = deepcopy(new ModuleList([own]));
    expect([copy === own, copy.forward(ones([1])).toArraySync()]).toEqual([false, [15]]);
  });

  test('an arrow function that leads back to the original is refused', () => {
    class Bound extends Module {
      scale = 2;
      readonly twice = (x: Tensor): Tensor => x.mul(this.scale);

      forward(x: Tensor): Tensor {
        return this.twice(x);
      }
    }
    expect(() => deepcopy(new Bound())).toThrow(
      "deepcopy: Bound.twice is an arrow function that holds the original's `this`",
    );
  });

  test.each([
    ['a tensor that is no leaf', () => ({ x: tensor([1], { requiresGrad: true }).mul(2) }), 'graph leaves'],
    ['a promise', () => [Promise.resolve(1)], 'class Promise has state of its own'],
    ['a weak map', () => new WeakMap(), 'class WeakMap has state of its own'],
  ])('refuses %s', (_, make, message) => {
    expect(() => deepcopy(make())).toThrow(message);
  });
});
