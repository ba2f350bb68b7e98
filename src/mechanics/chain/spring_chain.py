"""The spring-block chain as users meet it: its parameters, and what can be asked of it."""

from .mean_field import MeanField
from .parameters import ChainParameters
from .rest import effective_friction, rest_state
from .simulate import simulate


class SpringChain(ChainParameters):
    """L springs in a row, blocks between them, dry friction that depends on direction, noise in the force.

    The left end is held at x_0 = 0, the right end at x_L = `target`, with L = `blocks` + 1 springs. Overdamped:

        dx_l/dt = sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps xi_l)                               (5)
        sigma(z) = z - clip(z, -mu_left, mu_right)                                              (6)

    Parameters
    ----------
    blocks : int
        Number of moving blocks, at least 1.
    k : float
        Spring stiffness (force per length), positive. In overdamped units k is also a rate: 1/time.
    mu_right, mu_left : float
        Friction that a block must overcome to move right (to larger x) and left; force, not negative.
    target : float
        Position of the pulled end; either sign.
    eps_bar : float, optional
        Standard deviation of the force noise in one step (the published code's convention). Its effect does not
        depend on dt. 0.1 unless `eps` is given; 0 for a chain without noise.
    dynamics : {"overdamped"}
        Equations (5)-(6).
    gamma : None
        Damping; enters second-order dynamics only.
    mass : float
        Mass; enters second-order dynamics only.
    eps : float, optional
        Noise amplitude per square root of time: a step of dt has eps_bar = eps / sqrt(dt). Give `eps_bar` or `eps`,
        never both.
    noise : {"independent", "common"}
        A draw for each block, or one draw a step shared by all blocks.
    noise_decay : float
        Rate lambda >= 0 of the amplitude's decay: eps e^{-lambda t}.
    truncation : float, optional
        Bound on the standard normals in units of their standard deviation: they are drawn from the normal
        distribution conditioned on `|z| <= truncation`, which makes the noise bounded.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it, its value and the remedy.

    Notes
    -----
    The friction acts on the noisy force, so that with eps fixed and dt -> 0 the noise overwhelms it: (5) has no
    white-noise limit other than full re-equilibration. Refine dt at fixed eps_bar with the noise held, or think of dt
    as the noise's correlation time.

    References
    ----------
    Shi, Pan, Dokmanic, "A spring-block theory of feature learning in deep neural networks", PRL 2025,
    arXiv:2407.19353, equations (5)-(8).
    """

    simulate = simulate
    rest_state = rest_state
    effective_friction = effective_friction

    def mean_field(self, dt: float | None = None) -> MeanField:
        """Closed-form Gaussian mean field of this chain; dt only where the noise was given as `eps`."""
        return MeanField.of(self, dt)
