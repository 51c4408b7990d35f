"""The true state of Tencent RTC rooms, kept from their webhooks.

`roomstate.kit` has what other projects import.
"""
