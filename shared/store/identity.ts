import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity';

/** The identity of this process could not show itself to the table, for now or at all. */
export class NoIdentityError extends Error {
  override readonly name = 'NoIdentityError';
}

/**
 * Who this process is: its managed identity in Azure, whoever is signed in elsewhere. The library is large, and is loaded
 * with the first token. One question at a time, which goes on when who asked first has no more patience: the first
 * token may take longer than an operation of the table, and is there for the next one.
 *
 * Its `getToken` rejects with a NoIdentityError.
 */
export const identityCredential = (clientId: string | undefined): TokenCredential => {
  let loading: Promise<TokenCredential> | undefined;
  let asking: Promise<AccessToken | null> | undefined;

  const load = async (): Promise<TokenCredential> => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId });
  };

  const ask = async (scopes: string | string[], options: GetTokenOptions): Promise<AccessToken | null> => {
    loading ??= load();
    try {
      return await (await loading).getToken(scopes, options);
    } catch (error) {
      throw new NoIdentityError('no token for the table could be had', { cause: error });
    }
  };

  return {
    getToken(scopes, { abortSignal, ...options } = {}) {
      asking ??= ask(scopes, options).finally(() => {
        asking = undefined;
      });
      return abortSignal === undefined ? asking : unlessAborted(asking, abortSignal);
    },
  };
};

const unlessAborted = <Result>(
  work: Promise<Result>,
  signal: NonNullable<GetTokenOptions['abortSignal']>,
): Promise<Result> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(new NoIdentityError('no token for the table was there in time'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
