import { afterAll, expect, it } from 'vitest';
import { eachFault, FAULTS, metBy } from '../fault-proxy.ts';
import { type Campaign, startCampaign } from '../load/campaign.ts';
import { CLOSEST_LAPSE_SECONDS } from '../load/terms.ts';

/**
 * What `npm run soak` does at length: the functions process is killed in the middle of its work; then there are two of
 * them on one storage, and the network between them and their neighbours is bad.
 */

/** Shorter than at length, where clients are at work all the time: once they have gone, each sweep is soon over. */
const IDLE_TIMEOUT_MS = 10_000;
/** Of each kind of fault: while clients are at work, and while nobody is there but the keeper, which is to keep and to reap. */
const [BAD, LESS_BAD] = [0.03, 0.01];

let campaign: Campaign | undefined;

afterAll(() => campaign?.stop());

it('kills and a bad network lose no session, make none twice, leak none and let none lapse', async () => {
  campaign = await startCampaign(4, IDLE_TIMEOUT_MS);
  await campaign.kill(4);
  await campaign.scaleOut();
  campaign.trouble(eachFault(BAD));
  await campaign.troubled(FAULTS.length);
  await campaign.load.reached({ created: 20, extended: 5, used: 10, stopped: 10 });
  await campaign.load.answered(60);
  await campaign.load.end();
  campaign.trouble(eachFault(LESS_BAD));
  await campaign.hasKeptAndReaped();
  const report = await campaign.end();
  expect(report).toMatchObject({ findings: [], kills: 4, leaks: 0, lapses: 0, duplicates: 0 });
  expect(report.renewed).toBeGreaterThanOrEqual(1);
  expect(report.reaped).toBeGreaterThanOrEqual(1);
  expect(metBy(report.faults.upstream)).toBeGreaterThanOrEqual(1);
  expect(report.closestLapseSeconds).toBeGreaterThan(CLOSEST_LAPSE_SECONDS);
}, 240_000);
