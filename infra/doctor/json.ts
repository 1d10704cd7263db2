import type { Diagnosis } from '../../shared/doctor/diagnosis.ts';
import type { ClockState } from './page.ts';

/**
 * What the doctor found, for machines: the same, with every instant in ISO 8601. Without models, whose addresses may have
 * signatures in them.
 */
export const jsonOf = (diagnosis: Diagnosis, clock: ClockState): string =>
  JSON.stringify({ ...diagnosis, clock }, (name, value: unknown) => {
    if (name === 'models') return undefined;
    return typeof value === 'number' && IS_INSTANT.test(name) ? new Date(value).toISOString() : value;
  });

const IS_INSTANT = /^(at|until|since|early|late|graceFrom|missingSince|unansweredSince)$|(At|Until)$/;
