"""The ways by which confidential text could leave, each walked on the intact product; grouped by where they start."""
