"""The commands of `airlock`, one file each. Nothing heavy is imported before a command runs."""
