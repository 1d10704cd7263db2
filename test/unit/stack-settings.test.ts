import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY, readStackSettings } from '../../infra/local/stack.ts';

describe('the settings of the local stack', () => {
  it('may all be absent or empty', () => {
    const defaults = {
      ports: { functions: 7071, sessionHost: 7072, blob: 10_000, queue: 10_001, table: 10_002 },
      dataFolder: resolve(REPOSITORY, '.data'),
      app: undefined,
    };
    expect(readStackSettings({})).toEqual({ ...defaults, environment: {} });
    const empty = { PORT: '', LEASE_KEEPER_DATA: '', LEASE_KEEPER_APP: '' };
    expect(readStackSettings(empty)).toEqual({ ...defaults, environment: empty });
  });

  it('name the app that is run instead of the one that is built here', () => {
    expect(readStackSettings({ LEASE_KEEPER_APP: '/an/app' })).toMatchObject({ app: '/an/app' });
  });

  it.each(['0', '65536', 'http', '1e3'])('PORT=%s is refused', (PORT) => {
    expect(() => readStackSettings({ PORT })).toThrow(new RangeError(`PORT: "${PORT}" is not a port`));
  });
});
