/** What core's tensors ask of autograd: the fields and methods `requiresGrad`, `grad`, `gradFn`, `backward()` and their like. */
import {
  ArgumentError,
  AutogradError,
  type AutogradHooks,
  DeviceError,
  DTypeError,
  describe,
  formatShape,
  type HookHandle,
  isFloat,
  isTensor,
  ShapeError,
  sameShape,
  type Tensor,
} from '@tenfold/tensor-core';
import { version } from '../package.json';
import { backward } from './backward.ts';
import { AccumulateGrad, type AutogradMeta, assignGrad, ensureMeta } from './meta.ts';
import { addHook, addTensorHook } from './node.ts';
import { record } from './record.ts';
import { currentMeta, gradientEdge, isLeaf, requiresGrad } from './views.ts';

function setRequiresGrad(tensor: Tensor, value: boolean): void {
  if (!isLeaf(tensor)) {
    if (value) return;
    throw new AutogradError(
      "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require " +
        'differentiation use y = x.detach().',
    );
  }
  if (value || tensor.autogradMeta) ensureMeta(tensor).requiresGrad = value;
}

function setGrad(tensor: Tensor, grad: Tensor | null): void {
  if (grad !== null) {
    if (!isTensor(grad)) throw new ArgumentError(`grad must be a tensor or null, got ${describe(grad)}`);
    if (grad === tensor) throw new AutogradError("can't assign Variable as its own grad");
    if (!isFloat(tensor.dtype) || grad.dtype !== tensor.dtype) {
      throw new DTypeError(`assigned grad has data of a different type: expected ${tensor.dtype}, got ${grad.dtype}`);
    }
    if (grad.storage.device !== tensor.storage.device) {
      throw new DeviceError(
        `assigned grad has data located on a different device: expected ${tensor.device}, got ${grad.device}`,
      );
    }
    if (!sameShape(grad.shape, tensor.shape)) {
      throw new ShapeError(
        `assigned grad has data of a different size: expected ${formatShape(tensor.shape)}, got ${formatShape(grad.shape)}`,
      );
    }
  } else if (!tensor.autogradMeta) return;
  assignGrad(tensor, grad);
}

function retainGrad(tensor: Tensor): void {
  const meta = currentMeta(tensor);
  if (!requiresGrad(tensor) || !meta)
    throw new AutogradError("can't retain_grad on Tensor that has requires_grad=False");
  const { gradFn } = meta;
  if (!gradFn || meta.retainsGrad) return;
  meta.retainsGrad = true;
  gradFn.retained ??= new Map();
  gradFn.retained.set(meta.outputNr, tensor);
}

function detachInPlace(tensor: Tensor): void {
  if (tensor.viewInfo) {
    throw new AutogradError("Can't detach views in-place. Use detach() instead.");
  }
  const meta = tensor.autogradMeta as AutogradMeta | null;
  if (!meta) return;
  meta.gradFn = null;
  meta.outputNr = 0;
  meta.requiresGrad = false;
}

function registerHook(tensor: Tensor, hook: (grad: Tensor) => Tensor | null | undefined | void): HookHandle {
  if (typeof hook !== 'function') throw new ArgumentError(`registerHook: expected a function, got ${describe(hook)}`);
  const [node, outputNr] = gradientEdge(tensor);
  if (!node) throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  return addTensorHook(node, outputNr, hook);
}

function registerPostAccumulateGradHook(tensor: Tensor, hook: (tensor: Tensor) => void): HookHandle {
  const [node] = gradientEdge(tensor);
  if (!node) throw new AutogradError("cannot register a hook on a tensor that doesn't require gradient");
  if (!(node instanceof AccumulateGrad)) {
    throw new AutogradError('post accumulate grad hooks cannot be registered on non-leaf tensors');
  }
  node.postHooks ??= new Set();
  return addHook(node.postHooks, hook);
}

export const autogradHooks: AutogradHooks = {
  // without what a development server adds when it loads the file again
  origin: { version, url: import.meta.url.replace(/[?#].*/, '') },
  record: record as AutogradHooks['record'],
  requiresGrad,
  setRequiresGrad,
  isLeaf,
  gradFn: (tensor) => currentMeta(tensor)?.gradFn ?? null,
  nameNode(tensor, name) {
    const node = currentMeta(tensor)?.gradFn;
    if (node) node.name = name;
  },
  grad: (tensor) => (tensor.autogradMeta as AutogradMeta | null)?.grad ?? null,
  setGrad,
  retainGrad,
  detachInPlace,
  backward: (tensor, gradient, options) => backward([tensor], gradient === undefined ? undefined : [gradient], options),
  registerHook,
  registerPostAccumulateGradHook,
};
