"""A sweep on its way out: records, a page to mail, a contact sheet."""
