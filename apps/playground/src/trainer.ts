/** The training loop of the page: some steps, one reading of the loss, then the page gets its turn. */

import { noGrad } from '@tenfold/autograd';
import { Adam } from '@tenfold/optim';
import type { Tensor } from '@tenfold/tensor-core';
import type { Task } from './data/task.ts';
import type { Network } from './models.ts';

/** Milliseconds of work between two turns of the page. */
const turn = 24;
/** Steps at most between two readings of the loss: an asynchronous device takes them faster than it computes them. */
const stepsPerTurn = 16;

/** Where training is. */
export interface Progress {
  readonly step: number;
  readonly loss: number;
  /** Over the last second. */
  readonly stepsPerSecond: number;
}

export class Trainer {
  readonly network: Network;
  /** May be replaced while training goes on. */
  task: Task;
  readonly #optimizer: Adam;
  #report: (progress: Progress) => void;
  #steps = 0;
  #running = false;
  /** Times and steps of the last turns. */
  #recent: { readonly time: number; readonly steps: number }[] = [];

  constructor(network: Network, task: Task, lr: number, report: (progress: Progress) => void) {
    this.network = network;
    this.task = task;
    this.#optimizer = new Adam(network.parameters(), { lr });
    this.#report = report;
  }

  get running(): boolean {
    return this.#running;
  }

  set lr(value: number) {
    for (const group of this.#optimizer.paramGroups) group.lr = value;
  }

  /** The network without recording gradients. */
  readonly predict = (x: Tensor): Tensor => noGrad(() => this.network.forward(x));

  /** One step, and its loss. */
  async step(): Promise<void> {
    this.#announce(await this.#learn().item());
  }

  /** Trains until {@link pause}. Rejects with what went wrong. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.#recent = [];
    try {
      while (this.#running) {
        const started = performance.now();
        let loss = this.#learn();
        for (let i = 1; i < stepsPerTurn && performance.now() - started < turn; i++) loss = this.#learn();
        this.#announce(await loss.item());
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    } finally {
      this.#running = false;
    }
  }

  pause(): void {
    this.#running = false;
  }

  /** Pauses for good: what is still on its way is not reported. */
  end(): void {
    this.pause();
    this.#report = () => {};
  }

  /** One step; nothing is read. */
  #learn(): Tensor {
    const { x, y } = this.task.batch();
    this.#optimizer.zeroGrad();
    const loss = this.task.loss(this.network.forward(x), y);
    loss.backward();
    this.#optimizer.step();
    this.#steps++;
    return loss.detach();
  }

  #announce(loss: number): void {
    const time = performance.now();
    this.#recent = [...this.#recent.filter((turn) => time - turn.time < 1000), { time, steps: this.#steps }];
    const [first] = this.#recent;
    const seconds = (time - first.time) / 1000;
    this.#report({
      step: this.#steps,
      loss,
      stepsPerSecond: seconds > 0 ? (this.#steps - first.steps) / seconds : 0,
    });
  }
}
