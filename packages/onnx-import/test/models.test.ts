/** Whole models: exported, imported, run, trained, exported again. */
import '@tenfold/backend-cpu/register';
import { asFunction, Function, type FunctionContext, noGrad } from '@tenfold/autograd';
import { nullBackend } from '@tenfold/backend-testkit/null';
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Embedding,
  F,
  Flatten,
  LayerNorm,
  Linear,
  LSTM,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
  summary,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@tenfold/nn';
import { type SymbolicGraph, type SymbolicValue, type ToOnnxOptions, toOnnx } from '@tenfold/onnx-export';
import { loadOnnx, type OnnxModule } from '@tenfold/onnx-import';
import { decodeModel, printModel } from '@tenfold/onnx-model';
import { SGD } from '@tenfold/optim';
import { arange, manualSeed, ones, randint, randn, registerBackend, type Tensor, zeros } from '@tenfold/tensor-core';
import { beforeAll, describe, expect, test } from 'vitest';

const f64 = { dtype: 'float64' } as const;
/** Attributes of ONNX are float32: a number that it holds. */
const eps = 2 ** -17;

class SwishFunction extends Function {
  static forward(ctx: FunctionContext, x: Tensor, w: Tensor): Tensor {
    ctx.saveForBackward(x, w);
    return x.mul(x.mul(w).sigmoid());
  }
  static backward(ctx: FunctionContext, grad: Tensor): Tensor[] {
    const [x, w] = ctx.savedTensors;
    const s = x.mul(w).sigmoid();
    const slope = s.mul(s.neg().add(1));
    return [grad.mul(s.add(x.mul(w).mul(slope))), grad.mul(x.square().mul(slope)).sum(0)];
  }
  static symbolic(g: SymbolicGraph, x: SymbolicValue, w: SymbolicValue): SymbolicValue {
    return g.op('my.domain::Swish', x, w, { kind_s: 'swish' });
  }
}
const swish = asFunction(SwishFunction);

class Custom extends Module {
  readonly first = new Linear(3, 4, f64);
  readonly second = new Linear(4, 4, f64);

  forward(x: Tensor): Tensor {
    const y = swish(this.first.forward(x), this.second.bias as Tensor);
    // a size that depends on the batch, in the arithmetic
    return this.second.forward(y).div(x.shape[0]);
  }
}

class Tagger extends Module {
  readonly embedding = new Embedding(11, 6, f64);
  readonly lstm = new LSTM(6, 5, { bidirectional: true, batchFirst: true, ...f64 });
  readonly head = new Linear(10, 3, f64);

  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(this.embedding.forward(x))[0]);
  }
}

/** A small GPT with tied weights, a causal mask and positions that are computed from the length. */
class Gpt extends Module {
  readonly embedding = new Embedding(13, 8, f64);
  readonly positions = new Embedding(128, 8, f64);
  readonly inputs = new Linear(8, 24, f64);
  readonly outputs = new Linear(8, 8, f64);
  readonly norm = new LayerNorm(8, { eps, ...f64 });

  forward(x: Tensor): Tensor {
    const [batch, length] = x.shape;
    let y = this.embedding.forward(x).add(this.positions.forward(arange(length, { dtype: 'int64' })));
    const [q, k, v] = this.inputs.forward(y).reshape([batch, length, 3, 2, 4]).permute([2, 0, 3, 1, 4]).unbind(0);
    const future = ones([length, length], { dtype: 'bool' }).triu(1);
    const scores = q.matmul(k.transpose(-2, -1)).mul(0.5).maskedFill(future, Number.NEGATIVE_INFINITY);
    const gathered = scores.softmax(-1).matmul(v).transpose(1, 2).flatten(2);
    y = y.add(F.gelu(this.outputs.forward(gathered)));
    return F.linear(this.norm.forward(y), this.embedding.weight);
  }
}

/** A model, an input of the given sizes, and how it is exported. */
interface Case {
  readonly model: Module & { forward(x: Tensor): Tensor };
  readonly input: (n: number) => Tensor;
  readonly options?: ToOnnxOptions;
}

const batch = { dynamicAxes: { x: { 0: 'batch' } } } as const;
const both = { dynamicAxes: { x: { 0: 'batch', 1: 'length' } } } as const;
const ids = (n: number): Tensor => randint(11, [n, n + 2], { dtype: 'int64' });

function cases(): { readonly [name: string]: Case } {
  manualSeed(0);
  const layer = new TransformerEncoderLayer(8, 2, {
    dimFeedforward: 12,
    batchFirst: true,
    dropout: 0.1,
    layerNormEps: eps,
    ...f64,
  });
  const cnn = new Sequential(
    new Conv2d(1, 3, 3, { padding: 1, ...f64 }),
    new BatchNorm2d(3, { eps, ...f64 }),
    new ReLU(),
    new MaxPool2d(2),
    new Dropout(0.5),
    new Flatten(),
    new Linear(27, 4, f64),
  );
  // statistics that are not zeros and ones
  noGrad(() => cnn.forward(randn([8, 1, 6, 6], f64)));
  return {
    MLP: {
      model: new Sequential(new Linear(3, 5, f64), new ReLU(), new Linear(5, 2, f64)),
      input: (n) => randn([n, 3], f64),
      options: batch,
    },
    CNN: { model: cnn, input: (n) => randn([n, 1, 6, 6], f64), options: batch },
    transformer: {
      model: new TransformerEncoder(layer, 1),
      input: (n) => randn([n, n + 3, 8], f64),
      options: { ...both, opsetVersion: 20 },
    },
    tagger: { model: new Tagger(), input: (n) => randint(11, [n, 5], { dtype: 'int64' }), options: batch },
    GPT: { model: new Gpt(), input: ids, options: both },
    custom: { model: new Custom(), input: (n) => randn([n, 3], f64), options: batch },
  };
}

const largest = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.numel() === 0 ? 0 : (a.detach().sub(b.detach()).abs().max().itemSync() as number);
};

describe.each(Object.entries(cases()))('%s', (_, { model, input, options }) => {
  let file: Uint8Array;
  let loaded: OnnxModule;
  model.eval();

  beforeAll(async () => {
    file = await toOnnx(model, input(3), options);
    loaded = await loadOnnx(file);
  });

  test('gives what the original gives, at every size', () => {
    for (const n of [1, 3, 6]) {
      const x = input(n);
      expect(largest(loaded.forward(x), model.forward(x))).toBeLessThanOrEqual(1e-12);
    }
  });

  test('has its parameters and their gradients', () => {
    const x = input(4);
    // the weight of a product with more than a matrix is written transposed
    const named = new Map(
      loaded.namedParameters().map(([name, parameter]) => [name.replace('_Transpose', ''), { name, parameter }]),
    );
    expect([...named.keys()].sort()).toEqual(
      model
        .namedParameters()
        .map(([name]) => name)
        .sort(),
    );
    for (const each of [model, loaded]) {
      each.zeroGrad();
      each.forward(x).square().sum().backward();
    }
    for (const [name, parameter] of model.namedParameters()) {
      const found = named.get(name);
      const transposed = found?.name.endsWith('_Transpose');
      const grad = transposed ? found?.parameter.grad?.t() : found?.parameter.grad;
      if (parameter.grad === null) expect(grad, name).toBeNull();
      else
        expect(largest(grad as Tensor, parameter.grad), name).toBeLessThanOrEqual(
          1e-12 * (1 + (parameter.grad.abs().max().itemSync() as number)),
        );
    }
  });

  test('is a fixed point of import and export', async () => {
    const first = await toOnnx(loaded, input(3), options);
    const again = await toOnnx(await loadOnnx(first), input(3), options);
    const third = await toOnnx(await loadOnnx(again), input(3), options);
    const text = (bytes: Uint8Array): string => printModel(decodeModel(bytes));
    expect(text(third)).toBe(text(again));
    expect(Buffer.compare(third, again)).toBe(0);
    const x = input(5);
    expect(largest((await loadOnnx(third)).forward(x), model.forward(x))).toBeLessThanOrEqual(1e-12);
  });

  test('runs where no value can be read, and frees what it does not need', async () => {
    registerBackend(nullBackend());
    const there = await loadOnnx(file, { device: 'null' });
    const x = input(3);
    const y = noGrad(() => there.forward(zeros(x.shape, { dtype: x.dtype, device: 'null' })));
    expect(y.shape).toEqual(model.forward(x).shape);
  });
});

test('fine-tuning: SGD steps of an imported model are those of the original', async () => {
  const { model, input, options } = cases().CNN;
  const loaded = await loadOnnx(await toOnnx(model, input(3), options));
  const [x, target] = [input(8), randn([8, 4], f64)];
  // dropout is no part of a file for inference; batch norm trains
  model.train();
  model.getSubmodule('4').eval();
  loaded.train();
  const train = (each: Case['model']): number[] => {
    const optimizer = new SGD(each.parameters(), { lr: 0.05, momentum: 0.9 });
    return Array.from({ length: 5 }, () => {
      optimizer.zeroGrad();
      const loss = F.mseLoss(each.forward(x), target);
      loss.backward();
      optimizer.step();
      return loss.itemSync() as number;
    });
  };
  const [mine, theirs] = [train(loaded), train(model)];
  mine.forEach((loss, i) => expect(Math.abs(loss - theirs[i])).toBeLessThanOrEqual(1e-12));
  expect(mine[4]).toBeLessThan(mine[0]);
  for (const [name, value] of Object.entries(loaded.stateDict())) {
    expect(largest(value, model.stateDict()[name]), name).toBeLessThanOrEqual(1e-12);
  }
});

test('prints itself, and summary knows its parameters', async () => {
  const { model, input, options } = cases().MLP;
  const loaded = await loadOnnx(await toOnnx(model, input(3), options));
  expect(String(loaded)).toBe(`OnnxModule(
  Sequential(x: float64[batch, 3]) -> (y: float64[batch, 2]), 3 nodes
  (0): Scope(weight: float64[5, 3], bias: float64[5])
  (2): Scope(weight: float64[2, 5], bias: float64[2])
)`);
  const { totalParameters, rows } = summary(loaded, [2, 3]);
  expect(totalParameters).toBe(32);
  expect(rows.map(({ type, outputShapes }) => [type, ...outputShapes])).toEqual([['OnnxModule', [2, 2]]]);
});
