"""Reading folders into the store: find, parse, label, chunk, embed, save. Has no network."""
