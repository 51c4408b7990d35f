"""Tencent, simulated: true rooms, the webhooks they send, and the REST API that tells of them.

Everything is as Tencent's pages say, or a guess that is marked as one. Nothing was ever compared with the
real service.
"""
