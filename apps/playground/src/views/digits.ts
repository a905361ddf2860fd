/** Some test digits with the network's answers, and a pad to draw one's own. */
import { type Tensor, tensor } from '@tenfold/tensor-core';
import { type Digits, normalize } from '../data/digits.ts';
import { layout } from '../data/digits-layout.ts';
import { context, make, type View } from './view.ts';

const { side, pixels } = layout;
const shown = 30;

export class DigitsView implements View {
  readonly element: HTMLElement;
  readonly title = 'Digits that the network has not been trained on, and its answers';
  readonly #labels: readonly number[];
  readonly #answers: readonly HTMLElement[];
  readonly #pad: Pad;
  readonly #inputs: Float32Array;

  constructor(data: Digits, drawn: () => void) {
    this.#labels = Array.from(data.testLabels.subarray(0, shown));
    this.#inputs = Float32Array.from(data.testPixels.subarray(0, shown * pixels), normalize);
    this.#answers = this.#labels.map(() => make('span', {}, '–'));
    const items = this.#labels.map((label, i) => {
      const canvas = make('canvas', { width: side, height: side });
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', `a handwritten ${label}`);
      context(canvas).putImageData(grey(data.testPixels.subarray(i * pixels, (i + 1) * pixels)), 0, 0);
      return make('li', {}, canvas, this.#answers[i]);
    });
    this.#pad = new Pad(drawn);
    this.element = make('div', {}, make('ul', { className: 'digits' }, ...items), this.#pad.element);
  }

  async draw(predict: (x: Tensor) => Tensor, device: string): Promise<void> {
    const inputs = new Float32Array((shown + 1) * pixels);
    inputs.set(this.#inputs);
    inputs.set(Float32Array.from(this.#pad.pixels(), normalize), shown * pixels);
    const x = tensor(inputs, { device }).view([shown + 1, 1, side, side]);
    const probabilities = (await predict(x).softmax(1).toArray()) as number[][];
    this.#answers.forEach((answer, i) => {
      const guess = probabilities[i].indexOf(Math.max(...probabilities[i]));
      const right = guess === this.#labels[i];
      answer.textContent = right ? `${guess} ✓` : `${guess} ✗`;
      answer.className = right ? 'right' : 'wrong';
    });
    this.#pad.show(probabilities[shown]);
  }
}

function grey(values: ArrayLike<number>): ImageData {
  const image = new ImageData(side, side);
  for (let i = 0; i < pixels; i++) image.data.set([values[i], values[i], values[i], 255], 4 * i);
  return image;
}

/** A place to draw a digit, and how likely the network takes it for each of the ten. */
class Pad {
  readonly element: HTMLElement;
  readonly #canvas = make('canvas', { width: 10 * side, height: 10 * side });
  readonly #meters = Array.from({ length: 10 }, (_, digit) => {
    const meter = make('meter', { max: 1, value: 0 });
    meter.setAttribute('aria-label', `probability of ${digit}`);
    return meter;
  });

  constructor(changed: () => void) {
    const canvas = this.#canvas;
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', 'A pad to draw a digit on, with the mouse or a finger');
    const pen = context(canvas);
    Object.assign(pen, { strokeStyle: '#ffffff', lineWidth: 22, lineCap: 'round', lineJoin: 'round' });
    let last: { readonly x: number; readonly y: number } | null = null;
    const at = ({ offsetX, offsetY }: PointerEvent) => ({
      x: (offsetX / canvas.clientWidth) * canvas.width,
      y: (offsetY / canvas.clientHeight) * canvas.height,
    });
    const stroke = (event: PointerEvent): void => {
      const next = at(event);
      const from = last ?? next;
      pen.beginPath();
      pen.moveTo(from.x, from.y);
      pen.lineTo(next.x, next.y);
      pen.stroke();
      last = next;
      changed();
    };
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      last = null;
      stroke(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.buttons) stroke(event);
    });
    const clear = make('button', { type: 'button' }, 'Clear the pad');
    clear.addEventListener('click', () => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      changed();
    });
    const bars = this.#meters.flatMap((meter, digit) => [make('span', {}, String(digit)), meter]);
    this.element = make(
      'div',
      { className: 'pad' },
      make('div', {}, make('p', { className: 'hint' }, 'Draw a digit:'), canvas, clear),
      make('div', { className: 'bars' }, ...bars),
    );
  }

  /** What is drawn, in 28 × 28 pixels: the drawing in a box of 20 × 20 about its centre of mass, as MNIST's digits are. */
  pixels(): Float32Array {
    const { width, height } = this.#canvas;
    const { data } = context(this.#canvas).getImageData(0, 0, width, height);
    const box = { left: width, right: 0, top: height, bottom: 0, x: 0, y: 0, mass: 0 };
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const ink = data[4 * (y * width + x) + 3];
        if (ink === 0) continue;
        Object.assign(box, { left: Math.min(box.left, x), right: Math.max(box.right, x + 1) });
        Object.assign(box, { top: Math.min(box.top, y), bottom: Math.max(box.bottom, y + 1) });
        box.x += x * ink;
        box.y += y * ink;
        box.mass += ink;
      }
    }
    const small = make('canvas', { width: side, height: side });
    if (box.mass > 0) {
      const scale = 20 / Math.max(box.right - box.left, box.bottom - box.top);
      const target = context(small);
      target.imageSmoothingQuality = 'high';
      target.translate(side / 2, side / 2);
      target.scale(scale, scale);
      target.translate(-box.x / box.mass, -box.y / box.mass);
      target.drawImage(this.#canvas, 0, 0);
    }
    const shrunk = context(small).getImageData(0, 0, side, side).data;
    return Float32Array.from({ length: pixels }, (_, i) => shrunk[4 * i + 3]);
  }

  show(probabilities: readonly number[]): void {
    const empty = this.pixels().every((ink) => ink === 0);
    this.#meters.forEach((meter, digit) => {
      meter.value = empty ? 0 : probabilities[digit];
    });
  }
}
