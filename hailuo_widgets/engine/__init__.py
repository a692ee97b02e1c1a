"""The background loop and everything that runs on it, without Jupyter: a script or a server can use it."""
