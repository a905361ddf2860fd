/**
 * `@tenfold/train`: helpers for plain training loops.
 *
 * @packageDocumentation
 */
export { AUROC, type AUROCOptions } from './auroc.ts';
export {
  Accuracy,
  type Average,
  type ClassificationOptions,
  ConfusionMatrix,
  type ConfusionMatrixOptions,
  F1Score,
  FBetaScore,
  Precision,
  Recall,
  Specificity,
} from './classification.ts';
export { EarlyStopping, type EarlyStoppingOptions, type EarlyStoppingState } from './early-stopping.ts';
export {
  ActivationHistograms,
  type ActivationHistogramsOptions,
  gradientHistograms,
  type Histogram,
  type HistogramOptions,
  type HistogramTensors,
  histogramOf,
  parameterHistograms,
  readHistograms,
  type WithForwardHook,
  type WithModules,
  type WithParameters,
} from './histograms.ts';
export type { BinaryTask, MulticlassTask, MultilabelTask } from './labels.ts';
export { RunningMean, type RunningMeanOptions } from './mean.ts';
export { Metric } from './metric.ts';
export { MeanAbsoluteError, MeanSquaredError, type RegressionOptions } from './regression.ts';
