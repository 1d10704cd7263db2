import { TableClient } from '@azure/data-tables';
import { app } from '@azure/functions';

/** The least that an app on a table can be: one function that reads one row. What the keeper's cold start is held against. */

const client = TableClient.fromConnectionString(process.env.AzureWebJobsStorage ?? '', 'leasekeeper', {
  allowInsecureConnection: true,
});

app.http('read', {
  methods: ['GET'],
  route: 'rows/{partition}/{row}',
  authLevel: 'anonymous',
  async handler({ params: { partition = '', row = '' } }) {
    return { jsonBody: await client.getEntity(partition, row) };
  },
});
