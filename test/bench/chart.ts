/** A bar for each row, each of parts that lie one behind the other: an SVG whose text is text, readable on light and dark. */
export interface Chart {
  title: string;
  /** The parts of each bar, in their order, with a colour for light pages and one for dark ones. */
  parts: readonly { name: string; light: string; dark: string }[];
  rows: readonly ChartRow[];
  unit: string;
  /** A line through all bars. */
  mark?: { value: number; name: string };
}

export interface ChartRow {
  name: string;
  /** One for each part. */
  values: readonly number[];
  /** Behind the bar. */
  note: string;
}

const [WIDTH, LEFT, RIGHT, TOP, ROW, BAR] = [860, 190, 270, 74, 34, 20] as const;
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';

export const chartSvg = ({ title, parts, rows, unit, mark }: Chart): string => {
  const longest = Math.max(mark?.value ?? 0, ...rows.map(({ values }) => sum(values)), Number.MIN_VALUE);
  const scale = (value: number): number => (value / longest) * (WIDTH - LEFT - RIGHT);
  const height = TOP + rows.length * ROW + 34;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ${FONT}>`,
    `<title>${escaped(title)}</title>`,
    `<style>${styleOf(parts)}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    `<text x="12" y="24" font-weight="600" font-size="15">${escaped(title)}</text>`,
    ...legend(parts),
    ...rows.flatMap((row, index) => bar(row, TOP + index * ROW, scale)),
  ];
  if (mark !== undefined) {
    const x = rounded(LEFT + scale(mark.value));
    lines.push(
      `<line class="mark" x1="${x}" x2="${x}" y1="${TOP - 8}" y2="${TOP + rows.length * ROW}"/>`,
      `<text x="${x}" y="${TOP + rows.length * ROW + 18}" text-anchor="middle">${escaped(mark.name)}</text>`,
    );
  }
  lines.push(`<text x="12" y="${height - 16}" class="quiet">${escaped(unit)}</text>`, '</svg>');
  return `${lines.join('\n')}\n`;
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const rounded = (value: number): number => Math.round(value * 10) / 10;

const styleOf = (parts: Chart['parts']): string => {
  const fills = (scheme: 'light' | 'dark'): string =>
    parts.map((part, index) => `.p${index}{fill:${part[scheme]}}`).join('');
  return [
    `.page{fill:#ffffff}text{fill:#1f2328}.quiet{fill:#59636e}.mark{stroke:#1f2328;stroke-dasharray:4 3}${fills('light')}`,
    `@media (prefers-color-scheme: dark){.page{fill:#0d1117}text{fill:#e6edf3}.quiet{fill:#9198a1}.mark{stroke:#e6edf3}${fills('dark')}}`,
  ].join('');
};

const legend = (parts: Chart['parts']): string[] =>
  parts.flatMap(({ name }, index) => {
    const x = LEFT + index * 190;
    return [
      `<rect class="p${index}" x="${x}" y="38" width="12" height="12"/>`,
      `<text x="${x + 18}" y="49">${escaped(name)}</text>`,
    ];
  });

const bar = ({ name, values, note }: ChartRow, y: number, scale: (value: number) => number): string[] => {
  const middle = y + BAR - 5;
  let x: number = LEFT;
  const parts = values.map((value, index) => {
    const part = `<rect class="p${index}" x="${rounded(x)}" y="${y}" width="${rounded(scale(value))}" height="${BAR}"/>`;
    x += scale(value);
    return part;
  });
  return [
    `<text x="${LEFT - 10}" y="${middle}" text-anchor="end">${escaped(name)}</text>`,
    ...parts,
    `<text x="${rounded(x + 8)}" y="${middle}">${escaped(note)}</text>`,
  ];
};

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
