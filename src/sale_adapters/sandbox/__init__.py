"""The sister services of contract §10 as one application, for demos, tests and benchmarks."""

from sale_adapters.sandbox.app import create_sandbox
from sale_adapters.sandbox.identity import IdentitySettings
from sale_adapters.sandbox.mq_pay import Deliver, Patience

__all__ = ["Deliver", "IdentitySettings", "Patience", "create_sandbox"]
