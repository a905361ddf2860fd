/** The workers of a loader. */
import { ArgumentError, TenfoldError } from '@tenfold/tensor-core';
import type { WorkerSource } from './import-dataset.ts';
import type { Packed } from './pack.ts';
import {
  type AnyWorker,
  type Channel,
  type FromWorker,
  type IterateRequest,
  type Job,
  nodeThreads,
  openChannel,
  type SentError,
  type ToWorker,
} from './protocol.ts';

interface Pending {
  resolve(batch: Packed | null): void;
  reject(error: Error): void;
}

interface Member {
  readonly id: number;
  readonly channel: Channel;
  readonly pending: Map<number, Pending>;
  /** Why it takes no more work. */
  lost: Error | null;
}

function startWorker(): AnyWorker {
  const node = nodeThreads();
  // bundlers for browsers need not carry the file twice: they look for import.meta.url within new URL
  const here = import.meta.url;
  if (node) return new node.Worker(new URL('./worker-entry.js', here), { name: 'tenfold-data' });
  if (typeof Worker !== 'function') throw new ArgumentError('DataLoader: there are no workers here; use numWorkers: 0');
  return new Worker(new URL('./worker-entry.js', import.meta.url), { type: 'module', name: 'tenfold-data' });
}

/** Some workers that make batches. They keep a process alive only while it waits for them. */
export class WorkerPool {
  readonly #members: readonly Member[];
  #requests = 0;
  #ended = false;

  /** @param length What their dataset's length must be, `null` of an iterable one. */
  constructor(
    { source, createWorker = startWorker }: WorkerSource,
    numWorkers: number,
    length: number | null,
    seed: number,
  ) {
    this.#members = Array.from({ length: numWorkers }, (_, id) => {
      const member: Member = {
        id,
        channel: openChannel(
          createWorker(),
          (message) => this.#receive(member, message, length),
          (reason) =>
            this.#lose(
              member,
              new TenfoldError(`DataLoader worker ${id} exited unexpectedly: ${reason}`, 'DATA_WORKER'),
            ),
        ),
        pending: new Map(),
        lost: null,
      };
      member.channel.post({ type: 'open', source, info: { id, numWorkers, seed } });
      return member;
    });
  }

  /** The batch of a job, by the worker that has the least to do. */
  fetch(job: Job, seed: number, raw: boolean): Promise<Packed | null> {
    const member = this.#members.reduce((a, b) => (b.pending.size < a.pending.size ? b : a));
    return this.#ask(member, (id) => ({ type: 'fetch', id, job, seed, raw }));
  }

  /** The next batch of one worker's share of an iterable dataset; `null` after its last. */
  iterate(worker: number, epoch: number, request: IterateRequest): Promise<Packed | null> {
    return this.#ask(this.#members[worker], (id) => ({ type: 'iterate', id, epoch, request }));
  }

  /** Whether a worker was lost, so that another epoch needs another pool. */
  get isBroken(): boolean {
    return this.#members.some(({ lost }) => lost !== null);
  }

  end(): void {
    this.#ended = true;
    for (const member of this.#members) {
      member.channel.end();
      this.#lose(member, new TenfoldError('DataLoader: its workers have ended', 'DATA_WORKER'));
    }
  }

  #ask(member: Member, message: (id: number) => ToWorker): Promise<Packed | null> {
    if (member.lost) return Promise.reject(member.lost);
    const id = this.#requests++;
    return new Promise((resolve, reject) => {
      member.pending.set(id, { resolve, reject });
      member.channel.hold(true);
      member.channel.post(message(id));
    });
  }

  #receive(member: Member, message: FromWorker, length: number | null): void {
    if (message.type === 'open') {
      if (message.length === length) return;
      const told = `the dataset has ${count(message.length)} in worker ${member.id}, and ${count(length)} here`;
      this.#lose(
        member,
        new ArgumentError(`DataLoader: ${told}: its module must make the same from the same arguments`),
      );
    } else if (message.type === 'error') {
      const error = revived(message.error, member.id);
      if (message.id === null) this.#lose(member, error);
      else this.#settle(member, message.id, (pending) => pending.reject(error));
    } else {
      const batch = message.type === 'batch' ? message.batch : null;
      this.#settle(member, message.id, (pending) => pending.resolve(batch));
    }
  }

  #settle(member: Member, id: number, how: (pending: Pending) => void): void {
    const pending = member.pending.get(id);
    if (!pending) return;
    member.pending.delete(id);
    if (member.pending.size === 0) member.channel.hold(false);
    how(pending);
  }

  #lose(member: Member, error: Error): void {
    member.lost ??= error;
    for (const id of [...member.pending.keys()]) this.#settle(member, id, (pending) => pending.reject(error));
    if (!this.#ended) member.channel.end();
  }
}

const count = (length: number | null): string => (length === null ? 'no length' : `${length} samples`);

/** The error of a worker; what it was there, with its stack, is the cause. */
function revived({ name, message, stack }: SentError, worker: number): Error {
  const cause = new Error(message);
  Object.defineProperty(cause, 'name', { value: name });
  Object.defineProperty(cause, 'stack', { value: stack });
  return new TenfoldError(`Caught ${name} in DataLoader worker ${worker}: ${message}`, 'DATA_WORKER', { cause });
}
