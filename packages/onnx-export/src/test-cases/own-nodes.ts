/** Which node of ONNX's own each op becomes in float32 (or the dtype of its cases), once the opset has that node: `op:Node`, with `@opset` where it is used later. */
const words = `abs:Abs neg:Neg sign:Sign floor:Floor ceil:Ceil round:Round exp:Exp log:Log sqrt:Sqrt reciprocal:Reciprocal sin:Sin cos:Cos
tan:Tan asin:Asin acos:Acos atan:Atan sinh:Sinh cosh:Cosh tanh:Tanh asinh:Asinh acosh:Acosh atanh:Atanh sigmoid:Sigmoid erf:Erf relu:Relu
isnan:IsNaN isinf:IsInf isposinf:IsInf isneginf:IsInf add:Add sub:Sub mul:Mul div:Div fmod:Mod remainder:Mod pow:Pow maximum:Max minimum:Min
eq:Equal lt:Less gt:Greater le:LessOrEqual ge:GreaterOrEqual logicalAnd:And logicalOr:Or logicalXor:Xor logicalNot:Not
bitwiseAnd:BitwiseAnd bitwiseOr:BitwiseOr bitwiseXor:BitwiseXor bitwiseNot:BitwiseNot clamp:Clip where:Where
gelu:Gelu mish:Mish softplus:Softplus elu:Elu elu:Selu celu:Celu leakyRelu:LeakyRelu hardtanh:Clip hardsigmoid:HardSigmoid hardswish:HardSwish
sum:ReduceSum mean:ReduceMean mean:GlobalAveragePool prod:ReduceProd amax:ReduceMax amin:ReduceMin max:ReduceMax min:ReduceMin
maxDim:ArgMax minDim:ArgMin argmax:ArgMax argmin:ArgMin any:ReduceMax@20 all:ReduceMin@20 norm:ReduceL1 norm:ReduceL2
logsumexp:ReduceLogSumExp cumsum:CumSum softmax:Softmax logSoftmax:LogSoftmax
matmul:MatMul mm:MatMul bmm:MatMul mv:MatMul dot:MatMul addmm:Gemm contract:Einsum det:Det
view:Reshape reshape:Reshape expand:Expand permute:Transpose transpose:Transpose squeeze:Squeeze unsqueeze:Unsqueeze slice:Slice select:Gather
flatten:Flatten flip:Slice tril:Trilu triu:Trilu repeat:Tile cat:Concat stack:Concat
gather:GatherElements scatter:ScatterElements scatterAdd:ScatterElements@16 indexSelect:Gather embedding:Gather sort:TopK topk:TopK oneHot:OneHot
convolution:Conv convolutionTranspose:ConvTranspose maxPool:MaxPool avgPool:AveragePool pad:Pad col2im:Col2Im interpolate:Resize
pixelShuffle:DepthToSpace pixelUnshuffle:SpaceToDepth gridSample:GridSample affineGrid:AffineGrid
layerNorm:LayerNormalization groupNorm:InstanceNormalization groupNorm:GroupNormalization@21 batchNormInference:BatchNormalization
rmsNorm:RMSNormalization scaledDotProductAttention:Attention
nllLoss:NegativeLogLikelihoodLoss crossEntropy:SoftmaxCrossEntropyLoss`;

/** One row: from opset `since` on, files with the op hold the node; before that they don't. */
export interface OwnNode {
  readonly op: string;
  readonly type: string;
  readonly since: number | null;
}

/** The table above. */
export const ownNodes: readonly OwnNode[] = words.split(/\s+/).map((word) => {
  const [, op, type, since] = /^(\w+):(\w+)(?:@(\d+))?$/.exec(word) ?? [];
  return { op, type, since: since ? Number(since) : null };
});
