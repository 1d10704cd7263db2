// Everything that a keeper needs in Azure, in a resource group of its own.

targetScope = 'subscription'

@description('Name of this keeper; the names of its resources are made from it, the subscription and the location.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of all resources; it must have the Flex Consumption plan.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('KEEPER_ACCOUNTS (a JSON array, with keys) in base64. Empty: what the vault has stays as it is.')
@secure()
param accountsBase64 string = ''

@description('KEEPER_TOKEN_SECRETS: base64 of at least 32 bytes each, current first, separated by commas. Empty: what the vault has stays as it is.')
@secure()
param tokenSecrets string = ''

@description('Where alerts are sent; empty: they are shown in the portal only.')
@maxLength(254)
param alertEmail string = ''

@description('Node.js of the app.')
@allowed(['22', '24'])
param nodeVersion string = '22'

@description('Memory of an instance.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('At most so many instances of each function.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How the storage account is replicated.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Log each read, write and delete of the storage account: thousands a day even of an idle keeper.')
param storageLogs bool = false

@description('Days for which logs and metrics are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Days for which the vault and its secrets can be recovered after they were deleted. Cannot be changed later.')
@minValue(7)
@maxValue(90)
param vaultRetentionDays int = 90

// The settings of the app that have a default: an empty one has it.

@description('KEEPER_SWEEP_SCHEDULE: NCRONTAB with six fields.')
param sweepSchedule string = ''

@description('KEEPER_KEEP_ALIVE: whether sessions are kept whose client says nothing.')
@allowed(['', 'true', 'false'])
param keepAlive string = ''

@description('KEEPER_IDLE_TIMEOUT: a time span, [d.]hh:mm:ss.')
param idleTimeout string = ''

@description('KEEPER_MAX_LIFETIME: a time span.')
param maxLifetime string = ''

@description('KEEPER_RENEW_MARGIN: a time span.')
param renewMargin string = ''

@description('KEEPER_EXTENSION: a time span, at least twice the renew margin.')
param extension string = ''

@description('KEEPER_OBSERVE_INTERVAL: a time span.')
param observeInterval string = ''

@description('KEEPER_LAUNCH_TIMEOUT: a time span.')
param launchTimeout string = ''

@description('KEEPER_ORPHAN_GRACE: a time span.')
param orphanGrace string = ''

@description('KEEPER_READS_PER_SECOND: a number from 0.1 to 100000.')
param readsPerSecond string = ''

@description('KEEPER_WRITES_PER_SECOND: a number from 0.1 to 100000.')
param writesPerSecond string = ''

@description('KEEPER_HEARTBEATS_PER_SECOND: a number from 0.1 to 100000.')
param heartbeatsPerSecond string = ''

@description('KEEPER_PUBLIC_URL: the address that clients know, where a proxy stands in front.')
param publicUrl string = ''

var tags = { 'azd-env-name': environmentName }
var token = uniqueString(subscription().id, environmentName, location)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-keeper-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-keeper-${token}'
    applicationInsightsName: 'appi-keeper-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stkeeper${token}'
    location: location
    tags: tags
    sku: storageSku
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    logEachOperation: storageLogs
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    retentionDays: vaultRetentionDays
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
    accountsBase64: accountsBase64
    tokenSecrets: tokenSecrets
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-keeper-${token}'
    planName: 'plan-keeper-${token}'
    location: location
    tags: tags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    deploymentContainer: storage.outputs.deploymentContainer
    applicationInsightsName: monitoring.outputs.applicationInsightsName
    workspaceId: monitoring.outputs.workspaceId
    keeperSettings: {
      KEEPER_ACCOUNTS: vault.outputs.accountsReference
      KEEPER_TOKEN_SECRETS: vault.outputs.tokenSecretsReference
      KEEPER_SWEEP_SCHEDULE: sweepSchedule
      KEEPER_KEEP_ALIVE: keepAlive
      KEEPER_IDLE_TIMEOUT: idleTimeout
      KEEPER_MAX_LIFETIME: maxLifetime
      KEEPER_RENEW_MARGIN: renewMargin
      KEEPER_EXTENSION: extension
      KEEPER_OBSERVE_INTERVAL: observeInterval
      KEEPER_LAUNCH_TIMEOUT: launchTimeout
      KEEPER_ORPHAN_GRACE: orphanGrace
      KEEPER_READS_PER_SECOND: readsPerSecond
      KEEPER_WRITES_PER_SECOND: writesPerSecond
      KEEPER_HEARTBEATS_PER_SECOND: heartbeatsPerSecond
      KEEPER_PUBLIC_URL: publicUrl
    }
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

// azd keeps these in its environment; the runbook uses them by these names.

@description('Where clients find the keeper.')
output KEEPER_ENDPOINT string = app.outputs.endpoint

@description('The resource group of all of it.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app.')
output FUNCTION_APP_NAME string = app.outputs.name

@description('Its resource id.')
output FUNCTION_APP_ID string = app.outputs.id

@description('The storage account.')
output STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Its resource id.')
output STORAGE_ACCOUNT_ID string = storage.outputs.id

@description('The table with all that the keeper knows.')
output TABLE_NAME string = storage.outputs.tableName

@description('Where sweeps are asked for.')
output QUEUE_NAME string = storage.outputs.queueName

@description('Where the messages are that could not be worked on.')
output POISON_QUEUE_NAME string = storage.outputs.poisonQueueName

@description('The vault of keys and secrets.')
output KEY_VAULT_NAME string = vault.outputs.name

@description('Its resource id.')
output KEY_VAULT_ID string = vault.outputs.id

@description('The secret that is KEEPER_ACCOUNTS.')
output ACCOUNTS_SECRET_NAME string = vault.outputs.accountsSecretName

@description('The secret that is KEEPER_TOKEN_SECRETS.')
output TOKEN_SECRETS_SECRET_NAME string = vault.outputs.tokenSecretsSecretName

@description('The workspace of logs and metrics, as queries name it.')
output LOG_ANALYTICS_WORKSPACE_ID string = monitoring.outputs.workspaceCustomerId

@description('Application Insights.')
output APPLICATION_INSIGHTS_NAME string = monitoring.outputs.applicationInsightsName
