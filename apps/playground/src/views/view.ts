/** What the page shows of a network: made once for some data, drawn again as training goes on. */
import type { Tensor } from '@tenfold/tensor-core';

export interface View {
  readonly element: HTMLElement;
  /** Says what the picture shows, as its caption. */
  readonly title: string;
  /** Draws what the network computes now. */
  draw(predict: (x: Tensor) => Tensor, device: string): Promise<void>;
}

/** An element with properties and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A canvas's context, which every browser that runs this page has. */
export function context(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const found = canvas.getContext('2d', { willReadFrequently: true });
  if (!found) throw new Error('this browser gives no 2d canvas');
  return found;
}
