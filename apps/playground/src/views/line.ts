/** Points and the line that the network draws through them. */
import { type Tensor, tensor } from '@tenfold/tensor-core';
import { truth } from '../data/line.ts';
import { context, make, type View } from './view.ts';

const [width, height] = [640, 480];
const [bottom, top] = [-2, 2.8];

export class LineView implements View {
  readonly element = make('canvas', { width, height, className: 'plane' });
  readonly title = 'Points, and the line through them';
  readonly #points: readonly (readonly [number, number])[];

  constructor(points: readonly (readonly [number, number])[]) {
    this.#points = points;
    this.element.setAttribute('role', 'img');
    this.#paint(null);
  }

  async draw(predict: (x: Tensor) => Tensor, device: string): Promise<void> {
    const [[from], [to]] = (await predict(tensor([[truth.from], [truth.to]], { device })).toArray()) as number[][];
    this.#paint([from, to]);
    const slope = (to - from) / (truth.to - truth.from);
    this.element.setAttribute(
      'aria-label',
      `The network's line: slope ${slope.toFixed(2)}, at zero ${((from + to) / 2).toFixed(2)}`,
    );
  }

  #paint(ends: readonly [number, number] | null): void {
    const canvas = context(this.element);
    canvas.fillStyle = '#f7f7f7';
    canvas.fillRect(0, 0, width, height);
    canvas.fillStyle = '#2f7fd8';
    for (const [x, y] of this.#points) {
      canvas.beginPath();
      canvas.arc(across(x), down(y), 4.5, 0, 2 * Math.PI);
      canvas.fill();
    }
    if (!ends) return;
    canvas.strokeStyle = '#e0662f';
    canvas.lineWidth = 4;
    canvas.beginPath();
    canvas.moveTo(across(truth.from), down(ends[0]));
    canvas.lineTo(across(truth.to), down(ends[1]));
    canvas.stroke();
  }
}

const across = (x: number): number => ((x - truth.from) / (truth.to - truth.from)) * width;
const down = (y: number): number => ((top - y) / (top - bottom)) * height;
