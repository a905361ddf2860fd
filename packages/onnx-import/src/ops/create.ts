/** Tensors of given shapes: filled, counted, drawn at random. */
import {
  arange,
  type DType,
  Generator,
  isFloat,
  type RandomOptions,
  rand,
  randn,
  type Shape,
  type Tensor,
  zeros,
} from '@tenfold/tensor-core';
import type { NodeContext, NodeInfo, Row, Rows } from '../context.ts';

/** The dtype that an attribute names, or `fallback`. */
export const dtypeAttribute = (c: NodeContext, fallback: DType, name = 'dtype'): DType =>
  c.given(name) ? c.dtypeOf(c.int(name)) : fallback;

const FLOAT = 1;

function constantOfShape(c: NodeContext): Tensor {
  const shape = c.sized(c.hostInts(0));
  const value = c.tensor('value', null);
  if (value === null) return zeros(shape, { dtype: c.dtypeOf(FLOAT), device: c.device });
  if (value.size !== 1) throw c.error(`attribute 'value' must have one element, got ${value.size}`);
  return c.tensorOf(value).reshape([]).broadcastTo(shape);
}

/** start, start + delta, … before limit. */
function range(c: NodeContext): Tensor {
  const [start, limit, delta] = [0, 1, 2].map((i) => c.hostNumber(i));
  if (delta === 0) throw c.error('the step must not be 0');
  const [count] = c.sized([Math.max(0, Math.ceil((limit - start) / delta))]);
  const dtype = c.dtype(0);
  if (!isFloat(dtype)) return arange(start, start + count * delta, delta, { dtype, device: c.device });
  return arange(count, { dtype, device: c.device }).mul(delta).add(start);
}

/** 1 on a diagonal, in the shape of the input. */
function eyeLike(c: NodeContext): Tensor {
  const shape = c.shape();
  if (shape.length !== 2) throw c.error(`takes a matrix, got [${shape.join(', ')}]`);
  const [row, column] = shape.map((size) => arange(size, { dtype: 'int64', device: c.device }));
  return column.sub(row.unsqueeze(1)).eq(c.int('k', 0)).to(dtypeAttribute(c, c.dtype()));
}

// --- random numbers ---

const generators = new WeakMap<NodeInfo, Generator>();

/** What a node draws from: one of its own, if it has a seed; it goes on from run to run. */
export function drawing(c: NodeContext): { generator?: Generator } {
  if (!c.given('seed')) return {};
  let generator = generators.get(c.node);
  if (!generator) {
    generator = new Generator(Math.trunc(Math.abs(seedOf(c))));
    generators.set(c.node, generator);
  }
  return { generator };
}

/** A float in most ops; its bits tell 1.5 from 1.25. */
function seedOf(c: NodeContext): number {
  const attribute = c.node.attributes.get('seed');
  if (attribute?.type === 'int') return attribute.value;
  return new Uint32Array(new Float32Array([c.float('seed')]).buffer)[0];
}

/** Drawn in the shape that an attribute gives, or in that of the input. */
const random =
  (like: boolean, draw: (c: NodeContext, shape: Shape, options: RandomOptions) => Tensor): Row =>
  (c) => {
    const shape = like ? c.shape() : c.sized(c.ints('shape'));
    const dtype = dtypeAttribute(c, like ? c.dtype() : c.dtypeOf(FLOAT));
    return draw(c, shape, { dtype, device: like ? c.x().device : c.device, ...drawing(c) });
  };

const normal = (c: NodeContext, shape: Shape, options: RandomOptions): Tensor =>
  randn(shape, options).mul(c.float('scale', 1)).add(c.float('mean', 0));

function uniform(c: NodeContext, shape: Shape, options: RandomOptions): Tensor {
  const [low, high] = [c.float('low', 0), c.float('high', 1)];
  return rand(shape, options)
    .mul(high - low)
    .add(low);
}

/** Classes drawn by their unnormalised log-probabilities. */
const multinomial = (c: NodeContext): Tensor =>
  c
    .x()
    .softmax(1)
    .multinomial(c.sized([c.shape()[0], c.int('sample_size', 1)])[1], { replacement: true, ...drawing(c) })
    .to(dtypeAttribute(c, 'int32'));

/** Rows by op type. */
export const create: Rows = {
  Bernoulli: (c) => c.x().bernoulli(drawing(c)).to(dtypeAttribute(c, c.dtype())),
  ConstantOfShape: constantOfShape,
  EyeLike: eyeLike,
  Multinomial: multinomial,
  RandomNormal: random(false, normal),
  RandomNormalLike: random(true, normal),
  RandomUniform: random(false, uniform),
  RandomUniformLike: random(true, uniform),
  Range: range,
};
