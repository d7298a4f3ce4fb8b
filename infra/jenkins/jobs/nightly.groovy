// The freestyle job that builds periodically, and does nothing but start the pipeline of master.
freeStyleJob('movierec-nightly') {
  description('Starts the pipeline of master each night.')
  label('movierec')
  logRotator {
    numToKeep(30)
  }
  triggers {
    cron('H 2 * * *')
  }
  publishers {
    downstream('movierec/master', 'SUCCESS')
  }
}
