"""Pure policy: labels, routes and their reasons. No input or output of any kind."""
