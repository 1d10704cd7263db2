import { describe, expect, it } from 'vitest';
import { secretsOf } from '../../shared/config.ts';
import { createRedaction } from '../../shared/redaction.ts';
import { createTelemetry, type Report } from '../../shared/telemetry.ts';
import { KEY, load, SECRET } from './config-fixture.ts';

const redacted = createRedaction(['', 'first+secret/', 'first+secret/and-more']);

describe('what is told', () => {
  it.each([
    ['nothing of it', 'nothing of it'],
    ['a first+secret/ b first+secret/', 'a … b …'],
    ['the longer one: first+secret/and-more.', 'the longer one: ….'],
    ['https://a/?x=first%2Bsecret%2F&y=1', 'https://a/?x=…&y=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer …'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln, twice', 'token …, twice'],
    [
      'https://a.table.core.windows.net/?sv=1&sig=ab%2Fc%3D&se=2',
      'https://a.table.core.windows.net/?sv=1&sig=…&se=2',
    ],
    ['AccountName=a;AccountKey=YWJj==;x', 'AccountName=a;AccountKey=…;x'],
  ])('has no secret in it: %s', (text, told) => {
    expect(redacted(text)).toBe(told);
  });

  it('is without every secret of the settings, in whatever report', () => {
    const sas = 'TableEndpoint=https://a/;SharedAccessSignature=sv=1&sig=CANARY%2Fof-a-signature&se=2';
    for (const AzureWebJobsStorage of ['AccountName=a;AccountKey=CANARY-of-storage', sas]) {
      const config = load({ AzureWebJobsStorage });
      const secrets = secretsOf(config);
      expect(secrets).toHaveLength(4);
      expect(secrets).toEqual(expect.arrayContaining([KEY, SECRET]));
      expect(secrets.filter((secret) => !/CANARY|Q0FOQVJZ/.test(secret))).toEqual([]);
      const reports: Report[] = [];
      const sink = { report: (report: Report) => void reports.push(report), measure: () => undefined };
      const { report } = createTelemetry([sink], () => 0, createRedaction(secrets));
      const subject = { accountId: 'a', sessionId: 's' } as const;
      for (const secret of secrets) {
        report({ kind: 'fault', what: `with ${secret}`, error: `of ${secret}` });
        report({ kind: 'decision', ...subject, action: 'stop', because: 'idle', outcome: secret });
        report({
          kind: 'change',
          ...subject,
          change: 'stop',
          because: 'idle',
          detail: { message: secret, at: 1 },
        });
      }
      expect(reports).toHaveLength(3 * secrets.length);
      expect(JSON.stringify(reports)).not.toMatch(/CANARY|Q0FOQVJZ/);
      expect(reports.at(-1)).toMatchObject({
        at: '1970-01-01T00:00:00.000Z',
        detail: { message: '…', at: 1 },
      });
    }
  });
});
