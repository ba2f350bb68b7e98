"""Published experiments as functions: settings in, histories out, resumable."""
