"""What EventBridge refused. Apart from `forwarder`, which is loaded only where a bus is set."""


class EventsRefused(Exception):
    """EventBridge did not take all events. Says its codes."""


class NeverForwarded(EventsRefused):
    """It would never accept these events because of their content. The webhook's other events are put."""
