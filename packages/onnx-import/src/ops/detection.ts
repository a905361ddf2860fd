/** Regions of images. Their coordinates are read, since they say how many samples are taken, or which boxes are left. */
import { fromTypedArray, stack, type Tensor, tensor } from '@tenfold/tensor-core';
import type { NodeContext, RowResult, Rows } from '../context.ts';

/** All elements of an input as numbers, however many there are. */
const numbersOf = (c: NodeContext, i: number): Float64Array =>
  Float64Array.from(c.x(i).detach().to('float32').toTypedArraySync() as Float32Array);

/** One sample between the pixels of a plane: four positions, and their weights. */
function corners(y: number, x: number, height: number, width: number): [at: number[], weights: number[]] {
  if (y < -1 || y > height || x < -1 || x > width)
    return [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
  const [top, dy, bottom] = neighbours(y, height);
  const [left, dx, right] = neighbours(x, width);
  return [
    [top * width + left, top * width + right, bottom * width + left, bottom * width + right],
    [(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx],
  ];
}

function neighbours(position: number, size: number): [low: number, rest: number, high: number] {
  const at = Math.max(position, 0);
  const low = Math.floor(at);
  return low >= size - 1 ? [size - 1, 0, size - 1] : [low, at - low, low + 1];
}

/** Means or maxima of samples in the cells of each region. */
function roiAlign(c: NodeContext): Tensor {
  const x = c.x();
  const [, channels, height, width] = x.shape;
  const [rois, batches] = [numbersOf(c, 1), numbersOf(c, 2)];
  const [rows, columns] = [c.int('output_height', 1), c.int('output_width', 1)];
  const ratio = c.int('sampling_ratio', 0);
  const scale = c.float('spatial_scale', 1);
  const mode = c.string('mode', 'avg');
  if (mode !== 'avg' && mode !== 'max') throw c.error(`mode must be avg or max, got '${mode}'`);
  const halfPixel = c.opset >= 16 && c.string('coordinate_transformation_mode', 'half_pixel') === 'half_pixel';
  const planes = x.flatten(2);
  const regions = Array.from(batches, (batch, r) => {
    const [x1, y1, x2, y2] = rois.subarray(4 * r, 4 * r + 4).map((p) => p * scale - (halfPixel ? 0.5 : 0));
    const least = halfPixel ? Number.NEGATIVE_INFINITY : 1;
    const [cellHeight, cellWidth] = [Math.max(y2 - y1, least) / rows, Math.max(x2 - x1, least) / columns];
    const [down, across] = [cellHeight, cellWidth].map((size) => (ratio > 0 ? ratio : Math.ceil(size)));
    const [at, weights]: [number[], number[]] = [[], []];
    c.sized([rows, columns, down, across, 4]);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        for (let i = 0; i < down * across; i++) {
          const y = y1 + cellHeight * (row + (Math.floor(i / across) + 0.5) / down);
          const [places, parts] = corners(y, x1 + cellWidth * (column + ((i % across) + 0.5) / across), height, width);
          at.push(...places);
          weights.push(...parts);
        }
      }
    }
    const samples = planes
      .select(0, batch)
      .indexSelect(1, tensor(at, { dtype: 'int64', device: x.device }))
      .mul(tensor(weights, { dtype: x.dtype, device: x.device }))
      .reshape([channels, rows, columns, -1]);
    // the largest is that of the weighted corners, as ONNX has it
    return mode === 'max' ? samples.amax(-1) : samples.sum(-1).div(Math.max(1, down * across));
  });
  return regions.length > 0 ? stack(regions) : x.newZeros([0, channels, rows, columns]);
}

/** The largest in the cells of each region, whose corners are rounded to pixels. */
function maxRoiPool(c: NodeContext): Tensor {
  const x = c.x();
  const [, channels, height, width] = x.shape;
  const [rows, columns] = c.ints('pooled_shape');
  const scale = c.float('spatial_scale', 1);
  const rois = numbersOf(c, 1);
  c.sized([c.shape(1)[0], channels, rows, columns]);
  const regions = Array.from({ length: c.shape(1)[0] }, (_, r) => {
    const [batch, ...box] = rois.subarray(5 * r, 5 * r + 5);
    const [x1, y1, x2, y2] = box.map((p) => Math.round(p * scale));
    const [cellHeight, cellWidth] = [Math.max(y2 - y1 + 1, 1) / rows, Math.max(x2 - x1 + 1, 1) / columns];
    const span = (i: number, size: number, start: number, limit: number): [number, number] => [
      Math.max(0, Math.min(Math.floor(i * size) + start, limit)),
      Math.max(0, Math.min(Math.ceil((i + 1) * size) + start, limit)),
    ];
    const image = x.select(0, batch);
    const cells = Array.from({ length: rows * columns }, (_, i) => {
      const [top, bottom] = span(Math.floor(i / columns), cellHeight, y1, height);
      const [left, right] = span(i % columns, cellWidth, x1, width);
      if (bottom <= top || right <= left) return x.newZeros([channels]);
      return image.slice(1, top, bottom).slice(2, left, right).amax([1, 2]);
    });
    return stack(cells, 1).reshape([channels, rows, columns]);
  });
  return regions.length > 0 ? stack(regions) : x.newZeros([0, channels, rows, columns]);
}

type Box = readonly [top: number, left: number, bottom: number, right: number];

const area = ([top, left, bottom, right]: Box): number => (bottom - top) * (right - left);

/** Intersection over union; empty boxes have none. */
function overlap(a: Box, b: Box): number {
  const common: Box = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  if (common[2] <= common[0] || common[3] <= common[1]) return 0;
  const union = area(a) + area(b) - area(common);
  return area(a) > 0 && area(b) > 0 && union > 0 ? area(common) / union : 0;
}

/** The best boxes of each class that do not overlap a better one too much: rows of sample, class and box. */
function nonMaxSuppression(c: NodeContext): RowResult {
  const [samples, count] = c.shape(0);
  const classes = c.shape(1)[1];
  const [boxes, scores] = [numbersOf(c, 0), numbersOf(c, 1)];
  const most = c.optionalNumber(2, 0);
  const [iou, least] = [c.optionalNumber(3, 0), c.optionalNumber(4, Number.NEGATIVE_INFINITY)];
  const centered = c.int('center_point_box', 0) !== 0;
  const box = (sample: number, i: number): Box => {
    const [a, b, height, width] = boxes.subarray(4 * (sample * count + i), 4 * (sample * count + i) + 4);
    // x, y, width and height, or two corners in any order
    if (centered) return [b - width / 2, a - height / 2, b + width / 2, a + height / 2];
    return [Math.min(a, height), Math.min(b, width), Math.max(a, height), Math.max(b, width)];
  };
  const found: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    for (let k = 0; k < classes; k++) {
      const of = scores.subarray((sample * classes + k) * count, (sample * classes + k + 1) * count);
      const order = Array.from(of.keys()).filter((i) => of[i] > least);
      order.sort((i, j) => of[j] - of[i]);
      const kept: Box[] = [];
      for (const i of order) {
        if (kept.length >= most) break;
        const candidate = box(sample, i);
        if (kept.some((other) => overlap(candidate, other) > iou)) continue;
        kept.push(candidate);
        found.push(sample, k, i);
      }
    }
  }
  return fromTypedArray(BigInt64Array.from(found, BigInt), [found.length / 3, 3], { device: c.x().device });
}

/** Rows by op type. */
export const detection: Rows = {
  MaxRoiPool: maxRoiPool,
  NonMaxSuppression: nonMaxSuppression,
  RoiAlign: roiAlign,
};
