"""What can be asked for: the request, the camera's language, and the catalogue of what each vendor offers."""
