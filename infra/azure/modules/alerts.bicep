// What wakes somebody up. Each rule has a chapter in docs/operations.md.

@description('Region.')
param location string

@description('Tags of all resources.')
param tags object

@description('The workspace that the metrics are in.')
param workspaceId string

@description('Who is told; empty: nobody, the alerts are shown in the portal.')
param email string

// Application Insights writes a metric of an instance once a minute, and a few minutes pass until it can be queried.
var rules = [
  {
    name: 'keeper-lapse'
    displayName: 'Keeper: a lease lapsed'
    description: 'A kept session in use has lost its lease: somebody was cut off.'
    severity: 0
    windowSize: 'PT5M'
    failingPeriods: 1
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.lapses'
      | summarize Lapses = sum(Sum)
      | where Lapses > 0
    '''
  }
  {
    name: 'keeper-sweeps-late'
    displayName: 'Keeper: sweeps are late'
    description: 'A sweep came more than five minutes late, or none has come for ten.'
    severity: 0
    windowSize: 'PT15M'
    failingPeriods: 1
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.sweep.lag'
      | summarize LagMinutes = coalesce(max(Max), 0.0) / 60000, Last = coalesce(max(TimeGenerated), datetime(2000-01-01))
      | where LagMinutes > 5 or Last < ago(10m)
    '''
  }
  {
    name: 'keeper-faulty-rows'
    displayName: 'Keeper: faulty rows'
    description: 'A row of the table cannot be read or breaks a rule; its session is not looked after.'
    severity: 1
    windowSize: 'PT15M'
    failingPeriods: 1
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.rows.faulty'
      | summarize Faulty = sum(Sum)
      | where Faulty > 0
    '''
  }
  {
    name: 'keeper-stops-unconfirmed'
    displayName: 'Keeper: stops are not confirmed'
    description: 'A session was to be stopped ten minutes ago, and its server may still be running.'
    severity: 1
    windowSize: 'PT5M'
    failingPeriods: 1
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.stops.unconfirmed'
      | summarize Sessions = max(Sum)
      | where Sessions > 0
    '''
  }
  {
    name: 'keeper-upstream-throttled'
    displayName: 'Keeper: the upstream throttles'
    description: 'The upstream has refused calls for fifteen minutes, because of their rate.'
    severity: 2
    windowSize: 'PT5M'
    failingPeriods: 3
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.upstream.throttled'
      | summarize Throttled = sum(Sum)
      | where Throttled > 0
    '''
  }
  {
    name: 'keeper-brake'
    displayName: 'Keeper: the brake holds sessions'
    description: 'Many sessions were about to be stopped without anybody asking; each is held once.'
    severity: 1
    windowSize: 'PT5M'
    failingPeriods: 1
    query: '''
      AppMetrics
      | where Name == 'leasekeeper.brake.held'
      | summarize Held = sum(Sum)
      | where Held > 0
    '''
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'keeper-people'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'keeper'
    enabled: true
    emailReceivers: [
      {
        name: 'email'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: rule.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.displayName
    description: rule.description
    severity: rule.severity
    enabled: true
    autoMitigate: true
    // The metrics are there once the app has run; the rules are there before it.
    skipQueryValidation: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: rule.windowSize
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: rule.failingPeriods
            minFailingPeriodsToAlert: rule.failingPeriods
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(email) ? [] : [people.id]
    }
  }
}]
