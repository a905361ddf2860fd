import '@tenfold/backend-cpu/register';
import { ones, type Tensor, tensor } from '@tenfold/tensor-core';
import { describe, expect, test } from 'vitest';
import printed from '../fixtures/modules.json' with { type: 'json' };
import { deepcopy, type Gradients, Linear, Module, Parameter, ReLU, Sequential, Tanh } from './index.ts';

class Scaled extends Module {
  weight = new Parameter(tensor([2, 3]));

  forward(x: Tensor, y: Tensor, factor: number): Tensor[] {
    return [x.mul(this.weight).mul(factor), y.mul(x)];
  }
}

const listed = (grads: Gradients): unknown[] => grads.map((grad) => grad && grad.toArraySync());

/** A pass through a layer whose hooks were set by `prepare`; the gradients that came. */
function run(prepare: (module: Scaled) => void, xGrad = true, yGrad = true): unknown[] {
  const module = new Scaled();
  prepare(module);
  const x = tensor([1, -1], { requiresGrad: xGrad });
  const y = tensor([4, 5], { requiresGrad: yGrad });
  const [a, b] = module.forward(x, y, 10);
  a.sum().mul(2).add(b.sum()).backward();
  return listed([x.grad, y.grad, module.weight.grad]);
}

describe('backward hooks', () => {
  const expected = printed.backwardHooks;

  test.each([
    ['both', true, true],
    ['one', false, true],
    ['none', false, false],
  ] as const)('see what PyTorch shows: arguments that require grad: %s', (name, xGrad, yGrad) => {
    const seen: unknown[] = [];
    const grads = run(
      (module) =>
        module.registerFullBackwardHook((_module, gradInput, gradOutput) => {
          seen.push([listed(gradInput), listed(gradOutput)]);
        }),
      xGrad,
      yGrad,
    );
    expect({ seen, grads }).toEqual(expected[name]);
  });

  test('replace gradients, one after the other', () => {
    const twice = (_module: Module, grads: Gradients): Gradients => grads.map((grad) => grad && grad.mul(2));
    const more = (_module: Module, grads: Gradients): Gradients => grads.map((grad) => grad && grad.add(1));
    const grads = run((module) => {
      module.registerFullBackwardHook(twice);
      module.registerFullBackwardHook(more);
    });
    expect({ grads }).toEqual(expected.replaced);
    expect(
      run((module) => {
        module.registerFullBackwardHook(more);
        module.registerFullBackwardHook(twice, { prepend: true });
      }),
    ).toEqual(grads);
  });

  test('pre hooks replace the gradients of the output', () => {
    const layer = new Linear(2, 1, { bias: false });
    layer.loadStateDict({ weight: tensor([[3, 4]]) });
    const seen: unknown[] = [];
    layer.registerFullBackwardPreHook((_module, [grad]) => [(grad as Tensor).mul(10)]);
    layer.registerFullBackwardHook((_module, gradInput, gradOutput) => {
      seen.push(listed(gradInput), listed(gradOutput));
    });
    const x = ones([1, 2]).requiresGrad_();
    layer.forward(x).sum().backward();
    expect(seen).toEqual([[[[30, 40]]], [[[10]]]]);
    expect([x.grad?.toArraySync(), layer.weight.grad?.toArraySync()]).toEqual([[[30, 40]], [[10, 10]]]);
  });

  test('run in every pass, only while registered, and in copies', () => {
    let count = 0;
    const layer = new Linear(1, 1);
    const { forward } = layer;
    const handle = layer.registerFullBackwardHook(() => {
      count++;
    });
    const pass = (module: Linear): void =>
      module
        .forward(ones([1, 1]).requiresGrad_())
        .sum()
        .backward();
    pass(layer);
    pass(layer);
    pass(deepcopy(layer));
    expect(count).toBe(3);
    handle.remove();
    pass(layer);
    expect([count, layer.forward]).toEqual([3, forward]);
    layer.requiresGrad_(false);
    layer.registerFullBackwardHook(() => {
      count++;
    });
    expect(layer.forward(ones([1, 1])).requiresGrad).toBe(false);
  });

  test.each<[string, (module: Scaled) => unknown, string]>([
    [
      'too few',
      (module) => module.registerFullBackwardHook(() => [null]),
      'Backward hook returned an invalid number of grad_input, got 1, but expected 3',
    ],
    [
      'too many',
      (module) => module.registerFullBackwardPreHook(() => [null, null, null]),
      'Backward pre hook returned an invalid number of grad_output, got 3, but expected 2',
    ],
    [
      'a number',
      (module) => module.registerFullBackwardHook(() => 3 as never),
      'Backward hook should return an array of gradients, or nothing, but got number 3',
    ],
  ])('refuse %s', (_, prepare, message) => {
    expect(() => run((module) => void prepare(module))).toThrow(message);
  });

  test('refuse a gradient for what needs none', () => {
    const other = (_module: Module, grads: Gradients): Gradients => grads.map(() => ones([2]));
    expect(() => run((module) => void module.registerFullBackwardHook(other), false, false)).toThrow(
      'Backward hook for Modules where no input requires gradient should always return null',
    );
  });
});

describe('forward hooks', () => {
  test('prepend puts one before the others', () => {
    const seen: string[] = [];
    const relu = new ReLU();
    relu.registerForwardPreHook(() => void seen.push('pre 1'));
    relu.registerForwardPreHook(() => void seen.push('pre 2'), { prepend: true });
    relu.registerForwardHook(() => void seen.push('post 1'));
    relu.registerForwardHook(() => void seen.push('post 2'), { prepend: true });
    relu.forward(ones([1]));
    expect(seen).toEqual(['pre 2', 'pre 1', 'post 2', 'post 1']);
  });

  test('alwaysCall runs also when forward throws, and leaves the error', () => {
    const layer = new Linear(2, 1);
    const outputs: unknown[] = [];
    layer.registerForwardHook(() => void outputs.push('never'));
    layer.registerForwardHook((_module, _args, output) => void outputs.push(output), { alwaysCall: true });
    layer.registerForwardHook(
      () => {
        throw new Error('of a hook');
      },
      { alwaysCall: true },
    );
    expect(() => layer.forward(ones([1, 3]))).toThrow('mat1 and mat2 shapes');
    expect(outputs).toEqual([null]);
    expect(() => layer.forward(ones([1, 2]))).toThrow('of a hook');
    expect(outputs.length).toBe(3);
  });

  test.each<[string, () => unknown, string]>([
    [
      'no function',
      () => new ReLU().registerFullBackwardHook(3 as never),
      'registerFullBackwardHook: expected a function, got number 3',
    ],
    [
      'no function before',
      () => new ReLU().registerFullBackwardPreHook(3 as never),
      'registerFullBackwardPreHook: expected a function',
    ],
    [
      'an unknown option',
      () => new ReLU().registerForwardHook(() => {}, { first: true } as never),
      "unknown option 'first'",
    ],
  ])('refuse %s', (_, register, message) => {
    expect(register).toThrow(message);
  });
});

describe('by dotted name', () => {
  const model = (): Sequential => new Sequential(new Linear(2, 2), new Sequential(new ReLU()));

  test('modules, parameters and buffers', () => {
    const own = model();
    expect([own.getSubmodule('') === own, own.getSubmodule('1.0') === (own[1] as Sequential)[0]]).toEqual([true, true]);
    expect(own.getParameter('0.weight')).toBe((own[0] as Linear).weight);
    own[1].registerBuffer('mean', ones([1]));
    expect(own.getBuffer('1.mean').toArraySync()).toEqual([1]);
    own.setSubmodule('1.0', new Tanh());
    expect(own.getSubmodule('1.0')).toBeInstanceOf(Tanh);
  });

  const own = model();
  const runs: { readonly [name: string]: () => unknown } = {
    submodule: () => own.getSubmodule('5'),
    deep: () => own.getSubmodule('1.x.y'),
    noModule: () => own.getSubmodule('0.weight'),
    parameter: () => own.getParameter('0.foo'),
    owner: () => own.getParameter('9.weight'),
    buffer: () => own.getBuffer('0.zz'),
    noBuffer: () => own.getBuffer('0.weight'),
    noParameter: () => own.getParameter('0.bias.data'),
  };
  test.each(Object.entries(printed.missing))('says as PyTorch: %s', (name, sentence) => {
    expect(runs[name]).toThrow(sentence);
  });

  test('what is no parameter, and where no module can be put', () => {
    expect(() => own.getParameter('0.inFeatures')).toThrow('`inFeatures` is not an nn.Parameter');
    expect(() => own.setSubmodule('', new ReLU())).toThrow('Cannot set the submodule without a target name!');
    expect(() => own.setSubmodule('1.7', new ReLU())).toThrow('Sequential has no attribute `7`');
    expect(() => own.setSubmodule('0.weight', new ReLU())).toThrow('`weight` is not an nn.Module');
    expect(() => own.setSubmodule('1.0', 3 as never)).toThrow('number 3 is not a Module subclass');
  });
});
