import { afterEach, expect, it } from 'vitest';
import { eachFault, metBy } from '../fault-proxy.ts';
import { type Campaign, type CampaignReport, startCampaign } from '../load/campaign.ts';
import { CLOSEST_LAPSE_SECONDS } from '../load/terms.ts';

/** A hundred kills in all, at moments that chance chooses, under load; judged by the session host's own books. */

const LEAST = { created: 60, extended: 30, used: 30, stopped: 30 };

/** There was something to judge after each storm, and it was not a near thing. */
const hasKept = ({ renewed, reaped, closestLapseSeconds }: CampaignReport, storms: number): void => {
  expect(renewed).toBeGreaterThanOrEqual(storms);
  expect(reaped).toBeGreaterThanOrEqual(storms);
  expect(closestLapseSeconds).toBeGreaterThan(CLOSEST_LAPSE_SECONDS);
};

/** Ten kills each, and between them as long as the keeper takes to do its work again. */
const killInStorms = async ({ kill, hasKeptAndReaped }: Campaign, storms: number): Promise<void> => {
  for (let storm = 0; storm < storms; storm += 1) {
    await kill(10);
    await hasKeptAndReaped();
  }
};

/** It takes seven minutes, and much more where the machine is slow. */
const SEVENTY_WITHIN_MS = 1_800_000;

let campaign: Campaign | undefined;
afterEach(() => campaign?.stop());

it(
  'seventy kills lose no session, make none twice, leak none and let none lapse',
  async () => {
    campaign = await startCampaign(100);
    await killInStorms(campaign, 7);
    await campaign.load.reached(LEAST);
    const report = await campaign.end();
    console.log(JSON.stringify(report));
    expect(report).toMatchObject({ findings: [], kills: 70, leaks: 0, lapses: 0, duplicates: 0 });
    hasKept(report, 7);
  },
  SEVENTY_WITHIN_MS,
);

it('nor do thirty of two processes with a bad network before the table and the upstream', async () => {
  campaign = await startCampaign(200);
  await campaign.scaleOut();
  campaign.trouble(eachFault(0.015));
  await killInStorms(campaign, 3);
  await campaign.load.reached(LEAST);
  const report = await campaign.end();
  console.log(JSON.stringify(report));
  expect(report).toMatchObject({ findings: [], kills: 30, leaks: 0, lapses: 0, duplicates: 0 });
  hasKept(report, 3);
  expect(metBy(report.faults.upstream)).toBeGreaterThanOrEqual(1);
});
