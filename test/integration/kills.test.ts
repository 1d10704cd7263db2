import { afterAll, expect, it } from 'vitest';
import { eachFault, metBy } from '../fault-proxy.ts';
import { type Campaign, startCampaign } from '../load/campaign.ts';
import { CLOSEST_LAPSE_SECONDS } from '../load/terms.ts';

/**
 * What `npm run soak` does at length: the functions process is killed in the middle of its work; then there are two of
 * them on one storage, and the network between them and their neighbours is bad.
 */

let campaign: Campaign | undefined;

afterAll(() => campaign?.stop());

it('kills and a bad network lose no session, make none twice, leak none and let none lapse', async () => {
  campaign = await startCampaign(4);
  await campaign.kill(4);
  await campaign.scaleOut();
  campaign.trouble(eachFault(0.03));
  await campaign.troubled(3);
  await campaign.load.reached({ created: 8, extended: 3, used: 3, stopped: 3 });
  await campaign.hasKeptAndReaped();
  const report = await campaign.end();
  expect(report).toMatchObject({ findings: [], kills: 4, leaks: 0, lapses: 0, duplicates: 0 });
  expect(report.renewed).toBeGreaterThanOrEqual(1);
  expect(report.reaped).toBeGreaterThanOrEqual(1);
  expect(metBy(report.faults.upstream)).toBeGreaterThanOrEqual(1);
  expect(report.closestLapseSeconds).toBeGreaterThan(CLOSEST_LAPSE_SECONDS);
}, 240_000);
