import { serveDataset } from '@tenfold/data/worker';
import { Squares } from './squares.mjs';

serveDataset(Squares);
