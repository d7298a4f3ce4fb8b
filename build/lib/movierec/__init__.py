"""Movie recommendations: the one package that stages and services share.

It opens no socket, reads no environment and imports neither `stages` nor `serve`.
"""
