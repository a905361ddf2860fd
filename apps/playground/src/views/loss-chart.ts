/** The loss by step, on a logarithmic scale. */
import uPlot from 'uplot';

/** Points that are kept; beyond, every second one goes. */
const capacity = 2000;

export class LossChart {
  readonly #plot: uPlot;
  readonly #home: HTMLElement;
  #steps: number[] = [];
  #losses: number[] = [];

  constructor(home: HTMLElement) {
    this.#home = home;
    const ink = getComputedStyle(home).color;
    const axis = { stroke: ink, grid: { stroke: '#8884', width: 1 }, ticks: { stroke: '#8884', width: 1 } };
    this.#plot = new uPlot(
      {
        ...this.#size(),
        legend: { show: false },
        scales: { x: { time: false }, y: { distr: 3 } },
        series: [
          { label: 'step' },
          { label: 'loss', stroke: '#2f7fd8', width: 2, value: (_, loss) => loss?.toPrecision(4) ?? '–' },
        ],
        axes: [
          axis,
          { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : String(tick))) },
        ],
      },
      [[], []],
      home,
    );
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(home);
  }

  #size() {
    const width = Math.max(240, this.#home.clientWidth);
    return { width, height: Math.round(width * 0.66) };
  }

  add(step: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    this.#steps.push(step);
    // a logarithmic scale has no place for zero
    this.#losses.push(Math.max(loss, 1e-12));
    if (this.#steps.length > capacity) {
      const even = (_: number, i: number): boolean => i % 2 === 0;
      this.#steps = this.#steps.filter(even);
      this.#losses = this.#losses.filter(even);
    }
    this.#plot.setData([this.#steps, this.#losses]);
  }

  clear(): void {
    this.#steps = [];
    this.#losses = [];
    this.#plot.setData([[], []]);
  }
}
