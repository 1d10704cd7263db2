import type { Row } from '../../shared/store/table.ts';

/** A column of JSON text, as the checks read it: they judge what is written, not what the product makes of it. */
export const part = (row: Pick<Row, 'columns'> | undefined, name: string): Part | null | undefined => {
  const text = row?.columns[name];
  return typeof text === 'string' ? JSON.parse(text) : undefined;
};

export type Part = Record<string, unknown>;
