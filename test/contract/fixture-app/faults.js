import { app, output } from '@azure/functions';

const handler = () => ({});

const connection = 'AzureWebJobsStorage';

/** Each is an app that the host must refuse to run. */
const FAULTS = {
  throws: () => {
    throw new Error('the entry throws');
  },
  config: () => {
    throw Object.assign(new Error('- FIRST is missing\n- SECOND is wrong'), { name: 'ConfigError' });
  },
  'zero functions': () => undefined,
  'appStart hook': () => {
    app.http('fine', { handler });
    app.hook.appStart(() => {
      throw new Error('the hook throws');
    });
  },
  'blob trigger': () => app.storageBlob('blob', { path: 'a/{b}', connection, handler }),
  'table output': () =>
    app.http('table', { extraOutputs: [output.table({ tableName: 'rows', connection })], handler }),
  'extra input': () => app.http('input', { extraInputs: [{ type: 'blob', name: 'in', path: 'a' }], handler }),
  'http stream': () => {
    app.setup({ enableHttpStream: true });
    app.http('streams', { handler });
  },
  retry: () =>
    app.timer('retries', {
      schedule: '0 * * * * *',
      retry: { strategy: 'fixedDelay', delayInterval: 100, maxRetryCount: 1 },
      handler,
    }),
  'auth level': () => app.http('keyed', { authLevel: 'function', handler }),
  'trigger setting': () => app.http('strange', { webHookType: 'github', handler }),
  'no handler': () => app.http('idle', { route: 'idle' }),
  'same route': () => {
    app.http('one', { methods: ['GET'], route: 'a/{b}', handler });
    app.http('two', { methods: ['GET'], route: 'A/{c}', handler });
  },
  'route constraint': () => app.http('numbered', { route: '{x:int}', handler }),
  schedule: () => app.timer('never', { schedule: '0 0 0 31 2 *', handler }),
  'five fields': () => app.timer('five', { schedule: '* * * * *', handler }),
  'queue name': () => app.storageQueue('shouts', { queueName: 'LOUD', connection, handler }),
  connection: () => app.storageQueue('lost', { queueName: 'lost', connection: 'MISSING', handler }),
};

export const registerFault = (fault) => FAULTS[fault]();
