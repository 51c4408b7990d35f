"""Tencent's wire: who calls, what a body says, what is answered. Pure."""
