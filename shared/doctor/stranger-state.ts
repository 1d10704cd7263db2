import { strangerSince } from '../gate.ts';
import type { Instant } from '../lease.ts';
import type { Status } from '../protocol/vocabulary.ts';
import type { AccountRules } from '../session.ts';
import { decideStranger, type StrangerDecision } from '../strangers.ts';
import type { Difference } from './differences.ts';
import type { Evidence } from './evidence.ts';

/** A server that no living record explains, with what becomes of it at the next list that a sweep asks for. */
export interface StrangerState {
  sessionId: string;
  status: Status;
  since: Instant;
  decision: StrangerDecision;
  differences: readonly Difference[];
}

export const strangerStates = ({ strangers, gate, at }: Evidence, rules: AccountRules): StrangerState[] =>
  strangers.flatMap((stranger) => {
    if (stranger instanceof Error) return [];
    const { sessionId, sighting, ended } = stranger;
    const since = strangerSince(gate, sessionId) ?? at;
    const decision = decideStranger(stranger, since, rules, at);
    const differences = differencesOf(decision, ended?.status);
    return [{ sessionId, status: sighting.status, since, decision, differences }];
  });

/** A server of somebody else is none, nor one whose session ended while it was looked at. */
const differencesOf = ({ because }: StrangerDecision, ended: string | undefined): Difference[] => {
  switch (because) {
    case 'over':
      return [{ kind: 'server of an ended session', text: `the table says ${ended}` }];
    case 'new':
    case 'unknown':
      return [{ kind: 'server without record', text: 'the table knows nothing of it' }];
    case 'foreign':
    case 'ending':
      return [];
    default:
      return because satisfies never;
  }
};
