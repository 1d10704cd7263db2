import type { EndReason, Foreseen } from '../session.ts';

/** The words of the `keeper` object, each with its meaning: complete, or this does not compile. */

export const NEXT_ACTIONS: Readonly<Record<Foreseen['action'], string>> = {
  create: 'ask for the server',
  observe: 'look how the session is',
  extend: 'extend the lease',
  stop: 'stop the session',
  forget: 'forget the session, which is over',
  none: 'nothing but looks: the lease is as long as it can get',
};

export const NEXT_REASONS: Readonly<Record<Foreseen['because'], string>> = {
  requested: 'a client asked for the session',
  unconfirmed: 'the server was asked for, and nobody has confirmed it yet',
  starting: 'the server is not Ready yet',
  client: 'a client asked for a longer lease',
  'keep-alive': 'the session is kept alive',
  refused: 'an extension was refused',
  cap: 'no lease is longer',
  interval: 'a Ready session is looked at now and then',
  'lease-end': 'the lease may be over',
  missing: 'the upstream did not know the session, and is asked again',
  unanswered: 'a change was not answered, so nobody knows whether it was made',
  asked: 'a client asked for the stop',
  idle: 'nobody uses the session',
  lifetime: 'the session reaches its longest lifetime',
  launch: 'the session did not start in time',
  stopping: 'the stop is not confirmed yet',
  retention: 'ended sessions are kept for a while',
};

export const END_REASONS: Readonly<Record<EndReason, string>> = {
  asked: 'a client stopped it',
  idle: 'nobody used it for as long as its idle timeout',
  lifetime: 'it reached its longest lifetime',
  launch: 'it did not start in time',
  expired: 'its lease ended',
  failed: 'the upstream says that it failed',
  'stopped-elsewhere': 'it was stopped upstream, and not through the keeper',
  gone: 'the upstream no longer knows it',
  refused: 'the upstream refused to make it',
  foreign: 'its id belongs to a session of somebody else upstream',
};

/** A description that ends in a list of the words. */
export const explained = (text: string, words: Readonly<Record<string, string>>) => ({
  description: [
    text,
    '',
    ...Object.entries(words).map(([word, meaning]) => `- \`${word}\`: ${meaning}`),
  ].join('\n'),
  enum: Object.keys(words),
});
