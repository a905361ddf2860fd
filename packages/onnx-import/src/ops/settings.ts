/** Inputs that no gradient goes to: settings and statistics. Float initialisers that are read there alone become buffers, not parameters. */

/** Positions of such inputs by op. */
export const settings: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [3, 4],
  Clip: [1, 2],
  Dropout: [1, 2],
  Pad: [1, 2, 3],
  Resize: [1, 2, 3],
  Upsample: [1],
  Range: [0, 1, 2],
  OneHot: [1, 2],
  QuantizeLinear: [1, 2],
  DequantizeLinear: [1, 2],
  MaxRoiPool: [1],
  MelWeightMatrix: [0, 1, 2, 3, 4],
  NonMaxSuppression: [0, 1, 2, 3, 4],
  QLinearConv: [1, 2, 4, 5, 6, 7],
  QLinearMatMul: [1, 2, 4, 5, 6, 7],
  RoiAlign: [1, 2],
  RotaryEmbedding: [1, 2],
};
