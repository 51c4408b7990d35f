"""The true state of Tencent RTC rooms, kept from their webhooks.

Pure core, imports no AWS and no clock:

    catalogue   one model a command, and the facts it asserts
    decode      the bytes of a webhook -> Webhook
    registers   facts with versions, and how two assertions of one fact join
    decide      (unit of a webhook, registers) -> (new registers, changes)
    fold        a room's log -> its registers

    signature   Tencent's Sign
    rooms       registers -> rooms as consumers read them
    forwarded   records as consumers get them from EventBridge

Shell:

    receiver    one webhook, from request to answer
    redriver    one parked webhook, taken up again
    caller      who sends: the query string of the webhook's URL
    store       the DynamoDB table, written; `table` is its layout
    forwarder   the EventBridge bus
    parking     the SQS queue of what could not be stored or forwarded
    tokens      the SSM parameter of the apps' tokens
    reader      what consumers read: rooms, members, logs
    gateway     API Gateway's events and responses
    settings    the environment of the functions; `wiring` puts all together as it says
    aws         the clients, and how long their calls may take
"""
