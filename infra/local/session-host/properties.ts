import { formatCreationTime, type Properties, type Size } from '../../../shared/protocol/session-2021.ts';
import type { Entry } from './entry.ts';
import { elapsedMinutes } from './rules.ts';

/** Session processes listen on the loopback interface, as everything of the local stack. */
const HOSTNAME = '127.0.0.1';
/** The API wants a number; nothing is measured here. */
const TERAFLOPS: Readonly<Record<Size, number>> = { Standard: 8, Premium: 16 };

/** A booked session in the words of the API. */
export const propertiesOf = (entry: Entry, now: number): Properties => {
  const facts = {
    id: entry.id,
    creationTime: formatCreationTime(new Date(entry.createdAt)),
    elapsedTimeMinutes: elapsedMinutes(entry, now),
    maxLeaseTimeMinutes: entry.maxLeaseMinutes,
    size: entry.size,
    status: entry.status,
  };
  switch (entry.status) {
    case 'Starting':
      return facts;
    case 'Ready':
      return {
        ...facts,
        arrInspectorPort: entry.ports?.inspector,
        handshakePort: entry.ports?.handshake,
        hostname: HOSTNAME,
        teraflops: TERAFLOPS[entry.size],
      };
    case 'Stopped':
    case 'Expired':
    case 'Error':
      return entry.error === null ? facts : { ...facts, error: entry.error };
    default:
      return entry satisfies never;
  }
};
