"""The widgets: they know messages and value types, never a screen or the app."""
