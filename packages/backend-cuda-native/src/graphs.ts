/** CUDA graphs, as `torch.cuda.CUDAGraph` is: work that is queued once and run many times, by one call each. */
import { ArgumentError } from '@tenfold/tensor-core';
import { attempt } from './cuda.ts';
import { type CudaDeviceOptions, disown, handleOf, openCuda, own, refuseAsync } from './open-devices.ts';

/**
 * What a function queues, kept to be run again. A replay reads and writes the same memory: give it other numbers by writing into the tensors that the
 * function read (`x.copy_(batch)`), and read the tensors that it returned. Numbers of JavaScript (a learning rate, a count of steps, the state of the random
 * generator) stay what they were. Call the function once before it is captured: kernels and constants that are met first can't be sent meanwhile, and nor can
 * values be read.
 *
 * @example
 * const graph = new CudaGraph();
 * const y = graph.capture(() => x.mm(w).relu());
 * x.copy_(batch);
 * graph.replay();
 * console.log(await y.toArray());
 */
export class CudaGraph {
  /** `'cuda:0'`. */
  readonly device: string;
  readonly #options: CudaDeviceOptions;
  #isCaptured = false;

  /** @throws DeviceError if there is no such device. */
  constructor(options: CudaDeviceOptions = {}) {
    this.device = openCuda('CudaGraph', options).device;
    this.#options = { device: this.device };
  }

  /**
   * Keeps what `fn` queues on the current stream of the device, and gives its result: tensors that hold numbers after the first {@link replay}.
   *
   * @throws ArgumentError if there is a capture already, or `fn` is async. What `fn` throws is thrown, and nothing is kept.
   */
  capture<T>(fn: () => T): T {
    if (this.#isCaptured)
      throw new ArgumentError('CudaGraph.capture: it holds a capture: reset() it first, or make another graph');
    const { cuda, device } = openCuda('CudaGraph.capture', this.#options);
    const { result, graph: id } = cuda.capture(() => {
      const made = fn();
      refuseAsync('CudaGraph.capture', made);
      return made;
    });
    own(this, { cuda, device, id, release: () => attempt(() => cuda.destroyGraph(id)) });
    this.#isCaptured = true;
    return result;
  }

  /** Queues all of it on the current stream. @throws ArgumentError if nothing was captured. */
  replay(): void {
    if (!this.#isCaptured) throw new ArgumentError('CudaGraph.replay: nothing was captured: call capture(fn) first');
    const { cuda, id } = handleOf('CudaGraph.replay', this);
    attempt(() => cuda.native.replay(id));
  }

  /** Waits, and gives back what was kept. Tensors that it made stay as long as they are used. The garbage collector does so at some time, too. */
  reset(): void {
    disown(this);
    this.#isCaptured = false;
  }

  [Symbol.dispose](): void {
    this.reset();
  }
}
