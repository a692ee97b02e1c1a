"""The library: a SQL journal of requests, payments and clips, beside the clips' files."""
