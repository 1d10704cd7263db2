// Two accounts on one keeper: copy this file, put in your own ids and addresses, and keep the keys out of it.
//   az deployment sub create --name keeper --location westeurope --parameters two-accounts.bicepparam

using 'main.bicep'

param environmentName = 'keeper-production'
param location = 'westeurope'
param alertEmail = 'render-team@example.com'
param storageSku = 'Standard_ZRS'
param idleTimeout = '00:20:00'
param tokenSecrets = readEnvironmentVariable('TOKEN_SECRETS')

param accountsBase64 = base64(string([
  {
    accountId: 'aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa'
    keys: [readEnvironmentVariable('FIRST_ACCOUNT_KEY')]
    upstream: {
      endpoint: 'https://render-one.example.com'
      accountId: 'cccccccc-3333-4333-8333-cccccccccccc'
      accountKey: readEnvironmentVariable('FIRST_UPSTREAM_KEY')
      exclusive: true
    }
    policy: {
      keepAlive: true
      maxLifetime: '12:00:00'
    }
  }
  {
    accountId: 'bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb'
    keys: [readEnvironmentVariable('SECOND_ACCOUNT_KEY')]
    upstream: {
      endpoint: 'https://render-two.example.com'
      tokenEndpoint: 'https://sts.render-two.example.com'
      accountId: 'dddddddd-4444-4444-8444-dddddddddddd'
      accountKey: readEnvironmentVariable('SECOND_UPSTREAM_KEY')
      callGap: '00:00:10'
    }
  }
]))
