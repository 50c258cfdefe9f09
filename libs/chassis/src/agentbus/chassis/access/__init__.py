"""Who is let in, by what, and until when (ADR 0016, 0017). Used through `agentbus.chassis.auth`."""
