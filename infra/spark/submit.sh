#!/usr/bin/env bash
# Aggregate a closed day on Kubernetes: a driver's pod and its executors' pods, which share a folder.
#
#   infra/spark/submit.sh MASTER IMAGE FOLDER DAY [more options of spark-submit …]
#
# FOLDER is a path on every node (a mount of shared storage): params.yaml with `aggregate.engine:
# spark`, data/movielog/days/DAY, and where data/aggregates/DAY goes. infra/spark/rights.yaml comes
# first. Ends with 0 when the driver did, whose log is then what tells: a folder without
# manifest.json is none.
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
exec spark-submit --master "k8s://$master" --deploy-mode cluster --name aggregate \
  "${options[@]}" "$@" local:///app/stages/aggregate.py --submitted \
  --day "data/movielog/days/$day" --output "data/aggregates/$day"
