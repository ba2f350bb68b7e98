"""The spring-block chain as users meet it: its parameters, and what can be asked of it."""

from .mean_field import MeanField
from .parameters import ChainParameters
from .rest import effective_friction, rest_state
from .simulate import simulate


class SpringChain(ChainParameters):
    """L springs in a row, blocks between them, dry friction that depends on direction, noise in the force.

    The left end is held at x_0 = 0, the right end at x_L = `target` (or driven), with L = `blocks` + 1 springs.
    Overdamped:

        dx_l/dt = sigma(k (x_{l+1} - 2 x_l + x_{l-1}) + eps xi_l)                               (5)
        sigma(z) = z - clip(z, -mu_left, mu_right)                                              (6)

    Parameters
    ----------
    blocks : int
        Number of moving blocks, at least 1.
    k : float or array_like, shape (blocks + 1,)
        Spring stiffness (force per length), positive; of each spring where they differ. In overdamped units k is also a
        rate: 1/time.
    mu_right, mu_left : float or array_like, shape (blocks,)
        Friction that a block must overcome to move right (to larger x) and left; force, not negative.
    target : float
        Position of the pulled end; either sign.
    eps_bar : float or array_like, shape (blocks,), optional
        Standard deviation of the force noise in one step (the published code's convention). Its effect on an overdamped
        chain does not depend on dt. 0.1 unless `eps` is given; 0 for a chain without noise.
    dynamics : {"overdamped", "second_order", "langevin", "sign_law", "smooth_law"}
        Equations (5)-(6); (4) with the set-valued friction of (10)-(11); (12)-(13); the published second-order
        notebook, whose friction vanishes at rest; the same with friction smoothed over `v_smooth`.
    gamma : float or array_like, shape (blocks,), optional
        Damping (force per velocity) of second-order dynamics; 0 unless given.
    mass : float or array_like, shape (blocks,)
        Mass of second-order dynamics.
    eps : float or array_like, shape (blocks,), optional
        Noise amplitude per square root of time: a step of dt has eps_bar = eps / sqrt(dt). Give `eps_bar` or `eps`,
        never both.
    noise : {"independent", "common"}
        A draw for each block, or one draw a step shared by all blocks.
    noise_decay : float
        Rate lambda >= 0 of the amplitude's decay: eps e^{-lambda t}.
    truncation : float, optional
        Bound on the standard normals in units of their standard deviation: they are drawn from the normal
        distribution conditioned on `|z| <= truncation`, which makes the noise bounded.
    mu_static_right, mu_static_left : float or array_like, shape (blocks,), optional
        What a block at rest must overcome in second-order dynamics, where it is more than the sliding friction.
    drive : Drive, optional
        How the pulled end moves; it stays at `target` unless given.
    v_smooth : float, optional
        Speed over which the friction of "smooth_law" reaches its size, mu |v| / sqrt(v^2 + v_smooth^2).

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
