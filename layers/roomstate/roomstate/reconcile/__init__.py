"""Asking Tencent's REST API what is true of a room, and finding where our state differs.

No real answer of Tencent was ever seen: every shape is what its pages say. What does not decode
concludes nothing.
"""
