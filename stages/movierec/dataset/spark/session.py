"""A Spark session that ends with its block: of this machine, or what `spark-submit` has set up."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import SparkSession

import movierec
from movierec.errors import BadInput

MEMORY = "2g"
"""Of the Java machine that is driver and executor, where it is on this machine alone."""
ANYWHERE = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",  # hashes of users are products modulo 2 ** 64
}
QUIET = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = spark: %p %c{1}: %m%n
"""


@contextmanager
def session(submitted: bool = False, authority: str | None = None) -> Iterator[SparkSession]:
    """A session; with `submitted` master, memory and the rest are what `spark-submit` was told, and
    else servers are trusted by the certificates in the file `authority` (PEM), where there is one.

    Raises BadInput when it does not start.
    """
    with TemporaryDirectory(prefix="movierec-spark-") as scratch:
        builder = SparkSession.builder.appName("aggregate")
        for key, value in (ANYWHERE if submitted else {**ANYWHERE, **_here(Path(scratch))}).items():
            builder = builder.config(key, value)
        try:
            spark = builder.getOrCreate()
        except PySparkRuntimeError as error:
            raise BadInput(
                f"Spark did not start ({error}); it needs Java 17 (`openjdk-17-jre-headless`), or "
                "set aggregate.engine to local"
            ) from None
        try:
            if authority is not None and not submitted:
                _trust(spark, authority, Path(scratch) / "authority.jks")
            yield spark
        finally:
            spark.stop()


def _trust(spark: SparkSession, authority: str, store: Path) -> None:
    """Have the Java machine trust these certificates, in a file of the only sort that it reads. No
    connection was made yet, and the executor is this machine, too."""
    jvm, gateway = spark._jvm, spark.sparkContext._gateway
    password = gateway.new_array(jvm.char, 0)
    keys = jvm.java.security.KeyStore.getInstance("JKS")
    keys.load(None, password)
    kind = jvm.java.security.cert.CertificateFactory.getInstance("X.509")
    found = kind.generateCertificates(jvm.java.io.FileInputStream(authority))
    for number, certificate in enumerate(found):
        keys.setCertificateEntry(str(number), certificate)
    keys.store(jvm.java.io.FileOutputStream(str(store)), password)
    jvm.java.lang.System.setProperty("javax.net.ssl.trustStore", str(store))


def _here(scratch: Path) -> dict[str, str]:
    """Settings for all cores of this machine. What is spilled is in `scratch`, and nobody but this
    machine can connect."""
    quiet = scratch / "log4j2.properties"
    quiet.write_text(QUIET)
    return {
        "spark.master": "local[*]",
        "spark.driver.memory": MEMORY,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={quiet}",
        "spark.local.dir": str(scratch),
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.files.maxPartitionBytes": "32m",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # Tasks run the code that is running here, and not what else may be installed.
        "spark.pyspark.python": sys.executable,
        "spark.executorEnv.PYTHONPATH": str(Path(next(iter(movierec.__path__))).parent),
    }
