// The vault of account keys and token secrets. The app reads both through references in its settings.

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags of all resources.')
param tags object

@description('Days for which what was deleted can be recovered.')
param retentionDays int

@description('The identity of the app.')
param principalId string

@description('The workspace for the audit log.')
param workspaceId string

@description('KEEPER_ACCOUNTS in base64; empty: the secret stays as it is.')
@secure()
param accountsBase64 string

@description('KEEPER_TOKEN_SECRETS; empty: the secret stays as it is.')
@secure()
param tokenSecrets string

var accountsSecretName = 'keeper-accounts'
var tokenSecretsSecretName = 'keeper-token-secrets'

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: retentionDays
  }
}

resource accountsSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = if (!empty(accountsBase64)) {
  parent: vault
  name: accountsSecretName
  properties: {
    contentType: 'application/json'
    value: base64ToString(accountsBase64)
  }
}

resource tokenSecretsSecret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' = if (!empty(tokenSecrets)) {
  parent: vault
  name: tokenSecretsSecretName
  properties: {
    contentType: 'text/plain'
    value: tokenSecrets
  }
}

resource secretsRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, principalId, keyVaultSecretsUser)
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = vault.id
output name string = vault.name
output accountsSecretName string = accountsSecretName
output tokenSecretsSecretName string = tokenSecretsSecretName
// Without a version: the newest is read, after a day at the latest.
output accountsReference string = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${accountsSecretName})'
output tokenSecretsReference string = '@Microsoft.KeyVault(VaultName=${vault.name};SecretName=${tokenSecretsSecretName})'
