import { serve } from '../workers.ts';
import { answer } from './capacity.ts';

/** One of several that search side by side. */
serve(answer);
