"""What was requested, paid for and kept: a SQL journal beside the clips' files."""
