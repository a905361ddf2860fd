/** Being written by the addon's helper. */
import type { Addon } from './native.ts';

export function loadAddon(): { readonly addon: Addon | null; readonly reason: string | null } {
  return { addon: null, reason: 'being written' };
}
