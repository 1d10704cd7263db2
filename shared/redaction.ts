/**
 * The last line of defence of what is told to others: whatever quotes one of these secrets, be it the message of an
 * upstream or of a library, is told without it.
 */

/** What looks like a token or a signature is one, whoever made it. */
const TOKENS =
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=\bBearer\s+)\S+|(?<=\b(?:sig|AccountKey|SharedAccessSignature)=)[^\s&;"']+/gi;
const HIDDEN = '…';

/** Takes out the secrets as they are written, and as they stand in an address. Empty ones are none. */
export const createRedaction = (secrets: readonly string[]): ((text: string) => string) => {
  const written = secrets.filter((secret) => secret !== '');
  const all = new Set([...written, ...written.map((secret) => encodeURIComponent(secret))]);
  // A secret may be the beginning of another one.
  const byLength = [...all].sort((one, other) => other.length - one.length);
  return (text) =>
    byLength.reduce((left, secret) => left.replaceAll(secret, HIDDEN), text).replace(TOKENS, HIDDEN);
};
