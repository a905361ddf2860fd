import { serveDataset } from '@tenfold/data/worker';
import { Squares } from './squares.js';

serveDataset(Squares);
