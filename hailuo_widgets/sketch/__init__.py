"""The sketch provider's drawing: a scene or a first frame, filmed by a camera whose path is known."""
