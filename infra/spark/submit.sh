#!/usr/bin/env bash
# Aggregate a closed day on Kubernetes: a driver's pod and its executors' pods, which share a folder.
#
#   infra/spark/submit.sh MASTER IMAGE FOLDER DAY [more options of spark-submit …]
#
# DAY is a date, or s3://bucket/…/days/DATE. FOLDER is a path on every node (a mount of shared storage): params.yaml with `aggregate.engine:
# spark`, data/movielog/days/DAY, and where data/aggregates/DAY goes. infra/spark/rights.yaml comes
# first, and of a day on S3 the secret `s3` (README.md). Ends with the driver's status, whose log says in its last line what was wrong
# (`kubectl -n movierec-spark logs POD`); with 1 when the driver was taken away.
set -euo pipefail

master=$1 image=$2 folder=$3 day=$4
shift 4
options=(
  --conf spark.kubernetes.namespace=movierec-spark
  --conf spark.kubernetes.authenticate.driver.serviceAccountName=spark
  --conf "spark.kubernetes.container.image=$image"
)
for who in driver executor; do
  options+=(--conf "spark.kubernetes.$who.volumes.hostPath.work.mount.path=/work")
  options+=(--conf "spark.kubernetes.$who.volumes.hostPath.work.options.path=$folder")
done
lines=data/movielog/days/$day
if [[ $day == s3://* ]]; then
  lines=$day day=${day##*/}
  for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION; do
    options+=(--conf "spark.kubernetes.driver.secretKeyRef.$name=s3:$name")
    options+=(--conf "spark.kubernetes.executor.secretKeyRef.$name=s3:$name")
  done
fi
# spark-submit ends with 0 whatever became of the driver: its status stands in what it logs at the end. It is
# asked for nowhere when the options say not to wait for it.
spark-submit --master "k8s://$master" --deploy-mode cluster --name aggregate \
  "${options[@]}" "$@" local:///app/stages/aggregate.py --submitted \
  --day "$lines" --output "data/aggregates/$day" 2>&1 |
  awk '{ print; fflush() }
    /Application status for/ { waits = 1 }
    $1 " " $2 == "exit code:" { status = $3; ended = 1 }
    END { exit ended ? status : waits }'
