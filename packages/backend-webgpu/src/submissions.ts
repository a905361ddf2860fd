/**
 * What goes to the queue, in order: batches of commands and writes. A batch whose kernels are compiled goes at once; one that needs a kernel which is still
 * being compiled waits for it in the background, and what comes after waits behind it, so that a page is not held up by compilers.
 */

/** A kernel's pipeline, `null` while it is being compiled. */
export interface Pipeline {
  compiled: GPUComputePipeline | null;
  /** Resolves when it is compiled, or has failed to be. */
  readonly ready: Promise<void>;
  /** Compiles it at once. */
  compileNow(): void;
}

/** A dispatch. */
export interface Run {
  readonly pipeline: Pipeline;
  readonly group: GPUBindGroup;
  /** Byte at which its uniforms begin. */
  readonly uniforms: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Anything that is no dispatch: copies and clears. */
export type Transfer = (encoder: GPUCommandEncoder) => void;

export type Command = Run | Transfer;

/** Steps that may wait for compilers; beyond, these are waited for: a loop that never awaits must not pile up its work. */
const patience = 16;

interface Step {
  /** Kernels without which it can't go. */
  readonly needs: readonly Pipeline[];
  go(): void;
}

export class Submissions {
  readonly #device: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #uniformGroup: GPUBindGroup;
  readonly #waiting: Step[] = [];
  #draining: Promise<void> | null = null;

  constructor(device: GPUDevice, uniforms: GPUBuffer, uniformGroup: GPUBindGroup) {
    this.#device = device;
    this.#uniforms = uniforms;
    this.#uniformGroup = uniformGroup;
  }

  /** Resolves when all that was handed in so far is with the queue; `null` if it is. */
  get pending(): Promise<void> | null {
    return this.#draining;
  }

  /** Hands in a batch and its uniforms, which may be written over afterwards. */
  submit(commands: readonly Command[], uniforms: Uint32Array<ArrayBuffer>): void {
    const needs: Pipeline[] = [];
    for (const command of commands)
      if (typeof command !== 'function' && command.pipeline.compiled === null) needs.push(command.pipeline);
    if (needs.length === 0 && this.#waiting.length === 0) this.#encode(commands, uniforms);
    else {
      const kept = uniforms.slice();
      this.#wait({ needs, go: () => this.#encode(commands, kept) });
    }
  }

  /** Writes from the host, behind what was handed in. */
  write(buffer: GPUBuffer, byte: number, data: ArrayBufferView<ArrayBuffer>): void {
    const { queue } = this.#device;
    if (this.#waiting.length === 0) {
      queue.writeBuffer(buffer, byte, data.buffer, data.byteOffset, data.byteLength);
      return;
    }
    const kept = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    this.#wait({ needs: [], go: () => queue.writeBuffer(buffer, byte, kept) });
  }

  #wait(step: Step): void {
    this.#waiting.push(step);
    if (this.#waiting.length > patience) {
      for (const pipeline of this.#waiting.flatMap(({ needs }) => needs))
        if (pipeline.compiled === null) pipeline.compileNow();
      for (const waiting of this.#waiting.splice(0)) waiting.go();
    } else this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      for (let step = this.#waiting[0]; step; step = this.#waiting[0]) {
        await Promise.all(step.needs.map(({ ready }) => ready));
        // patience may have ended meanwhile
        if (this.#waiting[0] !== step) continue;
        this.#waiting.shift();
        step.go();
      }
    } finally {
      this.#draining = null;
    }
  }

  #encode(commands: readonly Command[], uniforms: Uint32Array<ArrayBuffer>): void {
    const { queue } = this.#device;
    if (uniforms.length > 0) queue.writeBuffer(this.#uniforms, 0, uniforms);
    const encoder = this.#device.createCommandEncoder();
    let pass: GPUComputePassEncoder | null = null;
    for (const command of commands) {
      if (typeof command === 'function') {
        pass?.end();
        pass = null;
        command(encoder);
      } else if (command.pipeline.compiled) {
        // a kernel that failed to compile has said so
        pass ??= encoder.beginComputePass();
        pass.setPipeline(command.pipeline.compiled);
        pass.setBindGroup(0, command.group);
        pass.setBindGroup(1, this.#uniformGroup, [command.uniforms]);
        pass.dispatchWorkgroups(command.x, command.y, command.z);
      }
    }
    pass?.end();
    queue.submit([encoder.finish()]);
  }
}
