"""Equal blocks on equal linear springs: equations (5)-(6) of arXiv:2407.19353, noise averaged."""

from .form import ChainForm, uniform_law

UNIFORM = ChainForm("uniform", uniform_law, (), "Equal blocks and springs.")
