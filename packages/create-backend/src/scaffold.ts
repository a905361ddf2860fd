/** What is written: the files of the template, with the backend's names in place of the words in capitals. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Licenses that a package of its own can have, by SPDX identifier; the first is the default. */
export const licenses = ['Apache-2.0', 'MIT'] as const;
export type License = (typeof licenses)[number];

/** A package to write: one of its own, or one of the checkout at `root`. */
export type Scaffold = {
  readonly folder: string;
  /** The type of its device. */
  readonly device: string;
  readonly packageName: string;
} & ({ readonly kind: 'alone'; readonly license: License } | { readonly kind: 'workspace'; readonly root: string });

const home = fileURLToPath(new URL('..', import.meta.url));
const template = join(home, 'template');

/** The files of a folder of the template, by their paths below it. */
function filesOf(folder: string): Map<string, string> {
  const files = readdirSync(join(template, folder), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const start = join(template, folder).length + 1;
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      // tools would take these for their own: npm leaves .gitignore out of packages, and a package.json inside of one means something
      const name = path
        .slice(start)
        .replace(/^_/, '.')
        .replace(/\.txt$/, '');
      return [name, readFileSync(path, 'utf8')];
    }),
  );
}

/** Every file of a scaffold, by its whole path. */
export function scaffoldFiles(scaffold: Scaffold): Map<string, string> {
  const { kind, folder, device, packageName } = scaffold;
  const own = new Map([...filesOf('shared'), ...filesOf(kind)]);
  const files = new Map([...own].map(([path, text]) => [join(folder, path), text]));
  if (kind === 'alone') {
    files.set(join(folder, 'LICENSE'), readFileSync(join(template, `licenses/${scaffold.license}.txt`), 'utf8'));
  } else {
    const changeset = join(folder, 'changeset.md');
    files.set(join(scaffold.root, `.changeset/backend-${device}.md`), files.get(changeset) ?? '');
    files.delete(changeset);
  }
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const words: { readonly [word: string]: string } = {
    PACKAGE: packageName,
    DEVICE: device,
    VERSION: version,
    LICENSE: kind === 'alone' ? scaffold.license : 'Apache-2.0',
    YEAR: String(new Date().getFullYear()),
  };
  return new Map([...files].map(([path, text]) => [path, text.replace(/__([A-Z]+)__/g, (_, word) => words[word])]));
}

/** Writes a scaffold and gives the paths of its files. */
export function writeScaffold(scaffold: Scaffold): string[] {
  const files = scaffoldFiles(scaffold);
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return [...files.keys()];
}
