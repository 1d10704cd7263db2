/**
 * What the simulation found in the product and goes around until it is mended. Each is set to false with its fix, and
 * its lines go with it.
 */
export const MASKED = {
  /**
   * A stop of a session whose create got no answer is sent although the id may belong to somebody else's server, which
   * it then stops. Until then ids are taken only in runs without other faults.
   */
  stopsStrangers: false,
};
