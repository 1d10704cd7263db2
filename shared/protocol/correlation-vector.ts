/**
 * The `MS-CV` header: 16 bytes of chance in base64 without padding (22 characters) and `.0`,
 * new for each call. The source of chance is the caller's.
 */
export const correlationVector = (randomBytes: (size: number) => Buffer): string =>
  `${randomBytes(16).toString('base64').slice(0, 22)}.0`;
