"""Measurements from outside: the real program in a pseudo-terminal against a server on loopback."""
