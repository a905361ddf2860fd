/** What the terminal shows: a progress bar while training, a loss curve after it. */
import asciichart from 'asciichart';
import { SingleBar } from 'cli-progress';

/** A progress bar; does nothing where nobody watches. */
export interface Progress {
  update(epoch: number, loss: number): void;
  stop(): void;
}

/** A live bar with loss and steps per second on a terminal; quiet elsewhere. */
export function progressBar(total: number, stepsPerEpoch: number, visible: boolean): Progress {
  if (!visible || !process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const bar = new SingleBar({
    format: '  {bar} {percentage}%  epoch {value}/{total}  loss {loss}  {rate} steps/s  {eta_formatted} left',
    hideCursor: true,
    clearOnComplete: false,
    barsize: 28,
  });
  const start = performance.now();
  bar.start(total, 0, { loss: '–', rate: '–' });
  return {
    update(epoch, loss) {
      const seconds = (performance.now() - start) / 1000;
      bar.update(epoch, { loss: loss.toExponential(3), rate: Math.round((epoch * stepsPerEpoch) / seconds) });
    },
    stop: () => bar.stop(),
  };
}

/** The loss on a logarithmic scale, as text. */
export function lossCurve(history: readonly number[]): string {
  const length = Math.min(64, history.length);
  const last = history.length - 1;
  const points = Array.from({ length }, (_, i) => history[Math.round((i * last) / Math.max(length - 1, 1))]);
  const logs = points.map((loss) => Math.log10(Math.max(loss, 1e-30)));
  const chart = asciichart.plot(logs, { height: 8, format: (x) => `1e${x.toFixed(1)}`.padStart(8) });
  return `  loss by epoch (1 … ${history.length}, logarithmic)\n${chart.replaceAll(/^/gm, '  ')}`;
}
