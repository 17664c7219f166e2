"""Providers: who serves a model, each behind the same interface."""
