/**
 * Folds a BatchNormalization with given statistics into the Conv, ConvTranspose, Gemm or MatMul of matrices before it: weights and bias are scaled, the
 * node goes.
 */
import { AttributeProto_AttributeType as AttributeType, type NodeProto, type TensorProto } from '../generated/onnx.ts';
import { attributeOf, type Block, intOf } from './block.ts';
import { type Constant, countOf, fromNumbers, isFloatConstant, numbersOf, toTensor } from './constants.ts';

export function foldBatchNorm(block: Block, keepInitializers: boolean): void {
  if (keepInitializers) return;
  for (const node of block.nodes()) if (block.isStandard(node, 'BatchNormalization')) foldOne(block, node);
}

/** y = a · x + b for each channel. */
interface Affine {
  readonly a: Float64Array;
  readonly b: Float64Array;
}

function affineOf(block: Block, node: NodeProto): Affine | null {
  // older versions have attributes that change what is computed
  const training = intOf(node, 'training_mode', 0) === 1 || block.opset < 9;
  const rest = (node.output ?? []).slice(1).some((name) => name && block.readers(name) > 0);
  if (training || rest) return null;
  const read = (node.input ?? []).slice(1, 5).map((name) => block.constant(name));
  if (read.length !== 4 || !read.every((x) => x !== null && isFloatConstant(x) && x.dims.length === 1)) return null;
  const [scale, shift, mean, variance] = read.map((x) => numbersOf(x as Constant));
  if ([shift, mean, variance].some(({ length }) => length !== scale.length)) return null;
  const eps = attributeOf(node, 'epsilon')?.f ?? 1e-5;
  const a = scale.map((x, c) => x / Math.sqrt(variance[c] + eps));
  return { a, b: shift.map((x, c) => x - mean[c] * a[c]) };
}

function foldOne(block: Block, node: NodeProto): void {
  const [x = ''] = node.input ?? [];
  const layer = block.producer(x);
  if (!layer || block.readers(x) !== 1 || !block.isStandard(layer, 'Conv', 'ConvTranspose', 'Gemm', 'MatMul')) return;
  // the channels are the second dim, and the columns of a product only if that is the last
  if (layer.opType === 'MatMul' && block.dims(x)?.length !== 2) return;
  const [data = '', weightName = '', biasName = ''] = layer.input ?? [];
  const [weight, affine] = [block.constant(weightName), affineOf(block, node)];
  const bias = biasName ? block.constant(biasName) : null;
  if (!weight || !affine || !isFloatConstant(weight) || (biasName && !bias)) return;
  const channels = channelsOf(layer, weight);
  if (!channels || channels.count !== affine.a.length) return;
  const gemm = layer.opType === 'Gemm';
  // alpha stays, since it multiplies the weights; beta becomes part of the bias
  const beta = gemm ? (attributeOf(layer, 'beta')?.f ?? 1) : 1;
  const before = bias ? perChannel(bias, channels.count) : affine.a.map(() => 0);
  if (!before || !block.hasInitializers) return;

  const weights = numbersOf(weight).map((value, i) => value * affine.a[channels.of(i)]);
  const shifts = before.map((value, c) => beta * value * affine.a[c] + affine.b[c]);
  if (!block.bypass(node, x)) return;
  const stem = weightName.replace(/\.weight$/, '');
  const newWeight = replaced(block, weightName, weightName, fromNumbers(weights, weight.dtype, weight.dims));
  const shift = fromNumbers(shifts, weight.dtype, [channels.count]);
  const newBias = replaced(block, biasName, `${stem}.bias`, shift, block.initializer(newWeight));
  if (layer.opType === 'MatMul') {
    layer.opType = 'Gemm';
    layer.name = block.unique((layer.name ?? '').replace(/MatMul(_\d+)?$/, 'Gemm'));
  }
  block.setInputs(layer, [data, newWeight, newBias]);
  const scale = attributeOf(layer, 'beta');
  if (gemm && scale) Object.assign(scale, { type: AttributeType.FLOAT, f: 1 });
}

interface Channels {
  readonly count: number;
  /** The output channel of element `i` of the weight. */
  of(i: number): number;
}

function channelsOf(layer: NodeProto, { dims }: Constant): Channels | null {
  if (layer.opType === 'Gemm' || layer.opType === 'MatMul') {
    if (dims.length !== 2) return null;
    const [rows, columns] = dims;
    return intOf(layer, 'transB', 0) === 1
      ? { count: rows, of: (i) => Math.floor(i / columns) }
      : { count: columns, of: (i) => i % columns };
  }
  if (dims.length < 3) return null;
  if (layer.opType === 'Conv') {
    const inner = countOf(dims.slice(1));
    return { count: dims[0], of: (i) => Math.floor(i / inner) };
  }
  // [C in, C out / groups, …]
  const groups = intOf(layer, 'group', 1);
  const kernel = countOf(dims.slice(2));
  const each = dims[1];
  return {
    count: each * groups,
    of: (i) => {
      const into = Math.floor(i / (each * kernel));
      return Math.floor((into * groups) / dims[0]) * each + (Math.floor(i / kernel) % each);
    },
  };
}

/** A bias as one number for each channel; `null` if it is something else. */
function perChannel(bias: Constant, count: number): Float64Array | null {
  const values = numbersOf(bias);
  if (!isFloatConstant(bias) || bias.dims.slice(0, -1).some((size) => size !== 1)) return null;
  if (values.length === count) return values;
  return values.length === 1 ? new Float64Array(count).fill(values[0]) : null;
}

/** The name of an initialiser with other values: its own, if nothing else reads it. */
function replaced(block: Block, name: string, wanted: string, values: Constant, beside?: TensorProto): string {
  const tensor: TensorProto | undefined = block.initializer(name);
  if (tensor && block.readers(name) === 1) {
    block.setInitializer(tensor, toTensor(values));
    return name;
  }
  return block.addInitializer(toTensor(values, wanted), tensor ?? beside);
}
