"""The faces: page, API, launcher and command line. Holds no cloud key and has no route out."""
