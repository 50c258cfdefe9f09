"""WebSockets: history, then live, without gap or repeat."""
