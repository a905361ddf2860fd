/** ONNX's own operator set in short. Written by `scripts/schemas.py`; nothing here is edited by hand. */

const table = (words: string): ReadonlyMap<string, number> =>
  new Map(words.split(' ').map((word) => [word.split(':')[0], Number(word.split(':')[1])]));

/** The ops and the opset that brought each. */
export const standardOps: ReadonlyMap<string, number> = /* @__PURE__ */ table(
  'Abs:1 Acos:7 Acosh:9 Add:1 AffineGrid:20 And:1 ArgMax:1 ArgMin:1 Asin:7 Asinh:9 Atan:7 Atanh:9 Attention:23 AveragePool:1 ' +
    'BatchNormalization:1 Bernoulli:15 BitCast:26 BitShift:11 BitwiseAnd:18 BitwiseNot:18 BitwiseOr:18 BitwiseXor:18 BlackmanWindow:17 ' +
    'Cast:1 CastLike:15 CausalConvWithState:27 Ceil:1 Celu:12 CenterCropPad:18 Clip:1 Col2Im:18 Compress:9 Concat:1 ' +
    'ConcatFromSequence:11 Constant:1 ConstantOfShape:9 Conv:1 ConvInteger:10 ConvTranspose:1 Cos:7 Cosh:9 CumProd:26 CumSum:11 DFT:17 ' +
    'DeformConv:19 DepthToSpace:1 DequantizeLinear:10 Det:11 Div:1 Dropout:1 DynamicQuantizeLinear:11 Einsum:12 Elu:1 Equal:1 Erf:9 ' +
    'Exp:1 Expand:8 EyeLike:9 Flatten:1 Floor:1 GRU:1 Gather:1 GatherElements:11 GatherND:11 Gelu:20 Gemm:1 GlobalAveragePool:1 ' +
    'GlobalLpPool:1 GlobalMaxPool:1 Greater:1 GreaterOrEqual:12 GridSample:16 GroupNormalization:18 HammingWindow:17 HannWindow:17 ' +
    'HardSigmoid:1 HardSwish:14 Hardmax:1 Identity:1 If:1 ImageDecoder:20 InstanceNormalization:1 IsInf:10 IsNaN:9 LRN:1 LSTM:1 ' +
    'LayerNormalization:17 LeakyRelu:1 Less:1 LessOrEqual:12 LinearAttention:27 Log:1 LogSoftmax:1 Loop:1 LpNormalization:1 LpPool:1 ' +
    'MatMul:1 MatMulInteger:10 Max:1 MaxPool:1 MaxRoiPool:1 MaxUnpool:9 Mean:1 MeanVarianceNormalization:9 MelWeightMatrix:17 Min:1 ' +
    'Mish:18 Mod:10 Mul:1 Multinomial:7 Neg:1 NegativeLogLikelihoodLoss:12 NonMaxSuppression:10 NonZero:9 Not:1 OneHot:9 Optional:15 ' +
    'OptionalGetElement:15 OptionalHasElement:15 Or:1 PRelu:1 Pad:1 Pow:1 QLinearConv:10 QLinearMatMul:10 QuantizeLinear:10 ' +
    'RMSNormalization:23 RNN:1 RandomNormal:1 RandomNormalLike:1 RandomUniform:1 RandomUniformLike:1 Range:11 Reciprocal:1 ReduceL1:1 ' +
    'ReduceL2:1 ReduceLogSum:1 ReduceLogSumExp:1 ReduceMax:1 ReduceMean:1 ReduceMin:1 ReduceProd:1 ReduceSum:1 ReduceSumSquare:1 ' +
    'RegexFullMatch:20 Relu:1 Reshape:1 Resize:10 ReverseSequence:10 RoiAlign:10 RotaryEmbedding:23 Round:11 STFT:17 Scan:8 Scatter:9 ' +
    'ScatterElements:11 ScatterND:11 Selu:1 SequenceAt:11 SequenceConstruct:11 SequenceEmpty:11 SequenceErase:11 SequenceInsert:11 ' +
    'SequenceLength:11 SequenceMap:17 Shape:1 Shrink:9 Sigmoid:1 Sign:9 Sin:7 Sinh:9 Size:1 Slice:1 Softmax:1 ' +
    'SoftmaxCrossEntropyLoss:12 Softplus:1 Softsign:1 SpaceToDepth:1 Split:1 SplitToSequence:11 Sqrt:1 Squeeze:1 StringConcat:20 ' +
    'StringNormalizer:10 StringSplit:20 Sub:1 Sum:1 SwiGLU:28 Swish:24 Tan:7 Tanh:1 TensorScatter:24 TfIdfVectorizer:9 ' +
    'ThresholdedRelu:10 Tile:1 TopK:1 Transpose:1 Trilu:14 Unique:11 Unsqueeze:1 Upsample:1 Where:9 Xor:1',
);

/** From which opset on the ops of floats take float16, where that is not from their beginning or opset 11. */
export const float16Since: ReadonlyMap<string, number> = /* @__PURE__ */ table(
  'Celu:Infinity CumSum:14 DynamicQuantizeLinear:Infinity IsInf:20 NonMaxSuppression:Infinity OptionalGetElement:18 ' +
    'OptionalHasElement:18 QuantizeLinear:19 Range:Infinity',
);

/** From which opset on ops take bfloat16; those that are not listed do not. */
export const bfloat16Since: ReadonlyMap<string, number> = /* @__PURE__ */ table(
  'Abs:13 Acos:22 Acosh:22 Add:13 AffineGrid:20 ArgMax:13 ArgMin:13 Asin:22 Asinh:22 Atan:22 Atanh:22 Attention:23 AveragePool:22 ' +
    'BatchNormalization:14 Bernoulli:22 Cast:13 CastLike:15 Ceil:13 CenterCropPad:18 Clip:13 Col2Im:18 Concat:13 Conv:22 ' +
    'ConvTranspose:22 Cos:22 Cosh:22 CumSum:14 DFT:17 DeformConv:22 DepthToSpace:13 Det:22 Div:13 Dropout:22 Elu:22 Equal:13 Erf:13 ' +
    'Exp:13 Expand:13 EyeLike:22 Flatten:13 Floor:13 GRU:22 Gather:13 GatherElements:13 GatherND:13 Gelu:20 Gemm:13 ' +
    'GlobalAveragePool:22 GlobalLpPool:22 GlobalMaxPool:22 Greater:13 GreaterOrEqual:16 GridSample:22 GroupNormalization:18 ' +
    'HardSigmoid:22 HardSwish:22 Hardmax:13 Identity:13 InstanceNormalization:22 IsInf:20 IsNaN:13 LRN:13 LSTM:22 LayerNormalization:17 ' +
    'LeakyRelu:16 Less:13 LessOrEqual:16 Log:13 LogSoftmax:13 Loop:16 LpNormalization:22 LpPool:22 MatMul:13 Max:13 MaxPool:22 ' +
    'MaxRoiPool:22 MaxUnpool:22 Mean:13 MeanVarianceNormalization:13 MelWeightMatrix:17 Min:13 Mish:22 Mod:13 Mul:13 Multinomial:22 ' +
    'Neg:13 NegativeLogLikelihoodLoss:22 NonZero:13 PRelu:16 Pad:13 Pow:15 QuantizeLinear:19 RMSNormalization:23 RNN:22 ' +
    'RandomNormalLike:22 RandomUniformLike:22 Reciprocal:13 ReduceL1:13 ReduceL2:13 ReduceLogSum:13 ReduceLogSumExp:13 ReduceMax:13 ' +
    'ReduceMean:13 ReduceMin:13 ReduceProd:13 ReduceSum:13 ReduceSumSquare:13 Relu:13 Reshape:13 RoiAlign:22 RotaryEmbedding:23 ' +
    'Round:22 STFT:17 Scan:16 ScatterElements:13 ScatterND:13 Selu:22 Shape:13 Sigmoid:13 Sign:13 Sin:22 Sinh:22 Size:13 Slice:13 ' +
    'Softmax:13 SoftmaxCrossEntropyLoss:13 Softplus:22 Softsign:22 SpaceToDepth:13 Split:13 Sqrt:13 Squeeze:13 Sub:13 Sum:13 Tan:22 ' +
    'Tanh:13 ThresholdedRelu:22 Tile:13 Transpose:13 Trilu:14 Unsqueeze:13 Where:16',
);
