/** A plugin of typedoc: a module is called as its package, not as the folder of its sources. */
import { Converter } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const module of context.project.children ?? []) module.name = module.name.replace(/\/src$/, '');
  });
}
