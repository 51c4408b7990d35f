"""The true state of Tencent RTC rooms, kept from their webhooks.

Pure core, imports no AWS and no clock:

    catalogue   one model a command, and the facts it asserts
    decode      the bytes of a webhook -> Webhook
    registers   facts with versions, and how two assertions of one fact join
    decide      (unit of a webhook, registers) -> (new registers, changes)
    fold        a room's log -> its registers

Shell:

    receiver    one webhook, from request to answer
    caller      who sends: the query string of the webhook's URL
    store       the DynamoDB table
    reader      what consumers read: rooms, members, logs
    settings    the environment of the functions
"""
