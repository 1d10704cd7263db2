import { type HttpHandler, HttpRequest, InvocationContext } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { docs } from '../../functions/http/docs.ts';
import type { Services } from '../../functions/http/endpoint.ts';
import { openApi } from '../../functions/http/openapi.ts';
import { noTracing } from '../../functions/telemetry/tracing.ts';
import { openApiDocument } from '../../shared/openapi/document.ts';
import { pageOf } from '../../shared/openapi/page/page.ts';
import { validateAgainstOpenApi } from '../openapi.ts';

/** The two routes that describe the API, answered as they describe themselves. */

const VERSION = '1.2.3';
const document = openApiDocument({ version: VERSION });
const check = validateAgainstOpenApi(document);

// These routes use nothing else of what there is.
const services = { telemetry: { report: () => undefined }, tracing: noTracing } as unknown as Services;

const ask = async (handler: HttpHandler, path: string) => {
  const request = new HttpRequest({ method: 'GET', url: `http://127.0.0.1${path}` });
  const answer = await handler(request, new InvocationContext());
  const {
    status = 0,
    headers,
    body,
  } = answer as {
    status?: number;
    headers: Record<string, string>;
    body: string;
  };
  return { status, headers, body };
};

describe.each([
  ['/openapi.json', openApi(services, VERSION), JSON.stringify(document)],
  ['/docs', docs(services, VERSION), pageOf(document).html],
])('%s', (path, handler, body) => {
  it('answers as it is described, and the same each time', async () => {
    const [first, second] = [await ask(handler, path), await ask(handler, path)];
    expect(first.status).toBe(200);
    expect(check('GET', path, first.status, first.headers, first.body)).toEqual([]);
    expect(first.body).toBe(body);
    expect(second.body).toBe(body);
    expect(second.headers['MS-CV']).not.toBe(first.headers['MS-CV']);
  });
});
