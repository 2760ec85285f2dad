/** A good compromise of size and time for deltas: further levels take ten times as long for a tenth less. */
export const DEFAULT_DELTA_LEVEL = 9;
