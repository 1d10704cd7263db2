import { type Figure, holds, isNear } from './figures.ts';

/** The figures of all parts as rows of one table: part, figure, value, its spread, goal, whether it holds. */

export interface PartFigures {
  name: string;
  figures: readonly Figure[];
}

const HEADINGS = ['part', 'figure', 'value', 'spread', 'goal', 'holds'] as const;
/** Of which column numbers stand: to the right. */
const NUMBERS: ReadonlySet<number> = new Set([2, 3, 4]);

const rowsOf = (parts: readonly PartFigures[]): string[][] =>
  parts.flatMap(({ name, figures }) =>
    figures.map((figure) => [
      name,
      figure.name,
      `${formatNumber(figure.value)}${unitOf(figure)}`,
      figure.spread?.map(formatNumber).join('–') ?? '',
      goalOf(figure),
      verdictOf(figure),
    ]),
  );

const verdictOf = (figure: Figure): string => {
  const isHeld = holds(figure);
  if (isHeld === undefined) return '';
  return `${isHeld ? 'yes' : 'NO'}${isNear(figure) ? ', near' : ''}`;
};

const unitOf = ({ unit }: Figure): string => (unit === '' ? '' : ` ${unit}`);

const goalOf = (figure: Figure): string => {
  const { goal } = figure;
  if (goal === undefined) return '';
  return 'most' in goal
    ? `≤ ${formatNumber(goal.most)}${unitOf(figure)}`
    : `≥ ${formatNumber(goal.least)}${unitOf(figure)}`;
};

/** Three digits that count, or all of a whole number, in groups of three. */
export const formatNumber = (value: number): string => {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
};

/** For a terminal: columns as wide as their widest cell. */
export const textTable = (parts: readonly PartFigures[]): string => {
  const rows = [[...HEADINGS], ...rowsOf(parts)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        NUMBERS.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
};

/** For the document. */
export const markdownTable = (parts: readonly PartFigures[]): string => {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = '| --- | --- | ---: | ---: | ---: | --- |';
  return [line(HEADINGS), rule, ...rowsOf(parts).map(line)].join('\n');
};
