"""Every command of Tencent's that this project knows."""

from roomstate.tencent.catalogue import STATE_MODELS
from roomstate.tencent.catalogue.base import Command
from roomstate.tencent.catalogue.observed import OBSERVED_MODELS

MODELS: tuple[type[Command], ...] = (*STATE_MODELS, *OBSERVED_MODELS)
COMMANDS = {name: model for model in MODELS for name in model.names}
"""By each of their names."""
