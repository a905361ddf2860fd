/** The model of the demo: a custom autograd Function, a module over it, and the standardisation that travels inside the exported graph. */
import { asFunction, Function, type FunctionContext } from '@tenfold/autograd';
import { Module, Parameter } from '@tenfold/nn';
import type { SymbolicGraph, SymbolicValue } from '@tenfold/onnx-export';
import { type DType, empty, type Tensor } from '@tenfold/tensor-core';

/**
 * `input · weightᵀ + bias`, with its derivative written by hand.
 * Shapes: input `[N, in]`, weight `[out, in]`, bias `[out]`, result `[N, out]`.
 */
export class LinearF extends Function {
  static forward(ctx: FunctionContext, input: Tensor, weight: Tensor, bias: Tensor): Tensor {
    ctx.saveForBackward(input, weight);
    const output = input.mm(weight.t());
    return output.add(bias.unsqueeze(0).expandAs(output));
  }

  static backward(ctx: FunctionContext, grad: Tensor): (Tensor | null)[] {
    const [input, weight] = ctx.savedTensors;
    const [forInput, forWeight, forBias] = ctx.needsInputGrad;
    return [forInput ? grad.mm(weight) : null, forWeight ? grad.t().mm(input) : null, forBias ? grad.sum(0) : null];
  }

  /** In an ONNX file the whole Function is one node. */
  static symbolic(g: SymbolicGraph, input: SymbolicValue, weight: SymbolicValue, bias: SymbolicValue): SymbolicValue {
    return g.op('MYLINEAR', input, weight, bias);
  }
}

const linearF = asFunction(LinearF);

/** A linear layer over {@link LinearF}, its parameters drawn from U[0, 1). */
export class MyLinear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weight: Parameter;
  readonly bias: Parameter;

  constructor(inFeatures: number, outFeatures: number, options: { dtype: DType; device: string }) {
    super();
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = new Parameter(empty([outFeatures, inFeatures], options));
    this.bias = new Parameter(empty([outFeatures], options));
    this.weight.data.uniform_();
    this.bias.data.uniform_();
  }

  forward(input: Tensor): Tensor {
    return linearF(input, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=True`;
  }
}

/** Means and standard deviations of the columns of a data set, as tensors of shape `[features]` and `[1]`. */
export interface Scales {
  readonly mean: Tensor;
  readonly std: Tensor;
  readonly targetMean: Tensor;
  readonly targetStd: Tensor;
}

/** A linear model that takes raw values and gives raw values; what is trained lives in standardised units. */
export class StandardizedLinear extends Module {
  readonly linear: MyLinear;
  declare readonly mean: Tensor;
  declare readonly std: Tensor;
  declare readonly targetMean: Tensor;
  declare readonly targetStd: Tensor;

  constructor(linear: MyLinear, scales: Scales) {
    super();
    this.linear = linear;
    for (const [name, value] of Object.entries(scales)) this.registerBuffer(name, value);
  }

  forward(input: Tensor): Tensor {
    const standardized = input.sub(this.mean).div(this.std);
    return this.linear.forward(standardized).mul(this.targetStd).add(this.targetMean);
  }
}
