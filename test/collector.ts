import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { createCertificate } from './certificate.ts';

/**
 * What takes telemetry in Azure, on this machine: an HTTPS server for the ingestion protocol of Application Insights
 * (envelopes as a JSON array, or one on each line), and a proxy that lets nothing out and remembers who wanted to go.
 */
export interface Collector {
  /** For APPLICATIONINSIGHTS_CONNECTION_STRING. */
  connectionString: string;
  /** PEM, and a file with it. */
  certificate: string;
  /** What a process has to have in its environment to send here, soon, and nowhere else. */
  environment: Readonly<Record<string, string>>;
  /** Everything that was sent, as it was sent. */
  readonly text: string;
  /** Of each sum, value or spread that was sent. */
  metrics(): Measured[];
  events(): { name: string; facts: Facts; trace: string | undefined }[];
  steps(): TracedStep[];
  /** Of which hosts something was wanted. */
  wanted: ReadonlySet<string>;
  stop(): void;
}

type Facts = Readonly<Record<string, string>>;

export interface Measured {
  name: string;
  value: number;
  /** Of a histogram. */
  max: number | undefined;
  dimensions: Facts;
}

export interface TracedStep {
  id: string;
  parent: string | undefined;
  trace: string | undefined;
  name: string;
  type: string;
  success: boolean;
  facts: Facts;
}

/** https://github.com/microsoft/ApplicationInsights-Home/tree/master/EndpointSpecs/Schemas/Bond */
interface Envelope {
  tags: Readonly<Record<string, string | undefined>>;
  data: {
    baseType: string;
    baseData: {
      properties?: Facts;
      metrics?: { name: string; value: number; max?: number }[];
      id?: string;
      name?: string;
      type?: string;
      success?: boolean;
    };
  };
}

const KEY = '00000000-0000-4000-8000-000000000001';

/** As the host of Azure has it: by these, the library knows that it need not look for a virtual machine around it. */
const PLATFORM = {
  FUNCTIONS_EXTENSION_VERSION: '~4',
  WEBSITE_SITE_NAME: 'lease-keeper',
  WEBSITE_INSTANCE_ID: 'one',
  WEBSITE_MEMORY_LIMIT_MB: '512',
  REGION_NAME: 'nowhere',
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const body = await buffer(request);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
};

const envelopesOf = (text: string): Envelope[] =>
  text.startsWith('[')
    ? (JSON.parse(text) as Envelope[])
    : text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Envelope]));

export const startCollector = async (): Promise<Collector> => {
  const certificate = createCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'lease-keeper-collector-'));
  const file = join(folder, 'certificate.pem');
  writeFileSync(file, certificate.cert);
  const texts: string[] = [];
  const envelopes: Envelope[] = [];
  const wanted = new Set<string>();

  const ingestion = createServer(certificate, async (request, response) => {
    const text = await textOf(request);
    texts.push(`${request.url}\n${JSON.stringify(request.headers)}\n${text}`);
    const taken = request.url === '/v2.1/track' ? envelopesOf(text) : [];
    envelopes.push(...taken);
    const told = { itemsReceived: taken.length, itemsAccepted: taken.length, errors: [] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told));
  }).listen(0, '127.0.0.1');
  const proxy = createPlainServer((request, response) => {
    wanted.add(request.url ?? '');
    response.writeHead(502).end();
  })
    .on('connect', (request, socket) => {
      wanted.add(request.url ?? '');
      socket.destroy();
    })
    .listen(0, '127.0.0.1');
  await Promise.all([once(ingestion, 'listening'), once(proxy, 'listening')]);
  const portOf = (server: typeof ingestion | typeof proxy): number => (server.address() as AddressInfo).port;

  const address = `https://127.0.0.1:${portOf(ingestion)}/`;
  const connectionString = `InstrumentationKey=${KEY};IngestionEndpoint=${address};LiveEndpoint=${address}`;
  const of = (...types: string[]) => envelopes.filter(({ data }) => types.includes(data.baseType));
  return {
    connectionString,
    certificate: certificate.cert,
    environment: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString,
      NODE_EXTRA_CA_CERTS: file,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      OTEL_TRACES_SAMPLER: 'always_on',
      HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`,
      NO_PROXY: '127.0.0.1',
      ...PLATFORM,
    },
    wanted,
    get text() {
      return texts.join('\n');
    },
    metrics: () =>
      of('MetricData').flatMap(({ data: { baseData } }) =>
        (baseData.metrics ?? []).map(({ name, value, max }) => ({
          ...{ name, value, max },
          dimensions: baseData.properties ?? {},
        })),
      ),
    events: () =>
      of('EventData').map(({ tags, data: { baseData } }) => ({
        name: baseData.name ?? '',
        facts: baseData.properties ?? {},
        trace: tags['ai.operation.id'],
      })),
    steps: () =>
      of('RemoteDependencyData', 'RequestData').map(({ tags, data: { baseData } }) => ({
        id: baseData.id ?? '',
        parent: tags['ai.operation.parentId'],
        trace: tags['ai.operation.id'],
        name: baseData.name ?? '',
        type: baseData.type ?? '',
        success: baseData.success ?? false,
        facts: baseData.properties ?? {},
      })),
    stop() {
      for (const server of [ingestion, proxy]) {
        server.close();
        server.closeAllConnections();
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
