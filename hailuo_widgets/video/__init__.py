"""Reading and making mp4 with PyAV: probe, poster, contact sheet, and the sketch renderer."""
