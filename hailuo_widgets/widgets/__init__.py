"""What is seen: live cards, and the static HTML that they settle to."""
