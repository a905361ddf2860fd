/** Which copy of core this is, for errors about copies and versions that don't go together. */
import { version as ownVersion } from '../package.json';

/** The version of `@tenfold/tensor-core`. All `@tenfold` packages of one release have the same. */
export const version: string = ownVersion;

/** Where a package came from: its version, and where its code lies. */
export interface Origin {
  readonly version: string;
  readonly url: string;
}

/** This copy of core. The same file loaded again (a development server that reloads modules) is the same copy. */
export const thisCore: Origin = { version, url: import.meta.url.replace(/[?#].*/, '') };

/** `'0.1.0 (file:///…)'` */
export const formatOrigin = ({ version, url }: Origin): string => `${version} (${url})`;

/** What two versions share where npm's `^` lets one stand for the other. */
const line = (version: string): string | undefined => /^(0\.0\.\d+|0\.\d+|\d+)/.exec(version)?.[0];

/** Whether a package of that version was made for this core. */
export const goesWithCore = (other: string): boolean => other === version || line(other) === line(version);
