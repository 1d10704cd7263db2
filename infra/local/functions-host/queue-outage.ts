import type { HostLog } from './log.ts';
import { storageErrorReason } from './queue-service.ts';

/** Whether the queue service of one connection is down, so that an outage is one line in the log and not thousands. */
export interface Outage {
  failed(error: unknown): void;
  over(): void;
}

/** `connection` is the name of the setting, not what it holds. */
export const createOutage = (connection: string, log: HostLog): Outage => {
  let down = false;
  return {
    failed(error) {
      if (!down)
        log.warn(`the queue service (${connection}) is down: ${storageErrorReason(error)}; trying again`);
      down = true;
    },
    over() {
      down = false;
    },
  };
};
