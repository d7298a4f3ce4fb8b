"""`aggregate.engine: spark`. Nothing else imports this room, for only it needs Spark and Java."""
