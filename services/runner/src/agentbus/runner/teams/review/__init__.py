"""The default team: reviews a source tree with real tools, without a key and without the network."""
