"""Recurrent layers and cells. Outputs are [output, h] or [output, [h, c]]."""

from torch import nn

from layer_cases import Layers, size


def build():
    layers = Layers()
    for make, states in [(nn.RNN, 1), (nn.LSTM, 2), (nn.GRU, 1)]:

        def hx(*dims):
            given = [layers.draw(make.__name__).floats(*dims) for _ in range(states)]
            return given if states == 2 else given[0]

        layers.add(make, [size(3, 2, 2)], [2, 3])
        layers.add(make, [size(3, 2, 2), hx(1, 2, 3)], [2, 3])
        layers.add(make, [size(2, 3, 2)], [2, 2], batch_first=True, bias=False)
        layers.add(make, [size(2, 2, 1), hx(4, 2, 2)], [1, 2], num_layers=2, bidirectional=True)
        layers.add(make, [size(3, 2), hx(2, 2)], [2, 2], bidirectional=True, batch_first=True)
        layers.add(make, [size(2, 2)], [2, 1], num_layers=3, dropout=0.5, train=False)
        layers.add(make, [size(2, 0, 2)], [2, 1])
    layers.add(nn.RNN, [size(3, 2, 2)], [2, 3], nonlinearity="relu")
    draw = layers.draw("LSTM").floats
    layers.add(nn.LSTM, [size(3, 2, 2)], [2, 3], proj_size=2)
    layers.add(nn.LSTM, [size(2, 2, 2), [draw(4, 2, 1), draw(4, 2, 2)]], [2, 2], num_layers=2, bidirectional=True, proj_size=1)

    for make, states in [(nn.RNNCell, 1), (nn.LSTMCell, 2), (nn.GRUCell, 1)]:

        def hx(*dims):
            given = [layers.draw(make.__name__).floats(*dims) for _ in range(states)]
            return given if states == 2 else given[0]

        layers.add(make, [size(2, 3)], [3, 2])
        layers.add(make, [size(2, 3), hx(2, 2)], [3, 2])
        layers.add(make, [size(3), hx(2)], [3, 2], bias=False)
    layers.add(nn.RNNCell, [size(2, 3)], [3, 2], nonlinearity="relu")
    return layers
