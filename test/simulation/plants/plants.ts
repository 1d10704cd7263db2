import { ACCOUNT_PLANTS } from './account-plants.ts';
import { CALL_PLANTS } from './call-plants.ts';
import { DECIDE_PLANTS } from './decide-plants.ts';
import { EVIDENCE_PLANTS } from './evidence-plants.ts';
import { KEEPER_PLANTS } from './keeper-plants.ts';
import type { Plant } from './plant.ts';
import { STORE_PLANTS } from './store-plants.ts';

/** All planted bugs. Another one is another entry in one of these lists, and a run of `--find-plants`. */
export const PLANTS: readonly Plant[] = [
  ...STORE_PLANTS,
  ...CALL_PLANTS,
  ...DECIDE_PLANTS,
  ...EVIDENCE_PLANTS,
  ...KEEPER_PLANTS,
  ...ACCOUNT_PLANTS,
];

/** @throws Error that says which there are */
export const plantNamed = (name: string): Plant => {
  const plant = PLANTS.find((known) => known.name === name);
  if (plant === undefined)
    throw new Error(`no planted bug is called ${name}; --list-plants shows those there are`);
  return plant;
};
