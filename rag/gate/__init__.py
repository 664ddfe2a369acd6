"""The only way to a cloud: a process of its own that holds the keys and judges again before it sends."""
