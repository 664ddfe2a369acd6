"""Finding passages: embedding, the dense and lexical caches, and their fusion."""
