import { endpointSchema } from './config-accounts.ts';

/** Where the table is, and who may use it: by a key or signature in a connection string, or as an identity. */
export type StorageConfig =
  | { by: 'connection string'; connectionString: string }
  | {
      by: 'identity';
      /** Without a slash at its end. */
      tableServiceUri: string;
      /** Which managed identity, where there are several; undefined: the only one, or whoever is signed in. */
      clientId: string | undefined;
    };

/**
 * Reads the settings named `AzureWebJobsStorage…`, as the functions host does: the connection string goes before the
 * addresses of the single services. The result is whole only where nothing was added to `faults`, none of which quotes
 * a key.
 */
export const readStorage = (
  environment: Readonly<Record<string, string | undefined>>,
  faults: string[],
): StorageConfig => {
  const connectionString = environment.AzureWebJobsStorage?.trim() ?? '';
  const uri = environment.AzureWebJobsStorage__tableServiceUri?.trim() ?? '';
  if (connectionString === '' && uri !== '') {
    const result = endpointSchema.safeParse(uri);
    // A token goes over TLS only, to this machine as well.
    if (!result.data?.startsWith('https:'))
      faults.push('AzureWebJobsStorage__tableServiceUri: must be an https URL');
    const clientId = environment.AzureWebJobsStorage__clientId?.trim() || undefined;
    return { by: 'identity', tableServiceUri: result.data ?? '', clientId };
  }
  if (connectionString === '') faults.push('AzureWebJobsStorage: is missing');
  else if (!isStorageConnection(connectionString))
    faults.push('AzureWebJobsStorage: must be the connection string of a storage account');
  return { by: 'connection string', connectionString };
};

/** What the SDK can work with: the emulator's short form, or an account with a key or a signature. */
const isStorageConnection = (text: string): boolean => {
  const names = new Set(text.split(';').map((part) => part.split('=')[0]?.trim().toLowerCase()));
  return (
    /^UseDevelopmentStorage=true;?$/i.test(text) ||
    (names.has('accountname') && names.has('accountkey')) ||
    (names.has('tableendpoint') && names.has('sharedaccesssignature'))
  );
};

/** The key, and the signature of a signature, of a connection string. */
export const secretsOfConnection = (connectionString: string): string[] =>
  connectionString.split(';').flatMap((part) => {
    const [, name = '', value = ''] = /^\s*(\w+)=(.*)$/.exec(part) ?? [];
    if (/^accountkey$/i.test(name)) return [value.trim()];
    return /^sharedaccesssignature$/i.test(name) ? [new URLSearchParams(value).get('sig') ?? ''] : [];
  });
