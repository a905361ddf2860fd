/** Points of two classes over the network's opinion about the plane; more points can be drawn with the mouse, a finger or the keyboard. */
import type { Tensor } from '@tenfold/tensor-core';
import { extent, type Point, surface, twoMoons } from '../data/points.ts';
import { context, make, type View } from './view.ts';

const [width, height] = [640, 480];
/** Cells of the surface: enough to look smooth when scaled up. */
const [columns, rows] = [80, 60];
const colors = ['#e0662f', '#2f7fd8'] as const;
/** Channels of the two colors and of the undecided middle. */
const [low, middle, high] = [
  [224, 102, 47],
  [247, 247, 247],
  [47, 127, 216],
];

const across = extent.x[1] - extent.x[0];
const up = extent.y[1] - extent.y[0];

export class PlaneView implements View {
  readonly element: HTMLElement;
  readonly title = 'Two classes of points, and where the network draws the border';
  readonly #canvas = make('canvas', { width, height, className: 'plane', tabIndex: 0 });
  readonly #points: Point[];
  readonly #changed: () => void;
  #label = 0;
  /** Where the keyboard would put a point; shown while the canvas has the focus. */
  #cursor = { x: 0.5, y: 0.25 };
  #background: ImageData | null = null;

  constructor(points: Point[], changed: () => void) {
    this.#points = points;
    this.#changed = changed;
    const canvas = this.#canvas;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute(
      'aria-label',
      'Plane of points. Arrow keys move a cross, Enter puts a point of the chosen class there.',
    );
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#put(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.buttons) this.#put(event);
    });
    canvas.addEventListener('keydown', (event) => this.#key(event));
    for (const name of ['focus', 'blur']) canvas.addEventListener(name, () => this.#paint());
    this.element = make('div', {}, canvas, this.#tools());
    this.#paint();
  }

  #tools(): HTMLElement {
    const choice = (label: number, text: string): HTMLElement => {
      const input = make('input', { type: 'radio', name: 'class', checked: label === 0 });
      input.addEventListener('change', () => {
        this.#label = label;
      });
      return make('label', {}, input, make('span', {}, text));
    };
    const choices = make('div', { className: 'choices' }, choice(0, 'Orange'), choice(1, 'Blue'));
    choices.setAttribute('role', 'radiogroup');
    choices.setAttribute('aria-label', 'Class of the points to draw');
    const button = (text: string, points: () => Point[]): HTMLElement => {
      const made = make('button', { type: 'button' }, text);
      made.addEventListener('click', () => {
        this.#points.splice(0, this.#points.length, ...points());
        this.#changed();
        this.#paint();
      });
      return made;
    };
    return make(
      'div',
      { className: 'tools' },
      make('span', { className: 'hint' }, 'Draw:'),
      choices,
      button('Two moons', twoMoons),
      button('Clear', () => []),
    );
  }

  #key(event: KeyboardEvent): void {
    const step = 0.05;
    const moves: { readonly [key: string]: readonly [number, number] | undefined } = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const move = moves[event.key];
    if (move) {
      const { x, y } = this.#cursor;
      this.#cursor = {
        x: Math.min(extent.x[1], Math.max(extent.x[0], x + move[0])),
        y: Math.min(extent.y[1], Math.max(extent.y[0], y + move[1])),
      };
      this.#paint();
    } else if (event.key === 'Enter' || event.key === ' ') this.#add(this.#cursor.x, this.#cursor.y);
    else return;
    event.preventDefault();
  }

  #put({ offsetX, offsetY }: PointerEvent): void {
    const { clientWidth, clientHeight } = this.#canvas;
    this.#add(extent.x[0] + (offsetX / clientWidth) * across, extent.y[1] - (offsetY / clientHeight) * up);
  }

  #add(x: number, y: number): void {
    this.#points.push({ x, y, label: this.#label });
    this.#changed();
    this.#paint();
  }

  async draw(predict: (x: Tensor) => Tensor, device: string): Promise<void> {
    const probability = await surface(predict, device, columns, rows);
    const image = new ImageData(columns, rows);
    probability.forEach((p, i) => {
      // twice as far from the middle as the probability is from a half
      const [from, to, part] = p < 0.5 ? [middle, low, 1 - 2 * p] : [middle, high, 2 * p - 1];
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c] + (to[c] - from[c]) * part * 0.75;
      image.data[4 * i + 3] = 255;
    });
    this.#background = image;
    this.#paint();
  }

  #paint(): void {
    const canvas = context(this.#canvas);
    canvas.fillStyle = '#f7f7f7';
    canvas.fillRect(0, 0, width, height);
    if (this.#background) {
      const small = make('canvas', { width: columns, height: rows });
      context(small).putImageData(this.#background, 0, 0);
      canvas.drawImage(small, 0, 0, width, height);
    }
    canvas.lineWidth = 1.5;
    for (const { x, y, label } of this.#points) {
      canvas.beginPath();
      const [at, down] = place(x, y);
      // a class can be told by its form, too
      if (label === 0) canvas.arc(at, down, 5.5, 0, 2 * Math.PI);
      else canvas.rect(at - 5, down - 5, 10, 10);
      canvas.fillStyle = colors[label];
      canvas.fill();
      canvas.strokeStyle = '#ffffff';
      canvas.stroke();
    }
    if (document.activeElement !== this.#canvas) return;
    const [at, down] = place(this.#cursor.x, this.#cursor.y);
    canvas.strokeStyle = '#111111';
    canvas.beginPath();
    canvas.moveTo(at - 10, down);
    canvas.lineTo(at + 10, down);
    canvas.moveTo(at, down - 10);
    canvas.lineTo(at, down + 10);
    canvas.stroke();
  }
}

const place = (x: number, y: number): [number, number] => [
  ((x - extent.x[0]) / across) * width,
  ((extent.y[1] - y) / up) * height,
];
