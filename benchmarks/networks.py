"""The small networks behind `auto`'s tables: one hidden layer, trained with Adam in NumPy (see learn_auto.py)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Net = dict[str, np.ndarray]
Gradient = Callable[[Net, np.ndarray], Net]


def adam(
    net: Net, gradient: Gradient, rows: int, *, epochs: int, rng: np.random.Generator, rate: float = 0.01
) -> Net:
    """Adam with a cosine rate, in batches of about 256."""
    first = {k: np.zeros_like(v) for k, v in net.items()}
    second = {k: np.zeros_like(v) for k, v in net.items()}
    batches = max(1, rows // 256)
    for turn in range(epochs * batches):
        if turn % batches == 0:
            order = rng.permutation(rows)
        g = gradient(net, order[turn % batches :: batches])
        pace = rate * 0.5 * (1 + np.cos(np.pi * turn / (epochs * batches)))
        for k in net:
            first[k] = 0.9 * first[k] + 0.1 * g[k]
            second[k] = 0.99 * second[k] + 0.01 * g[k] ** 2
            size = np.sqrt(second[k] / (1 - 0.99 ** (turn + 1))) + 1e-8
            net[k] = net[k] - pace * first[k] / (1 - 0.9 ** (turn + 1)) / size
    return net


def backward(net: Net, x: np.ndarray, a: np.ndarray, g: np.ndarray, decay: float) -> Net:
    """Gradients of all parts from that of the outputs."""
    inner = (g @ net["w2"].T) * (1 - a * a)
    return {
        "w1": _outer(x, inner) + decay * net["w1"],
        "b1": inner.sum((0, 1)),
        "w2": _outer(a, g) + decay * net["w2"],
        "b2": g.sum((0, 1)),
        "direct": _outer(x, g) + decay * net["direct"],
    }


def _outer(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Sum over rows and steps of the outer products."""
    return x.reshape(-1, x.shape[2]).T @ g.reshape(-1, g.shape[2])


def start(inputs: int, hidden: int, outputs: int, rng: np.random.Generator) -> Net:
    return {
        "w1": rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)), "b1": np.zeros(hidden),
        "w2": np.zeros((hidden, outputs)), "b2": np.zeros(outputs), "direct": np.zeros((inputs, outputs)),
    }  # fmt: skip


def forward(net: Net, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a = np.tanh(x @ net["w1"] + net["b1"])
    return a @ net["w2"] + net["b2"] + x @ net["direct"], a


def train_weights(
    x: np.ndarray, f: np.ndarray, wide: np.ndarray, a: np.ndarray, cost: np.ndarray, seed: int, moves: bool
) -> Net:
    """Softmax network minimising the cost of the blended forecast; ``f`` is (rows, steps, methods)."""
    rng = np.random.default_rng(seed)

    def gradient(net: Net, i: np.ndarray) -> Net:
        out, hidden = forward(net, x[i])
        w = softmax(out[:, :, :-1])
        mean = (w * f[i]).sum(axis=2)
        move = np.tanh(out[:, :, -1])
        pull = np.sign(mean + move * wide[i] - a[i]) * cost[i] / len(i)
        to_move = pull * wide[i] * (1 - move * move) * moves
        g = np.concatenate([pull[:, :, None] * (f[i] - mean[:, :, None]) * w, to_move[:, :, None]], axis=2)
        grown = backward(net, x[i], hidden, g, 1e-3)
        grown["direct"][:] = 0.0  # bounded weights only
        return grown

    return adam(start(x.shape[2], 12, f.shape[2] + 1, rng), gradient, len(x), epochs=30, rng=rng)


def blended(net: Net, x: np.ndarray, f: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """The network's forecast, before the share of the plain median."""
    out, _ = forward(net, x)
    return (softmax(out[:, :, :-1]) * f).sum(axis=2) + np.tanh(out[:, :, -1]) * wide


def softmax(out: np.ndarray) -> np.ndarray:
    w = np.exp(out - out.max(axis=2, keepdims=True))
    return w / w.sum(axis=2, keepdims=True)


def train_widths(x: np.ndarray, e: np.ndarray, share: np.ndarray, seed: int) -> Net:
    """Lower and upper widths: interval score at 95 % (relative to the width) plus a Laplace likelihood."""
    rng = np.random.default_rng(seed)
    net = start(x.shape[2], 6, 2, rng)
    net["b2"][:] = np.log(3 * np.average(np.abs(e), weights=share))

    def gradient(net: Net, i: np.ndarray) -> Net:
        out, hidden = forward(net, x[i])
        width = np.exp(out)
        side = np.stack([-e[i], e[i]], axis=2)
        score = (width - 40.0 * width * (side > width)) / width.mean(axis=2, keepdims=True)
        laplace = 1 - np.minimum(3 * np.abs(e[i])[:, :, None] / width, 8.0)
        g = (score + laplace) * share[i][:, :, None] / (len(i) * e.shape[1])
        return backward(net, x[i], hidden, g, 2e-3)

    return adam(net, gradient, len(x), epochs=40, rng=rng)
