import { createTokens } from '../../../shared/auth.ts';
import { rowKeys } from '../../../shared/store/rows.ts';
import { startAzuriteQueue } from '../../contract/azurite-queue.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { buildApps } from '../cold/apps.ts';
import { bundleSizes } from '../cold/bundled.ts';
import { importTimes } from '../cold/imports.ts';
import { type ColdStart, firstAnswerMs } from '../cold/start.ts';
import type { Part } from '../figures.ts';
import { INSIDE_ACCOUNT, INSIDE_KEY, INSIDE_SECRET } from '../inside/app.ts';
import { calmSeeds } from '../inside/counts.ts';
import { startRealStage } from '../inside/real-table.ts';
import { type Headline, headlineOf, quantile } from '../inside/rounds.ts';
import { seedSessions } from '../inside/seed.ts';
import { formatNumber } from '../table.ts';

const ROUNDS = 7;
const GOALS = { off: 1.3, on: 1.5 } as const;
/** Once a year: no sweep is measured. */
const SCHEDULE = '0 0 0 1 1 *';
const SESSION = 'calm-00000000';

const kinds = ['point read', 'keeper', 'keeper with telemetry'] as const;
type Kind = (typeof kinds)[number];

const accountsAt = (upstreamUrl: string): string =>
  JSON.stringify([
    {
      ...{ accountId: INSIDE_ACCOUNT, keys: [INSIDE_KEY] },
      upstream: { endpoint: upstreamUrl, accountId: INSIDE_ACCOUNT, accountKey: INSIDE_KEY },
    },
  ]);

const startsOf = async (
  storage: string,
  upstreamUrl: string,
  folder: string,
): Promise<Record<Kind, ColdStart>> => {
  const apps = await buildApps(folder);
  const account = { accountId: INSIDE_ACCOUNT, keys: [INSIDE_KEY] };
  const token = await createTokens([account], [INSIDE_SECRET], Date.now).issue(
    INSIDE_ACCOUNT,
    `Bearer ${INSIDE_ACCOUNT}:${INSIDE_KEY}`,
  );
  const environment = {
    ...{ AzureWebJobsStorage: storage, AZURE_FUNCTIONS_ENVIRONMENT: 'Development' },
    ...{ KEEPER_ACCOUNTS: accountsAt(upstreamUrl), KEEPER_TOKEN_SECRETS: INSIDE_SECRET.toString('base64') },
    KEEPER_SWEEP_SCHEDULE: SCHEDULE,
  };
  const keeper: ColdStart = {
    ...{ appFolder: apps.keeper, environment },
    path: `/accounts/${INSIDE_ACCOUNT}/sessions/${SESSION}?api-version=2021-01-01`,
    headers: { authorization: `Bearer ${token}` },
  };
  // What is sent goes to the quick upstream, which answers anything.
  const telemetry = `InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=${upstreamUrl}/;LiveEndpoint=${upstreamUrl}/`;
  return {
    'point read': {
      ...{ appFolder: apps.pointRead, environment: { AzureWebJobsStorage: storage } },
      path: `/rows/${INSIDE_ACCOUNT}/${encodeURIComponent(rowKeys.live(SESSION))}`,
      headers: {},
    },
    keeper,
    'keeper with telemetry': {
      ...keeper,
      environment: { ...environment, APPLICATIONINSIGHTS_CONNECTION_STRING: telemetry },
    },
  };
};

/** In rounds, so that all of them meet the same machine. */
const measure = async (
  starts: Record<Kind, ColdStart>,
  progress: (text: string) => void,
): Promise<Record<Kind, number[]>> => {
  const times: Record<Kind, number[]> = { 'point read': [], keeper: [], 'keeper with telemetry': [] };
  // The first round warms the disk's cache, and does not count.
  for (let round = 0; round <= ROUNDS; round += 1) {
    progress(`round ${round} of ${ROUNDS}`);
    for (const kind of kinds) {
      const ms = await firstAnswerMs(starts[kind]);
      if (round > 0) times[kind].push(ms);
    }
  }
  return times;
};

const ratioOf = (times: readonly number[], floor: readonly number[]): Headline =>
  headlineOf(times.map((ms, index) => ms / (floor[index] ?? Number.NaN)));

export const coldStart: Part = {
  name: 'cold-start',
  about: `
From the start of the process of the local functions host to the first answer: an authenticated properties call that is
answered from the table, by the built app; beside it a function that does one point read and nothing else, bundled in
the same way, on the same host. The start of Node and of the host is in both. The three take turns in rounds, and the
headline is the median of the rounds' ratios. *With telemetry*: a connection string is set; the library that it is for is
loaded a second after the first answer.

Import times are those of each package by itself, unbundled, in a process of its own.`,

  async run({ progress }) {
    const [stage, queue] = await Promise.all([startRealStage(), startAzuriteQueue()]);
    const folder = temporaryFolder('cold-apps-');
    try {
      const { shape, slots } = calmSeeds(0, 1, stage.clock.now());
      await seedSessions(stage.submit, { ...shape, upstreamUrl: stage.upstreamUrl }, slots);
      const queueEndpoint = /QueueEndpoint=[^;]*;/.exec(queue.connectionString)?.[0] ?? '';
      const starts = await startsOf(
        `${stage.connectionString}${queueEndpoint}`,
        stage.upstreamUrl,
        folder.path,
      );
      const times = await measure(starts, progress);
      progress('imports');
      const imports = await importTimes();
      const { withEntry, later } = bundleSizes(starts.keeper.appFolder);
      const floor = times['point read'];
      return {
        figures: [
          {
            name: 'first answer ÷ a point read’s',
            ...ratioOf(times.keeper, floor),
            ...{ unit: '', goal: { most: GOALS.off } },
          },
          {
            name: 'the same with telemetry',
            ...ratioOf(times['keeper with telemetry'], floor),
            ...{ unit: '', goal: { most: GOALS.on } },
          },
          { name: 'loaded before the first answer', value: withEntry / 1024, unit: 'KiB' },
          { name: 'loaded when it is first needed', value: later / 1024, unit: 'KiB' },
        ],
        remarks: [
          '| app | median ms | of rounds |\n| --- | ---: | ---: |',
          ...kinds.map((kind) => {
            const range = [Math.min(...times[kind]), Math.max(...times[kind])].map((ms) =>
              formatNumber(Math.round(ms)),
            );
            return `| ${kind} | ${formatNumber(Math.round(quantile(times[kind], 0.5)))} | ${range.join('–')} |`;
          }),
          '\n| package | import ms |\n| --- | ---: |',
          ...imports.map(({ name, ms }) => `| ${name} | ${formatNumber(ms)} |`),
        ].join('\n'),
      };
    } finally {
      await Promise.all([stage.stop(), queue.stop()]);
      folder.remove();
    }
  },
};
