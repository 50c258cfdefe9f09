"""The channels that people are told over: webhook, Slack-compatible, e-mail."""
