/**
 * `@tenfold/autograd`: gradients. Importing it switches on `requiresGrad` of tensor-core's tensors.
 *
 * @packageDocumentation
 */
import { installAutograd } from '@tenfold/tensor-core';
import { autogradHooks } from './hooks.ts';
import { installRules } from './rules/all.ts';

installRules();
installAutograd(autogradHooks);

export { type AnomalyOptions, detectAnomaly, isAnomalyEnabled, setDetectAnomaly } from './anomaly.ts';
export {
  type AutocastOptions,
  autocast,
  clearAutocastCache,
  getAutocastDtype,
  isAutocastEnabled,
} from './autocast.ts';
export { type CustomFwdOptions, customBwd, customFwd } from './autocast-functions.ts';
export type { AutocastDType } from './autocast-state.ts';
export { backward, type GradOptions, grad, type Tensors } from './backward.ts';
export { type CheckpointOptions, checkpoint, checkpointSequential } from './checkpoint.ts';
export { defineFunction, type FunctionDefinition } from './define-function.ts';
export {
  AutogradFunction as Function,
  applyFunction,
  asFunction,
  type FunctionArgs,
  FunctionCall,
  type FunctionClass,
  type FunctionContext,
  type FunctionGradients,
  type FunctionOutputs,
  type FunctionResult,
  functionOf,
  TensorArgument,
} from './function.ts';
export { type FunctionalOptions, hessian, hvp, jacobian, type TensorFunction, vhp, vjp } from './functional.ts';
export {
  enableGrad,
  type GradScope,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  setGradEnabled,
} from './grad-mode.ts';
export { type CheckedFunction, type GradcheckOptions, gradcheck, gradgradcheck } from './gradcheck.ts';
export { type GraphToDotOptions, graphToDot } from './graph-to-dot.ts';
export { Node, type NodeHook, type NodePreHook, type TensorHook } from './node.ts';
export {
  type FormulaContext,
  formula,
  joint,
  linear,
  noGradient,
  notImplemented,
  type Rule,
  type Rules,
  type Saved,
  viaBody,
  type Wrt,
  wrt,
} from './rule.ts';
export { defineRule, rules } from './rules/all.ts';
export { disableSavedTensorsHooks, savedTensorsHooks, saveOnCpu } from './saved-hooks.ts';
export type { Scope } from './scopes.ts';
export type { Randomness } from './transforms/aside.ts';
export {
  type Argnums,
  type Chosen,
  type GradOfOptions,
  gradAndValue,
  gradOf,
  type JacfwdOptions,
  type JacrevOptions,
  jacfwd,
  jacrev,
} from './transforms/derivatives.ts';
export { type Jvp, type JvpOptions, jvp } from './transforms/jvp.ts';
export type { Tree } from './transforms/tree.ts';
export { type MappedDims, type VmapOptions, vmap } from './transforms/vmap.ts';
