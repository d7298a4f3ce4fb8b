"""What is on disk: exactly once, in closed days. The collector is the only writer.

    <root>/<topic>/segments/    what arrived lately, in segments      → segments, chain, tail
    <root>/<topic>/lineage/     which topic it is, by Kafka's id       → lineage
    <root>/<topic>/days/        closed days, immutable                → days, dayfile
    <root>/<topic>/closings/    which days were closed, at which cuts → decisions, closing,
                                                                        placing, passing
    <root>/expired/<topic>/     which closed days were deleted        → expired

All of it lies behind a few verbs (storage): of the local disk (durable), or of S3 (s3, s3put,
s3read, s3calls), whose places are Urls (movierec.url).
Readers import the file of the idea they need: whoever reads closed days imports `days` alone.
"""
