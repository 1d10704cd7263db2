import { type SizedAccount, type Swept, startSizedAccount } from './account.ts';

/** A sweep and its bare operations, one right after the other. */
export interface Pair {
  sweep: Swept;
  bareMs: number;
}

/** What was measured of the account with so many tracked sessions. */
export interface AccountTimes {
  tracked: number;
  /** With few that are due: one of each round. */
  few: readonly Pair[];
  /** With many, once. */
  many: Pair;
  scanMs: number;
}

export interface Plan {
  tracked: readonly number[];
  few: number;
  many: number;
  rounds: number;
}

/** Accounts of all sizes take turns: whatever the machine does meanwhile, or is warm by then, all of them meet. */
export const measureSweeps = async (
  { tracked, few, many, rounds }: Plan,
  progress: (text: string) => void,
): Promise<AccountTimes[]> => {
  const accounts: SizedAccount[] = [];
  try {
    for (const count of tracked) {
      progress(`${count} sessions are put into a table`);
      accounts.push(await startSizedAccount(count));
    }
    const pairs = accounts.map((): Pair[] => []);
    // The first round warms what is compiled on the way, and does not count.
    for (let round = 0; round <= rounds; round += 1) {
      progress(`${few} due, round ${round} of ${rounds}`);
      for (const [index, account] of accounts.entries()) {
        const pair = await pairOf(account, few, round % 2 === 0);
        if (round > 0) pairs[index]?.push(pair);
      }
    }
    const measured: AccountTimes[] = [];
    for (const [index, account] of accounts.entries()) {
      const count = tracked[index] ?? Number.NaN;
      progress(`${count} tracked, ${many} due`);
      const last = await pairOf(account, many, true);
      measured.push({
        ...{ tracked: count, few: pairs[index] ?? [] },
        ...{ many: last, scanMs: await account.scanMs() },
      });
    }
    return measured;
  } finally {
    await Promise.all(accounts.map((account) => account.stop()));
  }
};

const pairOf = async (account: SizedAccount, due: number, isSweepFirst: boolean): Promise<Pair> => {
  if (isSweepFirst) return { sweep: await account.sweep(due), bareMs: await account.bareMs(due) };
  const bareMs = await account.bareMs(due);
  return { sweep: await account.sweep(due), bareMs };
};
