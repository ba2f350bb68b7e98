"""What can be wrong with a store."""


class StoreError(ValueError):
    """What lies at a path is not a store that this sweep can use; the message says what to do."""


class Damaged(ValueError):
    """A block whose chunks are not what its record says."""
