import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY } from '../../infra/local/stack.ts';
import { METRICS, type Metric } from '../../shared/telemetry-names.ts';
import { readBicep, type Value, within } from '../bicep.ts';
import { blocksOf, readDocument } from '../documents.ts';

/** Alerts, workbook and runbook speak of the metrics that there are, of their dimensions, and of each other. */

const metrics: Readonly<Record<string, Metric>> = METRICS;
const rules = readBicep('modules/alerts.bicep').variables.rules as Value[];
const workbook = JSON.parse(readFileSync(join(REPOSITORY, 'infra/azure/modules/workbook.json'), 'utf8')) as {
  items: { content: { query?: string } }[];
};
const queriesOfWorkbook = workbook.items.flatMap(({ content }) => content.query ?? []);
const queriesOfRunbook = blocksOf('docs/operations.md', 'kql', '');
const queriesOfAlerts = rules.map((rule) => String(within(rule, 'query')));

/** The name of an event, not of a metric. */
const FAULT = 'leasekeeper.fault';

const metricsIn = (query: string): string[] =>
  [...new Set([...query.matchAll(/'(leasekeeper\.[\w.]+)'/g)].map(([, name = '']) => name))].filter(
    (name) => name !== FAULT,
  );

/** Names that are none, dimensions that a metric does not have, and sums of what must not be added up. */
const faultsOf = (query: string): string[] => {
  const names = metricsIn(query);
  const known = names.flatMap((name) => metrics[name] ?? []);
  const dimensions = [...query.matchAll(/Properties\.(\w+)/g)].map(([, name = '']) => name);
  const isMetrics = query.trim().startsWith('AppMetrics');
  return [
    ...names.filter((name) => metrics[name] === undefined),
    ...(isMetrics && names.length === 0 ? ['asks for no metric'] : []),
    ...(isMetrics ? dimensions : []).filter(
      (name) => !known.some((metric) => metric.dimensions.includes(name)),
    ),
    // A gauge has one value, which is its sum; whether that is its maximum as well is up to who stores it.
    ...(known.some(({ kind }) => kind === 'gauge') && !/\bmax\((coalesce\(Max, )?Sum\)/.test(query)
      ? ['a gauge needs max(Sum)']
      : []),
    ...(known.some(({ kind }) => kind === 'histogram') && !/\bmax\((coalesce\()?Max\b/.test(query)
      ? ['a histogram needs max(Max)']
      : []),
    ...(known.some(({ kind }) => kind === 'counter') && !/\bsum(if)?\(Sum\b/.test(query)
      ? ['a counter needs sum(Sum)']
      : []),
  ];
};

it.each([...queriesOfAlerts, ...queriesOfWorkbook, ...queriesOfRunbook])('%s', (query) => {
  expect(faultsOf(query)).toEqual([]);
});

it('sees a fault of each kind', () => {
  const faults = (rest: string): string[] => faultsOf(`AppMetrics\n| ${rest}`);
  expect(faults(`where Name == 'leasekeeper.laps' | summarize sum(Sum)`)).toEqual(['leasekeeper.laps']);
  expect(faults('summarize sum(Sum)')).toEqual(['asks for no metric']);
  expect(
    faults(`where Name == 'leasekeeper.lapses' and Properties.reason == 'x' | summarize sum(Sum)`),
  ).toEqual(['reason']);
  expect(faults(`where Name == 'leasekeeper.lapses' | summarize max(Max)`)).toEqual([
    'a counter needs sum(Sum)',
  ]);
  expect(faults(`where Name == 'leasekeeper.sweep.lag' | summarize sum(Sum)`)).toEqual([
    'a histogram needs max(Max)',
  ]);
  expect(faults(`where Name == 'leasekeeper.sweep.due' | summarize max(Max)`)).toEqual([
    'a gauge needs max(Sum)',
  ]);
});

describe('the alerts', () => {
  it('are for what must not go unseen', () => {
    expect(queriesOfAlerts.map(metricsIn)).toEqual([
      ['leasekeeper.lapses'],
      ['leasekeeper.sweep.lag'],
      ['leasekeeper.rows.faulty'],
      ['leasekeeper.stops.unconfirmed'],
      ['leasekeeper.upstream.throttled'],
      ['leasekeeper.brake.held'],
    ]);
  });

  it('wait as long as they say', () => {
    const minutes = rules.map((rule) => {
      const window = Number(/^PT(\d+)M$/.exec(String(within(rule, 'windowSize')))?.[1]);
      return window * Number(within(rule, 'failingPeriods'));
    });
    expect(minutes).toEqual([5, 15, 15, 5, 15, 5]);
    expect(queriesOfAlerts[1]).toContain('LagMinutes > 5 or Last < ago(10m)');
    expect(queriesOfAlerts[1]).toContain('max(Max), 0.0) / 60000');
    expect(METRICS['leasekeeper.sweep.lag'].unit).toBe('ms');
  });

  it('have a chapter in the runbook each, and there is no other', () => {
    const [, chapters = ''] = readDocument('docs/operations.md').split('\n## Alerts\n');
    const headings = [...(chapters.split('\n## ')[0] ?? '').matchAll(/^### (.*)$/gm)].map(([, text]) => text);
    expect(headings).toEqual(rules.map((rule) => within(rule, 'displayName')));
    const texts = (chapters.split('\n## ')[0] ?? '').split(/^### .*$/m).slice(1);
    for (const text of texts) {
      expect(text).toMatch(
        /\*\*What it means\.\*\*[\s\S]*\*\*What to look at\.\*\*[\s\S]*\*\*What to do\.\*\*/,
      );
    }
    // Each chapter asks for the metric of its alert.
    const asked = texts.map((text) => metricsIn(text));
    for (const [index, query] of queriesOfAlerts.entries())
      expect(asked[index]).toEqual(expect.arrayContaining(metricsIn(query)));
  });
});

it('the runbook says of every metric what it is', () => {
  const rows = [
    ...readDocument('docs/operations.md').matchAll(
      /^\| `(leasekeeper\.[\w.]+)` \| (\w+) \| (.*?) ?\| (\S.*) \|$/gm,
    ),
  ];
  const told = rows.map(([, name = '', kind, dimensions = '', what = '']) => {
    expect(what.length).toBeGreaterThan(5);
    return { name, kind, dimensions: [...dimensions.matchAll(/`(\w+)`/g)].map(([, one]) => one) };
  });
  expect(told).toEqual(
    Object.entries(metrics).map(([name, { kind, dimensions }]) => ({ name, kind, dimensions })),
  );
});

it('the workbook shows the faults that the keeper reports: they are no errors of the log', () => {
  const errors = queriesOfWorkbook.filter((query) => query.includes('AppExceptions'));
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain(`AppEvents | where Name == '${FAULT}'`);
});

it('the workbook shows every metric', () => {
  expect([...new Set(queriesOfWorkbook.flatMap(metricsIn))].sort()).toEqual(Object.keys(METRICS).sort());
});

describe.each(['docs/operations.md', 'infra/azure/README.md'])('the commands of %s', (document) => {
  const commands = blocksOf(document, 'bash', '').join('\n');
  const outputs = Object.keys(readBicep('main.bicep').outputs);

  it('use names that the deployment puts out, or that they have set themselves', () => {
    const used = [...commands.matchAll(/\$\{?([A-Z][A-Z_]*)/g)].map(([, name = '']) => name);
    const ownNames = [...commands.matchAll(/(?:^|[\s(])([A-Z][A-Z_]*)=/g)].map(([, name = '']) => name);
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((name) => !outputs.includes(name) && !ownNames.includes(name))).toEqual([]);
    expect(commands).toContain('eval "$(azd env get-values)"');
  });

  it('name roles, npm scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, name = ''] of commands.matchAll(/npm run (\w+)/g)) expect(scripts[name]).toBeDefined();
    for (const [, path = ''] of commands.matchAll(/node (\S+\.ts)/g))
      expect(readFileSync(join(REPOSITORY, path), 'utf8')).not.toBe('');
    const settings = [...commands.matchAll(/azd env set (\w+)/g)].map(([, name = '']) => name);
    const file = readFileSync(join(REPOSITORY, 'infra/azure/main.parameters.json'), 'utf8');
    for (const name of settings) expect(file).toMatch(new RegExp(`\\$\\{${name}[}=]`));
  });
});

it('no output has the name of something that azd hands in', () => {
  const file = readFileSync(join(REPOSITORY, 'infra/azure/main.parameters.json'), 'utf8');
  const outputs = Object.keys(readBicep('main.bicep').outputs);
  expect(outputs.filter((name) => new RegExp(`\\$\\{${name}[}=]`).test(file))).toEqual([]);
});
