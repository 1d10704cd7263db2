// One page that shows how the keeper is: workbook.json, over the workspace.

@description('Region.')
param location string

@description('Tags of all resources.')
param tags object

@description('The workspace that the metrics are in.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'lease-keeper')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Lease keeper'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('workbook.json')
  }
}
