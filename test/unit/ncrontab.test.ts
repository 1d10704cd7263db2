import { expect, it } from 'vitest';
import { isNcrontab, longestTickMs } from '../../shared/ncrontab.ts';

it.each([
  '0 * * * * *',
  '*/2 * * * * *',
  '0 */5 9-17 * * 1-5',
  '0,30 0 0 1 Jan,JUL Mon-fri',
  ' 59 59 23 31 12 6 ',
  '0-59/10 * * * * *',
])('takes %j', (text) => expect(isNcrontab(text)).toBe(true));

it.each([
  '',
  '* * * * *',
  '* * * * * * *',
  'x y z 99 banana -',
  '60 * * * * *',
  '* * 24 * * *',
  '* * * 0 * *',
  '* * * * 13 *',
  '* * * * * 7',
  '*/0 * * * * *',
  '5-1 * * * * *',
  '1-2-3 * * * * *',
  '1/2/3 * * * * *',
  ', * * * * *',
  '- * * * * *',
  'jan * * * * *',
])('refuses %j', (text) => expect(isNcrontab(text)).toBe(false));

it.each([
  ['0 * * * * *', 60],
  ['* * * * * *', 1],
  ['*/2 * * * * *', 2],
  // Seven does not divide a minute: the last step is shorter, and no gap longer.
  ['*/7 * * * * *', 7],
  ['*/50 * * * * *', 50],
  ['5/15 * * * * *', 15],
  ['0,10 * * * * *', 50],
  ['10,0,10 * * * * *', 50],
  ['30 */5 * * * *', 300],
  ['0 0,50 * * * *', 3000],
  ['0 0 */6 * * *', 6 * 3600],
  ['0 0 12 * * *', 24 * 3600],
  // From five to six in the evening to nine in the morning.
  ['0 */5 9-17 * * 1-5', 15 * 3600 + 5 * 60],
  ['59 59 23 31 12 6', 24 * 3600],
  [' 0  0-59/10  * 1 Jan Mon ', 600],
])('%j ticks every %d s at least', (text, expected) => expect(longestTickMs(text)).toBe(expected * 1000));
