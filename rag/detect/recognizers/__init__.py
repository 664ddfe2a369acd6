"""One recogniser per file: a function from folded text to spans. None of them knows the engine that runs it."""
