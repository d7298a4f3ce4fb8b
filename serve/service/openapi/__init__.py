"""The HTTP contract of serve/README.md for machines: OpenAPI 3.1, at `/openapi.json`."""
