/** The host cannot start, for a reason that its user can mend. The message says it all; a stack would only hide it. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
