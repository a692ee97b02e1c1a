"""HTTP/1.1 of our own: calls over few connections, files in threads."""
