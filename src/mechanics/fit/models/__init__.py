"""Named models of the chain. A new one is a file beside these and a line in this table."""

from .form import ChainForm, Extra
from .layered_friction import LAYERED_FRICTION
from .layered_stiffness import LAYERED_STIFFNESS
from .saturating import SATURATING
from .second_order import SECOND_ORDER
from .uniform import UNIFORM

MODELS = {form.name: form for form in (UNIFORM, LAYERED_FRICTION, LAYERED_STIFFNESS, SATURATING, SECOND_ORDER)}

__all__ = ["MODELS", "ChainForm", "Extra"]
