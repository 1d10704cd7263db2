import * as z from 'zod';
import { KeeperError } from '../errors.ts';

/** The body of every error answer: never a stack trace, never a key. */
export const errorBodySchema = z.strictObject({
  error: z.strictObject({
    code: z.string().meta({ description: 'What kind of error it is: a word for machines, which stays.' }),
    message: z.string().meta({ description: 'What is wrong, for people. Its wording may change.' }),
    target: z.string().optional().meta({ description: 'The field or parameter that is at fault.' }),
    details: z
      .array(
        z.strictObject({
          code: z.string(),
          message: z.string(),
          target: z.string().meta({ description: 'The field that is at fault.' }),
        }),
      )
      .optional()
      .meta({ description: 'All faults of the body, the first ones of many, where there are several.' }),
  }),
});
export type ErrorBody = z.output<typeof errorBodySchema>;

/** An error as an HTTP answer: both the functions and the session host map errors here, and nowhere else. */
export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  body: ErrorBody;
}

/**
 * What a caller is told about an error. Anything that is not a KeeperError is a fault of ours: a plain 500 that
 * says nothing of its cause (the caller of this function logs it, with the correlation vector).
 */
export const errorAnswer = (error: unknown): ErrorAnswer => {
  if (!(error instanceof KeeperError)) {
    return {
      status: 500,
      headers: {},
      body: {
        error: { code: 'InternalServerError', message: 'Something went wrong here. It has been logged.' },
      },
    };
  }
  return {
    status: error.status,
    headers: {
      ...(error.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
      ...(error.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(error.retryAfterSeconds) }),
    },
    body: {
      error: {
        code: error.code,
        message: error.message,
        ...(error.target === undefined ? {} : { target: error.target }),
        ...(error.faults.length < 2
          ? {}
          : { details: error.faults.map((fault) => ({ code: error.code, ...fault })) }),
      },
    },
  };
};
