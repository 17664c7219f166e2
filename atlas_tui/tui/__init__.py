"""The terminal program: screens and widgets over the library."""
