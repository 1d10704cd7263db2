import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { azuriteConnection } from '../../infra/local/stack.ts';
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { chanceFrom } from '../chance.ts';
import { type FaultProxy, type FaultShares, metBy, startFaultProxy } from '../fault-proxy.ts';
import { type FunctionsProcess, ofStack, startAnother } from '../functions-process.ts';
import {
  accountsSetting,
  type Client,
  connect,
  eventually,
  startTestStack,
  type TestStack,
} from '../stack.ts';
import { type Deeds, deedsOf, entriesOf } from './evidence.ts';
import { type Load, startLoad } from './load.ts';
import { settle, type Verdict } from './settle.ts';
import { IDLE_TIMEOUT_MS, LOAD_SETTINGS } from './terms.ts';

/**
 * A keeper of real parts under load, with a bad network before its table and its upstream, whose processes are killed.
 * Chance is the seed's; only how the processes' work falls together is not.
 */
export interface Campaign {
  readonly load: Load;
  /** A second process on the same storage: both serve, and both sweep. */
  scaleOut(): Promise<void>;
  /**
   * Kills one of the functions processes with SIGKILL, so many times, each time amid calls that are being answered. Where
   * it is the only one, hardly a sweep comes to its end: that is an outage (docs/guarantees.md), and so many kills that it
   * is longer than the survived one prove nothing.
   */
  kill(times: number): Promise<void>;
  /** From now on requests of the keeper meet these faults, on their way to the table and to the upstream. */
  trouble(shares: FaultShares): void;
  /**
   * Resolves when a kept session has been renewed since the latest kills began, and an idle one reaped since they ended,
   * so that there is something to judge, and the next kills come amid what the keeper does by itself.
   */
  hasKeptAndReaped(): Promise<void>;
  /** Resolves when so many different faults have been met on the way to the table, and one to the upstream. */
  troubled(kinds: number): Promise<void>;
  /** Ends faults and load, lets the keeper put everything in order, and judges. */
  end(): Promise<CampaignReport>;
  stop(): Promise<void>;
}

export interface CampaignReport extends Verdict {
  seed: number;
  kills: number;
  calls: Load['counts'];
  faults: { table: FaultCounts; upstream: FaultCounts };
}

type FaultCounts = ReturnType<FaultProxy['counts']>;

/** Longer than the table is waited for (2 s), so that what was given up still arrives now and then. */
const LONGEST_DELAY_MS = 3_000;
/** Most kills come after so many answers at most, some before the process has answered at all. */
const MOST_ANSWERS = 6;
const LONGEST_AFTER_MS = 300;
const BOOT_KILLS = 0.1;
const LONGEST_BOOT_MS = 900;
const BACK_WITHIN_MS = 30_000;
const TROUBLED_WITHIN_MS = 60_000;
const KEPT_AND_REAPED_WITHIN_MS = 120_000;

/** Begins with one process. */
export const startCampaign = async (seed: number, idleTimeoutMs = IDLE_TIMEOUT_MS): Promise<Campaign> => {
  const proxies: FaultProxy[] = [];
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    const failures: unknown[] = [];
    // Whatever fails, nothing stays behind.
    for (const one of stops.reverse().splice(0)) await one().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  const closeProxies = async (): Promise<void> =>
    void (await Promise.all(proxies.splice(0).map((proxy) => proxy.close())));
  stops.push(closeProxies);
  try {
    const test = await startTestStack(async (ports) => {
      const settings = { seed, longestDelayMs: LONGEST_DELAY_MS };
      const table = await startFaultProxy({ ...settings, targetPort: ports.table });
      const upstream = await startFaultProxy({ ...settings, seed: seed + 1, targetPort: ports.sessionHost });
      // Those of an earlier attempt are of no use any more.
      await closeProxies();
      proxies.push(table, upstream);
      return {
        ...LOAD_SETTINGS,
        KEEPER_ACCOUNTS: accountsSetting([DEMO_ACCOUNT], upstream.port),
        KEEPER_TOKEN_SECRETS: randomBytes(32).toString('base64'),
        AzureWebJobsStorage: azuriteConnection({ ...ports, table: table.port }),
      };
    });
    stops.push(test.stop);
    const campaign = await campaignOf({ seed, idleTimeoutMs, test, proxies, stops, stop });
    // The clients first, who would call again and again.
    stops.push(campaign.load.giveUp);
    return campaign;
  } catch (error) {
    await stop();
    throw error;
  }
};

const campaignOf = async (parts: {
  seed: number;
  idleTimeoutMs: number;
  test: TestStack;
  proxies: readonly FaultProxy[];
  stops: (() => Promise<void>)[];
  stop: () => Promise<void>;
}): Promise<Campaign> => {
  const { seed, idleTimeoutMs, test, proxies, stops, stop } = parts;
  const processes = [ofStack(test)];
  const clients = [await connect(test.stack.keeperUrl)];
  const load = await startLoad(clients, chanceFrom(seed + 2), idleTimeoutMs);
  const chance = chanceFrom(seed + 3);
  /** The process of each that was killed last: its id stands until the next one is started. */
  const killed = new Map<FunctionsProcess, number>();
  let kills = 0;
  let before = deedsOf([], []);

  const deeds = (): Deeds => deedsOf(entriesOf(test.dataFolder), load.stories);

  const started = (functions: FunctionsProcess): Promise<number> =>
    eventually(
      'the start of the functions host',
      () => {
        const pid = functions.pid();
        return pid === killed.get(functions) ? undefined : pid;
      },
      BACK_WITHIN_MS,
    );

  /** Whatever it answers: a table that is in trouble is no fault of this process. */
  const answering = async (functions: FunctionsProcess): Promise<void> => {
    await started(functions);
    await eventually(
      'the first answer of the functions host',
      async () => ((await fetch(`${functions.url}/health`).catch(() => undefined)) ? true : undefined),
      BACK_WITHIN_MS,
    );
  };

  const trouble = (shares: FaultShares): void => {
    for (const proxy of proxies) proxy.set(shares);
  };

  const killOne = async (): Promise<void> => {
    const victim = processes[Math.floor(chance() * processes.length)] as FunctionsProcess;
    const [answers, isInBoot] = [1 + Math.floor(chance() * MOST_ANSWERS), chance() < BOOT_KILLS];
    const pid = await started(victim);
    if (isInBoot) await delay(chance() * LONGEST_BOOT_MS);
    else {
      await answering(victim);
      await load.answered(answers);
      await delay(chance() * LONGEST_AFTER_MS);
    }
    process.kill(pid, 'SIGKILL');
    killed.set(victim, pid);
    kills += 1;
  };

  return {
    load,
    async scaleOut() {
      const another = await startAnother(test);
      stops.push(another.stop);
      processes.push(another);
      clients.push(await connect(another.url));
    },
    trouble,
    async troubled(kinds) {
      const [table, upstream] = proxies as [FaultProxy, FaultProxy];
      await eventually(
        'so many different faults',
        () => (metBy(table.counts()) >= kinds && metBy(upstream.counts()) > 0 ? true : undefined),
        TROUBLED_WITHIN_MS,
      );
    },
    async hasKeptAndReaped() {
      await eventually(
        'a renewal and a reap',
        () => {
          const { renewed, reaped } = deeds();
          return renewed > before.renewed && reaped > before.reaped ? true : undefined;
        },
        KEPT_AND_REAPED_WITHIN_MS,
      );
    },
    async kill(times) {
      const { renewed } = deeds();
      // One that is due to be renewed as soon as it is seen Ready.
      await load.keepAnother();
      for (let round = 0; round < times; round += 1) await killOne();
      before = { renewed, reaped: deeds().reaped };
    },
    async end() {
      trouble({});
      try {
        await Promise.all(processes.map(answering));
        const calmSince = Date.now();
        await load.end();
        const verdict = await settle(test.dataFolder, clients[0] as Client, load, calmSince);
        const [table, upstream] = proxies.map((proxy) => proxy.counts()) as [FaultCounts, FaultCounts];
        for (const line of linesAbout(verdict.findings, test.lines)) console.error(line);
        return { seed, kills, ...verdict, calls: load.counts, faults: { table, upstream } };
      } catch (error) {
        throw new Error(`after ${kills} kills with the seed ${seed}: ${String(error)}`, { cause: error });
      }
    },
    stop,
  };
};

const SHOWN_LINES = 40;

/** What the parts have said of the sessions that were accused first: the stack and its books go with the test. */
const linesAbout = (findings: readonly string[], lines: readonly string[]): string[] =>
  findings.slice(0, 3).flatMap((finding) => {
    const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(
      finding.replace(DEMO_ACCOUNT.accountId, ''),
    )?.[0];
    const about = id === undefined ? [] : lines.filter((line) => line.includes(id));
    return [finding, ...about.slice(-SHOWN_LINES)];
  });
