/** A copy of the repository in which a recipe may write: what git knows and what is new, on the dependencies that are installed. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param {string} root @param {string} target an empty folder */
export function copyRepository(root, target) {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  for (const file of list.split('\0')) {
    // a file that is deleted and not yet committed is still in the list
    if (file === '' || !existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    copyFileSync(join(root, file), join(target, file));
  }
  linkDependencies(join(root, 'node_modules'), join(target, 'node_modules'));
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(root, group))) {
      const installed = join(root, group, name, 'node_modules');
      // links of packages lead to their neighbours: kept as they are, they lead to those of the copy
      if (existsSync(installed) && existsSync(join(target, group, name)))
        cpSync(installed, join(target, group, name, 'node_modules'), {
          recursive: true,
          verbatimSymlinks: true,
          filter: (source) => !/node_modules[\\/]\.[^\\/]+$/.test(source),
        });
    }
}

/** A folder of links, so that caches are written into the copy. @param {string} from @param {string} to */
function linkDependencies(from, to) {
  mkdirSync(to);
  for (const entry of readdirSync(from))
    if (!entry.startsWith('.') || entry === '.pnpm') symlinkSync(join(from, entry), join(to, entry), 'junction');
}
