"""Prometheus: what Sale counts, and what operators read of the store."""

from sale_adapters.prometheus.metrics import PrometheusMetrics

__all__ = ["PrometheusMetrics"]
