"""What other services' tests get of Sale: fixtures for pytest, and strategies and a state machine for Hypothesis.

`pip install 'sale[testing]'` is all: pytest finds `sale_app.testing.plugin` by itself, and loads the rest when asked.
`events` draws what Kafka tells, `machine` lives through whole sales, `payments` plays mq-pay.
"""
