import { relative } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { DEMO_ACCOUNT } from '../../shared/config.ts';
import { buildApp } from '../build.ts';
import { readableLine } from './decision-line.ts';
import { PartFailedError } from './part.ts';
import { PortTakenError } from './ports.ts';
import { stopRequested } from './process-life.ts';
import { readStackSettings, type Stack, type StackEvents, startStack } from './stack.ts';

/** `npm start`: the whole keeper on this machine, until Ctrl-C. */

const events: StackEvents = {
  onLine(part, line) {
    // Azurite tells only that it starts and listens, which the addresses below say as well.
    if (part === 'azurite' && line.startsWith('Azurite ')) return;
    // Looks that found nothing due, and sessions' own lines, are for the parts started alone.
    console.log(readableLine(line) ?? line);
  },
  onRestart(part, how) {
    console.log(`The ${part} ended (${how}); it is started again in a second.`);
  },
};

const introduction = ({ keeperUrl, upstreamUrl, tableUrl }: Stack, dataFolder: string): string => {
  const { accountId, key } = DEMO_ACCOUNT;
  const sessions = `${keeperUrl}/v1/accounts/${accountId}/sessions`;
  return `
lease-keeper ${packageJson.version} is running, on this machine only.

  keeper         ${keeperUrl}   (try ${keeperUrl}/health)
  session host   ${upstreamUrl}   the upstream, one process for each session
  table storage  ${tableUrl}  Azurite
  data           ${relative(process.cwd(), dataFolder) || '.'}

Demo account
  id   ${accountId}
  key  ${key}

Try it in another terminal: a token, a session that is kept alive, and what the keeper knows of it.

  TOKEN=$(curl -s ${keeperUrl}/accounts/${accountId}/token -H "Authorization: Bearer ${accountId}:${key}" | sed 's/.*:"//; s/".*//')
  curl -i ${sessions}/create -H "Authorization: Bearer $TOKEN" -d "{ 'maxLeaseTime': '0:10:0', 'keepAlive': true }"
  curl -s ${sessions} -H "Authorization: Bearer $TOKEN"

Each decision of the keeper is a line below. Ctrl-C ends everything.
`;
};

const run = async (): Promise<void> => {
  const stopping = stopRequested();
  const settings = readStackSettings(process.env);
  if (settings.app === undefined) await buildApp();
  const starting = startStack(settings, events);
  const stack = await Promise.race([starting, stopping]);
  if (stack !== undefined) {
    console.log(introduction(stack, settings.dataFolder));
    await stopping;
    console.log('Stopping …');
  }
  // Told to stop in the middle of the start: what has been started by then is ended all the same.
  await (await starting).stop();
};

try {
  await run();
  process.exit(0);
} catch (error) {
  const isForPeople =
    error instanceof PortTakenError || error instanceof PartFailedError || error instanceof RangeError;
  console.error(isForPeople ? `lease-keeper cannot start: ${error.message}` : error);
  process.exit(1);
}
