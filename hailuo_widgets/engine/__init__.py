"""The background loop and what lives on it. Nothing here knows of Jupyter: a script or a server can use it."""
