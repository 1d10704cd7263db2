import { serve } from '../workers.ts';
import { hold } from './capacity.ts';

/** One of several that hold side by side. */
serve(hold);
