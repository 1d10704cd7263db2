import type { Instant } from '../../shared/lease.ts';
import type { Row } from '../../shared/store/table.ts';

/** A column of JSON text, as the checks read it: they judge what is written, not what the product makes of it. */
export const part = (row: Pick<Row, 'columns'> | undefined, name: string): Part | null | undefined => {
  const text = row?.columns[name];
  return typeof text === 'string' ? JSON.parse(text) : undefined;
};

/** A column that holds an instant; 0 where it is empty. */
export const instantOf = (row: Pick<Row, 'columns'> | undefined, name: string): Instant => {
  const value = row?.columns[name];
  return value instanceof Date ? value.getTime() : Number(value ?? 0) || 0;
};

export type Part = Record<string, unknown>;
