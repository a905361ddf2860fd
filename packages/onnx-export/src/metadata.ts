/** Where nodes of the file come from: modules, ops of Tenfold, lines of TypeScript, as their `metadata_props`. */
import type { StringStringEntryProto } from '@tenfold/onnx-model';
import type { GraphNode } from '@tenfold/tensor-core';

/** What is known of the op that is being written. */
export interface Origin {
  /** The names of the module classes around it, by their path; `null` in the body of a function, which several modules may call. */
  readonly modules: ReadonlyMap<string, string> | null;
  readonly scope: readonly string[];
  /** The op and those whose bodies it stands in, outermost first. */
  readonly ops: readonly string[];
  readonly line: string | undefined;
}

/** The origin of an op inside of `outer`. */
export function originOf({ spec, scope, line }: GraphNode, outer: Origin): Origin {
  return { modules: outer.modules, scope, ops: [...outer.ops, spec.name], line: line ?? outer.line };
}

/** The origin as properties of a node. */
export function propertiesOf({ modules, scope, ops, line }: Origin): StringStringEntryProto[] {
  const entry = (key: string, value: string): StringStringEntryProto[] =>
    value ? [{ key: `tenfold.${key}`, value }] : [];
  const paths = ['', ...scope.map((_, i) => scope.slice(0, i + 1).join('.'))];
  return [
    ...(modules
      ? [
          ...entry('scope', scope.join('.')),
          ...entry(
            'module',
            paths
              .map((path) => modules.get(path))
              .filter(Boolean)
              .join('/'),
          ),
        ]
      : []),
    ...entry('op', ops.join('/')),
    ...entry('source', line ? shortPlace(line) : ''),
  ];
}

/** `file:///app/src/model.ts:12:3` as `src/model.ts:12:3` for a program that runs in `/app`, and as `model.ts:12:3` elsewhere: no path of a machine is written. */
export function shortPlace(place: string): string {
  const [, address = place, at = ''] = /^(.*?)((?::\d+){1,2})$/.exec(place) ?? [];
  const page = /^https?:\/\/[^/]+\/(?!@fs\/)([^?#]*)/.exec(address);
  if (page) return `${page[1]}${at}`;
  const path = decoded(address.replace(/^file:\/\//, '').replace(/[?#].*$/, ''))
    .replaceAll('\\', '/')
    .replace(/^\/(?=[A-Za-z]:\/)/, '');
  const folder = globalThis.process?.cwd?.().replaceAll('\\', '/');
  const inside = folder && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
  // what is installed lies in a folder that says nothing of the program
  return `${inside !== undefined && !inside.includes('node_modules/') ? inside : (path.split('/').at(-1) as string)}${at}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
