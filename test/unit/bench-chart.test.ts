import { describe, expect, it } from 'vitest';
import { type Chart, chartSvg } from '../bench/chart.ts';

const chart: Chart = {
  title: 'Hours & money',
  parts: [
    { name: 'used', light: '#1a7f37', dark: '#3fb950' },
    { name: 'wasted', light: '#d4a72c', dark: '#9e6a03' },
  ],
  rows: [
    { name: 'long', values: [60, 40], note: '100 h, <2 cut off' },
    { name: 'short', values: [50, 0], note: '50 h' },
  ],
  unit: 'hours',
  mark: { value: 80, name: 'the least' },
};
const svg = chartSvg(chart);
const widths = (part: number): number[] =>
  [
    ...svg.matchAll(
      new RegExp(`<rect class="p${part}" x="[\\d.]+" y="\\d+" width="([\\d.]+)" height="20"/>`, 'g'),
    ),
  ].map(([, width]) => Number(width));

describe('a chart', () => {
  it('is the same for the same figures', () => expect(chartSvg(chart)).toBe(svg));

  it('has bars as long as their values', () => {
    const [long = 0, short = 0] = widths(0);
    expect(short / long).toBeCloseTo(50 / 60, 2);
    expect((widths(1)[0] ?? 0) / long).toBeCloseTo(40 / 60, 2);
  });

  it('has its words as text, escaped', () => {
    for (const word of [
      'Hours &amp; money',
      'long',
      'short',
      'used',
      'wasted',
      '100 h, &lt;2 cut off',
      'the least',
    ])
      expect(svg).toMatch(new RegExp(`<text [^>]*>${word}</text>`));
    expect(svg).not.toMatch(/& |<2/);
  });

  it('has colours for light pages and for dark ones', () => {
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
    expect(svg.indexOf('#1a7f37')).toBeLessThan(svg.indexOf('@media'));
    expect(svg.indexOf('#3fb950')).toBeGreaterThan(svg.indexOf('@media'));
  });

  it('keeps its bars on the page', () => {
    const xs = [...svg.matchAll(/ x="([\d.]+)"/g)].map(([, x]) => Number(x));
    const width = Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);
    expect(Math.max(...xs)).toBeLessThan(width);
  });
});
