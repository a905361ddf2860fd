/** Images against the pixels that Pillow reads in the same files. */
import '@tenfold/backend-cpu/register';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SerializationError } from '@tenfold/tensor-core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { mapDataset } from './dataset.ts';
import { decodeImage, type ImageMode, imageFolder } from './images.ts';
import { DataLoader } from './loader.ts';
import { centerCrop, compose, convertImageDtype } from './transforms.ts';

interface File {
  readonly name: string;
  readonly base64: string;
  readonly pixels: { readonly [mode: string]: readonly number[] };
}

const fixtures = JSON.parse(readFileSync(new URL('../fixtures/images.json', import.meta.url), 'utf8')) as {
  readonly height: number;
  readonly width: number;
  readonly files: readonly File[];
};
const { height, width, files } = fixtures;
const bytesOf = ({ base64 }: File): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const named = (name: string): Uint8Array => bytesOf(files.find((file) => file.name === name) as File);

describe('decodeImage', () => {
  const modes: readonly (readonly [ImageMode, string, number])[] = [
    ['RGB', 'RGB', 3],
    ['GRAY', 'L', 1],
    ['RGB_ALPHA', 'RGBA', 4],
  ];

  it.each(files.map((file) => [file.name, file] as const))('%s has the pixels of Pillow', async (name, file) => {
    for (const [mode, pillow, channels] of modes) {
      const image = await decodeImage(bytesOf(file), { mode });
      expect([image.shape, image.dtype]).toEqual([[channels, height, width], 'uint8']);
      const pixels = (await image.permute([1, 2, 0]).reshape([-1]).toArray()) as number[];
      const worst = Math.max(...pixels.map((value, i) => Math.abs(value - file.pixels[pillow][i])));
      // decoders of JPEG may round the cosine transform and the colours differently
      expect(worst).toBeLessThanOrEqual(name.endsWith('.jpg') ? 3 : 0);
    }
  });

  it('keeps the channels of the file if asked to', async () => {
    const channels = async (name: string): Promise<number> =>
      (await decodeImage(named(name), { mode: 'UNCHANGED' })).shape[0];
    expect(await Promise.all(files.map(({ name }) => channels(name)))).toEqual([3, 4, 1, 2, 3, 1, 1, 3, 1, 3]);
  });

  it.each(['rgb.png', 'palette.png', 'rgb.jpg', 'progressive.jpg'])(
    '%s cut short or damaged is a SerializationError, or an image',
    async (name) => {
      const whole = named(name);
      for (let percent = 0; percent < 100; percent += 4) {
        const cut = whole.subarray(0, Math.floor((whole.length * percent) / 100));
        const read = await decodeImage(cut).catch((error: unknown) => error);
        // the last bytes of a JPEG file may say nothing that is needed
        if (percent < 90 || read instanceof Error) expect(read, `${percent} %`).toBeInstanceOf(SerializationError);
      }
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
          const bad = Uint8Array.from(whole);
          bad[at] = byte;
          const read = await decodeImage(bad, { maxPixels: 1e5 }).catch((error: unknown) => error);
          if (read instanceof Error) expect(read).toBeInstanceOf(SerializationError);
        }),
        { numRuns: 60, seed: 1 },
      );
    },
  );

  it('refuses sizes before it unpacks them', async () => {
    const huge = named('rgb.png').slice();
    new DataView(huge.buffer).setUint32(16, 0x7fffffff);
    await expect(decodeImage(huge)).rejects.toThrow(
      'an image of 2147483647 × 11 has more than maxPixels: 100000000 pixels',
    );
    await expect(decodeImage(named('rgb.jpg'), { maxPixels: 100 })).rejects.toThrow(
      'an image of 13 × 11 has more than maxPixels',
    );
  });

  it('refuses other files and modes', async () => {
    await expect(decodeImage(Uint8Array.of(71, 73, 70))).rejects.toThrow('neither a PNG nor a JPEG file');
    await expect(decodeImage('a.png' as never)).rejects.toThrow('expected the bytes of a file');
    await expect(decodeImage(named('rgb.png'), { mode: 'CMYK' as never })).rejects.toThrow(
      'mode must be one of RGB, GRAY',
    );
  });
});

describe('imageFolder', () => {
  const root = mkdtempSync(join(tmpdir(), 'tenfold-images-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const put = (path: string, content: Uint8Array): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  put('good/dogs/b.png', named('rgb.png'));
  put('good/dogs/old/a.JPG', named('rgb.jpg'));
  put('good/cats/1.png', named('grey.png'));
  put('good/cats/notes.txt', Uint8Array.of(1));
  put('empty/cats/notes.txt', Uint8Array.of(1));
  put('damaged/cats/1.png', named('grey.png').subarray(0, 60));

  it('has a class for each folder, in order', async () => {
    const folder = await imageFolder(pathToFileURL(join(root, 'good')));
    expect(folder.classes).toEqual(['cats', 'dogs']);
    expect(folder.samples.map(([path, index]) => [path.slice(root.length + 6).replaceAll('\\', '/'), index])).toEqual([
      ['cats/1.png', 0],
      ['dogs/b.png', 1],
      ['dogs/old/a.JPG', 1],
    ]);
    const prepare = compose([convertImageDtype('float32'), centerCrop(8)]);
    const dataset = mapDataset(folder, ([image, label]) => [prepare(image), label]);
    const loader = new DataLoader(dataset, { batchSize: 3, prefetchFactor: 1 });
    for await (const [images, labels] of loader) {
      expect(images.shape).toEqual([3, 3, 8, 8]);
      expect(await labels.toArray()).toEqual([0, 1, 1]);
    }
  });

  it.each([
    ['nowhere', 'ENOENT'],
    ['good/cats', "Couldn't find any class folder in"],
    ['empty', 'Found no valid file for the classes cats in'],
  ])('refuses %s', async (name, message) => {
    await expect(imageFolder(join(root, name))).rejects.toThrow(SerializationError);
    await expect(imageFolder(join(root, name))).rejects.toThrow(message);
  });

  it('names the file that is damaged', async () => {
    const folder = await imageFolder(join(root, 'damaged'));
    await expect(folder.get(0)).rejects.toThrow(/decodeImage: PNG: .*1\.png\)/);
    await expect(folder.get(1)).rejects.toThrow('index 1 is out of range');
  });
});
