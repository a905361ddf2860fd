/** The training loop: plain, as a person would write it. Stopped at any moment, it goes on to the very same weights. */
import { F, type StateDict, utils } from '@tenfold/nn';
import {
  type AdamGroup,
  AdamW,
  CosineAnnealingLR,
  LinearLR,
  type OptimizerState,
  type SchedulerState,
  SequentialLR,
} from '@tenfold/optim';
import { saveCheckpoint } from '@tenfold/serialize/node';
import {
  arange,
  type GeneratorState,
  getRngState,
  manualSeed,
  randint,
  setRngState,
  type Tensor,
  tensor,
} from '@tenfold/tensor-core';
import { progress } from '@tenfold/train/progress';
import type { Settings } from './cli.ts';
import { validationBits } from './evaluate.ts';
import { CharGPT } from './model.ts';
import type { Corpus } from './text.ts';

/** Everything that a training needs to go on. */
export interface Checkpoint {
  readonly settings: Settings;
  readonly model: StateDict;
  readonly optimizer: OptimizerState<AdamGroup>;
  readonly scheduler: SchedulerState;
  readonly generator: GeneratorState;
  readonly history: History;
}

/** Bits per character, as they came: of each step's batch, and of the validation text after so many steps. */
export interface History {
  readonly training: readonly number[];
  readonly validation: readonly (readonly [steps: number, bits: number])[];
}

/** Where checkpoints go, how often, and the one to go on from. */
export interface Keeping {
  readonly path: string;
  /** Steps from one to the next. */
  readonly every: number;
  readonly saved: Checkpoint | null;
}

/** The model of some settings, untrained, on the default device. */
export const modelOf = ({ context, layers, heads, width, seed }: Settings, { vocabulary }: Corpus): CharGPT => {
  manualSeed(seed);
  return new CharGPT({ vocabulary: vocabulary.size, context, layers, heads, width });
};

/** Trains on the default device. */
export async function train(settings: Settings, corpus: Corpus, { path, every, saved }: Keeping) {
  const { steps, batchSize, context, lr } = settings;
  const model = modelOf(settings, corpus);
  // matrices decay towards 0, scales of norms don't
  const [matrices, scales] = [2, 1].map((n) => model.parameters().filter(({ ndim }) => ndim === n));
  const optimizer = new AdamW(
    [
      { params: matrices, weightDecay: 0.1 },
      { params: scales, weightDecay: 0 },
    ],
    { lr, betas: [0.9, 0.99] },
  );
  const warmup = Math.min(100, Math.ceil(steps / 10));
  const scheduler = new SequentialLR(
    optimizer,
    [
      new LinearLR(optimizer, { startFactor: 1 / warmup, totalIters: warmup }),
      new CosineAnnealingLR(optimizer, Math.max(1, steps - warmup), { etaMin: lr / 10 }),
    ],
    [warmup],
  );
  const training: number[] = [];
  const validation: (readonly [number, number])[] = [];

  const state = (): Checkpoint => ({
    settings,
    model: model.stateDict(),
    optimizer: optimizer.stateDict(),
    scheduler: scheduler.stateDict(),
    generator: getRngState(),
    history: { training, validation },
  });
  if (saved) {
    model.loadStateDict(saved.model);
    optimizer.loadStateDict(saved.optimizer);
    scheduler.loadStateDict(saved.scheduler);
    setRngState(saved.generator);
    training.push(...saved.history.training);
    validation.push(...saved.history.validation);
  }

  const text = tensor(corpus.training, { dtype: 'uint8' });
  const bar = progress(remaining(training, steps), {
    label: 'training',
    unit: ' steps',
    total: steps - training.length,
  });
  for await (const step of bar) {
    const [characters, following] = windows(text, batchSize, context);
    optimizer.zeroGrad();
    const loss = F.crossEntropy(model.forward(characters).flatten(0, 1), following.flatten());
    loss.backward();
    utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
    scheduler.step();

    training.push((await loss.item()) / Math.LN2);
    if (step % every === 0 || step === steps) {
      validation.push([step, await validationBits(model, corpus.validation, context)]);
      await saveCheckpoint(path, state());
    }
    bar.set({
      bits: average(training.slice(-50)),
      ...(validation.length && { validation: validation.at(-1)?.[1] ?? 0 }),
    });
  }
  return { model, history: { training, validation } satisfies History };
}

/** The numbers of the steps still to do. */
function* remaining(done: readonly unknown[], steps: number): Generator<number> {
  while (done.length < steps) yield done.length + 1;
}

const average = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;

/** Pieces of the text from random places, `[batchSize, context]`, and the characters that follow each of theirs. */
function windows(text: Tensor, batchSize: number, context: number): [Tensor, Tensor] {
  const starts = randint(text.numel() - context, [batchSize, 1]);
  const pieces = text.index([starts.add(arange(context + 1))]).to('int64');
  return [pieces.narrow(1, 0, context), pieces.narrow(1, 1, context)];
}
