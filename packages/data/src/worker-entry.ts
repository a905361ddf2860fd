/** The script of workers whose dataset is named by its module. */
import { importModule, makeDataset } from './import-dataset.ts';
import { serve } from './worker.ts';

serve(async (source) => makeDataset(await importModule(source), source.args, `importDataset: '${source.export}'`));
