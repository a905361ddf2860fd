/** Which names a backend may have. */
import { UsageError } from './usage-error.ts';

/** The device types of Tenfold's own backends. */
const taken = ['cpu', 'webgpu', 'cuda'];

/** Throws unless `type` can begin device strings, be a folder, and end a package's name. */
export function checkDeviceType(type: string): void {
  if (!/^[a-z][a-z0-9-]*$/.test(type) || type.length > 64)
    throw new UsageError(
      `'${type}' is not the name of a device: use at most 64 lower-case letters, digits and -, with a letter first, as in my-device`,
    );
  if (taken.includes(type))
    throw new UsageError(`'${type}' is a device of Tenfold itself (as are ${taken.join(', ')}); choose another name`);
}

const part = '[a-z0-9~-][a-z0-9._~-]*';

/** Throws unless npm takes `name`. */
export function checkPackageName(name: string): void {
  if (!new RegExp(`^(@${part}/)?${part}$`).test(name) || name.length > 214 || name === 'node_modules')
    throw new UsageError(
      `--name ${name}: npm takes at most 214 lower-case letters, digits, -, . and _, after an optional @scope/, as in @me/backend-my-device`,
    );
}
