"""Reading and making mp4 with PyAV: probe, frames, poster, contact sheet, encoding."""
