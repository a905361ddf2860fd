import { BackendError } from '@tenfold/tensor-core';

const guide = 'https://github.com/tenfold-js/tenfold/blob/main/docs/contributing/adding-a-backend.md';

/** What a kernel family throws until it is written. `section` is where the guide writes it. */
export function notWritten(family: string, section: string): never {
  throw new BackendError(`__DEVICE__: the kernel family '${family}' is not written yet; ${guide}#${section} shows how`);
}
