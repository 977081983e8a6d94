"""Prometheus: what the processes of Sale count, and what operators read of the store."""

from sale_adapters.prometheus.metrics import PrometheusMetrics
from sale_adapters.prometheus.relay import RelayMetrics

__all__ = ["PrometheusMetrics", "RelayMetrics"]
