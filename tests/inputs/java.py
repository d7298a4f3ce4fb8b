"""How tests start Java machines."""

QUICK = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""Environment of one that lives for seconds: it compiles quickly, not well."""
