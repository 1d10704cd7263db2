import type { HttpHandler } from '@azure/functions';
import type { Page } from '../../shared/openapi/page/page.ts';
import { endpoint, type Services } from './endpoint.ts';

/** `GET /docs`: the API for people, a page of the same document. Loaded and made at its first request. */
export const docs = (services: Services, version: string): HttpHandler => {
  let page: Promise<Page> | undefined;
  return endpoint(services, async () => {
    page ??= write(version);
    const { html, policy } = await page;
    return {
      status: 200,
      headers: { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy },
      body: html,
    };
  });
};

const write = async (version: string): Promise<Page> => {
  const [{ openApiDocument }, { pageOf }] = await Promise.all([
    import('../../shared/openapi/document.ts'),
    import('../../shared/openapi/page/page.ts'),
  ]);
  return pageOf(openApiDocument({ version }));
};
