import type { Exchange } from './exchange.ts';
import { exchanges2021 } from './exchanges-2021.ts';
import { exchangesBoth } from './exchanges-both.ts';
import { callerExchanges } from './exchanges-callers.ts';
import { tokenExchanges } from './exchanges-token.ts';
import { exchangesV1 } from './exchanges-v1.ts';

/** Every exchange that both sides have to answer as the reference page has it, or say why not. */
export const exchanges: readonly Exchange[] = [
  ...tokenExchanges,
  ...exchangesV1,
  ...exchanges2021,
  ...exchangesBoth,
  ...callerExchanges,
];
