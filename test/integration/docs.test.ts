import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, deadLinks, runShell } from '../documents.ts';
import { type Client, connect, startTestStack, type TestStack } from '../stack.ts';

/** What the documents for clients show is what happens: their commands are run, the example as well. */

let test: TestStack;
let client: Client;
const documents = ['docs/clients.md', 'docs/api.md', 'CHANGELOG.md'];

beforeAll(async () => {
  test = await startTestStack();
  client = await connect(test.stack.keeperUrl);
});
afterAll(() => test.stop());

const blocks = (document: string): string[] => blocksOf(document, 'bash', test.stack.keeperUrl);
/** One answer a line: curl writes none after a body. */
const answersOf = async (script: string): Promise<string[]> =>
  (await runShell(script.replaceAll('\ncurl', '\necho\ncurl'))).split('\n').filter((line) => line !== '');

describe('the page on clients', () => {
  it('has an example that creates, extends, lists and stops a session', async () => {
    const [example = ''] = blocks('docs/clients.md');
    const said = await runShell(example, { ARR_ENDPOINT: test.stack.keeperUrl });
    const lines = said.trim().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36} is Ready at 127\.0\.0\.1:\d+$/),
      'its lease is 20 minutes',
      expect.stringMatching(/^\d+ sessions are Starting or Ready$/),
      'it is Stopped',
    ]);
  });

  it('shows the same by hand', async () => {
    const [, set = '', calls = ''] = blocks('docs/clients.md');
    const answers = await answersOf(`${set}\n${calls}`);
    const [created, shown, extended, listed] = answers.map((text) => JSON.parse(text) as object);
    expect(created).toMatchObject({ id: 'my-session', status: 'Starting', maxLeaseTimeMinutes: 4 });
    expect(shown).toMatchObject({ id: 'my-session' });
    expect(extended).toMatchObject({ id: 'my-session', maxLeaseTimeMinutes: 10 });
    expect(listed).toMatchObject({ sessions: [{ id: 'my-session' }] });
    expect(answers).toHaveLength(4);
    await client.untilStatus('my-session', 'Stopped');
  });
});

describe("the page on the keeper's own fields", () => {
  it('shows requests that do what it says', async () => {
    const [, set = ''] = blocks('docs/clients.md');
    const [change = '', look = '', beat = ''] = blocks('docs/api.md');
    const [created, changed] = (await answersOf(`${set}\n${change}`)).map(
      (text) => JSON.parse(text) as object,
    );
    expect(created).toMatchObject({
      id: 'kept',
      keeper: { keepAlive: true, idleTimeoutMinutes: 20, maxLifetimeMinutes: null, tags: { team: 'blue' } },
    });
    expect(changed).toMatchObject({ keeper: { keepAlive: false, maxLifetimeMinutes: 240 } });

    // Of a session whose last use is not covered yet, so that a use would show.
    const fresh = await client.create('{"maxLeaseTime":"0:10:0"}');
    const seen = async (): Promise<string> => (await client.show(fresh)).keeper.lastActivityAt;
    const before = await seen();
    const watch = `${set}\n${look.replace('kept', fresh)}`;
    await runShell(watch);
    expect(await seen()).toBe(before);
    await runShell(watch.replace('-H "X-Keeper-Activity: none"', ''));
    expect((await seen()) > before).toBe(true);
    await client.send('DELETE', `${client.sessions}/${fresh}`);

    await client.untilStatus('kept', 'Ready');
    const answer = JSON.parse(await runShell(`${set}\n${beat}`)) as object;
    expect(answer).toEqual({ status: 'Ready', leaseEnd: expect.any(String), idleAt: expect.any(String) });
    await client.send('DELETE', `${client.sessions}/kept`);
  });
});

it.each(documents)('%s links only to files that exist', (document) => {
  expect(deadLinks(document)).toEqual([]);
});
