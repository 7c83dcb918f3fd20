"""An iteration of conjugate gradients and a step of RMSprop in JAX: compiled, with scans over the layers."""

from functools import partial

import jax
import jax.numpy as jnp

STEP, CLASSES, SIX = 3 / 150, 10, 6
RATE, DECAY, EPSILON = 1e-3, 0.9, 1e-7

jax.config.update("jax_enable_x64", True)


def direct(activation, x, layer):
    w, b = layer
    z = x @ w.T + b
    if activation == "relu":
        value, slope = jnp.maximum(z, 0), (z > 0).astype(z.dtype)
    else:
        value = jnp.tanh(z)
        slope = 1 - value * value
    return x + STEP * value, (x, slope)


def adjoint(state, layer):
    w, slope, x = layer
    u = STEP * slope * state
    return state + u @ w, u


def sensitivity(xi, layer):
    w, dw, db, slope, x = layer
    return xi + STEP * slope * (xi @ w.T + (x @ dw.T + db)), None


@partial(jax.jit, static_argnames="activation", donate_argnums=(0, 1, 2, 3))
def iterate(w, b, dw, db, square, first, x0, target, activation):
    output, (x, slope) = jax.lax.scan(partial(direct, activation), x0, (w, b))
    residual, samples = output - target, len(x0)
    _, u = jax.lax.scan(adjoint, residual / samples, (w, slope, x), reverse=True)
    gw, gb = jnp.einsum("kbi,kbj->kij", u, x), u.sum(1)
    new = jnp.vdot(gw, gw) + jnp.vdot(gb, gb)
    gamma = jnp.where(first, 0, new / square).astype(w.dtype)
    dw, db = gamma * dw - gw, gamma * db - gb
    xi, _ = jax.lax.scan(sensitivity, jnp.zeros_like(x0), (w, dw, db, slope, x))
    eta = -jnp.vdot(xi, residual) / jnp.vdot(xi, xi)
    return w + eta * dw, b + eta * db, dw, db, new, 0.5 / samples * jnp.vdot(residual, residual)


class Iteration:
    def __init__(self, w, b, x0, labels, activation):
        self.initial, self.x0, self.activation = (w, b), jnp.asarray(x0), activation
        self.target = jnp.zeros_like(self.x0).at[jnp.arange(len(labels)), labels].set(1)
        self.reset()

    def reset(self):
        w, b = map(jnp.array, self.initial)
        self.state = [w, b, jnp.zeros_like(w), jnp.zeros_like(b), jnp.ones((), w.dtype)]
        self.first = True

    def check(self):
        for _ in range(SIX):
            self.run()
        return {"cost after six iterations": float(self.run())}

    def run(self):
        *state, cost = iterate(*self.state, self.first, self.x0, self.target, self.activation)
        self.state, self.first = jax.block_until_ready(state), False
        return cost


def loss(parameters, x0, labels):
    x, _ = jax.lax.scan(lambda x, layer: (x + STEP * jnp.tanh(x @ layer[0].T + layer[1]), None), x0, parameters)
    logarithms = jax.nn.log_softmax(x[:, :CLASSES])
    return -logarithms[jnp.arange(len(labels)), labels].mean()


@partial(jax.jit, donate_argnums=(0, 1))
def step(parameters, means, x0, labels):
    value, gradient = jax.value_and_grad(loss)(parameters, x0, labels)
    means = [DECAY * mean + (1 - DECAY) * g * g for mean, g in zip(means, gradient)]
    moved = [p - RATE * g / (jnp.sqrt(mean) + EPSILON) for p, g, mean in zip(parameters, gradient, means)]
    return tuple(moved), tuple(means), value


class Step:
    def __init__(self, w, b, x0, labels):
        self.initial, self.x0, self.labels = (w, b), jnp.asarray(x0), jnp.asarray(labels)
        self.reset()

    def reset(self):
        self.parameters = tuple(map(jnp.array, self.initial))
        self.means = tuple(map(jnp.zeros_like, self.parameters))

    def check(self):
        for _ in range(3):
            self.run()
        return {"loss after three steps": float(self.run())}

    def run(self):
        state = step(self.parameters, self.means, self.x0, self.labels)
        self.parameters, self.means, value = jax.block_until_ready(state)
        return value


def prepare(data, section, case, precision, peer):
    w, b = data.dense("initial", precision)
    x0, labels = data.array("images", precision), data.labels("labels")
    return Iteration(w, b, x0, labels, case) if section == "ncg" else Step(w, b, x0, labels)
