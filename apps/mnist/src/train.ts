/** The training loop: plain, as a person would write it. Stopped at any moment, it goes on to the very same weights. */
import { DataLoader, type DataLoaderState } from '@tenfold/data';
import { CrossEntropyLoss, type StateDict } from '@tenfold/nn';
import { type AdamGroup, AdamW, OneCycleLR, type OptimizerState, type SchedulerState } from '@tenfold/optim';
import { saveCheckpoint } from '@tenfold/serialize/node';
import { type GeneratorState, getDefaultDevice, getRngState, manualSeed, setRngState } from '@tenfold/tensor-core';
import { Accuracy, RunningMean } from '@tenfold/train';
import { progress } from '@tenfold/train/progress';
import type { Settings } from './cli.ts';
import type { Data } from './data.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { DigitNet } from './model.ts';

/** What one epoch came to. */
export interface Epoch {
  readonly loss: number;
  readonly accuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
}

/** Everything that a training needs to go on. */
export interface Checkpoint {
  readonly settings: Settings;
  readonly model: StateDict;
  readonly optimizer: OptimizerState<AdamGroup>;
  readonly scheduler: SchedulerState;
  readonly loader: DataLoaderState;
  readonly generator: GeneratorState;
  readonly meanLoss: StateDict;
  readonly accuracy: StateDict;
  readonly losses: readonly number[];
  readonly epochs: readonly Epoch[];
}

/** What training gives. */
export interface Trained {
  readonly model: DigitNet;
  /** The loss of each batch. */
  readonly losses: readonly number[];
  readonly epochs: readonly Epoch[];
  /** What the trained network makes of the test digits. */
  readonly test: Evaluation;
}

/** Where checkpoints go, how often, and the one to go on from. */
export interface Keeping {
  readonly path: string;
  /** Batches from one to the next. */
  readonly every: number;
  readonly saved: Checkpoint | null;
}

/** Trains on the default device. */
export async function train(settings: Settings, data: Data, { path, every, saved }: Keeping): Promise<Trained> {
  const { batchSize, lr } = settings;
  manualSeed(settings.seed);
  const model = new DigitNet();
  const loader = new DataLoader(data.train, { batchSize, shuffle: true, device: getDefaultDevice() });
  const optimizer = new AdamW(model.parameters(), { lr });
  const scheduler = new OneCycleLR(optimizer, lr, { epochs: settings.epochs, stepsPerEpoch: loader.length });
  const criterion = new CrossEntropyLoss();
  const meanLoss = new RunningMean();
  const accuracy = new Accuracy({ task: 'multiclass', numClasses: 10 });
  const losses: number[] = [];
  const epochs: Epoch[] = [];
  let test: Evaluation | null = null;

  const state = (): Checkpoint => ({
    settings,
    model: model.stateDict(),
    optimizer: optimizer.stateDict(),
    scheduler: scheduler.stateDict(),
    loader: loader.stateDict(),
    generator: getRngState(),
    meanLoss: meanLoss.stateDict(),
    accuracy: accuracy.stateDict(),
    losses,
    epochs,
  });
  if (saved) {
    model.loadStateDict(saved.model);
    optimizer.loadStateDict(saved.optimizer);
    scheduler.loadStateDict(saved.scheduler);
    loader.loadStateDict(saved.loader);
    setRngState(saved.generator);
    meanLoss.loadStateDict(saved.meanLoss);
    accuracy.loadStateDict(saved.accuracy);
    losses.push(...saved.losses);
    epochs.push(...saved.epochs);
  }

  while (epochs.length < settings.epochs) {
    model.train();
    const label = `epoch ${epochs.length + 1}/${settings.epochs}`;
    const bar = progress(loader, { label, unit: ' batches', total: loader.length - loader.stateDict().batches });
    for await (const [images, labels] of bar) {
      optimizer.zeroGrad();
      const logits = model.forward(images);
      const loss = criterion.forward(logits, labels.to('int64'));
      loss.backward();
      optimizer.step();
      scheduler.step();

      meanLoss.update(loss, images.shape[0]);
      accuracy.update(logits, labels);
      bar.set({ loss: meanLoss, accuracy });
      losses.push(await loss.item());
      if (losses.length % every === 0) await saveCheckpoint(path, state());
    }
    test = await evaluate(model, data.test);
    epochs.push({
      loss: await meanLoss.compute().item(),
      accuracy: await accuracy.compute().item(),
      testLoss: test.loss,
      testAccuracy: test.accuracy,
    });
    console.log(
      `${label}: ${percent(test.accuracy)} of the test digits are read right, with a loss of ${test.loss.toFixed(4)}`,
    );
    meanLoss.reset();
    accuracy.reset();
    await saveCheckpoint(path, state());
  }
  // a run that was done has nothing but this to do
  return { model, losses, epochs, test: test ?? (await evaluate(model, data.test)) };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
