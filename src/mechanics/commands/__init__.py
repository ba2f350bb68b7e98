"""Commands of `mechanet`, one file each; what they need is imported when they run."""
