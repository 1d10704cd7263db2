import { expect, it } from 'vitest';
import { isNcrontab } from '../../shared/ncrontab.ts';

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
