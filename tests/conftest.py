"""What all tests share: reproducible property tests without a deadline (compiling inside one takes seconds)."""

from hypothesis import settings

settings.register_profile("mechanet", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("mechanet")
