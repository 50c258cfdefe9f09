"""The agreements between services: messages, commands, frames, HTTP bodies and topics."""
