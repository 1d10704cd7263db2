import type { HttpHandler } from '@azure/functions';
import { endpoint, type Services } from './endpoint.ts';

/** `GET /openapi.json`: the API for machines. Loaded and made at its first request, so that no cold start waits for it. */
export const openApi = (services: Services, version: string): HttpHandler => {
  let text: Promise<string> | undefined;
  return endpoint(services, async () => {
    text ??= write(version);
    return {
      status: 200,
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
      body: await text,
    };
  });
};

const write = async (version: string): Promise<string> => {
  const { openApiDocument } = await import('../../shared/openapi/document.ts');
  return JSON.stringify(openApiDocument({ version }));
};
