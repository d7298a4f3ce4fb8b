// The pipeline of every branch that has a Jenkinsfile; Blue Ocean shows it. Job DSL, run by
// Configuration as Code, which gives the controller's environment as variables.
multibranchPipelineJob('movierec') {
  displayName('movierec')
  description('Tests every branch; on master it retrains, releases and deploys.')
  branchSources {
    git {
      id('movierec')
      remote(MOVIEREC_ORIGIN)
      credentialsId('movierec-git')
    }
  }
  factory {
    workflowBranchProjectFactory {
      scriptPath('Jenkinsfile')
    }
  }
  triggers {
    periodic(5)
  }
  orphanedItemStrategy {
    discardOldItems {
      daysToKeep(14)
    }
  }
}
