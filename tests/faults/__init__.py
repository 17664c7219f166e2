"""What goes wrong on the way to an answer: every known fault, at every provider, as each of its users meets it."""
