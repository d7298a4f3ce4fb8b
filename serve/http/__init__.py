"""An HTTP server that no client can stop: the service's, and the collector's for its metrics."""
