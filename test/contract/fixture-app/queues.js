import { setTimeout as sleep } from 'node:timers/promises';
import { app, output } from '@azure/functions';

const connection = 'AzureWebJobsStorage';

export const registerQueues = () => {
  const toWork = output.storageQueue({ queueName: 'work', connection });
  const toBad = output.storageQueue({ queueName: 'bad', connection });
  const toNowhere = output.storageQueue({ queueName: 'work', connection: 'NOWHERE' });

  app.http('enqueue', {
    methods: ['POST'],
    extraOutputs: [toWork],
    handler: async (request, context) => {
      context.extraOutputs.set(toWork, await request.json());
      return { status: 202 };
    },
  });
  app.http('enqueueBad', {
    methods: ['POST'],
    extraOutputs: [toBad],
    handler: (_request, context) => {
      context.extraOutputs.set(toBad, 'cannot be done');
      return { status: 202 };
    },
  });
  app.http('enqueueNowhere', {
    methods: ['POST'],
    extraOutputs: [toNowhere],
    handler: (_request, context) => {
      context.extraOutputs.set(toNowhere, 'lost');
      return { status: 202 };
    },
  });

  app.storageQueue('work', {
    queueName: 'work',
    connection,
    handler: async (message, context) => {
      context.log(JSON.stringify({ event: 'work', message, metadata: context.triggerMetadata }));
      if (message === 'slowly') await sleep(1000);
      context.log(JSON.stringify({ event: 'worked', message }));
    },
  });
  app.storageQueue('bad', {
    queueName: 'bad',
    connection,
    return: toWork,
    handler: (message, context) => {
      const { dequeueCount } = context.triggerMetadata;
      context.log(JSON.stringify({ event: 'bad', message, dequeueCount }));
      throw new Error('bad on purpose');
    },
  });
  app.storageQueue('buried', {
    queueName: 'bad-poison',
    connection,
    return: toWork,
    handler: (message) => ({ buried: message }),
  });
};
