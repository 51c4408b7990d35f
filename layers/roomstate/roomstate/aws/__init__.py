"""AWS: one module a service, and how long and how often its calls are tried."""
