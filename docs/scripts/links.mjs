/** Links and anchors of the repository's markdown, and where they lead. Nothing is fetched: an address on the web is taken as it is. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { root, textOf } from './pages.mjs';

/** A page without its code. @param {string} text */
const prose = (text) =>
  text.replaceAll(/^(\s*)(`{3,})[\s\S]*?^\s*\2\s*$/gm, '').replaceAll(/`[^`\n]*`/g, (code) => '`'.repeat(code.length));

/**
 * The anchors of a page, as GitHub and the site make them from headings.
 * @param {string} page from the root
 */
export function anchorsOf(page) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  const anchors = new Set();
  const text = textOf(page).replaceAll(/^(\s*)(`{3,})[\s\S]*?^\s*\2\s*$/gm, '');
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times ? `${slug}-${times}` : slug);
  }
  for (const [, id] of text.matchAll(/<\w+[^>]*\b(?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/**
 * The links of a page: of markdown, of HTML, and of the front matter of the home page.
 * @param {string} page from the root
 */
export function linksOf(page) {
  const text = prose(textOf(page));
  const inText = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, href]) => href);
  const references = [...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, href]) => href);
  const html = [...text.matchAll(/\b(?:href|src)="([^"]+)"/g)].map(([, href]) => href);
  const front = /^---\n([\s\S]*?)\n---/.exec(text)?.[1] ?? '';
  const home = [...front.matchAll(/\b(?:link|src): (\S+)/g)].map(([, href]) => href);
  return [...inText, ...references, ...html, ...home];
}

/** What a build adds to the site. */
const built = /^\/(?:playground|api)\//;

/**
 * What is wrong with a link, if anything is.
 * @param {string} page from the root
 * @param {string} href
 * @returns {string | undefined}
 */
export function problemOf(page, href) {
  if (/^[a-z][a-z+.-]*:/i.test(href) || built.test(href)) return undefined;
  const [path, anchor] = href.split('#');
  const place =
    path === ''
      ? page
      : path.startsWith('/')
        ? join('docs', path)
        : posix.join(dirname(page), decodeURIComponent(path));
  const candidates = [
    place,
    `${place}.md`,
    join(place, 'index.md'),
    join(place, 'README.md'),
    path.startsWith('/') ? join('docs/public', path) : place,
  ];
  if (place.startsWith('..')) return `${href} leads out of the repository`;
  const found = candidates.filter((name) => existsSync(join(root, name)));
  const file = found.find((name) => statSync(join(root, name)).isFile());
  if (found.length === 0) return `${href}: there is no ${place}`;
  if (anchor && file?.endsWith('.md') && !anchorsOf(file).has(anchor))
    return `${href}: ${file} has no heading "${anchor}"`;
  return undefined;
}
