"""Answering on this machine: Ollama, OpenAI-compatible servers, and quotes without a model."""
