import { setTimeout as sleep } from 'node:timers/promises';
import { app } from '@azure/functions';

export const registerTimers = () => {
  let runs = 0;
  app.timer('tick', {
    schedule: '* * * * * *',
    handler: (timer, context) => {
      runs += 1;
      context.log(JSON.stringify({ event: 'tick', runs, timer }));
      if (runs === 1) throw new Error('the first tick fails');
    },
  });

  let running = 0;
  app.timer('overlong', {
    schedule: '*/1 * * * * *',
    handler: async (_timer, context) => {
      running += 1;
      context.log(JSON.stringify({ event: 'overlong', running }));
      await sleep(1500);
      running -= 1;
    },
  });
};
