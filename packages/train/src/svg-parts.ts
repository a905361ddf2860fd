/** The frame that all pictures have: colours for light and dark, a title, axes. */

import { ArgumentError, describe } from '@tenfold/tensor-core';

export interface PictureOptions {
  /** Stands above the picture, and is read aloud for it. */
  title?: string | undefined;
  /** Pixels. Default 640. */
  width?: number | undefined;
  /** Pixels. Default 360. */
  height?: number | undefined;
  /** `'auto'` follows the reader's setting. Default `'auto'`. */
  theme?: 'auto' | 'light' | 'dark' | undefined;
}

export const pictureOptionNames = ['title', 'width', 'height', 'theme'];

/** Lines that people with any colour vision tell apart (Okabe and Ito), and lighter ones for dark ground. */
const light = ['#0072b2', '#d55e00', '#009e73', '#b0578d', '#a07400', '#3d8fb8'];
const dark = ['#56b4e9', '#ff9d57', '#3fd0a4', '#e79ac6', '#f0c040', '#9fd4f5'];

/** How many colours there are. */
export const colours = light.length;

const rules = (theme: string, ground: string, text: string, faint: string, lines: readonly string[]): string =>
  `.tenfold-${theme}{--ground:${ground};--text:${text};--faint:${faint};${lines.map((colour, i) => `--c${i}:${colour}`).join(';')}}`;

const lightRules = (theme: string): string => rules(theme, '#ffffff', '#1f2328', '#d9dde2', light);
const darkRules = (theme: string): string => rules(theme, '#0d1117', '#e6edf3', '#30363d', dark);

// each has a class of its own: of pictures within one page, the rules of one are those of all of its class
const themes = {
  light: lightRules,
  dark: darkRules,
  auto: (theme: string) => `${lightRules(theme)}@media (prefers-color-scheme:dark){${darkRules(theme)}}`,
};

export const escapeText = (text: string): string =>
  text
    // what XML has no place for
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\u{fffd}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A length with at most two digits, so that files stay small. */
export const px = (x: number): string => String(Number(x.toFixed(2)));

/** The whole picture: a document of its own that needs nothing else. */
export function picture(
  { theme = 'auto', title }: PictureOptions,
  width: number,
  height: number,
  description: string,
  body: readonly string[],
): string {
  if (!Object.hasOwn(themes, theme))
    throw new ArgumentError(`theme must be one of 'auto', 'light', 'dark', got ${describe(theme)}`);
  const heading =
    title === undefined
      ? []
      : [
          `<text x="${px(width / 2)}" y="24" text-anchor="middle" font-size="15" font-weight="600">${escapeText(title)}</text>`,
        ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="tenfold-${theme}" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui,sans-serif" font-size="12" fill="var(--text)">`,
    `<title>${escapeText(title ?? description)}</title>`,
    ...(title === undefined ? [] : [`<desc>${escapeText(description)}</desc>`]),
    `<style>${themes[theme](theme)}</style>`,
    `<rect width="${width}" height="${height}" fill="var(--ground)"/>`,
    ...heading,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

export const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${px(x)}" y="${px(y)}"${more}>${escapeText(content)}</text>`;

/** Beside the axis that goes up. */
export const upText = (x: number, y: number, content: string): string =>
  text(0, 0, content, ` text-anchor="middle" transform="translate(${px(x)} ${px(y)}) rotate(-90)"`);
