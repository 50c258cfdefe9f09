"""Kafka: codec, producer, outbox, delivery, dead letters and topic provisioning."""
