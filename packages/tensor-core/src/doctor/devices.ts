/** Asks the backends that a project has installed for their devices. They are found and imported at run time: core knows none by name. */
import { realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { Backend, DeviceInfo } from '../backend.ts';
import type { devices, registerBackend } from '../registry.ts';
import { entryOf, type Installed, resolveFrom } from './installed.ts';

/** What a package that builds on core answered. */
export interface Answer {
  readonly package: string;
  readonly devices: readonly DeviceInfo[];
  /** Why it could not be asked. */
  readonly failed?: string;
}

interface Core {
  readonly devices: typeof devices;
  readonly registerBackend: typeof registerBackend;
}

const isOurs = /^@tenfold\/backend-(?!testkit$)/;

/** What may be a backend: ours by their names, of others' all that have core as a peer. */
const mayBeBackend = ({ name, manifest: { peerDependencies = {} } }: Installed): boolean =>
  '@tenfold/tensor-core' in peerDependencies && (!name.startsWith('@tenfold/') || isOurs.test(name));

/** Imports each backend's `register` entry, or registers what it exports, and lists the devices that this brought. */
export async function askBackends(installed: readonly Installed[], project: string): Promise<Answer[]> {
  const candidates = installed.filter(mayBeBackend);
  const file =
    resolveFrom(project, '@tenfold/tensor-core') ??
    installed.map((one) => (one.name === '@tenfold/tensor-core' ? entryOf(one, '.') : null)).find(Boolean);
  if (!file) return [];
  let core: Core;
  try {
    core = await load<Core>(file);
  } catch (error) {
    return [{ package: '@tenfold/tensor-core', devices: [], failed: firstLine(error) }];
  }
  const answers: Answer[] = [];
  for (const one of candidates) {
    const before = new Set(await core.devices());
    try {
      await register(one, core);
      const added = (await core.devices()).filter((device) => ![...before].some((old) => old.name === device.name));
      // a package that builds on core and brings no device is no backend
      if (added.length > 0) answers.push({ package: one.name, devices: added });
    } catch (error) {
      answers.push({ package: one.name, devices: [], failed: firstLine(error) });
    }
  }
  return answers;
}

async function register(one: Installed, core: Core): Promise<void> {
  const entry = entryOf(one, './register');
  if (entry) {
    await load(entry);
    return;
  }
  const main = entryOf(one, '.');
  if (!main) return;
  // the form that the testkit asks for: a backend, or a function that gives one, as default or as `backend`
  const { default: byDefault, backend: byName } = await load<{ default?: unknown; backend?: unknown }>(main);
  const exported = byDefault ?? byName;
  const backend: unknown = await (typeof exported === 'function' ? exported() : exported);
  if (typeof backend === 'object' && backend !== null && 'specVersion' in backend)
    core.registerBackend(backend as Backend);
}

const load = async <T>(file: string): Promise<T> => (await import(pathToFileURL(realpathSync(file)).href)) as T;

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
