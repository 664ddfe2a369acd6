"""The routes, one file per concern. Each builds a router over the parts it is handed; none keeps state."""
